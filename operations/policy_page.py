"""docs/policies.md: every rule with its reason and its cure, written from the rules themselves."""

from collections.abc import Iterator, Sequence
from typing import Final

from blueprint.catalogue import Environment
from operations.console import many
from policies.core.exceptions import LONGEST, NEVER
from policies.core.rule import Group, Rule, Severity
from policies.rules import GROUPS, RULES

ENVIRONMENTS: Final[tuple[Environment, ...]] = ("dev", "staging", "prod")
"""Columns; an ephemeral stack has the levels of dev."""

EXCEPTION: Final = """\
spec:
  exceptions:
    - policy: res-bounds
      object: Deployment payment-service/payment-service   # left out: every object of the service
      reason: Until version 4.2 the risk model takes four times its usual memory while it is loaded
      owner: team-payments
      expires: 2027-01-31
"""
"""An exception in a service's file; a test reads it."""

OBJECT_EXCEPTION: Final = """\
{
 "exceptions": [
  {
   "rule": "wl-host-namespaces",
   "object": "DaemonSet istio-cni/istio-cni-node",
   "reason": "The agent sets up the network of pods, which is the node's",
   "owner": "team-platform",
   "expires": "2027-01-31"
  }
 ]
}
"""
"""An exception of one object, in the limits of an environment; a test reads it."""

_INTRO: Final = """\
# Policies

<!-- Made from the rules by `make generate`; edit those. -->

{rules} rules in {groups} groups say what must never be. Each is a function over plain objects that knows what was
asked for (the catalogue, the settings) and nothing of how the platform derives its objects, so that it cannot share
the platform's mistakes. The same rules run in four places: before the program registers anything, in the engine
(`policies/` is a CrossGuard pack), over whole stacks, and over any YAML with `plat judge`.

## Levels

| level | what it does |
|---|---|
| mandatory | nothing is made until it is mended |
| advisory | is reported, and stops nothing |
| – | does not run |

A level belongs to a rule and an environment, and is written beside the rule. Ephemeral stacks have the levels of dev.
Allowlists, ceilings and versions are in `policies/config/<environment>.json`: what a rule *is* does not change there,
only how much it allows. Severity ({severities}) says how bad it would be, and orders what is reported.
What other people's charts bring is advised, not refused, but for grants, secrets, privileges and what opens the mesh.
Those are the objects the pinned charts make (`policies/config/charts.json`: kind, namespace, name, images), no others.

Three verdicts are possible, not two. A value that is only known after the update leaves a rule **undetermined**; where
the rule is about security, that is a finding of its own ([`eng-unknown-values`](#eng-unknown-values)). Something of
another type than the field has is a finding of the rule that reads it. A rule that fails is a mandatory finding
([`eng-rule-crash`](#eng-rule-crash)), and takes no other rule with it.

## Judge on your machine

```sh
./plat judge -s prod                                  # what this stack would make, its charts' values too
./plat judge --objects rendered other.yaml            # files and folders; as strictly as prod
helm template x | ./plat judge --objects - --environment staging --standard baseline
./plat judge -s prod --format sarif > judge.sarif     # text, json, sarif, junit, github
```

It ends with 5 where anything mandatory was found, with 2 where something could not be read, else with 0. YAML is read
as kubectl reads it (`yes` is true, `<<` merges, aliases are followed); what hides something (a key twice, an unknown
tag) is refused. `--services DIR` tells the judge what was asked for: without it the rules about intent are silent.

## Ask for an exception

An exception names one rule, has an owner, says why, and ends within {longest} days. A service asks in its own file:

```yaml
{exception}```

For an object that is no service's, in `policies/config/<environment>.json`:

```json
{object_exception}```

Objects are matched exactly, there are no patterns. What is excepted is still shown, with its owner and its last day; an
exception that has expired, lasts too long or covers nothing is itself a finding ([`eng-exemptions`](#eng-exemptions)).
{never} have no exceptions.

## Groups

{contents}
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_intro(), *(line for group in _groups() for line in _group(group))])


def _groups() -> Sequence[Group]:
    return [group for group in GROUPS if group.rules]


def _intro() -> str:
    contents = [
        f"- [{group.name}](#{_anchor(_title(group))}): {group.title} ({many(len(group.rules), 'rule')})"
        for group in _groups()
    ]
    return _INTRO.format(
        rules=len(RULES),
        groups=len(_groups()),
        severities=", ".join(severity.name.lower() for severity in sorted(Severity, reverse=True)),
        longest=LONGEST,
        exception=EXCEPTION,
        object_exception=OBJECT_EXCEPTION,
        never=" and ".join(f"`{rule}`" for rule in sorted(NEVER)),
        contents="\n".join(contents),
    )


def _title(group: Group) -> str:
    return f"{group.name}: {group.title}"


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    kept = (sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return "".join(kept).replace(" ", "-")


def _group(group: Group) -> Iterator[str]:
    """A table to find a rule in, then each rule by itself."""
    yield f"## {_title(group)}"
    yield ""
    yield f"| rule | severity | {' | '.join(ENVIRONMENTS)} |"
    yield "|---" * (2 + len(ENVIRONMENTS)) + "|"
    for rule in group.rules:
        yield f"| [`{rule.id}`](#{rule.id}) | {_severity(rule)} | {' | '.join(_levels(rule))} |"
    yield ""
    for rule in group.rules:
        yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    levels = _levels(rule)
    each = (f"{level} in {environment}" for environment, level in zip(ENVIRONMENTS, levels, strict=True))
    said = f"{levels[0]} everywhere" if len(set(levels)) == 1 else ", ".join(each).replace("– in", "off in")
    yield f"### {rule.id}"
    yield ""
    yield _prose(rule.why)
    yield ""
    yield f"- Severity: {_severity(rule)}; {said}"
    yield f"- Reads: {_prose(_reads(rule))}{', among all others' if rule.of_stack else ''}"
    yield f"- Cure: {_prose(rule.cure)}"
    yield f"- Where: {_prose(rule.where)}"
    if rule.sources:
        yield f"- Also asked for by: {_prose(', '.join(rule.sources))}"
    yield ""


def _reads(rule: Rule) -> str:
    """What it looks into. A list of sorts is sorted: some are made from sets."""
    reads, sorts = rule.selector.reads or "every object", rule.selector.sorts or frozenset()
    return ", ".join(sorted(sorts)) if set(reads.split(", ")) == sorts else reads


def _severity(rule: Rule) -> str:
    return rule.severity.name.lower()


def _levels(rule: Rule) -> Sequence[str]:
    return [rule.levels[environment].replace("off", "–") for environment in ENVIRONMENTS]


_MARKS: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\*_<>[]|"})


def _prose(text: str) -> str:
    """`text` so that Markdown shows it as it is; what stands in backticks is code already."""
    parts = text.split("`")
    return "`".join(part if index % 2 else part.translate(_MARKS) for index, part in enumerate(parts))
