"""`plat judge` as a process and as a function: what it prints in which format, and what it ends with.

What single rules find is the subject of test_policies_rules; here they are only looked at through a few that will stay.
"""

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

import manifests
from manifests.charts import charts
from operations.exits import Exit, RefusedError
from operations.judged import FORMATS, Judged
from operations.judging import Asked, judged, paths, stack_objects, verdict
from policies.adapters.yaml_objects import read
from policies.rules import RULES
from tests.support.program_variants import ran
from tests.support.stacks import MINIMAL, ROOT, STACKS, blueprint_of
from tests.test_operations_cli_commands import plat

POD: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec: {containers: [{name: a, image: x, securityContext: {privileged: true}}]}
"""
NOTE: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: shop}\n"
"""An object no rule has anything against."""
NOTE_JSON: Final = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "shop"}}
BROKEN: Final = "a: [\n"


def judge(*given: Path, **more: Any) -> Judged:
    asked: dict[str, Any] = {"stack": None, "environment": None, "services": None, "standard": "restricted", **more}
    return judged(Asked(paths=given, **asked), lambda _: None)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with something of everything: a bad pod, a sound object, a file that cannot be read."""
    (tmp_path / "pod.yaml").write_text(f"# two documents\n---\n{NOTE}---\n{POD}")
    (tmp_path / "broken.yml").write_text(BROKEN)
    (tmp_path / "note.json").write_text(json.dumps(NOTE_JSON))
    (tmp_path / "README.md").write_text("not YAML: [")
    return tmp_path


# What it ends with.


@pytest.mark.parametrize(
    ("text", "code"),
    [(NOTE, Exit.OK), (POD, Exit.POLICY), (BROKEN, Exit.USAGE), (f"{POD}---\n{BROKEN}", Exit.POLICY), ("", Exit.USAGE)],
    ids=["sound", "refused", "unreadable", "refused and unreadable", "empty"],
)
def test_the_exit_code_says_the_worst(tmp_path: Path, text: str, code: Exit) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert verdict(judge(tmp_path / "x.yaml")) == code


