"""Anybody's files before the judge: each ends in a finding or in a clear error, in bounded memory and time.

What is reported, and in which words, is stated for every input; how large the machine must be, and how long it may
take, is measured on the real command in a process that may have no more.
"""

import copy
import errno
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import everything
from operations.cli import app
from operations.judged import FORMATS, Judged
from operations.judging import Asked, judged
from policies.adapters.bounded import MAX_RUN_VIOLATIONS, MAX_VIOLATIONS, bounded
from policies.adapters.manifests import from_manifest
from policies.adapters.yaml_objects import MAX_BYTES, MAX_CONTAINERS, MAX_OBJECTS, MAX_PROBLEMS, read
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import ROOT, blueprint_of

POD: Final = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"
PRIVILEGED: Final = POD + "spec: {containers: [{name: a, image: x, securityContext: {privileged: true}}]}\n"
NOT_AN_OBJECT: Final = "Give it apiVersion, kind and metadata.name, or leave it out."


def judge(path: Path) -> Judged:
    return judged(
        Asked(stack=None, paths=(path,), environment=None, services=None, standard="restricted"), lambda _: None
    )


def laughs(levels: int = 9) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "apiVersion: v1\nkind: ConfigMap\n" + "\n".join(lines)


TOO_MUCH: Final = (
    "goes beyond the 500,000 keys and values of a file, aliases counted each time."
    " Use fewer aliases, or judge it in parts."
)
TOO_DEEP: Final = "nests deeper than 64 levels. Flatten it; no object of Kubernetes is so deep."

REFUSED: Final[dict[str, tuple[str | bytes, str]]] = {
    "a billion laughs": (laughs(), f"x.yaml:8: {TOO_MUCH}"),
    "deep in flow": (f"{POD}spec: {'[' * 100_000}", f"x.yaml:4: {TOO_DEEP}"),
    "deep in blocks": ("- " * 100_000 + "x", f"x.yaml:1: {TOO_DEEP}"),
    "deep in JSON": ('{"a":' * 100_000 + "1" + "}" * 100_000, f"x.yaml:1: {TOO_DEEP}"),
    "deep by aliases": (
        "a0: &a0 [x]\n" + "\n".join(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 2000)),
        f"x.yaml:64: {TOO_DEEP}",
    ),
    "an object within itself": (
        f"{POD}spec: &s {{containers: [*s]}}",
        "x.yaml:4: uses *s within &s: it would hold itself. Write the value out.",
    ),
    "Python's own tag": (
        f"{POD}spec: !!python/object/apply:os.system [id]",
        "x.yaml:4: uses the tag !!python/object/apply:os.system, which Kubernetes does not know. Delete it.",
    ),
    "binary": (bytes(range(256)) * 20, "x.yaml:2: is not UTF-8 text. Save it as UTF-8."),
    "an archive": (b"\x1f\x8b\x08\x00\x00\x00", "x.yaml:1: is not UTF-8 text. Save it as UTF-8."),
    "UTF-16": (POD.encode("utf-16"), "x.yaml:1: is UTF-16, not UTF-8 text. Save it as UTF-8."),
    "a null character": (f"{POD}a: \x00", "x.yaml:4: holds the control character U+0000. Delete it."),
    "infinity": (f"{POD}spec: {{replicas: .inf}}", "x.yaml:4: holds .inf, which JSON has no word for. Write a number."),
    "no number": (
        f"{POD}spec: {{replicas: .nan}}",
        "x.yaml:4: holds .nan, which JSON has no word for. Write a number.",
    ),
    "a key twice": (
        PRIVILEGED + "spec: {containers: []}",
        "x.yaml:5: says 'spec' a second time; one of the two would be lost. Keep one.",
    ),
    "a key twice in JSON": (
        '{"apiVersion": "v1", "kind": "Pod", "kind": "ConfigMap"}',
        "x.yaml:1: says 'kind' a second time; one of the two would be lost. Keep one.",
    ),
    "larger than any bundle": (
        "x" * (MAX_BYTES + 1),
        "x.yaml:1: is longer than 16 MiB. Split it, or judge its parts one by one.",
    ),
    "a single value": ("5000", f"x.yaml:1: is not a Kubernetes object but a single value. {NOT_AN_OBJECT}"),
    "a map of something": ("a: b", f"x.yaml:1: is not a Kubernetes object: it says no apiVersion. {NOT_AN_OBJECT}"),
    "a kind that is a list": (
        "apiVersion: v1\nkind: [Pod]",
        f"x.yaml:1: is not a Kubernetes object: it says no kind. {NOT_AN_OBJECT}",
    ),
    "a kind no API server could look up": (
        PRIVILEGED.replace("kind: Pod", 'kind: "Pod:"'),
        f"x.yaml:1: is not a Kubernetes object: no kind is spelled like that. {NOT_AN_OBJECT}",
    ),
    "a version no API server could look up": (
        PRIVILEGED.replace("apiVersion: v1", "apiVersion: a:b"),
        f"x.yaml:1: is not a Kubernetes object: no apiVersion is spelled like that. {NOT_AN_OBJECT}",
    ),
    "more containers than one run judges": (
        f"{POD}spec: {{containers: [&c {{}}{', *c' * MAX_CONTAINERS}]}}",
        "x.yaml:1: goes beyond the 10,000 containers one run judges. Judge it in parts.",
    ),
    "more containers by themselves than one run judges": (
        "apiVersion: a.example.com/v1\nkind: Thing\nmetadata: {name: p, namespace: shop}\n"
        f"spec: {{sidecars: [&c {{image: x}}{', *c' * MAX_CONTAINERS}]}}",
        "x.yaml:1: goes beyond the 10,000 containers one run judges. Judge it in parts.",
    ),
    "a list of lists": ("- - - a", f"x.yaml:1: [0]: is not a Kubernetes object but a list. {NOT_AN_OBJECT}"),
    "a name without end": (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {'a' * 300}}}",
        "x.yaml:1: is called by more than 253 characters, which no object of Kubernetes is. " + NOT_AN_OBJECT,
    ),
    "a request without an object": (
        "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: [1]",
        f"x.yaml:1: request.object: is not a Kubernetes object but a single value. {NOT_AN_OBJECT}",
    ),
    "more objects than one run judges": (
        f"apiVersion: v1\nkind: List\nitems: [&p {{apiVersion: v1, kind: Pod}}{', *p' * MAX_OBJECTS}]",
        "x.yaml:1: goes beyond the 10,000 objects one run judges. Judge it in parts.",
    ),
    "nothing": ("", "x.yaml:1: holds no object, so nothing was judged. Name what holds some."),
    "only comments": ("# a\n---\n# b\n", "x.yaml:1: holds no object, so nothing was judged. Name what holds some."),
}
"""What it is → the file, and the one problem it is."""


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_judged_is_one_problem_with_a_cure(tmp_path: Path, name: str) -> None:
    content, said = REFUSED[name]
    (tmp_path / "x.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    found = judge(tmp_path / "x.yaml")
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in found.problems] == [said]
    assert found.report.objects == 0


