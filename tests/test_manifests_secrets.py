"""The objects of secrets: what is asked, as whom, who starts pods anew, and that no value is spelled."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design, names
from blueprint.operators.reloader import Reloader
from blueprint.settings import Secrets
from manifests import Manifest, everything, service
from manifests.secrets import interval
from tests.support.secret_stacks import known, with_secret
from tests.support.stacks import STACKS, blueprint_of, catalogue, settings

RELOADS: Final = "secret.reloader.stakater.com/reload"
CA: Final = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"


def made(folder: Path, params: str, **more: Any) -> list[Manifest]:
    """The objects of a service with the secret `keys`."""
    return list(service(with_secret(folder, params, **more).services["one"]))


def of_kind(objects: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] in kinds]


# Drawn ----------------------------------------------------------------------------------------------------------------


def test_what_must_not_change_is_asked_for_key_by_key_and_once(tmp_path: Path) -> None:
    objects = made(tmp_path, "keys: [API_KEY, PEPPER]")
    (generator,) = of_kind(objects, "Password")
    assert generator["spec"]["secretKeys"] == ["API_KEY", "PEPPER"], "one value for two keys would be one secret"
    asked = of_kind(objects, "ExternalSecret")
    assert [each["spec"]["refreshPolicy"] for each in asked] == ["CreatedOnce", "CreatedOnce"]
    assert [each["spec"]["target"]["template"]["data"] for each in asked] == [
        {"API_KEY": "{{ .API_KEY }}"},
        {"PEPPER": "{{ .PEPPER }}"},
    ]
    assert {each["spec"]["target"]["name"] for each in asked} == {"one-keys"}
    assert {each["spec"]["target"]["creationPolicy"] for each in asked} == {"CreateOrMerge"}, "the second is refused"


def test_one_key_more_leaves_what_is_there_as_it_is(tmp_path: Path) -> None:
    """In one for all, CreatedOnce would never draw the new key, and any other policy would draw all of them anew."""
    before = of_kind(made(tmp_path / "a", "keys: [B_KEY]"), "ExternalSecret")
    after = of_kind(made(tmp_path / "b", "keys: [A_KEY, B_KEY, C_KEY]"), "ExternalSecret")
    assert [each for each in after if each in before] == before
    assert len(after) == 3


def test_keys_that_differ_in_case_or_underscores_are_asked_for_apart(tmp_path: Path) -> None:
    asked = of_kind(made(tmp_path, "keys: [API_KEY, api_key, _API_KEY, APIKEY, __]"), "ExternalSecret")
    found = {each["metadata"]["name"] for each in asked}
    assert len(found) == 5
    assert all(name.startswith("one-keys.") and name == name.lower() and "_" not in name for name in found)
    assert not [name for name in found if name.endswith(("-", "."))], "the API server takes no such name"


def test_what_rotates_is_asked_for_all_at_once(tmp_path: Path) -> None:
    """Key by key, pods would start anew as often as there are keys."""
    (asked,) = of_kind(made(tmp_path, "keys: [API_KEY, PEPPER], rotation: 36h"), "ExternalSecret")
    assert asked["metadata"]["name"] == "one-keys"
    assert (asked["spec"]["refreshPolicy"], asked["spec"]["refreshInterval"]) == ("Periodic", "36h0m0s")
    assert sorted(asked["spec"]["target"]["template"]["data"]) == ["API_KEY", "PEPPER"]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(60, "1m0s"), (90, "1m30s"), (45, "45s"), (3600, "1h0m0s"), (5400, "1h30m0s"), (7_776_000, "2160h0m0s")],
)
def test_an_interval_is_written_as_go_prints_it(seconds: int, written: str) -> None:
    assert interval(seconds) == written


# Read outside ---------------------------------------------------------------------------------------------------------


def test_a_store_outside_has_a_secret_store_of_the_services_own_and_a_reader(tmp_path: Path) -> None:
    reads_as = {"serviceAccountRef": {"name": names.SECRET_READER}}
    providers = {}
    for source in ("aws", "gcp", "vault", "openbao"):
        objects = made(tmp_path / source, f"keys: [API_KEY], source: {source}")
        (store,) = of_kind(objects, "SecretStore")
        assert (store["metadata"]["name"], store["metadata"]["namespace"]) == (source, "one")
        providers[source] = store["spec"]["provider"]
        (asked,) = of_kind(objects, "ExternalSecret")
        assert asked["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": source}
        accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
        assert set(accounts) == {"one", names.SECRET_READER}
        assert accounts[names.SECRET_READER]["automountServiceAccountToken"] is False
        assert accounts[names.SECRET_READER]["metadata"].get("annotations") == {
            "aws": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/secrets-one"},
            "gcp": {"iam.gke.io/gcp-service-account": "acme-one@acme-shop.iam.gserviceaccount.com"},
        }.get(source)
    kubernetes = {"mountPath": "kubernetes", **reads_as}
    assert providers == {
        "aws": {"aws": {"service": "SecretsManager", "region": "eu-central-1", "auth": {"jwt": reads_as}}},
        "gcp": {
            "gcpsm": {
                "projectID": "acme-shop",
                "auth": {
                    "workloadIdentity": {
                        "clusterProjectID": "acme-gke",
                        "clusterLocation": "europe-west1",
                        "clusterName": "prod",
                        **reads_as,
                    }
                },
            }
        },
        "vault": {
            "vault": {
                "server": "https://vault.example.com:8200",
                "path": "secret",
                "version": "v2",
                "auth": {"kubernetes": {**kubernetes, "role": "one"}},
            }
        },
        "openbao": {
            "vault": {
                "server": "https://bao.example.com",
                "path": "secret",
                "version": "v2",
                "auth": {"kubernetes": {**kubernetes, "role": "shop-one"}},
            }
        },
    }


def test_a_vault_of_a_private_authority_is_believed_by_its_certificate(tmp_path: Path) -> None:
    source = {
        "kind": "vault",
        "address": "https://vault.internal.example.com",
        "namespace": "shop",
        "mount": "kv/shop",
        "authMount": "k8s",
        "ca": CA,
    }
    objects = made(
        tmp_path, "keys: [API_KEY]", secrets=Secrets.model_validate({"store": "vault", "sources": (source,)})
    )
    (store,) = of_kind(objects, "SecretStore")
    vault = store["spec"]["provider"]["vault"]
    assert base64.b64decode(vault["caBundle"]).decode() == CA
    assert (vault["path"], vault["namespace"], vault["auth"]["kubernetes"]["mountPath"]) == ("kv/shop", "shop", "k8s")


def test_two_stores_are_read_by_one_account(tmp_path: Path) -> None:
    several = ", ".join(
        f"{name}: {{type: secret, params: {{keys: [KEY], source: {source}}}}}"
        for name, source in (("a", "aws"), ("b", "gcp"), ("c", "aws"))
    )
    stack = settings("prod", secrets=known())
    plans = design(stack, catalogue(tmp_path, one=f"  resources: {{{several}}}\n")).services
    objects = list(service(plans["one"]))
    assert [each["metadata"]["name"] for each in of_kind(objects, "SecretStore")] == ["aws", "gcp"]
    (reader,) = [each for each in of_kind(objects, "ServiceAccount") if each["metadata"]["name"] == "secret-reader"]
    assert sorted(reader["metadata"]["annotations"]) == ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account"]


# No value -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_of_a_service_is_an_object_of_ours(stack: str) -> None:
    blueprint = blueprint_of(stack)
    ours = {each["metadata"]["name"] for each in everything(blueprint) if each["kind"] == "Secret"}
    kept = {
        how.secret for plan in blueprint.services.values() if plan.secrets for how in plan.secrets.connections.values()
    }
    assert kept, "no service has a secret: this test would prove nothing"
    assert not ours & kept


@pytest.mark.parametrize("source", ["generated", "aws", "gcp", "vault", "openbao"])
def test_data_of_an_external_secret_is_a_template_or_a_name(source: str, tmp_path: Path) -> None:
    for each in of_kind(made(tmp_path, f"keys: [API_KEY, PEPPER], source: {source}"), "ExternalSecret"):
        for key, text in each["spec"]["target"]["template"].get("data", {}).items():
            assert text == f"{{{{ .{key} }}}}"
        assert not {"data", "stringData"} & set(each)


# Who starts pods anew -------------------------------------------------------------------------------------------------


def test_workloads_are_annotated_with_exactly_the_secrets_they_use() -> None:
    blueprint = blueprint_of("prod")
    workloads = of_kind(list(everything(blueprint)), "CronJob", "Deployment", "Rollout")
    found = {each["metadata"]["name"]: each["metadata"].get("annotations", {}) for each in workloads}
    reloaded = {name: notes[RELOADS] for name, notes in found.items() if RELOADS in notes}
    assert reloaded == {
        "auth-service": "auth-service-secrets",
        "notification-service": "notification-service-secrets",
        "payment-service": "payment-service-secrets",
    }


@pytest.mark.parametrize("strategy", ["canary", "blueGreen"])
def test_a_rollout_is_restarted_where_it_stands(strategy: str, tmp_path: Path) -> None:
    more = f"  service: {{ports: {{http: {{port: 8080}}}}}}\n  rollout: {{strategy: {strategy}}}\n"
    variables = "{KEY: '${resources.keys.API_KEY}'}"
    objects = made(tmp_path, "keys: [API_KEY], rotation: 30d", variables=variables, more=more)
    (rollout,) = of_kind(objects, "Rollout")
    notes = rollout["metadata"]["annotations"]
    assert notes[RELOADS] == "one-keys"
    assert notes["reloader.stakater.com/rollout-strategy"] == "restart", "it would wait at each step, or for a person"


def test_reloader_has_rights_where_secrets_change_and_nowhere_else() -> None:
    blueprint = blueprint_of("prod")
    bound = {
        each["metadata"]["namespace"]
        for each in everything(blueprint)
        if each["kind"] in ("ClusterRoleBinding", "RoleBinding")
        and {"kind": "ServiceAccount", "name": "reloader", "namespace": "reloader"} in each["subjects"]
    }
    (operator,) = [each for each in blueprint.platform.operators.charts if isinstance(each, Reloader)]
    assert bound == {"reloader", *operator.watches}
    assert set(operator.watches) == {"auth-service", "notification-service", "payment-service"}
    wide = {each["metadata"]["name"] for each in everything(blueprint) if each["kind"].startswith("ClusterRole")}
    assert wide == {"velero-reads"}, "who follows Secrets has no right over the whole cluster"
