"""What a cloud's resource must say, as tables: resource type -> place -> what it must be.

A property that is not written has the provider's default, so every want says what that is, and absence is judged by
it: `storageEncrypted` left out of an RDS instance is `false`, `autoMinorVersionUpgrade` left out of one is `true`.

    TABLE = {"aws:rds/cluster:Cluster": (on("storageEncrypted"),)}

    @DATA.resource(..., wanted(TABLE), ...)
    def encrypted(asked: Asked, facts: Facts) -> Iterator[Violation]:
        yield from asked.unmet(facts)

One want is one subject: a value nobody knows yet costs the verdict about that place and no other.

Property names were checked against pulumi-aws 7.51.1 and pulumi-gcp 10.2.0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from policies.core.facts import Facts
from policies.core.rule import Selector, Violation
from policies.objects import Object
from policies.objects.values import View

Test = Callable[[View, Object, Facts], bool]
Path = str | tuple[str, ...]

HUGE: Final = 10**15
"""Numbers from here on are nobody's setting, and too long to repeat."""
SHOWN: Final = 60
"""Characters of a value that are repeated; settings are shorter."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """One thing a resource must say."""

    path: Path
    """`encryptionInfo.encryptionInTransit.inCluster`; `rules[].status` is every item's. Steps where one has a dot;
    none for the whole object."""
    accepts: Test
    wanted: str
    """What would pass, for the message: `true`, `at least 7`."""
    default: Any = None
    """What the provider takes where nothing is written; None: nothing."""
    only: Callable[[View], bool] | None = None
    """Which resources it is asked of, by their properties; None: all of the type."""
    instead: "Want | None" = None
    """What would do as well."""
    says: str = ""
    """What is wrong, in place of what is written and what is wanted."""


@dataclass(frozen=True)
class Asked:
    """A want, asked of an object."""

    object: Object
    want: Want

    def unmet(self, facts: Facts) -> Iterator[Violation]:
        """Where the object does not say what is wanted. Raises UndeterminedError or MalformedError."""
        want: Want | None = self.want
        if want and want.only and not want.only(self.object.root):
            return
        first: list[Violation] | None = None
        while want:
            found = list(self._violations(want, facts))
            if not found:
                return
            first = found if first is None else first
            want = want.instead
        yield from first or ()

    def _violations(self, want: Want, facts: Facts) -> Iterator[Violation]:
        for place in places(self.object.root, want.path):
            read = place if place.is_set else View(want.default, place.path)
            if not want.accepts(read, self.object, facts):
                yield Violation(place, want.says or f"{_found(place, want)}, not {want.wanted}")


def wanted(table: Mapping[str, Sequence[Want]]) -> Selector[Asked]:
    """One subject for each want of each resource in `table`."""
    return Selector(
        lambda thing: tuple(Asked(thing, want) for want in table.get(thing.sort, ())),
        frozenset(sort for sort, wants in table.items() if wants),
        ", ".join(sorted(sort for sort, wants in table.items() if wants)),
    )


def places(root: View, path: Path) -> Iterator[View]:
    """The place `path` below `root`, or each of them where a step is a list. An empty list is an absent place."""
    steps = path.split(".") if isinstance(path, str) else path
    if not steps:
        yield root
        return
    here, rest = steps[0], tuple(steps[1:])
    if not here.endswith("[]"):
        place = root[here]
        yield from places(place, rest)
        return
    items = tuple(root[here.removesuffix("[]")])
    if not items:
        yield View(None, root[here.removesuffix("[]")].path)
    for item in items:
        yield from places(item, rest)


def on(path: Path, *, default: bool = False, only: Callable[[View], bool] | None = None) -> Want:
    """True."""
    return Want(path=path, accepts=lambda at, _, __: at.flag is True, wanted="true", default=default, only=only)


def off(path: Path, *, default: bool = False, only: Callable[[View], bool] | None = None) -> Want:
    """False, or not there."""
    return Want(path=path, accepts=lambda at, _, __: not at.flag, wanted="false", default=default, only=only)


def given(path: Path, *, only: Callable[[View], bool] | None = None) -> Want:
    """Anything but nothing; it may be known only after the update, as a key's ARN is."""
    return Want(path=path, accepts=lambda at, _, __: is_given(at), wanted="given", only=only)


