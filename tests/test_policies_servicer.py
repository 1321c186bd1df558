"""The pack as the SDK serves it says what the judge says, whatever shape the properties arrive in."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policies.adapters.crossguard import Hearing
from policies.adapters.manifests import objects
from policies.core.facts import Facts
from policies.core.finding import Outcome
from policies.core.judging import Judge
from policies.core.rule import EVERYTHING, HIGH, STACK, Group, Rule, Violation
from policies.core.world import World
from policies.objects import Object, Provider
from policies.objects.values import Unknown
from policies.rules import RULES
from policies.rules.wl import WL
from tests.support.policy_cases import Case, cases, rules_with_cases
from tests.support.policy_servicer import CORE, DEV, PROD, Pack, Said, addressed, container, expected, pod

UPSTREAM: Final = Path(__file__).parent.parent.parent / "shared" / "policy-cases"
# ---------------------------------------------------------------------- the Pod Security Standards' own fixtures


@cache
def upstream() -> tuple[Mapping[str, Any], ...]:
    index = UPSTREAM / "index.json"
    return tuple(json.loads(index.read_text(encoding="utf-8"))["cases"]) if index.is_file() else ()


@pytest.mark.skipif(not upstream(), reason="../shared/policy-cases is not beside this project")
@pytest.mark.parametrize("case", upstream(), ids=lambda case: str(case["id"]).partition("admission/")[2])
def test_a_fixture_of_pod_security_is_judged_as_upstream_judges_it_by_both_ways(case: Mapping[str, Any]) -> None:
    facts = replace(PROD, standard=case["level"])
    texts = [(UPSTREAM / name).read_text(encoding="utf-8") for name in case["files"]]
    things = addressed(objects(read for text in texts for read in yaml.safe_load_all(text) if read))
    assert things, "the fixture holds nothing"
    found = [finding for thing in things for finding in Judge(facts, RULES).resource(thing).findings]
    broken = {finding.rule.id for finding in found if finding.rule.group == "WL"}
    if case["expected"] == "fail":
        assert broken & set(case["our_rules"]), f"{case['our_rules']} pass what upstream refuses"
    else:
        assert not broken, f"{broken} refuse what upstream passes"
    pack = Pack(facts)
    reported = sorted((said.level, said.message) for thing in things for said in pack.analyze(thing))
    assert reported == sorted((finding.level, finding.message) for finding in found)


def test_every_fixture_of_pod_security_is_there() -> None:
    if not upstream():
        pytest.skip("../shared/policy-cases is not beside this project")
    verdicts = [case["expected"] for case in upstream()]
    assert (verdicts.count("fail"), verdicts.count("pass")) == (110, 38)
    named = {rule for case in upstream() if case["expected"] == "fail" for rule in case["our_rules"]}
    assert named <= {rule.id for rule in WL.rules}


# ---------------------------------------------------------------------- our own cases


@pytest.mark.parametrize("rule", rules_with_cases())
def test_the_pack_says_of_every_case_what_the_judge_says(rule: str) -> None:
    for case in cases(rule):
        things = addressed(case.judged())
        reported = sorted((said.level, said.message) for said in Pack(case.facts).everything(things))
        assert reported == expected(case.facts, things), case.id


# ---------------------------------------------------------------------- what would break a naive pack


def test_a_rule_that_raises_is_a_violation_and_takes_no_other_rule_with_it() -> None:
    group = Group("TST", "tests")

    @group.resource("tst-raises", "M/M/M", HIGH, EVERYTHING, why="", cure="", where="")
    def raises(thing: Object, _: Facts) -> Iterator[Violation]:
        raise KeyError(thing.props["metadata"]["name"])
        yield

    rules = (*group.rules, *CORE)
    pack = Pack(PROD, rules)
    (crash, privileged) = pack.analyze(pod(containers=[container(privileged=True)]))
    assert (crash.level, crash.rule) == ("mandatory", "eng-rule-crash")
    assert re.search(
        r"the rule tst-raises failed with KeyError at test_policies_servicer\.py:\d+, so it judged nothing",
        crash.message,
    )
    assert "orders'" not in crash.message, "the error's own text was quoted"
    assert privileged.rule == "wl-privileged"


@pytest.mark.parametrize(("facts", "level"), [(PROD, "mandatory"), (DEV, "advisory")])
def test_an_unknown_security_context_is_a_finding_and_hides_nothing_else(facts: Facts, level: str) -> None:
    first = {**container(), "name": "first", "securityContext": Unknown("")}
    thing = pod(containers=[first, container(privileged=True)], hostNetwork=True)
    reported = Pack(facts, CORE).analyze(thing)
    (unknown,) = [said for said in reported if said.rule == "eng-unknown-values"]
    assert unknown.level == level
    assert "spec.containers[0].securityContext: is not known before the update" in unknown.message
    assert {said.rule for said in reported} == {"eng-unknown-values", "wl-privileged", "wl-host-namespaces"}


def test_an_unknown_value_no_security_rule_reads_is_no_finding() -> None:
    environment = [{"name": "HOST", "value": Unknown("")}]
    thing = pod(containers=[{**container(), "env": environment}], terminationGracePeriodSeconds=Unknown(""))
    assert Pack(PROD, CORE).analyze(thing) == []


NULLS: Final[Mapping[str, tuple[Object, set[str]]]] = {
    "the container's securityContext": (
        pod(containers=[{**container(), "securityContext": None}]),
        {"wl-capabilities", "wl-privilege-escalation"},
    ),
    "the pod's securityContext": (pod(securityContext=None), {"wl-run-as-non-root", "wl-seccomp"}),
    "a container": (pod(containers=[None]), {"wl-capabilities", "wl-privilege-escalation"}),
    "the containers": (pod(containers=None), set()),
    "metadata": (replace(pod(), props={**pod().props, "metadata": None}), set()),
    "the spec": (replace(pod(), props={**pod().props, "spec": None}), set()),
    "volumes": (pod(volumes=None), set()),
}


@pytest.mark.parametrize("what", NULLS)
def test_null_where_a_map_belongs_reads_as_absent_which_is_what_kubernetes_makes_of_it(what: str) -> None:
    thing, broken = NULLS[what]
    assert {said.rule for said in Pack(PROD, CORE).analyze(thing)} == broken


@pytest.mark.parametrize("odd", ["yes", 3, [1], True])
def test_something_else_where_a_map_belongs_is_refused(odd: Any) -> None:
    reported = Pack(PROD, CORE).analyze(pod(containers=[{**container(), "securityContext": odd}]))
    assert reported
    assert all(said.level == "mandatory" and "where a mapping belongs" in said.message for said in reported)


def test_a_thousand_containers_are_judged_one_by_one() -> None:
    many = [{**container(privileged=index == 998), "name": f"c{index}"} for index in range(1000)]
    (said,) = Pack(PROD, CORE).analyze(pod(containers=many))
    assert said.message.startswith("wl-privileged: Pod shop/orders spec.containers[998].securityContext.privileged: ")


def test_numbers_are_those_that_were_written() -> None:
    (said,) = Pack(PROD, CORE).analyze(pod(containers=[{**container(), "ports": [{"hostPort": 8080}]}]))
    assert "is 8080." in said.message, "the SDK's floats show"


# ---------------------------------------------------------------------- the stack


def seen(world: World) -> Mapping[str, tuple[Any, bool]]:
    return {thing.name: (thing.props.get("spec"), thing.read_only) for thing in world.objects}


def watching() -> tuple[dict[str, tuple[Any, bool]], tuple[Rule, ...]]:
    """What a rule about the stack sees (name → spec, whether it is only read), and the rules with it."""
    noted: dict[str, tuple[Any, bool]] = {}
    group = Group("TST", "tests")

    @group.stack("tst-sees", "M/M/M", HIGH, STACK, why="", cure="Look", where="here")
    def sees(_: None, world: World) -> Iterator[Violation]:
        noted.update(seen(world))
        yield Violation("spec", "was seen", on=world.objects[0])
        yield Violation("", "was seen as a whole")

    return noted, (*group.rules, *CORE)


def named(name: str, **spec: Any) -> Object:
    props = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "spec": spec}
    urn = f"urn:pulumi:prod::platform::kubernetes:core/v1:ConfigMap::{name}"
    return Object(type="kubernetes:core/v1:ConfigMap", props=props, urn=urn, logical=name)


def test_rules_about_the_stack_see_inputs_where_the_engine_shows_nothing() -> None:
    noted, rules = watching()
    pack = Pack(PROD, rules)
    for name in ("one", "two", "dropped"):
        assert pack.analyze(named(name, size=3)) == []
    reported = pack.analyze_stack([named("one"), named("two")])
    assert noted == {"one": ({"size": 3}, False), "two": ({"size": 3}, False)}, "what the stack no longer has counts"
    about, whole = sorted(reported, key=lambda said: said.urn, reverse=True)
    assert (about.urn, about.policy, about.level) == (named("one").urn, "stack-mandatory", "mandatory")
    assert about.message == "tst-sees: ConfigMap one spec: was seen. Fix: Look (here)."
    assert (whole.urn, whole.message) == ("", "tst-sees: the stack: was seen as a whole. Fix: Look (here).")


def test_what_the_program_only_reads_is_shown_with_its_outputs_and_marked() -> None:
    noted, rules = watching()
    pack = Pack(PROD, rules)
    pack.analyze(named("made", size=1))
    pack.analyze_stack([named("made", size=2), named("read", size=3)], outputs=True)
    assert noted == {"made": ({"size": 1}, False), "read": ({"size": 3}, True)}


def test_a_resource_that_comes_again_is_judged_again() -> None:
    pack = Pack(PROD, CORE)
    assert [said.rule for said in pack.analyze(pod(hostNetwork=True))] == ["wl-host-namespaces"]
    assert pack.analyze(pod()) == []
    assert [said.rule for said in pack.analyze(pod(hostPID=True))] == ["wl-host-namespaces"]


def test_each_resource_is_judged_once_for_both_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    resource = Judge.resource

    def noting(judge: Judge, thing: Object) -> Outcome:
        judged.append(thing.urn)
        return resource(judge, thing)

    monkeypatch.setattr(Judge, "resource", noting)
    Pack(PROD, CORE).analyze(pod())
    assert judged == [pod().urn]


def test_four_threads_at_once_get_what_one_gets() -> None:
    things = [
        replace(pod(hostNetwork=index % 3 == 0, hostPID=index % 2 == 0), urn=f"{pod().urn}{index}")
        for index in range(200)
    ]
    alone, together = Pack(PROD, CORE), Pack(PROD, CORE)
    wanted = [alone.analyze(thing) for thing in things]
    with ThreadPoolExecutor(max_workers=4) as threads:
        assert list(threads.map(together.analyze, things)) == wanted
    assert together.analyze_stack(things) == alone.analyze_stack(things)


def test_the_judge_is_made_once_however_many_ask() -> None:
    asked: list[object] = []

    def facts(stack: object) -> Facts:
        asked.append(stack)
        time.sleep(0.02)  # long enough for the other threads to come and find no judge
        return PROD

    pack = Pack(facts, CORE)
    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(pack.analyze, [replace(pod(), urn=f"{pod().urn}{index}") for index in range(40)]))
    assert len(asked) == 1


# ---------------------------------------------------------------------- failing closed


@pytest.mark.parametrize("error", [RuntimeError("CANARY"), RecursionError("CANARY"), ValueError("CANARY")])
def test_a_pack_that_fails_refuses_and_tells_no_value(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(Hearing, "_hear_resource", fails)
    monkeypatch.setattr(Hearing, "_hear_stack", fails)
    pack = Pack(PROD, CORE)
    for reported, what in (
        (pack.analyze(pod()), "this resource"),
        (pack.analyze_stack([pod()]), "the stack as a whole"),
    ):
        assert "mandatory" in {said.level for said in reported}
        place = rf"{type(error).__name__} at test_policies_servicer\.py:\d+"
        for said in reported:
            assert re.fullmatch(
                rf"{what} was not judged, because the pack failed with {place}\. Fix: report that\.", said.message
            )


# ---------------------------------------------------------------------- secrets

CANARY: Final = "hunter2-c4n4ry"
SENSITIVE: Final = frozenset(
    {"value", "args", "command", "password", "token", "userPassword", "masterPassword", "secret", "client_secret"}
)
"""Fields whose text may be a secret, wherever they are."""
HOLDING: Final = frozenset({"data", "stringData", "binaryData"})
"""Fields all of whose texts may be."""

COPIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def planted(value: Any, key: str = "", *, inside: bool = False) -> Any:
    """`value` with the canary in place of every text that could be a secret."""
    if isinstance(value, dict):
        parts = {name: planted(part, str(name), inside=inside or key in HOLDING) for name, part in value.items()}
        # Annotations a rule knows by name are no secrets; what kubectl copies into one may hold some.
        return {**parts, COPIED: f"{{password: {CANARY}}}"} if key == "annotations" else parts
    if isinstance(value, list):
        return [planted(part, key, inside=inside) for part in value]
    secret = inside or key in SENSITIVE or key in HOLDING
    return f"postgres://app:{CANARY}@db/orders" if isinstance(value, str) and secret else value


@pytest.mark.parametrize("rule", rules_with_cases())
def test_no_message_holds_a_value_that_could_be_a_secret(rule: str) -> None:
    for case in cases(rule):
        things = addressed(replace(thing, props=planted(dict(thing.props))) for thing in case.judged())
        leaked = [said.message for said in told_with_provider(case, things) if CANARY in said.message]
        assert not leaked, case.id


def test_the_canary_is_in_what_is_judged() -> None:
    every = [thing for rule in rules_with_cases() for case in cases(rule) for thing in case.judged()]
    holding = [thing for thing in every if CANARY in json.dumps(planted(dict(thing.props)), default=repr)]
    assert len(holding) >= len(every) / 10, "the test above proves nothing"


def told_with_provider(case: Case, things: tuple[Object, ...]) -> list[Said]:
    provider = Provider(name="platform", props={"kubeconfig": f"token: {CANARY}"})
    given = [replace(thing, provider=thing.provider or provider) for thing in things]
    return Pack(case.facts).everything(given)
