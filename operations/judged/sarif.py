"""For code scanning: SARIF 2.1.0, one run, rules with their reasons, one result per finding.

Results keep their identity while lines move: the fingerprint is rule, object and path. Excepted findings are results
too, suppressed with their reason, so that a scan closes them instead of forgetting them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from blueprint.reading import Problem
from operations.judged.judgement import Judged, about, excuse, in_ascii, sentence, visible
from operations.judged.places import Place, at
from policies.core.finding import Finding
from policies.core.rule import CRITICAL, HIGH, LOW, MEDIUM, Level, Rule, Severity

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS: Final = 25_000
"""What GitHub takes of one run (docs.github.com, SARIF support for code scanning); the worst come first."""
LEVELS: Final[Mapping[Level, str]] = {"mandatory": "error", "advisory": "warning", "off": "none"}
SCORES: Final[Mapping[Severity, str]] = {CRITICAL: "9.5", HIGH: "8.0", MEDIUM: "5.5", LOW: "2.0"}
"""security-severity: GitHub calls above 9 critical, from 7 high, from 4 medium."""
NOWHERE: Final = Place(file="-", line=1)
"""Where findings of standard input and about the whole stack are. GitHub refuses a log, and all of it, in which one
result has no file: github.com/github/codeql-action/issues/1738."""
FINGERPRINT: Final = "platJudge/v1"


def sarif(judged: Judged) -> str:
    """The report as a SARIF log."""
    rules = sorted(judged.rules, key=lambda rule: rule.id)
    index = {rule.id: position for position, rule in enumerate(rules)}
    findings = [*judged.report.findings, *judged.report.excepted]
    run = {
        "tool": {"driver": {"name": "plat judge", "rules": [_rule(rule, judged) for rule in rules]}},
        "invocations": [
            {
                "executionSuccessful": not judged.problems,
                "toolExecutionNotifications": [*map(_unread, judged.problems), *_cut(findings)],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(findings[:MAX_RESULTS], judged, index)),
        "properties": {"summary": judged.summary},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return in_ascii(log, indent=1)


def _rule(rule: Rule, judged: Judged) -> dict[str, Any]:
    sources = f" Asked for by {', '.join(rule.sources)}." if rule.sources else ""
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.why},
        "fullDescription": {"text": f"{rule.why}{sources}"},
        "help": {"text": f"{rule.cure}. Where: {rule.where}.", "markdown": f"{rule.cure}.\n\nWhere: `{rule.where}`."},
        "defaultConfiguration": {"level": LEVELS[rule.level(judged.environment)]},
        "properties": {
            "tags": ["security", rule.group] if rule.secures else [rule.group],
            **({"security-severity": SCORES[rule.severity]} if rule.secures else {}),
            "precision": "very-high",
        },
    }


def _results(findings: Sequence[Finding], judged: Judged, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in findings:
        identity = _identity(finding)
        seen[identity] += 1
        result: dict[str, Any] = {
            "ruleId": finding.rule.id,
            "ruleIndex": index[finding.rule.id],
            "level": LEVELS[finding.level],
            "message": {"text": visible(sentence(finding))},
            "locations": [_location(finding, judged.place(finding) or NOWHERE)],
            "partialFingerprints": {FINGERPRINT: f"{identity}:{seen[identity]}"},
        }
        if finding.exception:
            result["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": visible(excuse(finding))}
            ]
        yield result


def _identity(finding: Finding) -> str:
    thing = finding.about
    said = (finding.rule.id, *((thing.sort, thing.namespace, thing.name) if thing else ("", "", "")), finding.path)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def _location(finding: Finding, place: Place) -> dict[str, Any]:
    logical = {
        "name": visible(about(finding)),
        "fullyQualifiedName": visible(f"{about(finding)} {finding.path}".strip()),
    }
    return {**_physical(place), "logicalLocations": [{**logical, "kind": "object"}]}


def _physical(place: Place) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": place.uri}, "region": {"startLine": place.line}}}


def _unread(problem: Problem) -> dict[str, Any]:
    place = at(f"{problem.file}:{problem.line}")
    located = {"locations": [_physical(place)]} if place else {}
    return {"level": "error", "message": {"text": visible(str(problem))}, **located}


def _cut(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    if len(findings) > MAX_RESULTS:
        text = f"{len(findings) - MAX_RESULTS} findings more than {MAX_RESULTS} are left out; --format json has them."
        yield {"level": "warning", "message": {"text": text}}
