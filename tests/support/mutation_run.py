"""Judging mutants: which of them the pack notices, in the whole stack they would be in."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from policies.adapters.manifests import from_manifest
from policies.core.finding import Finding
from policies.core.judging import Judge
from policies.rules import RULES
from tests.support.mutants import Mutant, mutants
from tests.support.own_platform import facts, manifests_of


def _key(finding: Finding) -> tuple[str, str, str, str]:
    about = finding.about.title if finding.about else ""
    return (finding.rule.id, about, finding.path, finding.found)


@dataclass(frozen=True)
class Run:
    """The mutants of one stack. Services come before the platform: of several alike the service's is mutated."""

    stack: str

    @cached_property
    def written(self) -> Sequence[dict[str, Any]]:
        made = manifests_of(self.stack)
        names = {service.metadata.name for service in facts(self.stack).services or ()}
        return sorted(
            made, key=lambda each: (each["metadata"].get("namespace") or each["metadata"]["name"]) not in names
        )

    @cached_property
    def judge(self) -> Judge:
        return Judge(facts(self.stack), RULES)

    @cached_property
    def mutants(self) -> Sequence[Mutant]:
        return tuple(mutants(self.written))

    @cached_property
    def _before(self) -> Counter[tuple[str, str, str, str]]:
        return Counter(map(_key, self.judge.stack([from_manifest(each) for each in self.written]).findings))

    def catches(self, mutant: Mutant) -> Iterator[Finding]:
        """What the pack says about the stack with `mutant` that it does not say without; cheap rules first."""
        was = Counter(map(_key, self.judge.resource(from_manifest(self.written[mutant.index])).findings))
        now = self.judge.resource(from_manifest(mutant.object)).findings
        found = [finding for finding in now if not was[_key(finding)]]
        if not found:
            changed = [*self.written[: mutant.index], mutant.object, *self.written[mutant.index + 1 :]]
            outcome = self.judge.stack([from_manifest(each) for each in changed])
            found = [finding for finding in outcome.findings if not self._before[_key(finding)]]
        yield from found