@pytest.mark.parametrize("name", sorted(set(REFUSED) - {"larger than any bundle"}))
def test_the_readable_rest_is_judged_all_the_same(tmp_path: Path, name: str) -> None:
    content, _ = REFUSED[name]
    (tmp_path / "a.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "b.yaml").write_text(PRIVILEGED)
    found = judge(tmp_path)
    assert "wl-privileged" in {finding.rule.id for finding in found.report.mandatory}
    assert bool(found.problems) == (name not in ("nothing", "only comments"))


def test_a_flood_of_problems_is_cut_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("---\na: [\n" * 10_000)
    found = judge(tmp_path / "x.yaml")
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert "the rest of it was not read" in str(found.problems[-1])


REVIEW: Final = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {"operation": "CREATE", "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"hostNetwork": True}}},
}


@pytest.mark.parametrize("kind", ["List", "AdmissionReviewList"])
def test_a_request_inside_a_list_of_a_kind_is_reported_and_not_passed(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"apiVersion": "v1", "kind": kind, "items": [REVIEW]}))
    reported = [(problem.field, problem.cause) for problem in judge(tmp_path / "x.json").problems]
    assert reported == [("items[0]", "is an AdmissionReview inside something else, and not judged")]


def test_items_that_are_a_map_are_reported(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: List\nitems: {a: {apiVersion: v1, kind: Pod}}\n")
    reported = [(problem.field, problem.cause) for problem in judge(tmp_path / "x.yaml").problems]
    assert reported == [("items", "is a map where a list belongs")]


def test_a_name_too_long_for_any_file_is_a_problem_of_its_own() -> None:
    (problem,) = read([Path("a" * 5000)]).problems
    assert problem.cause == "cannot be read (File name too long)"


def test_a_folder_without_access_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text(POD)

    def shut(path: Path, *_: object, **__: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", shut)
    monkeypatch.setattr(Path, "is_file", shut)
    monkeypatch.setattr(Path, "open", shut)
    (problem,) = read([tmp_path / "x.yaml"]).problems
    assert problem.cause == "cannot be read (Permission denied)"


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert [problem.cause for problem in read([Path("-")]).problems] == ["cannot be read (it is closed)"]


MALFORMED: Final = {
    "containers is text": "spec: {containers: abc}",
    "containers is a map": "spec: {containers: {a: b}}",
    "a container is a number": "spec: {containers: [5]}",
    "a container is a list": "spec: {containers: [[]]}",
    "a flag is text": "spec: {containers: [{name: a, image: x, securityContext: {privileged: 'true'}}]}",
    "a port of 5000 digits": f"spec: {{containers: [{{name: a, image: x, ports: [{{hostPort: {'9' * 5000}}}]}}]}}",
    "the image is a map": "spec: {containers: [{name: a, image: {a: b}}]}",
    "the spec is a list": "spec: []",
    "the metadata is text": "metadata: text",
    "labels are a list": "metadata: {name: a, labels: [a]}",
    "a label is a number": "metadata: {name: a, labels: {a: 5}}",
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_pod_of_the_wrong_types_does_not_pass(tmp_path: Path, name: str) -> None:
    head = "apiVersion: v1\nkind: Pod\n"
    text = MALFORMED[name] if "metadata:" in MALFORMED[name] else f"metadata: {{name: p}}\n{MALFORMED[name]}"
    more = "\nspec: {containers: [{name: a, image: x}]}" if "metadata:" in MALFORMED[name] else ""
    (tmp_path / "x.yaml").write_text(f"{head}{text}{more}\n")
    found = judge(tmp_path / "x.yaml")
    assert not found.problems
    assert found.report.mandatory, "a judge that cannot read it lets it pass"
    assert not crashes(found.report.findings)


def crashes(findings: Sequence[Any]) -> list[str]:
    return [finding.message for finding in findings if " failed with " in finding.found]


def test_what_is_too_much_to_tell_is_counted_as_one(tmp_path: Path) -> None:
    volumes = ", ".join(["{hostPath: {path: /}}"] * 5000)
    (tmp_path / "x.yaml").write_text(f"{POD}spec: {{containers: [], volumes: [{volumes}]}}")
    findings = [each for each in judge(tmp_path / "x.yaml").report.findings if each.rule.id == "wl-volume-types"]
    assert len(findings) == MAX_VIOLATIONS + 1
    assert sorted(finding.found for finding in findings)[0] == f"and more like it; {MAX_VIOLATIONS} are shown"


def test_more_containers_than_a_pod_can_have_are_a_mandatory_finding(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"{POD}spec: {{containers: [&c {{name: a, image: x}}{', *c' * 5000}]}}")
    found = judge(tmp_path / "x.yaml").report.mandatory
    reported = {finding.message for finding in found if "no list of more than 1000" in finding.found}
    assert [message.split(" is ")[0] for message in reported] == ["eng-rule-crash: Pod shop/p:"]


@pytest.mark.parametrize("written", sorted(FORMATS))
def test_no_name_moves_a_cursor_or_ends_a_line_of_a_log(tmp_path: Path, written: str) -> None:
    name = 'a\\x1b[31m\\n::error::b\\r\\u202e\\x7f]]>&<\\"%'
    (tmp_path / "x.yaml").write_text(
        PRIVILEGED.replace("name: p", f'name: "{name}"') + f'---\n"{name}": 1\n"{name}": 2\n', encoding="utf-8"
    )
    text = FORMATS[written](judge(tmp_path / "x.yaml"))
    assert not [sign for sign in text if not (sign.isprintable() or sign == "\n")]
    assert not [line for line in text.splitlines() if line.startswith("::error::")]


ORDERS: Final = "##[set-output name=a;]b ##vso[task.setvariable variable=a]b ##teamcity[a]"


@pytest.mark.parametrize("written", sorted(FORMATS))
def test_no_name_gives_an_order_to_a_build_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("::error::##[group]x.yaml")
    asked = PRIVILEGED.replace("name: p", f"name: '{ORDERS}'")
    file.write_text(f"{asked}---\n'{ORDERS}': 1\n'{ORDERS}': 2\n---\n{json.dumps(REVIEW)}\n")
    with pytest.raises(SystemExit):
        app(["judge", "--objects", ".", "--format", written], prog_name="plat")
    out, err = capsys.readouterr()
    assert "AdmissionReview" in err
    assert "a second time" in err
    assert "##" not in out + err
    reported = err if written == "github" else out + err
    assert not [line for line in reported.splitlines() if line.lstrip().startswith("::")]


def test_a_rule_tells_no_more_in_a_run_than_anybody_reads(tmp_path: Path) -> None:
    one = {**json_pod(), "spec": {"containers": [], "volumes": [{"hostPath": {"path": "/"}}] * MAX_VIOLATIONS}}
    pods = MAX_RUN_VIOLATIONS // MAX_VIOLATIONS + 3
    (tmp_path / "x.json").write_text(json.dumps([one] * pods))
    found = [each for each in judge(tmp_path / "x.json").report.findings if each.rule.id == "wl-volume-types"]
    assert {each.path.partition(".")[0] for each in found} == {f"[{number}]" for number in range(pods)}
    assert len(found) == MAX_RUN_VIOLATIONS + 3


# The real command, in a process that may have no more than this.

MEMORY_BYTES: Final = 1024**3
"""Address space of a process, Python and its libraries included (about 300 MiB). Judging prod takes 400 MiB."""
TIMES: Final = 8
"""How much longer than a benign file of 64 KiB a hostile one of the same size may take, starting Python included."""


def run(path: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """The command over `path`, and the seconds of processor it took: others may be using the machine too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "operations", "judge", "--objects", str(path), "-q"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


KIB: Final = 1024


def filled(head: str, part: str, tail: str = "", size: int = 64 * KIB) -> str:
    return head + part * ((size - len(head) - len(tail)) // len(part)) + tail


BOMBS: Final[dict[str, Callable[[], str]]] = {
    "aliases": laughs,
    "aliases of long text": lambda: filled(f"{POD}x: &x {'a' * 32 * KIB}\nspec: [", "{image: *x}, ", "]"),
    "objects by aliases": lambda: filled(f"- &p {json.dumps(json_pod())}\n", "- *p\n", size=16 * KIB),
    "pods of containers by aliases": lambda: (
        f"- &p {{apiVersion: v1, kind: Pod, spec: {{containers: [&c {{}}{', *c' * 998}]}}}}\n" + "- *p\n" * 480
    ),
    "containers by aliases": lambda: filled(f"{POD}spec:\n  containers:\n  - &c {{}}\n", "  - *c\n"),
    "containers": lambda: filled('{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{}', ",{}", "]}}"),
    "volumes": lambda: filled('{"apiVersion":"v1","kind":"Pod","spec":{"volumes":[{}', ',{"nfs":{}}', "]}}"),
    "brackets": lambda: "[" * 64 * KIB,
    "quotes": lambda: '"\\\\' * 21 * KIB,
    "keys": lambda: filled("", "? ") + "x",
    "merges": lambda: filled(f"a: &a {{{', '.join(f'k{n}: 1' for n in range(1000))}}}\nb: [", "{<<: *a}, ", "]"),
    "separators": lambda: "---\n" * 16 * KIB,
    "broken documents": lambda: "---\n[\n" * 10 * KIB,
    "indentation": lambda: "\n".join(" " * level + "a:" for level in range(360)),
    "digits": lambda: f"{POD}spec: {{replicas: {'9' * 60 * KIB}}}",
    "a word": lambda: f"{POD}spec: {{containers: [{{image: {'a/' * 30 * KIB}}}]}}",
    "quotas and workloads": lambda: (
        "- &d {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: a}, spec: {replicas: 2, template: "
        "{spec: {containers: [{name: a}]}}}}\n- &q {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, "
        "namespace: a}, spec: {hard: {pods: 1}}}\n" + "- *d\n- *q\n" * 500
    ),
    "peers": lambda: filled(
        '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a","namespace":"b"},'
        '"spec":{"podSelector":{},"ingress":[{}',
        ',{"from":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]}',
        "]}}",
    ),
}


def json_pod() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}}


@cache
def benign_seconds(folder: Path) -> float:
    """How long a file of 64 KiB takes in which nothing is odd; the longer of two."""
    one = json.dumps(json_pod()) + "\n---\n"
    (folder / "benign.yaml").write_text(one * (64 * KIB // len(one)))
    return max(run(folder / "benign.yaml")[1] for _ in range(2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.xdist_group("hostile")  # measured against each other
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_takes_neither_the_memory_nor_the_afternoon(folder: Path, name: str) -> None:
    (folder / "bomb.yaml").write_text(BOMBS[name]())
    done, took = run(folder / "bomb.yaml")
    assert done.returncode in (2, 5), f"{done.returncode}: {done.stderr[-500:]}"
    assert "Traceback" not in done.stderr + done.stdout
    assert took < TIMES * benign_seconds(folder), (
        f"{took:.1f} s, where a benign file takes {benign_seconds(folder):.1f}"
    )


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("part", ["[],", '"",', "{},", "[[],[]],"])
def test_the_largest_file_there_may_be_is_counted_before_it_is_built(folder: Path, part: str) -> None:
    (folder / "large.json").write_text("[" + part * ((MAX_BYTES - 4) // len(part)) + "1]")
    done, _ = run(folder / "large.json")
    assert done.returncode == 2, f"{done.returncode}: {done.stderr[-500:]}"
    assert "goes beyond the 500,000 keys and values" in done.stderr


def test_a_pipe_called_like_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "below").symlink_to(tmp_path)
    found = sorted(str(problem).removeprefix(f"{tmp_path}/") for problem in judge(tmp_path).problems)
    assert found == [
        "below:1: is a link to a folder. Name the folder it leads to.",
        "link.yaml:1: is not a file. Remove it, or make it one.",
        "x.yaml:1: is not a file. Remove it, or make it one.",
    ]


def test_what_is_not_there_or_not_ours_to_read_is_reported(tmp_path: Path) -> None:
    (reported,) = judge(tmp_path / "x.yaml").problems
    assert "cannot be read (No such file or directory). Check the path and its permissions." in str(reported)
    (reported,) = judge(tmp_path).problems
    assert "holds no *.json, *.yaml, *.yml. Name another folder, or the files." in str(reported)


# Whatever JSON can hold.

KEYS: Final = st.sampled_from(
    re.findall(
        r"\w+",
        """
    apiVersion kind metadata name namespace labels annotations spec template containers initContainers image env items
    securityContext privileged capabilities drop resources limits requests memory cpu ports hostPort volumes hostPath
    selector matchLabels matchExpressions rules verbs subjects roleRef ingress egress from to podSelector mtls mode
    portLevelMtls http route hosts tls servers data stringData parentRefs hostnames replicas type
    """,
    )
)
WORDS: Final = st.sampled_from(
    ["", "*", "a", "0.0.0.0/0", "1Gi", "-1", "STRICT", "a:latest", "${x}", "10%", "A b", "."]
)
LEAF: Final = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
ANYTHING: Final = st.recursive(
    LEAF, lambda part: st.lists(part, max_size=4) | st.dictionaries(KEYS, part, max_size=5), max_leaves=25
)
PROPERTY: Final = hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)
JUDGE: Final = Judge(Facts(environment="prod", limits=limits_of("prod"), today=date(2026, 11, 20)), bounded(RULES))


def sorts() -> list[tuple[str, str]]:
    """`apiVersion` and `kind` of everything some rule looks for."""
    wanted = {sort for rule in RULES for sort in rule.selector.sorts or () if ":" not in sort}
    parts = (sort.partition(".") for sort in sorted(wanted | {"Pod", "List", "Deployment.apps"}))
    return [(f"{group}/v1" if group else "v1", kind) for kind, _, group in parts]


@PROPERTY
@given(st.lists(st.tuples(st.sampled_from(sorts()), st.dictionaries(KEYS, ANYTHING, max_size=6)), max_size=4))
def test_no_json_makes_a_rule_fail(written: list[tuple[tuple[str, str], dict[str, Any]]]) -> None:
    objects = [from_manifest({**rest, "apiVersion": version, "kind": kind}) for (version, kind), rest in written]
    before = json.dumps([dict(thing.props) for thing in objects])
    report = JUDGE.everything(objects)
    assert not crashes(report.findings)
    assert json.dumps([dict(thing.props) for thing in objects]) == before, "a rule changed what it judges"
    json.dumps(report.record())


STRANGE: Final[st.SearchStrategy[Any]] = LEAF | st.sampled_from(["10%", "{{", "https://[", "(", [], [None], {}, [[]]])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything below `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """One object of each kind the platform makes."""
    return {manifest["kind"]: manifest for manifest in everything(blueprint_of("prod"))}


@PROPERTY
@given(st.data())
def test_one_strange_value_in_an_object_of_ours_makes_no_rule_fail(data: st.DataObject) -> None:
    thing = copy.deepcopy(kinds()[data.draw(st.sampled_from(sorted(kinds())))])
    *above, last = data.draw(st.sampled_from(list(places(thing))))
    inside = thing
    for key in above:
        inside = inside[key]
    inside[last] = data.draw(STRANGE)
    assert not crashes(JUDGE.everything([from_manifest(thing)]).findings)
