"""What the pack is given when it starts, what it reads by itself, and what it says where it cannot."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.config import CONFIG

from policies.adapters.crossguard import DESCRIPTIONS, LEVELS, facts_of_run, policies
from policies.adapters.intent import ROOT, SERVICES, SETTINGS, IntentError, Stack, facts_of
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.policy_servicer import CORE, Pack, pod, servicer, without_exceptions
from tests.support.program_run import written_settings
from tests.support.stacks import TODAY, catalogue, settings

OURS: Final = Stack(project="platform", name="dev")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one service and the stack `dev`."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    catalogue(root / "services", ledger="")
    return root


@pytest.fixture
def configuration() -> Iterator[dict[str, Any]]:
    """The SDK's configuration, as it was before."""
    config = CONFIG.get()
    before = dict(config)
    yield config
    config.clear()
    config.update(before)


def test_the_files_of_the_project_say_what_was_asked_for(project: Path) -> None:
    facts = facts_of(OURS, {}, today=TODAY, root=project)
    assert facts.environment == "dev"
    assert facts.limits == limits_of("dev")
    assert facts.settings == settings("dev")
    assert list(facts.service) == ["ledger"]


def test_the_configuration_of_the_run_goes_before_the_files(project: Path) -> None:
    catalogue(project / "elsewhere", teller="")
    changed = {**written_settings("dev"), "environment": "staging", "domain": "elsewhere.example.com"}
    config = {SETTINGS: json.dumps(changed), SERVICES: "elsewhere"}
    facts = facts_of(OURS, config, today=TODAY, root=project)
    assert (facts.environment, list(facts.service)) == ("staging", ["teller"])
    assert facts.settings is not None
    assert facts.settings.domain == "elsewhere.example.com"
    absolute = {SERVICES: str(project / "elsewhere")}
    assert list(facts_of(OURS, absolute, today=TODAY, root=project).service) == ["teller"]


def test_the_stacks_file_names_the_catalogue_where_the_run_does_not(project: Path) -> None:
    catalogue(project / "elsewhere", teller="")
    file = project / "Pulumi.dev.yaml"
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    text["config"][SERVICES] = "elsewhere"
    file.write_text(yaml.safe_dump(text), encoding="utf-8")
    assert list(facts_of(OURS, {}, today=TODAY, root=project).service) == ["teller"]


def test_a_stack_of_another_project_is_judged_without_intent_as_in_production(project: Path) -> None:
    facts = facts_of(Stack(project="other", name="dev"), {}, today=TODAY, root=project)
    assert facts == Facts(environment="prod", limits=without_exceptions("prod"), today=TODAY)


BROKEN: Final = {
    "no such stack": ("nosuch", {}, "Pulumi.nosuch.yaml:1: cannot be read"),
    "no such catalogue": ("dev", {SERVICES: "nowhere"}, "nowhere:1: is not a folder"),
    "settings that are none": ("dev", {SETTINGS: "[]"}, "Pulumi.dev.yaml"),
    "settings that are no JSON": ("dev", {SETTINGS: "{"}, "Expecting"),
    "settings with a mistake": ("dev", {SETTINGS: '{"environment": "dev"}'}, "domain"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_reported_with_its_place(what: str, project: Path) -> None:
    name, config, cause = BROKEN[what]
    with pytest.raises(IntentError) as caught:
        facts_of(Stack(project="platform", name=name), config, today=TODAY, root=project)
    assert cause in str(caught.value)


@pytest.mark.parametrize("urn", ["", "urn:pulumi:dev", "urn:pulumi:::platform::t::n", "something"])
def test_a_resource_without_a_stack_is_refused(urn: str) -> None:
    (said, *_) = Pack(facts_of_run, CORE).analyze(replace(pod(), urn=urn))
    assert said.level == "mandatory"
    assert said.message.startswith("this resource was not judged: a resource has no URN")


def test_facts_that_cannot_be_read_are_one_violation_and_everything_is_judged_strictly() -> None:
    def unreadable(_: Stack) -> Facts:
        raise IntentError("services/orders.yaml:3: is odd. Mend it.")

    pack = Pack(unreadable, CORE)
    first, second = pod(), replace(pod(hostNetwork=True), urn=f"{pod().urn}2")
    (trouble,) = pack.analyze(first)
    assert trouble.level == "mandatory"
    assert "services/orders.yaml:3: is odd. Mend it." in trouble.message
    assert [(said.level, said.rule) for said in pack.analyze(second)] == [("mandatory", "wl-host-namespaces")]
    assert pack.analyze_stack([first, second]) == []


def test_facts_that_cannot_be_read_are_reported_even_where_only_the_stack_is_asked_about() -> None:
    def unreadable(_: Stack) -> Facts:
        raise IntentError("nothing is there")

    (trouble,) = Pack(unreadable, CORE).analyze_stack([pod()])
    assert (trouble.level, trouble.policy) == ("mandatory", "stack-mandatory")


def test_the_engines_configuration_reaches_the_facts(configuration: dict[str, Any]) -> None:
    pack = servicer(policies(facts_of_run, CORE))
    changed = {**written_settings("dev"), "environment": "staging"}
    request = proto.AnalyzerStackConfigureRequest(
        stack="dev", project="platform", config={SETTINGS: json.dumps(changed)}, tags={"a": "b"}
    )
    pack.ConfigureStack(request, None)
    assert configuration[SETTINGS] == json.dumps(changed)
    assert pulumi.Config("platform").get("settings"), "the SDK looks for it elsewhere now"
    assert facts_of_run(OURS).environment == "staging"


def test_the_engine_gets_four_policies_and_none_is_lax() -> None:
    info = servicer(policies()).GetAnalyzerInfo(empty_pb2.Empty(), None)  # type: ignore[no-untyped-call]
    listed = {policy.name: (policy.description, policy.enforcementLevel) for policy in info.policies}
    levels = {"mandatory": proto.MANDATORY, "advisory": proto.ADVISORY}
    assert listed == {
        f"{what}-{level}": (DESCRIPTIONS[level], levels[level]) for what in ("resources", "stack") for level in LEVELS
    }


def test_the_pack_runs_in_the_projects_own_environment() -> None:
    pack = yaml.safe_load((ROOT / "policies" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    program = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert pack["runtime"]["options"]["virtualenv"] == f"../{program['runtime']['options']['virtualenv']}"
