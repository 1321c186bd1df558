"""For people: by object, the worst first; what was found, where, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from operations.judged.judgement import Judged, about, cure, excuse, visible
from policies.core.finding import Finding


def text(judged: Judged) -> str:
    """The report as lines, its last one the sum."""
    lines = [*_objects(judged.report.findings), *_excepted(judged.report.excepted)]
    return "\n".join([*lines, f"{judged.summary}."])


def _objects(findings: Iterable[Finding]) -> Iterator[str]:
    for title, several in _by_object(findings).items():
        yield title
        for finding in several:
            yield f"  {finding.level:<9}  {finding.rule.id}  {_found(finding)}"
            yield f"             Fix: {visible(cure(finding))}."
        yield ""


def _excepted(findings: Iterable[Finding]) -> Iterator[str]:
    named = [f"  {finding.rule.id}  {visible(about(finding))}  {visible(excuse(finding))}" for finding in findings]
    if named:
        yield "Excepted"
        yield from named
        yield ""


def _by_object(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """Findings by heading. They come the worst first, so that objects do too."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        place = finding.about.place if finding.about else ""
        found.setdefault((about(finding), place), []).append(finding)
    return {
        visible(f"{title[:1].upper()}{title[1:]}{f' ({place})' if place else ''}"): several
        for (title, place), several in found.items()
    }


def _found(finding: Finding) -> str:
    return visible(" ".join(filter(None, (finding.path, finding.found))))
