"""The judge before the program: what it lets pass, and what it says of what it does not."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design, names
from manifests import everything
from policies.adapters import preflight as module
from policies.adapters.preflight import SHOWN, PreflightError, preflight
from policies.core import limits
from policies.core.facts import Facts
from policies.core.limits import LimitsError, ObjectException, limits_of
from policies.core.rule import EVERYTHING, HIGH, Group, Rule, Violation
from policies.objects import Object
from tests.support.policy_servicer import CORE, pod, without_exceptions
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import ROOT, STACKS, TODAY, blueprint_of, settings, shop

SHOP: Final = shop()


def judged(*manifests: Mapping[str, Any], stack: str = "prod", rules: tuple[Rule, ...] = CORE) -> Any:
    """The report of the preflight over `manifests`."""
    return preflight(manifests, settings=settings(stack), catalogue=SHOP, today=TODAY, rules=rules)


def named(name: str, **spec: Any) -> Mapping[str, Any]:
    """A pod that is as it should be, but for `spec`."""
    props = dict(pod(**spec).props)
    return {**props, "metadata": {"name": name, "namespace": "order-service"}}


@pytest.fixture(autouse=True)
def _no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "limits_of", without_exceptions)


@pytest.mark.parametrize("stack", STACKS)
def test_our_own_pods_keep_to_the_pod_security_standards(stack: str) -> None:
    report = judged(*everything(blueprint_of(stack)), stack=stack)
    assert (report.rules, report.findings, report.undecided) == (len(CORE), [], [])
    assert report.objects > 300


def test_a_refusal_names_rule_object_path_and_cure_and_nothing_else() -> None:
    with pytest.raises(PreflightError) as caught:
        judged(named("good"), named("orders", hostNetwork=True), named("teller", hostPID=True, hostNetwork=True))
    lines = str(caught.value).splitlines()
    assert lines[0] == "1 rule is broken in 3 places:"
    assert lines[1] == (
        "  wl-host-namespaces: Pod order-service/orders spec.hostNetwork: is true. Fix: Remove hostNetwork, hostPID"
        " and hostIPC (manifests/workloads.py spells it for every service; a chart's own value otherwise)."
    )
    assert [line.partition(": is")[0] for line in lines[2:]] == [
        "  wl-host-namespaces: Pod order-service/teller spec.hostNetwork",
        "  wl-host-namespaces: Pod order-service/teller spec.hostPID",
    ]


def advising() -> tuple[Rule, ...]:
    """A rule that advises against everything."""
    group = Group("TST", "tests")

    @group.resource("tst-advice", "A/A/A", HIGH, EVERYTHING, why="", cure="Rest", where="here")
    def advises(_: Object, __: Facts) -> Iterator[Violation]:
        yield Violation("kind", "is there")

    return (*CORE, *group.rules)


def test_advice_stops_nothing_and_is_counted_beside_what_does() -> None:
    assert [finding.rule.id for finding in judged(named("good"), rules=advising()).findings] == ["tst-advice"]
    with pytest.raises(PreflightError) as caught:
        judged(named("good"), named("orders", hostNetwork=True), rules=advising())
    assert str(caught.value).splitlines()[-1] == "Besides: 2 advised against."


def test_a_charts_values_are_judged_too() -> None:
    values = {"replicas": 3}
    given = [("kong", {"chart": "ingress", "values": values})]
    report = preflight([], given, settings=settings("prod"), catalogue=SHOP, today=TODAY, rules=advising())
    (about,) = [finding.about for finding in report.findings]
    assert about is not None
    assert (about.title, about.props["values"]) == ("Chart kong", values)


def test_a_mistake_in_every_service_does_not_fill_the_screen() -> None:
    with pytest.raises(PreflightError) as caught:
        judged(*(named(f"p{index:03}", hostNetwork=True) for index in range(500)))
    lines = str(caught.value).splitlines()
    assert (lines[0], lines[-1], len(lines)) == (
        "1 rule is broken in 500 places:",
        f"  and {500 - SHOWN} more places",
        SHOWN + 2,
    )


def allowing(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Lets prod excepted one pod from one rule."""
    asked = {
        "rule": "wl-host-namespaces",
        "object": "Pod order-service/orders",
        "reason": "until the driver is mended",
        "owner": "team-a",
        "expires": date(2026, 12, 1),
        **changes,
    }
    excepted = limits_of("prod").model_copy(update={"exceptions": (ObjectException(**asked),)})
    monkeypatch.setattr(module, "limits_of", lambda _: excepted)


def test_an_exception_lets_one_object_pass_and_stays_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    allowing(monkeypatch)
    report = judged(named("orders", hostNetwork=True))
    assert [finding.rule.id for finding in report.excepted] == ["wl-host-namespaces"]
    with pytest.raises(PreflightError, match="Pod order-service/teller"):
        judged(named("orders", hostNetwork=True), named("teller", hostNetwork=True))


def test_an_exception_that_has_ended_exempts_nothing_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    allowing(monkeypatch, expires=date(2026, 11, 19))
    with pytest.raises(PreflightError) as caught:
        judged(named("orders", hostNetwork=True))
    assert "eng-exemptions: the stack policies/config/prod.json: exceptions.0: expired on 2026-11-19" in str(
        caught.value
    )
    assert "wl-host-namespaces: Pod order-service/orders" in str(caught.value)