def test_an_advisory_finding_is_no_refusal(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(POD)
    found = judge(tmp_path / "x.yaml")
    kept = [finding for finding in found.report.findings if finding.level == "advisory"]
    assert all(finding.level != "mandatory" for finding in kept)
    only = found.report.__class__(findings=kept, rules=found.report.rules, objects=found.report.objects)
    assert verdict(Judged(**{**vars(found), "report": only})) == Exit.OK


def test_the_process_prints_results_on_stdout_and_problems_on_stderr(mixed: Path) -> None:
    done = plat("judge", "--objects", "pod.yaml", "broken.yml", cwd=mixed)
    assert done.returncode == Exit.POLICY
    assert "wl-privileged" in done.stdout
    reported = [line for line in done.stderr.splitlines() if line.startswith("broken.yml:")]
    assert re.fullmatch(r"broken\.yml:[12]: is not YAML: .+\. .+\.", "\n".join(reported))
    assert "Traceback" not in done.stderr


WRONG: Final = {
    "nothing": ((), "Neither a stack nor any objects are named. Name one: -s STACK, or --objects PATH (- is stdin)."),
    "both": (("-s", "dev", "--objects", "x.yaml"), "Both a stack (-s) and --objects are named."),
    "no such stack": (("-s", "pord"), "Did you mean 'prod'"),
    "an environment for a stack": (("-s", "dev", "--environment", "prod"), "--environment goes with --objects"),
    "a word of no option": (("prod",), "'prod' belongs to nothing. Name files with --objects, a stack with -s."),
    "a format that does not exist": (("--objects", "x.yaml", "--format", "yaml"), "'yaml' is not one of"),
    "an environment there is not": (("--objects", "x.yaml", "--environment", "test"), "'test' is not one of"),
    "no catalogue": (("--objects", "x.yaml", "--services", "nowhere"), "is not a folder"),
    "no file": (("--objects", "nowhere.yaml"), "nowhere.yaml:1: cannot be read (No such file or directory)."),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_command_line_ends_with_2_and_a_cure(tmp_path: Path, name: str) -> None:
    arguments, said = WRONG[name]
    (tmp_path / "x.yaml").write_text(NOTE)
    done = plat("judge", *arguments, cwd=tmp_path)
    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_shell_makes_of_a_pattern_is_all_judged() -> None:
    assert paths([Path("a")], [Path("b"), Path("c")]) == (Path("a"), Path("b"), Path("c"))
    with pytest.raises(RefusedError, match="belongs to nothing"):
        paths(None, [Path("b")])


# What it takes.


def test_a_pipe_is_judged_and_named() -> None:
    command = [sys.executable, "-m", "operations", "judge", "--objects", "-", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, input=POD, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.POLICY
    assert {finding["place"] for finding in json.loads(done.stdout)["findings"]} <= {"<stdin>:1", ""}


def test_folders_are_read_with_everything_below_them(tmp_path: Path) -> None:
    for name in ("a.yaml", "b/c.yml", "b/d/e.JSON", "b/f.txt", ".hidden/g.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(NOTE)
    places = [thing.place.removeprefix(f"{tmp_path}/") for thing in read([tmp_path]).objects]
    assert sorted(places) == [".hidden/g.yaml:1", "a.yaml:1", "b/c.yml:1", "b/d/e.JSON:1"]


CONTAINERS: Final = {"containers": [{"securityContext": {"privileged": True}}]}
FORMS: Final = {
    "a document": (POD, "spec."),
    "JSON": (json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": CONTAINERS}), "spec."),
    "a list": (
        json.dumps(
            [{"apiVersion": "v1", "kind": "ConfigMap"}, {"apiVersion": "v1", "kind": "Pod", "spec": CONTAINERS}]
        ),
        "[1].spec.",
    ),
    "a List": ("apiVersion: v1\nkind: List\nitems:\n- " + POD.replace("\n", "\n  "), "items[0].spec."),
    "a PodList": (
        json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [{"spec": CONTAINERS}]}),
        "items[0].spec.",
    ),
    "a request": (
        "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  operation: CREATE\n  object:\n    "
        + POD.rstrip().replace("\n", "\n    "),
        "request.object.spec.",
    ),
    "a workload of any kind": (
        "apiVersion: example.com/v1\nkind: Farm\nmetadata: {name: a}\n"
        "spec: {barns: [{template: {spec: {containers: [{securityContext: {privileged: on}}]}}}]}",
        "spec.barns[0].template.spec.",
    ),
    "a list of requests": (
        json.dumps(
            [
                {"apiVersion": "v1", "kind": "ConfigMap"},
                {
                    "apiVersion": "admission.k8s.io/v1",
                    "kind": "AdmissionReview",
                    "request": {"object": {"apiVersion": "v1", "kind": "Pod", "spec": CONTAINERS}},
                },
            ]
        ),
        "[1].request.object.spec.",
    ),
    "anchors and merges": (
        POD.replace("spec: {", "x: &secure {privileged: yes}\nspec: {").replace("{privileged: true}", "{<<: *secure}"),
        "spec.",
    ),
}
"""What a privileged container comes in → the text, and the path of what holds the containers."""


@pytest.mark.parametrize("name", sorted(FORMS))
def test_an_object_is_judged_in_whatever_it_comes(tmp_path: Path, name: str) -> None:
    text, path = FORMS[name]
    (tmp_path / "x.yaml").write_text(text)
    found = judge(tmp_path / "x.yaml")
    assert not found.problems
    (finding,) = [each for each in found.report.findings if each.rule.id == "wl-privileged"]
    assert finding.path == f"{path}containers[0].securityContext.privileged"
    assert finding.about is not None
    assert finding.about.place == f"{tmp_path}/x.yaml:1"


def test_an_item_that_is_no_object_is_reported_with_its_position(tmp_path: Path) -> None:
    items = "[{apiVersion: v1, kind: ConfigMap}, 5, {a: b}, {kind: List, apiVersion: v1, items: [null]}]"
    for text, path in ((items, "[{}]"), (f"apiVersion: v1\nkind: List\nitems: {items}", "items[{}]")):
        (tmp_path / "x.yaml").write_text(text)
        reported = [problem.field for problem in judge(tmp_path / "x.yaml").problems]
        assert sorted(reported) == [path.format(1), path.format(2), f"{path.format(3)}.items[0]"]


def test_requests_say_what_is_judged_of_them(tmp_path: Path) -> None:
    review = "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: DELETE, object: null}\n"
    (tmp_path / "x.yaml").write_text(FORMS["a request"][0] + f"\n---\n{review}")
    assert [note.rpartition("x.yaml:")[2] for note in read([tmp_path]).notes] == [
        "1: is an AdmissionReview; its request.object is judged.",
        "11: asks to delete something; there is nothing to judge.",
    ]


def test_standard_input_is_read_where_it_is_named() -> None:
    (thing,) = read([Path("-")], io.BytesIO(f"\n\n{POD}".encode())).objects
    assert (thing.place, thing.name) == ("<stdin>:3", "a")


# What it knows beside the objects.


def test_the_environment_decides_the_levels(tmp_path: Path) -> None:
    softer = next(rule for rule in RULES if rule.level("dev") == "advisory" and rule.level("prod") == "mandatory")
    for environment, level in ((None, "mandatory"), ("prod", "mandatory"), ("dev", "advisory")):
        (tmp_path / "x.yaml").write_text(NOTE)
        found = judge(tmp_path / "x.yaml", environment=environment)
        (rule,) = [rule for rule in found.rules if rule.id == softer.id]
        assert rule.level(found.environment) == level


def test_the_standard_silences_what_only_the_stricter_one_asks(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(POD)
    restricted, baseline = (
        {finding.rule.id for finding in judge(tmp_path / "x.yaml", standard=standard).report.findings}
        for standard in ("restricted", "baseline")
    )
    assert "wl-privileged" in restricted & baseline
    assert restricted - baseline == {"wl-capabilities", "wl-privilege-escalation", "wl-run-as-non-root", "wl-seccomp"}


@pytest.fixture
def excused(tmp_path: Path) -> Path:
    """A catalogue whose one service may run a privileged pod for a while."""
    (tmp_path / "services").mkdir()
    expires = (datetime.now(tz=UTC) + timedelta(days=30)).date()
    exception = f"{{policy: wl-privileged, reason: The agent needs it, owner: team-a, expires: {expires}}}"
    service = MINIMAL.format(name="shop", kind="service") + f"  exceptions: [{exception}]\n"
    (tmp_path / "services" / "shop.yaml").write_text(service)
    (tmp_path / "x.yaml").write_text(POD)
    return tmp_path


def test_a_catalogue_brings_its_exceptions_and_they_are_reported(excused: Path) -> None:
    found = judge(excused / "x.yaml", services=excused / "services")
    assert [finding.rule.id for finding in found.report.excepted] == ["wl-privileged"]
    assert "wl-privileged" not in {finding.rule.id for finding in found.report.findings}
    assert "Excepted\n  wl-privileged  Pod shop/a  excepted until 20" in FORMATS["text"](found)
    (result,) = [each for each in sarif(found)["results"] if "suppressions" in each]
    assert result["suppressions"][0]["justification"].endswith("services/shop.yaml: exceptions.0)")
    assert result["ruleId"] == "wl-privileged"


# What it writes.


@pytest.mark.parametrize("written", sorted(FORMATS))
def test_every_format_is_written_by_the_command(mixed: Path, written: str) -> None:
    done = plat("judge", "--objects", ".", "--format", written, "-q", cwd=mixed)
    assert done.returncode == Exit.POLICY
    assert "wl-privileged" in done.stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)


def test_text_groups_by_object_and_sums_up_in_its_last_line(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mixed)
    lines = FORMATS["text"](judge(Path("pod.yaml"), Path("broken.yml"))).splitlines()
    heading = lines.index("Pod shop/a (pod.yaml:7)")
    assert re.fullmatch(r"  mandatory  [a-z-]+  \S+ .+", lines[heading + 1])
    assert re.fullmatch(r" {13}Fix: .+\.", lines[heading + 2])
    assert "  mandatory  wl-privileged  spec.containers[0].securityContext.privileged is true" in lines
    assert "services/" not in "".join(lines), "somebody else's file is mended in our catalogue"
    assert re.fullmatch(
        r"\d+ rules over 2 objects \(prod\): \d+ mandatory, \d+ advisory, 0 excepted, 0 undetermined, 1 unreadable\.",
        lines[-1],
    )


def test_json_has_the_fields_it_promises(mixed: Path) -> None:
    found = judge(mixed)
    record = json.loads(FORMATS["json"](found))
    fields = {"rule", "level", "severity", "kind", "namespace", "name", "path", "message", "cure", "place"}
    assert all(set(finding) == fields for finding in record["findings"])
    (finding,) = [each for each in record["findings"] if each["rule"] == "wl-privileged"]
    assert (finding["level"], finding["kind"], finding["namespace"], finding["name"], finding["path"]) == (
        "mandatory", "Pod", "shop", "a", "spec.containers[0].securityContext.privileged",
    )  # fmt: skip
    counted = ["rules", "objects", "mandatory", "advisory", "excepted", "undetermined", "unreadable"]
    assert list(record["summary"]) == counted
    assert record["summary"]["objects"] == 3
    assert record["summary"]["rules"] == len(found.rules)
    assert record["problems"] == [str(problem) for problem in found.problems]
    assert record["environment"] == "prod"


def sarif(found: Judged) -> dict[str, Any]:
    log = json.loads(FORMATS["sarif"](found))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_has_rules_levels_places_and_lasting_identities(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mixed)
    found = judge(mixed)
    run = sarif(found)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule.id for rule in found.rules)
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        (location,) = result["locations"]
        assert location["physicalLocation"] == {
            "artifactLocation": {"uri": "pod.yaml"},
            "region": {"startLine": 7},
        }, "the path of a file below the working directory is relative, as code scanning needs it"
    identities = [result["partialFingerprints"]["platJudge/v1"] for result in run["results"]]
    assert len(set(identities)) == len(identities)
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken.yml"
    assert run["invocations"][0]["executionSuccessful"] is False

    (mixed / "pod.yaml").write_text(f"\n\n{POD}")
    assert [each["partialFingerprints"]["platJudge/v1"] for each in sarif(judge(mixed))["results"]] == identities


def test_every_result_of_sarif_has_a_file_for_code_scanning_refuses_logs_that_have_one_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POD.encode())))
    for result in sarif(judge(Path("-")))["results"]:
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "-"


