"""An OpenSearch of a service's own: what is asked of the project's operator, and what the service gets of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from blueprint import design, names
from blueprint.reading import TextError
from blueprint.stores.opensearch_operator import IMAGES, OperatedOpensearch
from manifests import Manifest, everything
from manifests.treatments import treatment
from tests.support.stacks import catalogue, settings

VARIABLES: Final = """\
      variables: {URL: "${resources.db.url}"}
"""
"""Of the container the minimal text ends in."""

Made = Mapping[tuple[str, str], Manifest]


def _designed(folder: Path, db: str = "", stack: str = "prod") -> Any:
    text = f"{VARIABLES}  resources: {{db: {{type: opensearch, backup: none, {db}}}}}\n"
    return design(settings(stack), catalogue(folder, shop=text), stack)


def _store(folder: Path, db: str = "", stack: str = "prod") -> OperatedOpensearch:
    (plan,) = _designed(folder, db, stack).services.values()
    (store,) = plan.stores
    assert isinstance(store, OperatedOpensearch)
    return store


def _made(folder: Path, db: str = "", stack: str = "prod", namespace: str = "shop-data") -> Made:
    """What is made beside the service, by kind and name."""
    return {
        (made["kind"], made["metadata"]["name"]): made
        for made in everything(_designed(folder, db, stack))
        if made["metadata"].get("namespace") == namespace
    }


def _spec(made: Made) -> Manifest:
    spec: Manifest = made["OpenSearchCluster", "db"]["spec"]
    return spec


def _parts(made: Made) -> list[Manifest]:
    """Every pool, and the pod that leads first."""
    spec = _spec(made)
    return [*spec["nodePools"], spec["bootstrap"]]


NODES: Final = {
    # stack, what is asked for: nodes that only hold data
    ("dev", "highAvailability: true, readReplicas: 2"): 0,
    ("staging", ""): 0,
    ("prod", ""): 0,
    ("prod", "highAvailability: true, readReplicas: 2"): 2,
}


@pytest.mark.parametrize(("stack", "db"), NODES)
def test_three_nodes_may_lead_and_all_that_ever_run_have_room(stack: str, db: str, tmp_path: Path) -> None:
    made = _made(tmp_path, db, stack)
    counts = {each["component"]: each["replicas"] for each in _spec(made)["nodePools"]}
    assert (counts["leaders"], counts.get("readers", 0)) == (3, NODES[stack, db])
    hard, nodes = made["ResourceQuota", "shop"]["spec"]["hard"], sum(counts.values())
    # Twice, where a store that left may still be there. Besides the nodes: the pod that leads first, the Job.
    times = 1 if stack == "dev" else 2
    assert (int(hard["pods"]), int(hard["persistentvolumeclaims"])) == (times * (nodes + 2), times * (nodes + 1))


def test_only_the_first_pool_may_lead(tmp_path: Path) -> None:
    roles = {each["component"]: each["roles"] for each in _spec(_made(tmp_path, "readReplicas: 1"))["nodePools"]}
    assert roles == {"leaders": ["cluster_manager", "data", "ingest"], "readers": ["data", "ingest"]}


PLACED: Final = {
    # stack, what is asked for: over zones, and what if it cannot be; whether two may share a node
    ("dev", "highAvailability: true"): (None, True),
    ("staging", "highAvailability: true"): ("ScheduleAnyway", True),
    ("prod", ""): (None, True),
    ("prod", "highAvailability: true"): ("DoNotSchedule", False),
}


@pytest.mark.parametrize(("stack", "db"), PLACED)
def test_nodes_are_in_different_zones_where_high_availability_is_asked_for(stack: str, db: str, tmp_path: Path) -> None:
    zones, shared = PLACED[stack, db]
    (pool,) = _spec(_made(tmp_path, db, stack))["nodePools"]
    spread = pool.get("topologySpreadConstraints", [])
    assert [(each["topologyKey"], each["whenUnsatisfiable"]) for each in spread] == (
        [("topology.kubernetes.io/zone", zones)] if zones else []
    )
    apart = pool["affinity"]["podAntiAffinity"]
    assert ("preferredDuringSchedulingIgnoredDuringExecution" in apart) == shared
    # The pod that leads first is in no pool: it would need a fourth node.
    assert all("opensearch.org/opensearch-nodepool" in each["labelSelector"]["matchLabels"] for each in spread)


def test_one_node_at_a_time_may_be_drained(tmp_path: Path) -> None:
    for pool in _spec(_made(tmp_path, "readReplicas: 1"))["nodePools"]:
        assert pool["pdb"] == {"enable": True, "maxUnavailable": 1}, "by itself there is no budget"


def test_clients_and_nodes_see_a_certificate_of_the_stacks_authority(tmp_path: Path) -> None:
    made = _made(tmp_path)
    tls, node = _spec(made)["security"]["tls"], made["Certificate", "db.tls"]["spec"]
    for side in ("http", "transport"):
        assert (tls[side]["enabled"], tls[side]["generate"]) == (True, False)
        assert tls[side]["secret"] == {"name": node["secretName"]}
        assert tls[side]["enableHotReload"] is True, "a renewed one would be read by a restart only"
    assert node["issuerRef"]["name"] == names.STORE_AUTHORITY
    assert node["privateKey"]["encoding"] == "PKCS8", "the server reads no other form"
    assert {"client auth", "server auth"} <= {*node["usages"]}, "nodes call each other"


def test_membership_and_administration_are_subjects_of_this_store_alone(tmp_path: Path) -> None:
    made = _made(tmp_path)
    security = _spec(made)["security"]
    node, admin = made["Certificate", "db.tls"]["spec"], made["Certificate", "db.admin-tls"]["spec"]
    assert security["tls"]["transport"]["nodesDn"] == [f"CN={node['commonName']}"]
    assert security["tls"]["http"]["adminDn"] == [f"CN={admin['commonName']}"]
    assert security["config"]["adminSecret"] == {"name": admin["secretName"]}
    assert node["commonName"] != admin["commonName"], "every node could do everything"
    assert all("shop-data" in each["commonName"] for each in (node, admin)), "another store's would do"
    assert "server auth" not in admin["usages"]


def test_the_operators_password_is_drawn(tmp_path: Path) -> None:
    made = _made(tmp_path)
    secret = _spec(made)["security"]["config"]["adminCredentialsSecret"]["name"]
    drawn = made["ExternalSecret", secret]["spec"]["target"]["template"]["data"]
    assert drawn == {"username": "admin", "password": "{{ .password }}"}, "the operator knows no other name"


def test_no_demo_certificate_and_no_second_program_is_started(tmp_path: Path) -> None:
    for part in _parts(_made(tmp_path, "readReplicas: 1")):
        said = {each["name"]: each["value"] for each in part["env"]}
        assert said == {"DISABLE_INSTALL_DEMO_CONFIG": "true", "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true"}


def test_the_address_is_one_the_certificate_is_for(tmp_path: Path) -> None:
    connection, made = _store(tmp_path).connections["db"], _made(tmp_path)
    address = urlsplit(connection.keys["url"].text.format(password="drawn"))  # type: ignore[union-attr]  # noqa: S106
    assert (address.scheme, address.username, address.password, address.port) == ("https", "shop-db", "drawn", 9200)
    assert address.hostname == connection.keys["host"].text  # type: ignore[union-attr]
    assert address.hostname in made["Certificate", "db.tls"]["spec"]["dnsNames"]
    assert address.hostname is not None
    assert address.hostname.startswith(f"{_spec(made)['general']['serviceName']}.")
    assert connection.trust is not None
    assert connection.keys["ca"].text == f"{connection.trust.folder}/ca.crt"  # type: ignore[union-attr]


def test_the_service_is_a_user_whose_rights_end_at_its_indices(tmp_path: Path) -> None:
    made = _made(tmp_path)
    user, bound = made["OpensearchUser", "shop-db"]["spec"], made["OpensearchUserRoleBinding", "shop-db"]["spec"]
    rights = made["OpensearchRole", "shop-db"]["spec"]
    assert (bound["users"], bound["roles"]) == (["shop-db"], ["shop-db"])
    assert {each["opensearchCluster"]["name"] for each in (user, bound, rights)} == {"db"}
    assert ("ExternalSecret", user["passwordFrom"]["name"]) in made
    assert not {"backendRoles", "opendistroSecurityRoles"} & user.keys(), "one more could be the administrators'"
    assert rights["indexPermissions"] == [{"indexPatterns": ["*"], "allowedActions": ["indices_all"]}]
    for each in rights["clusterPermissions"]:
        assert not each.startswith(("*", "cluster_all", "unlimited", "restapi:", "cluster:admin/opendistro_security"))


def test_pods_are_known_as_the_stores_and_meet_restricted(tmp_path: Path) -> None:
    made = _made(tmp_path, "readReplicas: 1")
    spec, labelled = _spec(made), [each["labels"] for each in _parts(made)]
    general = spec["general"]
    for labels in (*labelled, spec["security"]["config"]["updateJob"]["labels"]):
        assert (labels["catalog.platform/resource"], labels["sidecar.istio.io/inject"]) == ("db", "false")
    assert general["setVMMaxMapCount"] is False, "by itself a privileged container sets it"
    assert general["additionalConfig"]["node.store.allow_mmap"] == "false", "no pod here may set vm.max_map_count"
    assert made["ServiceAccount", general["serviceAccount"]]["automountServiceAccountToken"] is False
    assert general["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert general["podSecurityContext"]["fsGroup"] == general["podSecurityContext"]["runAsUser"], (
        "the disk is another's"
    )
    copiers = [copier for part in _parts(made) for copier in part["initContainers"]]
    for context in (general["securityContext"], *(each["securityContext"] for each in copiers)):
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
    for part in (*_parts(made), *copiers, spec["security"]["config"]["updateJob"]):
        assert part["resources"]["requests"]["memory"] == part["resources"]["limits"]["memory"]


def test_what_a_server_writes_besides_its_data_is_a_volume(tmp_path: Path) -> None:
    made = _made(tmp_path)
    volumes = {each["path"]: each["name"] for each in _spec(made)["general"]["additionalVolumes"]}
    assert {*volumes} == {"/tmp", "/usr/share/opensearch/config", "/usr/share/opensearch/logs"}  # noqa: S108
    for part in _parts(made):
        (copier,) = part["initContainers"]
        (mount,) = copier["volumeMounts"]
        assert mount["name"] == volumes["/usr/share/opensearch/config"], "the server would find no configuration"
        assert copier["command"][-1] == mount["mountPath"]


def test_the_version_is_that_of_the_image(tmp_path: Path) -> None:
    for major, image in IMAGES.items():
        general = _spec(_made(tmp_path / major, f'params: {{version: "{major}"}}'))["general"]
        assert general["image"] == f"{image.repository}:{image.tag}"
        assert "@sha256:" in general["image"]
        assert image.tag.startswith(f"{general['version']}@"), "the operator would configure another version than runs"
        assert general["version"].split(".")[0] == major


def test_its_disks_are_of_the_stacks_class(tmp_path: Path) -> None:
    spec, expected = _spec(_made(tmp_path)), settings("prod").disks.storage_class
    assert expected
    (pool,) = spec["nodePools"]
    assert (pool["persistence"]["pvc"]["storageClass"], spec["bootstrap"]["storageClass"]) == (expected, expected)


def test_services_wait_for_the_user_and_not_for_the_phase(tmp_path: Path) -> None:
    """The phase says RUNNING before a pod does, and a user comes a moment after the server."""
    made = _made(tmp_path)
    assert treatment(made["OpenSearchCluster", "db"]).wait_for == "jsonpath={.status.initialized}=true"
    deployment = next(each for kind, each in _made(tmp_path, namespace="shop").items() if kind[0] == "Deployment")
    assert {"OpenSearchCluster", "OpensearchUserRoleBinding"} <= {*treatment(deployment).across}


def test_what_one_node_lets_wait_is_what_its_services_may_ask(tmp_path: Path) -> None:
    """The edge of the arithmetic: as much as fits is taken, one more is not."""
    _designed(tmp_path / "fits", "pool: {maxPerReplica: 200}")
    with pytest.raises(TextError, match=r"pool\.maxPerReplica"):
        _designed(tmp_path / "over", "pool: {maxPerReplica: 201}")


def test_a_service_gets_its_secret_and_no_other_of_the_stores(tmp_path: Path) -> None:
    inside, outside = _made(tmp_path), _made(tmp_path, namespace="shop")
    handed = outside["ExternalSecret", "shop-db"]["spec"]
    assert {each["remoteRef"]["key"] for each in handed["data"]} == {"db.owner"}
    assert {each["remoteRef"]["property"] for each in handed["data"]} == {"password"}
    (rule,) = inside["Role", "db.owner.read"]["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == (["db.owner"], ["get"])
