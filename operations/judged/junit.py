"""For test reports (GitLab, Jenkins, Azure): one test case per rule, so that a rule has a history.

The dialect is the one all of them read: at most one `failure`, `error` or `skipped` per case, and what Jenkins' schema
allows (jenkinsci/xunit-plugin, junit-10.xsd; checked against it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from operations.console import many
from operations.judged.judgement import Judged, about, excuse, sentence, visible
from policies.core.finding import Finding, Undecided
from policies.core.rule import Rule


def junit(judged: Judged) -> str:
    """The report as JUnit XML."""
    findings, excepted = _by_rule(judged.report.findings), _by_rule(judged.report.excepted)
    undecided: dict[str, list[Undecided]] = {}
    for each in judged.report.undecided:
        undecided.setdefault(each.rule.id, []).append(each)
    suite = Element("testsuite", name="plat judge")
    for problem in judged.problems:
        case = _case(suite, "input", f"{problem.file}:{problem.line}")
        SubElement(case, "error", message=visible(str(problem)), type="unreadable")
    for rule in judged.rules:
        _rule(suite, rule, findings.get(rule.id, ()), excepted.get(rule.id, ()), undecided.get(rule.id, ()))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    suites = Element("testsuites", {key: value for key, value in suite.items() if key != "skipped"})
    suites.append(suite)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode")


def _by_rule(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.rule.id, []).append(finding)
    return found


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=f"plat.judge.{visible(group)}", name=visible(name))


def _rule(
    suite: Element, rule: Rule, found: Sequence[Finding], excepted: Sequence[Finding], open_: Sequence[Undecided]
) -> None:
    """A case that fails where something mandatory was found, and prints the rest."""
    case = _case(suite, rule.group, rule.id)
    mandatory = [sentence(finding) for finding in found if finding.level == "mandatory"]
    others = [sentence(finding) for finding in found if finding.level != "mandatory"]
    others += [f"{about(finding)} {finding.path}: {excuse(finding)}" for finding in excepted]
    if mandatory:
        count = f"{len(mandatory)} findings. " if len(mandatory) > 1 else ""
        failure = SubElement(case, "failure", message=visible(f"{count}{rule.why}"), type="mandatory")
        failure.text = _lines(mandatory)
    elif open_ and not found:
        SubElement(case, "skipped", message=f"undetermined for {many(len(open_), 'object')}: a value is not known yet")
    if others:
        SubElement(case, "system-out").text = _lines(others)


def _lines(lines: Iterable[str]) -> str:
    """Every line visible: XML 1.0 has no way to write most control characters, escaped or not."""
    return "\n".join(map(visible, lines))