BEFORE: Final = "\nconfig, stack = "
JUDGED: Final = """
from operations import planning
from tests.support.policy_servicer import CORE, pod

preflight = planning.preflight
planning.preflight = lambda made, charts, **known: preflight({judged}, charts, rules=CORE, **known)
"""


ONLY_CORE: Final = """
from policies.adapters import preflight as module
from tests.support.policy_servicer import CORE, pod, without_exceptions
module.limits_of = without_exceptions
"""


@contextmanager
def program(called_with: str) -> Iterator[Path]:
    """The project with the preflight in its program, called over `called_with` and with Pod Security's rules alone."""
    text = (ROOT / "__main__.py").read_text(encoding="utf-8")
    assert text.count(BEFORE) == text.count(" plan(") == 1, "the program does not judge before it registers"
    text = text.replace(BEFORE, JUDGED.replace("{judged}", called_with) + BEFORE)
    with project() as folder:
        (folder / "__main__.py").unlink()
        (folder / "__main__.py").write_text(text, encoding="utf-8")
        yield folder


def test_the_program_makes_what_the_preflight_lets_pass() -> None:
    with program("made") as folder:
        done = run_as_dev(folder)
    assert done.exit_code == 0, done.reported
    assert len(done.registrations) > 300


def test_the_program_makes_nothing_at_all_where_the_preflight_refuses() -> None:
    with program("[*made, pod(hostNetwork=True).props]") as folder:
        done = run_as_dev(folder)
    assert done.exit_code != 0
    (reported,) = done.reported
    assert reported.startswith(
        "nothing was touched, because\n1 rule is broken in 1 place:\n  wl-host-namespaces: Pod shop/"
    )
    made = {each.kind for each in done.registrations}
    assert made <= {"pulumi:pulumi:Stack"}, "something was registered before the judge had spoken"


def run_as_dev(folder: Path) -> Run:
    settings = written_settings("dev")
    lead(folder, settings)
    return run(folder, "dev", settings)


def test_unreadable_limits_let_nothing_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: object) -> None:
        raise LimitsError("policies/config/prod.json: cannot be read. Mend it.")

    monkeypatch.setattr(module, "limits_of", unreadable)
    with pytest.raises(PreflightError, match=r"policies/config/prod\.json: cannot be read"):
        judged(named("good"))
    assert limits.limits_of("prod"), "the real ones can be"


@pytest.mark.parametrize("stack", STACKS)
def test_a_tenant_s_copy_is_judged_like_the_base_stack(stack: str) -> None:
    copy = settings(stack, layers=("services",), tenant="pr7")
    base = settings(stack, layers=("services",))
    of_copy, of_base = (
        preflight(everything(design(text, shop())), settings=text, catalogue=shop(), today=TODAY)
        for text in (copy, base)
    )
    assert {finding.identity for finding in of_copy.findings} == {finding.identity for finding in of_base.findings}
    assert len(of_copy.excepted) == len(of_base.excepted), "an exception of the catalogue holds for every copy"
    # The platform's Reloader does not know the namespaces of a copy (decision 41).
    followed = [made for made in everything(design(base, shop())) if made["metadata"]["name"] == names.RESTARTS]
    assert of_copy.objects == of_base.objects - len(followed)


def _elsewhere(value: Any) -> Any:
    """`value` with every namespace of the tenant's replaced by the base stack's."""
    return json.loads(json.dumps(value).replace("pr7--", ""))


def _of_kind(*kinds: str, where: str) -> Callable[[Mapping[str, Any]], Any]:
    """Objects of `kinds` with their field `where` led to the base stack; others as they are."""
    return lambda made: {**made, where: _elsewhere(made[where])} if made["kind"] in kinds else made


@pytest.mark.parametrize(
    "led_astray",
    [
        _elsewhere,
        _of_kind("AuthorizationPolicy", where="spec"),
        _of_kind("NetworkPolicy", where="spec"),
        _of_kind("Sidecar", where="spec"),
        _of_kind("Deployment", "Rollout", where="metadata"),
    ],
    ids=["everything", "who is admitted", "network rules", "scope", "pods"],
)
def test_a_copy_that_leads_to_the_base_stack_is_refused(led_astray: Callable[[Mapping[str, Any]], Any]) -> None:
    text = settings("prod", layers=("services",), tenant="pr7")
    made = [led_astray(manifest) for manifest in everything(design(text, shop()))]
    with pytest.raises(PreflightError):
        preflight(made, settings=text, catalogue=shop(), today=TODAY)


def test_a_production_stack_of_services_alone_passes_with_the_exceptions_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "limits_of", limits_of)
    text = settings("prod", layers=("services",))
    report = preflight(everything(design(text, shop())), settings=text, catalogue=shop(), today=TODAY)
    assert not report.mandatory


def test_what_is_wrong_in_a_tenant_s_copy_is_refused() -> None:
    text = settings("prod", layers=("services",), tenant="pr7")
    made = [dict(manifest) for manifest in everything(design(text, shop()))]
    weakened = [manifest for manifest in made if manifest["metadata"]["name"] != "default-deny"]
    assert len(weakened) < len(made)
    with pytest.raises(PreflightError, match="Namespace order-service"):
        preflight(weakened, settings=text, catalogue=shop(), today=TODAY)