def test_junit_has_a_case_per_rule_and_counts_them(mixed: Path) -> None:
    found = judge(mixed)
    suites = ET.fromstring(FORMATS["junit"](found))  # noqa: S314  (our own)
    (suite,) = suites
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {rule.id for rule in found.rules} | {f"{mixed}/broken.yml:1"} == set(cases)
    assert len(cases) == len(suite) == int(suite.get("tests", ""))
    for name in ("failures", "errors", "skipped"):
        assert int(suite.get(name, "")) == len(
            list(suite.iter({"failures": "failure", "errors": "error"}.get(name, name)))
        )
    failure = cases["wl-privileged"].find("failure")
    assert failure is not None
    assert failure.text == (
        "Pod shop/a spec.containers[0].securityContext.privileged: is true. Fix: Remove securityContext.privileged."
    )
    assert len(cases["wl-host-namespaces"]) == 0, "a rule that found nothing did not pass"
    assert cases[f"{mixed}/broken.yml:1"].find("error") is not None


def test_github_annotates_the_line_and_escapes_what_would_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b:c%d.yaml").write_text(f"\n{POD}".replace("name: a,", 'name: "100%\\n::error::x",', 1))
    lines = FORMATS["github"](judge(Path("a,b:c%d.yaml"))).splitlines()
    head = "::error file=a%2Cb%3Ac%25d.yaml,line=2,title=wl-privileged::"
    assert [line for line in lines if line.startswith(head)] == [
        head + "Pod shop/100%25\\u000a::error::x spec.containers[0].securityContext.privileged: is true."
        " Fix: Remove securityContext.privileged."
    ]
    assert all(re.match(r"::(error|warning|notice) [^:]*::", line) for line in lines)
    assert re.fullmatch(r"::notice title=plat judge::\d+ rules over 1 object .+", lines[-1])


