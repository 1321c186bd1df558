"""What a judge says: findings, verdicts that could not be reached, and the sum of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from policies.core import editing
from policies.core.exceptions import STACK, WrittenException
from policies.core.facts import Facts
from policies.core.rule import Level, Rule
from policies.objects import Object

ORDER: Final[Mapping[Level, int]] = {"mandatory": 0, "advisory": 1, "off": 2}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule broken at one place."""

    rule: Rule
    level: Level
    about: Object | None
    """None: the stack as a whole."""
    path: str
    found: str
    service: str
    """The service it belongs to; "" where it is the platform's."""
    facts: Facts = field(repr=False, compare=False)
    """What the run knew; says where it is mended."""
    exception: WrittenException | None = None
    """The exception that covers it, if one does."""

    @property
    def cure(self) -> str:
        """What to change and where."""
        where = editing.spelled(self.rule.where, self.path, self.about, self.service, self.facts)
        return f"{self.what_to_change} ({where})"

    @property
    def what_to_change(self) -> str:
        """The cure without its place."""
        return editing.filled_in(self.rule.cure, self.facts)

    @property
    def edit(self) -> editing.Edit | None:
        """The field of a service's file that mends it; None where that is in no file that was read."""
        return editing.edit(self.rule.where, self.path, self.about, self.service, self.facts)

    @property
    def message(self) -> str:
        """One line: rule, object, path, what was found, and the cure."""
        about = self.about.title if self.about else STACK
        return f"{self.rule.id}: {' '.join(filter(None, (about, self.path)))}: {self.found}. Fix: {self.cure}."

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts the worst first, then by object."""
        title, place = (self.about.title, self.about.place) if self.about else ("", "")
        return (ORDER[self.level], -self.rule.severity, title, place, self.path, self.rule.id, self.found)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it one finding: two with the same say the same twice."""
        about = (self.about.type, self.about.title, self.about.place, self.about.urn) if self.about else ()
        return (self.rule.id, about, self.path, self.found)

    def record(self) -> dict[str, object]:
        """For programs."""
        thing = self.about
        return {
            "rule": self.rule.id,
            "level": self.level,
            "severity": self.rule.severity.name.lower(),
            "kind": thing.kind if thing else "",
            "namespace": thing.namespace if thing else "",
            "name": thing.name if thing else "",
            "path": self.path,
            "message": self.message,
            "cure": self.cure,
            "place": thing.place if thing else "",
        }


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A rule that could not decide about an object, because it does not know a value yet."""

    rule: Rule
    about: Object | None
    path: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was found about one object, or by the rules of the stack."""

    findings: tuple[Finding, ...] = ()
    undecided: tuple[Undecided, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """The sum of a run."""

    findings: Sequence[Finding]
    """What counts, the worst first."""
    excepted: Sequence[Finding] = ()
    """What would count, but for an exception; listed, so that it is not forgotten."""
    undecided: Sequence[Undecided] = ()
    rules: int = 0
    """Rules that ran."""
    objects: int = 0
    """Objects judged."""
    problems: Sequence[str] = field(default_factory=tuple)
    """Input that could not be read."""

    @property
    def mandatory(self) -> tuple[Finding, ...]:
        """What must be mended before anything is made."""
        return tuple(finding for finding in self.findings if finding.level == "mandatory")

    def record(self) -> dict[str, object]:
        """For programs."""
        levels = [finding.level for finding in self.findings]
        return {
            "findings": [finding.record() for finding in self.findings],
            "excepted": [
                {
                    **finding.record(),
                    "reason": finding.exception.reason,
                    "owner": finding.exception.owner,
                    "expires": finding.exception.expires.isoformat(),
                }
                for finding in self.excepted
                if finding.exception
            ],
            "undetermined": [
                {"rule": open_.rule.id, "object": open_.about.title if open_.about else "", "path": open_.path}
                for open_ in self.undecided
            ],
            "problems": list(self.problems),
            "summary": {
                "rules": self.rules,
                "objects": self.objects,
                "mandatory": levels.count("mandatory"),
                "advisory": levels.count("advisory"),
                "excepted": len(self.excepted),
                "undetermined": len(self.undecided),
                "unreadable": len(self.problems),
            },
        }