def among(path: Path, *words: str, default: str = "", only: Callable[[View], bool] | None = None) -> Want:
    """One of `words`, in this spelling; true and false may be spelled out."""
    return Want(
        path=path,
        accepts=lambda at, _, __: spelled(at) in words,
        wanted=" or ".join(words),
        default=default,
        only=only,
    )


def least(
    path: Path,
    number: Callable[[Object, Facts], float] | float,
    *,
    default: float = 0,
    only: Callable[[View], bool] | None = None,
) -> Want:
    """A number that is no smaller. `number` may depend on the object and on what is known beside it."""
    return Want(
        path=path,
        accepts=lambda at, thing, facts: amount(at) >= (number(thing, facts) if callable(number) else number),
        wanted="enough" if callable(number) else f"at least {number:g}",
        default=default,
        only=only,
    )


def never(path: Path) -> Want:
    """Nothing. What is there is not repeated: it may be a password."""
    return Want(path=path, accepts=lambda at, _, __: not is_given(at), wanted="unset", says="is set")


def several(path: Path, number: int) -> Want:
    """A list of at least `number` items, whatever they are."""
    return Want(path=path, accepts=lambda at, _, __: len(tuple(at)) >= number, wanted=f"at least {number} of them")


def unlike(path: Path, *words: str, default: str = "") -> Want:
    """None of `words`, whatever their case."""
    return Want(
        path=path,
        accepts=lambda at, _, __: spelled(at).casefold() not in words,
        wanted="one of its own",
        default=default,
    )


def not_short(path: Path, number: int) -> Want:
    """A text of at least `number` characters, or one that is only known after the update. Never shown."""
    return Want(
        path=path,
        accepts=lambda at, _, __: at.is_set and (not at.is_known or len(at.word) >= number),
        wanted=f"of {number} characters or more",
        says=f"is not given, or shorter than {number} characters",
    )


def either(first: Want, *others: Want) -> Want:
    """Any of them; a violation is told of the first."""
    if not others:
        return first
    rest = either(*others)
    return replace(first, instead=rest, wanted=f"{first.wanted} (or {_reported(rest.path)} {rest.wanted})")


def is_given(at: View) -> bool:
    """Whether something is written: not null, not "", not an empty list."""
    return at.is_set and (not at.is_known or at.value not in ("", [], {}))


def spelled(at: View) -> str:
    """A word, or true and false as words: providers take `true` and `"true"` for the same."""
    if isinstance(at.value, bool):
        return "true" if at.value else "false"
    return at.word


def amount(at: View) -> float:
    """A number, or one spelled out, as Kafka's settings and AWS' parameters are; 0 where it is none."""
    text = at.quantity or ""
    return float(text) if len(text) < 24 and text.replace(".", "", 1).isdecimal() else 0


def in_prod(want: Want) -> Want:
    """Asked in production alone."""
    return replace(want, accepts=lambda at, thing, facts: facts.environment != "prod" or want.accepts(at, thing, facts))


def duration(at: View) -> float:
    """Seconds of Google's duration, `604800s` or `3.5s`; 0 where it is none."""
    text = at.word
    number = text.removesuffix("s")
    return float(number) if text.endswith("s") and len(text) < 24 and number.replace(".", "", 1).isdecimal() else 0


def _reported(path: Path) -> str:
    return path if isinstance(path, str) else ".".join(path)


def _found(place: View, want: Want) -> str:
    if not place.is_set:
        return "is not set" if want.default in (None, "") else f"is not set, which is {_shown(want.default)}"
    return f"is {_shown(place.value)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and abs(value) < HUGE:
        return f"{value:g}"
    if isinstance(value, str):
        return (value if len(value) <= SHOWN else f"{value[:SHOWN]}...") or "empty"
    return "empty" if not value else "something else"
