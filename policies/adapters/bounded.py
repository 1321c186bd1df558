"""Limits on what the rules report about one object and in one run, for files whose author is not known.

A megabyte of text can hold three hundred thousand containers, and every one of them breaks twenty rules. Beyond these
limits nothing passes: what is too much to judge is itself a finding, and what is too much to report is counted as one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from policies.core.rule import STACK, Rule, Selector, Violation
from policies.objects import Object
from policies.objects.values import MalformedError

MAX_SUBJECTS: Final = 1000
"""Containers or pods of one object. A pod of Kubernetes' own largest tests has a dozen."""
MAX_VIOLATIONS: Final = 100
"""Findings of one rule about one subject."""
MAX_RUN_VIOLATIONS: Final = 10_000
"""Findings of one rule in one run; beyond it each subject is reported once, so that none passes."""
MAX_FOUND: Final = 300
"""Characters of what was found; a rule may quote a word of the object's."""


def bounded(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """`rules`, each with those limits, for one run. Rules that shared a selector still do."""
    selectors: dict[int, Selector[Any]] = {}
    return tuple(_bounded(rule, selectors) for rule in rules)


def _bounded(rule: Rule, selectors: dict[int, Selector[Any]]) -> Rule:
    reported = 0

    def check(subject: Any, knows: Any) -> Iterator[Violation]:
        nonlocal reported
        violations = rule.check(subject, knows)
        few = MAX_VIOLATIONS if reported < MAX_RUN_VIOLATIONS else 0
        for violation in islice(violations, few):
            reported += 1
            yield (
                violation
                if len(violation.found) <= MAX_FOUND
                else replace(violation, found=f"{violation.found[:MAX_FOUND]}...")
            )
        if (more := next(violations, None)) is not None:
            yield replace(more, found=f"and more like it; {few or MAX_RUN_VIOLATIONS} are shown")

    if rule.selector is STACK:  # about no object; the judge knows it by itself
        return replace(rule, check=check)
    shared = id(rule.selector)
    if shared not in selectors:
        selectors[shared] = replace(rule.selector, subjects=_few(rule.selector))
    return replace(rule, check=check, selector=selectors[shared])


def _few(selector: Selector[Any]) -> Any:
    def subjects(thing: Object) -> Sequence[Any]:
        few = tuple(islice(selector.subjects(thing), MAX_SUBJECTS + 1))
        if len(few) > MAX_SUBJECTS:
            raise MalformedError(thing.prefix, list(few), f"no list of more than {MAX_SUBJECTS} pods or containers")
        return few

    return subjects
