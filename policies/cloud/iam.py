"""AWS' policy documents as statements: one spelling for what JSON may spell in five.

Effects, actions and condition keys are read without case, as IAM reads them; a single value and a list of one are
the same. What is not in the grammar is no document (IAM user guide, "Grammar of the IAM JSON policy language"): it is
a finding, because IAM may read it otherwise than we do.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.objects.json_text import parsed
from policies.objects.values import MalformedError, View

ELEMENTS: Final = (
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
)
DOCUMENT: Final = ("Version", "Id", "Statement")
ACCOUNT: Final = "123456789012"
"""The account AWS' documentation uses; stands for any."""

EQUAL: Final = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})
"""Operators that name something."""
WHO: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
    }
)
"""Condition keys that say who comes, or on whose behalf (IAM user guide, "AWS global condition context keys")."""

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    view: View
    """All of it, its keys spelled as AWS spells them."""

    @property
    def allows(self) -> bool:
        """Whether it allows; otherwise it denies."""
        effect = self.view["Effect"].word.casefold()
        if effect not in ("allow", "deny"):
            raise MalformedError(self.view["Effect"].path, self.view["Effect"].value, "Allow or Deny")
        return effect == "allow"

    @property
    def actions(self) -> tuple[str, ...]:
        """Its actions in lower case."""
        return tuple(each.casefold() for each in _texts(self.view["Action"]))

    @property
    def resources(self) -> tuple[str, ...]:
        """Its resources as written."""
        return _texts(self.view["Resource"])

    @property
    def principals(self) -> tuple[tuple[str, str], ...]:
        """Kind (aws, federated, service, canonicaluser, or * for everybody) and name of each."""
        principal = self.view["Principal"]
        if isinstance(principal.value, str):
            return (("*", principal.word),)
        return tuple((kind.casefold(), name) for kind, names in principal.entries() for name in _texts(names))

    @property
    def is_for_everybody(self) -> bool:
        """Whether anybody at all is meant."""
        return self.view["NotPrincipal"].is_set or any("*" in (kind, name) for kind, name in self.principals)

    @property
    def is_open(self) -> bool:
        """Whether it allows anybody at all, without a condition that says who."""
        return self.allows and self.is_for_everybody and not any(self._says_who())

    def _says_who(self) -> Iterator[bool]:
        for operator, keys in self.conditions.items():
            # ForAllValues and IfExists hold where the key is missing, so they say nobody.
            if operator.removeprefix("foranyvalue:") in EQUAL:
                for key, values in keys.items():
                    yield key in WHO and bool(values) and all(map(_names_somebody, values))

    @property
    def conditions(self) -> Conditions:
        """Operator to key to values, the first two in lower case."""
        return {
            operator.casefold(): {key.casefold(): _texts(values) for key, values in keys.entries()}
            for operator, keys in self.view["Condition"].entries()
        }


def statements(policy: View) -> tuple[Statement, ...]:
    """The statements of the document written there; none where nothing is written.

    Raises UndeterminedError, or MalformedError where it is no policy.
    """
    document = _folded(parsed(policy), DOCUMENT)
    if not policy.is_set:
        return ()
    written = document["Statement"]
    if not written.is_set:
        raise MalformedError(policy.path, policy.value, "a policy with a Statement")
    parts = (written,) if isinstance(written.value, dict) else tuple(written)
    return tuple(Statement(_folded(part, ELEMENTS)) for part in parts)


def matches(pattern: str, text: str) -> bool:
    """Whether IAM's pattern, with * and ?, holds `text`. Both without case. Never more than their product of steps."""
    pattern, text = pattern.casefold(), text.casefold()
    at = tried = star = resume = 0
    starred = False
    while at < len(text):
        here = pattern[tried : tried + 1]
        if here == "*":
            starred, star, tried, resume = True, tried, tried + 1, at
        elif here in ("?", text[at]):
            at, tried = at + 1, tried + 1
        elif starred:  # the last star takes one character more
            resume += 1
            at, tried = resume, star + 1
        else:
            return False
    return set(pattern[tried:]) <= {"*"}


def anywhere(resource: str) -> str:
    """`resource` in every partition, region and account: to whoever is in an account, it is all there is."""
    parts = resource.split(":", 5)
    return ":".join((parts[0], "*", parts[2], "*", "*", parts[5])) if len(parts) == 6 else resource


def is_everything(resource: str, service: str = "") -> bool:
    """Whether `resource` is all resources, or all those of `service`, of one account or of all."""
    resource = anywhere(resource)
    if not set(resource) - {"*", "?"} or service in ("", "*"):
        return matches(resource, f"arn:aws:any:eu-west-1:{ACCOUNT}:any/any")
    places = (f"eu-west-1:{ACCOUNT}", f":{ACCOUNT}", ":")
    return any(matches(resource, f"arn:aws:{service}:{place}:any/any") for place in places)


def is_every_action(action: str) -> bool:
    """Whether `action` is every one there is, or every one of a service: `*`, `s3:*`, `*:*`."""
    name = action.rpartition(":")[2]
    return bool(name) and set(name) <= {"*", "?"} and "*" in name


def _names_somebody(value: str) -> bool:
    """Whether `value` of a condition says who: a pattern may begin behind the account, or behind an identifier's first
    part. `arn:aws:iam::*:role/admin` is whoever calls a role so, `o-*` is every organisation."""
    parts = value.split(":", 5)
    who = re.split("[/:]", value, maxsplit=1)[0] if len(parts) < 6 else parts[4] or parts[5].partition("/")[0]
    return bool(who) and not set(who) & {"*", "?"}


def _folded(view: View, known: tuple[str, ...]) -> View:
    names = {name.casefold(): name for name in known}
    folded: dict[str, object] = {}
    for key, value in view.entries():
        name = names.get(key.casefold())
        if name is None or name in folded:
            raise MalformedError(value.path, value.value, f"one of {', '.join(known)}, once,")
        folded[name] = value.value
    return View(folded, view.path)


def _texts(view: View) -> tuple[str, ...]:
    return tuple(_text(each) for each in _items(view))


def _items(view: View) -> Iterator[View]:
    if isinstance(view.value, list):
        yield from view
    elif view.is_set:
        yield view


def _text(view: View) -> str:
    if isinstance(view.value, bool):
        return "true" if view.value else "false"
    return view.quantity or ""
