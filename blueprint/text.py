"""The vocabulary of everything a person writes: what a name, a port, a path, an image may look like.

Shared by the catalogue and the settings, so that one word means one thing in both. It holds no field of either
and takes no decision. Amounts of time, CPU and memory are in `quantities`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, NamedTuple, NoReturn, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from blueprint import cron


class Fault(NamedTuple):
    """Something that was written and cannot be meant."""

    field: str
    """Where: a YAML path below the model, or "" for the whole of it."""
    cause: str
    cure: str


def alternatives(*cures: str) -> str:
    """`cures` in one sentence without its full stop: any of them helps."""
    listed = " or ".join(filter(None, (", ".join(cures[:-1]), cures[-1])))
    return listed[0].upper() + listed[1:]


class Text(BaseModel):
    """Something a person wrote: never changed, never half understood, never guessed (`strict`: "3" is no number)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
        # A model is built with the one that holds it: built by itself as well, it would be built twice.
        defer_build=True,
    )

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "faults" in vars(cls) and not hasattr(cls, "_is_meant"):
            raise TypeError(f"{cls.__name__} has faults that nobody asks for; derive it from Checked")


class Checked(Text):
    """A text whose fields must also fit together. Asking every text would be a fifth of reading a catalogue."""

    def faults(self) -> Iterator[Fault]:
        """Everything wrong with the fields taken together. Each may be right by itself."""
        yield from ()

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if faults := tuple(self.faults()):
            refuse(*faults)
        return self


def refuse(*faults: Fault) -> NoReturn:
    """Refuse what was written because of `faults`, all at once.

    Raises PydanticCustomError; `reading` turns each fault into `file:line: field: cause. Cure.`
    """
    raise PydanticCustomError("refused", "refused", {"faults": faults})


def matching(pattern: str, cause: str, cure: str) -> Callable[[str], str]:
    """A validator that refuses, with `cause` and `cure`, what `pattern` does not match as a whole."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            length = f" ({len(value)} characters)" if len(value) > SERVICE_NAME_LENGTH else ""
            refuse(Fault("", f"{_quoted(value)}{length} {cause}", cure))
        return value

    return check


def _quoted(value: str) -> str:
    """`value` in quotes; characters beyond ASCII are also named by number, because a Cyrillic o looks like an o."""
    shown = value if len(value) <= 80 else f"{value[:77]}..."
    foreign = sorted({f"U+{ord(character):04X}" for character in shown if not " " <= character <= "~"})
    return f"'{shown}'" + (f" (with {', '.join(foreign)})" if foreign else "")


SERVICE_NAME_LENGTH: Final = 40
"""Characters. Leaves 23 of a DNS label's 63 (RFC 1123) for `-preview`, `-canary`, a resource's name or a hash."""

ServiceName = Annotated[
    str,
    AfterValidator(
        matching(
            rf"(?!.{{{SERVICE_NAME_LENGTH + 1}}})[a-z](-?[a-z0-9])*",
            "is not a service name",
            f"Use 1 to {SERVICE_NAME_LENGTH} characters: a-z, 0-9 and single '-', starting with a letter, not ending"
            " with '-'",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[a-z](-?[a-z0-9])*$", "maxLength": SERVICE_NAME_LENGTH}),
]

TENANT_LENGTH: Final = 15
"""Characters of a tenant's name: with a service's, two hyphens and `-drill` they make a namespace of 63. Three at
least: `xn--` begins a name in punycode, and RFC 5891 keeps every two characters before two hyphens for the like."""

TenantName = Annotated[
    str,
    AfterValidator(
        matching(
            rf"(?!.{{{TENANT_LENGTH + 1}}}|kube(-|$))[a-z](-?[a-z0-9]){{2,}}",
            "is not a tenant's name",
            f"Use 3 to {TENANT_LENGTH} characters: a-z, 0-9 and single '-', starting with a letter, not ending with"
            " '-', such as pr7; not kube, which Kubernetes keeps for itself",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[a-z](-?[a-z0-9]){2,}$", "maxLength": TENANT_LENGTH}),
]

Slug = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?",
            "is not a short name",
            "Use 1 to 30 characters: a-z, 0-9 and '-', starting with a letter, not ending with '-'",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$"}),
]
"""A name within a service (a container, a resource, an API): 30 characters at most, so that it fits behind the
service's own 40 in 63 with space for one more word or a hash."""