# A stack.


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_judged_with_its_objects_and_its_charts(stack: str) -> None:
    done = plat("judge", "-s", stack, "--format", "json")
    record = json.loads(done.stdout)
    blueprint = blueprint_of(stack)
    made = len(list(manifests.everything(blueprint))) + len(list(charts(blueprint)))
    assert record["summary"]["objects"] == made == len(stack_objects(blueprint))
    assert record["environment"] == blueprint.environment
    assert done.returncode == (Exit.POLICY if record["summary"]["mandatory"] else Exit.OK)


def test_a_finding_of_a_stack_is_shown_where_its_owner_edits(tmp_path: Path) -> None:
    # The exception covers nothing, which is a finding; a memory limit is the owner's, and its line is known.
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "small.yaml").write_text(MINIMAL.format(name="small", kind="service"))
    found = judge(stack="dev", services=folder, environment=None)
    shown = {(place.file, place.line) for finding in found.report.findings if (place := found.place(finding))}
    assert {file for file, _ in shown} <= {str(folder / "small.yaml"), "Pulumi.dev.yaml"}
    limits = [
        each for each in found.report.findings if each.rule.where.startswith("services/{service}.yaml: spec.cont")
    ]
    assert {found.place(each).line for each in limits if each.service} <= {10, 11}  # type: ignore[union-attr]


@pytest.mark.xdist_group("program")
def test_the_charts_judged_are_the_ones_the_program_asks_for() -> None:
    asked = {each.name: each.inputs for each in ran("prod").registrations if each.kind == "kubernetes:helm.sh/v4:Chart"}
    assert {name: json.loads(json.dumps(props)) for name, props in charts(blueprint_of("prod"))} == asked


@pytest.mark.parametrize("arguments", [("-s", "dev"), ("--objects", "services")], ids=" ".join)
def test_judging_never_loads_pulumi(arguments: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom operations.cli import main\ntry:\n    main()\nfinally:\n"
        "    print('LOADED', sorted(name for name in sys.modules if name.split('.')[0].startswith('pulumi')))"
    )
    command = [sys.executable, "-c", script, "judge", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.rstrip().endswith("LOADED []"), f"plat judge {' '.join(arguments)} loads the SDK: {done.stderr}"


def test_the_judge_is_explained() -> None:
    done = plat("judge", "--help")
    for word in ("--objects", "--environment", "--standard", "--services", "--format", "docs/policies.md", "stdin"):
        assert word in done.stdout, f"--help does not explain {word}"
