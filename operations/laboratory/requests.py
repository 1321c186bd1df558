"""What was observed by requests: the figures that every such part has in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from operations import engine
from operations.engine.laboratory_versions import words_of
from operations.laboratory.questions import Answer, Difference, Question

BY: Final = words_of([engine.MESH])
"""Who decided, and whether it is what the platform installs."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Questions and their answers."""

    questions: Sequence[Question]
    answers: Sequence[Answer]
    """Of each question, in their order."""
    proxies: int
    unobserved: Sequence[str]
    seconds: float
    memory_bytes: int

    @cached_property
    def answered(self) -> int:
        """How many an application answered; all others were refused, closed or ended."""
        return sum(bool(answer["by"]) for answer in self.answers)

    @cached_property
    def about(self) -> Mapping[str, int]:
        """How many were asked, by what they are about."""
        return dict(sorted(Counter(question.about for question in self.questions).items()))

    def figures(self, *more: str) -> Sequence[str]:
        """Lines for people, with those of the part in the middle."""
        asked = ", ".join(f"{number} {about}" for about, number in self.about.items())
        return (
            f"{self.proxies} proxies, each in the network namespace of its pod",
            *BY,
            f"{len(self.questions):,} questions, {self.answered:,} answered by an application: {asked}",
            *more,
            f"{self.seconds:.0f} s, {self.memory_bytes / 1e6:.0f} MB",
            *(f"not observed: {each}" for each in self.unobserved),
        )

    def entries(self, differences: Sequence[Difference | str]) -> Mapping[str, Any]:
        """The same for `--json`."""
        return {
            "by": list(BY),
            "proxies": self.proxies,
            "asked": len(self.questions),
            "answered": self.answered,
            "refused": len(self.questions) - self.answered,
            "about": self.about,
            "seen": list(self._seen()),
            "differences": [each if isinstance(each, str) else each.record() for each in differences],
            "not_observed": list(self.unobserved),
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
        }

    def _seen(self) -> Iterator[Mapping[str, Any]]:
        """What is a figure by itself: tries, and how long somebody waited."""
        for question, answer in zip(self.questions, self.answers, strict=True):
            if question.behaviour:
                tries = {"tries": len(answer["tries"])} if "tries" in answer else {}
                asked = {"about": question.about, "asked": str(question)}
                yield {**asked, "status": answer["status"], **tries, "seconds": answer["seconds"]}