PortName = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?",
            "is not a port name",
            "Use 1 to 15 characters: a-z, 0-9 and single '-', with at least one letter (IANA service name, RFC 6335)",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$"}),
]

Channel = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=.{1,200}$)[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*",
            "is not a channel",
            "Use words of a-z, 0-9 and '-' joined by '.', such as orders.created (200 characters at most)",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$"}),
]

Host = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
            "is not a host name",
            "Name one host in full, in lower case, such as api.example.com; addresses and wildcards are not accepted",
        )
    ),
    WithJsonSchema({"type": "string", "format": "hostname"}),
]

SecretName = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
            "is no name of a Secret",
            "Use words of a-z, 0-9 and '-' joined by '.', such as registry (253 characters at most)",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}),
]

IamRole = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]*\{service\}[A-Za-z0-9+=,.@_/-]*$")
]
"""A role of AWS that is one for each service: `{service}` stands for the service's name."""

OwnIamRole = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$")]
"""A role of AWS that is taken by one account of the platform's own."""

Image = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?![^@]*:(?i:latest)(@|$))[a-z0-9]([a-zA-Z0-9._:/-]*[a-zA-Z0-9])?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
            r"(@sha256:[0-9a-f]{64})?|[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}",
            "names no fixed image",
            "Give a tag other than 'latest', or a digest (@sha256:...), so that two pods never differ by accident",
        )
    ),
]

Version = Annotated[
    str,
    AfterValidator(
        matching(
            r"[0-9]+\.[0-9]+\.[0-9]+",
            "is no version",
            "Write major.minor.patch in quotes, such as '1.3.0' (semver.org)",
        )
    ),
]

PathTemplate = Annotated[
    str,
    AfterValidator(
        matching(
            r"/|(/([A-Za-z0-9._~!$&'()+,;=:@%-]+|\{[A-Za-z][A-Za-z0-9_]*\}))+",
            "is not a path",
            "Start with '/' and do not end with one; write parameters as whole segments in braces: /v1/orders/{id}",
        )
    ),
    AfterValidator(
        matching(
            r"(?!.*/\.\.?(/|$))([^%]|%(?!2[eEfF]|5[cC])[0-9A-Fa-f]{2})*",
            "holds what gateway and mesh resolve before they look: such a path never arrives",
            "Write it as it arrives, without '.' and '..' for a segment and without %2E, %2F, %5C or a lone '%'",
        )
    ),
]
"""A path as OpenAPI writes it: `{id}` stands for one whole segment."""


def _scheduled(value: str) -> str:
    if fault := cron.fault(value):
        cure = 'Write five cron fields (minute hour day month weekday), such as "0 2 * * *"'
        refuse(Fault("", f"{_quoted(value)} {fault}", cure))
    return value


Cron = Annotated[str, AfterValidator(_scheduled)]

PortNumber = Annotated[int, Field(ge=1, le=65535)]


def _reading(character: str, without: str) -> AfterValidator:
    """A validator that takes one statement of SQL that reads; `character` is what it may hold, that is to say nothing
    of `without`."""
    return AfterValidator(
        matching(
            rf"(?i)(select|with)\s{character}{{1,1000}}",
            "is not one statement that reads",
            f"Write one SELECT of at most 1,000 characters, without {without}, that answers true, such as"  # noqa: S608
            " SELECT count(*) > 0 FROM orders",
        )
    )


def _read(character: str) -> WithJsonSchema:
    """The same, for editors."""
    pattern = rf"^([Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh])\s{character}{{1,1000}}$"
    return WithJsonSchema({"type": "string", "pattern": pattern})


Statement = Annotated[str, _reading("[^;]", "';'"), _read("[^;]")]
"""One statement of SQL. A semicolon could begin another, so that there is none, within texts neither."""

ClientStatement = Annotated[str, _reading(r"[^;\\]", r"';' and '\'"), _read(r"[^;\\]")]
"""The same for a client that has commands of its own (MySQL's: `\\g` ends a statement, `\\!` asks the shell): without
what begins them."""

Expression = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=\S)[^;\r\n]{1,1000}",
            "is not one expression",
            "Write one expression of at most 1,000 characters in one line, without ';', that is true, such as"
            " db.orders.countDocuments() > 0",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": r"^\S[^;\r\n]{0,999}$"}),
]
"""One expression of JavaScript, as mongosh reads it. A semicolon could begin a statement, so that there is none."""
