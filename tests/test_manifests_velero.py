"""Copies of the cluster's objects: where they go, what is in them, who makes them, and who may reach whom."""

import json
from dataclasses import replace
from typing import Any

import pytest

from blueprint import design, names
from blueprint.settings import Backups
from manifests import Manifest, everything
from manifests.object_copies import copies
from manifests.operators import objects as beside
from manifests.operators import values
from tests.support.installations import EVERY_STACK, installed
from tests.support.stacks import STACKS, blueprint_of, settings, shop

COPYING = ("prod", "staging")


def _made(stack: str, **backups: Any) -> list[Manifest]:
    written = settings(stack).backups
    words = {field: getattr(written, field) for field in written.model_fields_set} | backups
    said = Backups(**{field: word for field, word in words.items() if word is not None})
    return list(everything(design(settings(stack, backups=said), shop(), stack)))


def _one(made: list[Manifest], kind: str) -> Manifest:
    (found,) = [each for each in made if each["kind"] == kind and each["apiVersion"] == "velero.io/v1"]
    return found


@pytest.mark.parametrize("stack", COPYING)
def test_copies_go_below_a_prefix_that_is_no_services(stack: str) -> None:
    storage = _one(_made(stack), "BackupStorageLocation")["spec"]["objectStorage"]
    assert storage == {"bucket": f"shop-{stack}-copies", "prefix": "velero"}
    assert storage["prefix"] in names.PLATFORM_NAMESPACES, "a service of that name would write into it"


def test_without_a_region_velero_asks_the_bucket() -> None:
    assert _one(_made("prod"), "BackupStorageLocation")["spec"]["config"] == {"region": "eu-west-1"}
    decided = blueprint_of("prod").platform.object_copies
    assert decided is not None
    assert "config" not in _one(list(copies(replace(decided, region=None))), "BackupStorageLocation")["spec"]


def test_a_copy_has_everything_but_secrets_and_what_controllers_make_anew() -> None:
    template = _one(_made("prod"), "Schedule")["spec"]["template"]
    assert template["includedNamespaces"] == ["*"]
    assert template["includeClusterResources"] is True
    assert "secrets" in template["excludedResources"]
    kept = {"configmaps", "persistentvolumeclaims", "persistentvolumes", "rollouts.argoproj.io", "services"}
    assert not kept & set(template["excludedResources"])


def test_no_data_is_in_a_copy() -> None:
    template = _one(_made("prod"), "Schedule")["spec"]["template"]
    assert {template[word] for word in ("snapshotVolumes", "snapshotMoveData", "defaultVolumesToFsBackup")} == {False}
    chart = installed("prod-mesh-None")["velero"]
    assert {chart[word] for word in ("snapshotsEnabled", "deployNodeAgent")} == {False}


@pytest.mark.parametrize(("days", "ttl"), [(30, "720h0m0s"), (1, "24h0m0s"), (400, "9600h0m0s")])
def test_a_copy_is_kept_as_long_as_the_settings_say(days: int, ttl: str) -> None:
    assert _one(_made("prod", retention_days=days), "Schedule")["spec"]["template"]["ttl"] == ttl


def test_copies_are_made_when_the_settings_say_and_the_alert_waits_twice_as_long() -> None:
    made = _made("prod", schedule="30 */6 * * *")
    assert _one(made, "Schedule")["spec"]["schedule"] == "30 */6 * * *"
    (rules,) = [each for each in made if each["metadata"]["name"] == "platform-alerts"]
    assert f"> {2 * 6 * 3600}" in rules["data"]["platform.yaml"]


def test_a_copy_outlives_its_schedule() -> None:
    assert _one(_made("prod"), "Schedule")["spec"]["useOwnerReferencesInBackup"] is False


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("said", [{}, {"enabled": False, "role": None}], ids=["as it is", "switched off"])
def test_velero_is_there_exactly_where_objects_are_copied(stack: str, said: dict[str, Any]) -> None:
    made = _made(stack, **said)
    told = "ObjectsNotCopied" in json.dumps(made)
    namespace = any(each["kind"] == "Namespace" and each["metadata"]["name"] == "velero" for each in made)
    ours = any(each["apiVersion"] == "velero.io/v1" for each in made)
    rules = any(each["metadata"].get("namespace") == "velero" for each in made)
    assert {told, namespace, ours, rules} == {not said and stack in COPYING}


def test_a_stack_of_services_alone_needs_no_role_and_installs_no_velero() -> None:
    written = Backups(copies=settings("prod").backups.copies)
    decided = design(settings("prod", layers=("services",), backups=written), shop(), "prod")
    assert decided.platform.object_copies is None
    assert "velero" not in {operator.name for operator in decided.platform.operators.charts}


def test_no_laptop_and_no_ephemeral_stack_installs_it() -> None:
    with_it = {
        name.partition("-")[0] for name, stack in EVERY_STACK.items() if "velero" in {c.name for c in stack.charts}
    }
    assert with_it == {"prod", "staging"}


def test_velero_takes_a_role_of_its_own_and_no_key() -> None:
    chart = installed("prod-mesh-None")["velero"]
    assert chart["credentials"] == {"useSecret": False}
    account = chart["serviceAccount"]["server"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/velero-prod"}


def test_its_pods_meet_the_restricted_standard_by_a_number_that_is_not_root() -> None:
    chart = installed("prod-mesh-None")["velero"]
    assert chart["podSecurityContext"]["runAsUser"] > 0, "the image's user is a name, which no kubelet can judge"
    (plugin,) = chart["initContainers"]
    for context in (chart["containerSecurityContext"], plugin["securityContext"]):
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
    assert {"requests", "limits"} == chart["resources"].keys() == plugin["resources"].keys()


def test_it_is_no_administrator_and_gets_no_shell_in_a_pod() -> None:
    assert installed("prod-mesh-None")["velero"]["rbac"] == {"clusterAdministrator": False}
    (role,) = [each for each in beside(EVERY_STACK["prod-mesh-None"]) if each["kind"] == "ClusterRole"]
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list"}
    by_name = {resource for rule in role["rules"] if "get" in rule["verbs"] for resource in rule["resources"]}
    assert not {"*", "secrets"} & by_name, "get on everything is exec in every pod"


def test_its_rights_are_given_to_the_account_its_pods_run_as() -> None:
    (velero,) = [each for each in EVERY_STACK["prod-mesh-None"].charts if each.name == "velero"]
    (binding,) = [each for each in beside(EVERY_STACK["prod-mesh-None"]) if each["kind"] == "ClusterRoleBinding"]
    account = values(velero)["serviceAccount"]["server"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": velero.namespace}]


@pytest.mark.parametrize("stack", COPYING)
def test_its_namespace_is_closed_but_for_what_it_needs(stack: str) -> None:
    rules = {
        each["metadata"]["name"]: each["spec"]
        for each in everything(blueprint_of(stack))
        if each["kind"] == "NetworkPolicy" and each["metadata"]["namespace"] == "velero"
    }
    assert rules.keys() == {
        "default-deny",
        *(f"velero.{edge}" for edge in ("api-server", "copies", "dns", "kubelet", "metrics")),
    }
    assert [port["port"] for port in rules["velero.copies"]["egress"][0]["ports"]] == [443]
    assert [port["port"] for port in rules["velero.metrics"]["ingress"][0]["ports"]] == [8085]
    ranges = [to["ipBlock"]["cidr"] for to in rules["velero.api-server"]["egress"][0]["to"]]
    assert ranges == list(blueprint_of(stack).cluster.api_server_cidrs)
