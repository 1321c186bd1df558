"""An Elasticsearch of a service's own: what is asked of Elastic's operator, and what the service gets of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml

from blueprint import design, names
from blueprint.reading import TextError
from blueprint.stores.eck_elasticsearch import IMAGES, EckElasticsearch
from manifests import Manifest, everything
from tests.support.stacks import catalogue, settings

VARIABLES: Final = """\
      variables: {URL: "${resources.db.url}"}
"""
"""Of the container the minimal text ends in."""

Made = Mapping[tuple[str, str], Manifest]


def _designed(folder: Path, db: str = "", stack: str = "prod") -> Any:
    text = f"{VARIABLES}  resources: {{db: {{type: elasticsearch, backup: none, {db}}}}}\n"
    return design(settings(stack), catalogue(folder, shop=text), stack)


def _store(folder: Path, db: str = "", stack: str = "prod") -> EckElasticsearch:
    (plan,) = _designed(folder, db, stack).services.values()
    (store,) = plan.stores
    assert isinstance(store, EckElasticsearch)
    return store


def _made(folder: Path, db: str = "", stack: str = "prod", namespace: str = "shop-data") -> Made:
    """What is made beside the service, by kind and name."""
    return {
        (made["kind"], made["metadata"]["name"]): made
        for made in everything(_designed(folder, db, stack))
        if made["metadata"].get("namespace") == namespace
    }


def _spec(made: Made) -> Manifest:
    spec: Manifest = made["Elasticsearch", "db"]["spec"]
    return spec


NODES: Final = {
    # stack, what is asked for: nodes that may lead, that only hold data
    ("dev", "highAvailability: true, readReplicas: 2"): (1, 0),
    ("staging", ""): (1, 0),
    ("staging", "highAvailability: true"): (3, 0),
    ("prod", ""): (1, 0),
    ("prod", "readReplicas: 2"): (1, 2),
    ("prod", "highAvailability: true, readReplicas: 1"): (3, 1),
}


@pytest.mark.parametrize(("stack", "db"), NODES)
def test_as_many_nodes_as_are_asked_for_have_room(stack: str, db: str, tmp_path: Path) -> None:
    made = _made(tmp_path, db, stack)
    counts = {each["name"]: each["count"] for each in _spec(made)["nodeSets"]}
    assert (counts["leaders"], counts.get("readers", 0)) == NODES[stack, db]
    hard = made["ResourceQuota", "shop"]["spec"]["hard"]
    # Twice, where a store that left may still be there.
    room = (1 if stack == "dev" else 2) * sum(counts.values())
    assert (int(hard["pods"]), int(hard["persistentvolumeclaims"])) == (room, room)
    assert _spec(made)["updateStrategy"]["changeBudget"] == {"maxSurge": 0, "maxUnavailable": 1}, "none fits besides"


def test_only_the_first_set_may_lead(tmp_path: Path) -> None:
    roles = {
        each["name"]: each["config"]["node.roles"] for each in _spec(_made(tmp_path, "readReplicas: 1"))["nodeSets"]
    }
    assert roles == {"leaders": ["master", "data", "ingest"], "readers": ["data", "ingest"]}


def test_nodes_are_apart_where_production_has_several(tmp_path: Path) -> None:
    (alone,) = _spec(_made(tmp_path / "a"))["nodeSets"]
    assert "zoneAwareness" not in alone
    assert not {"affinity", "topologySpreadConstraints"} & alone["podTemplate"]["spec"].keys()
    for each in _spec(_made(tmp_path / "b", "highAvailability: true, readReplicas: 1"))["nodeSets"]:
        assert each["zoneAwareness"] == {"topologyKey": "topology.kubernetes.io/zone"}
        apart = each["podTemplate"]["spec"]["affinity"]["podAntiAffinity"]
        (term,) = apart["requiredDuringSchedulingIgnoredDuringExecution"]
        assert (term["topologyKey"], set(term["labelSelector"]["matchLabels"].values())) == (
            "kubernetes.io/hostname",
            {"db"},
        )
    (loose,) = _spec(_made(tmp_path / "c", "highAvailability: true", "staging"))["nodeSets"]
    assert "zoneAwareness" not in loose, "a node without a zone would never start one"
    spread = loose["podTemplate"]["spec"]["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in spread} == {"ScheduleAnyway"}
    assert {name for each in spread for name in each["labelSelector"]["matchLabels"].values()} == {"db-es-leaders"}


@pytest.mark.parametrize(("db", "said"), [("", True), ("readReplicas: 1", True), ("highAvailability: true", False)])
def test_the_only_one_that_leads_keeps_no_node_from_being_drained(db: str, said: bool, tmp_path: Path) -> None:
    """The operator's own budget lets none go where one node leads, and one where three do and all shards are whole."""
    budget = _spec(_made(tmp_path, db)).get("podDisruptionBudget")
    expected = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {"elasticsearch.k8s.elastic.co/cluster-name": "db"}},
    }
    assert budget == ({"spec": expected} if said else None)


def test_the_server_shows_a_certificate_of_the_stacks_authority(tmp_path: Path) -> None:
    made = _made(tmp_path)
    certificate = made["Certificate", "db.tls"]["spec"]
    tls = _spec(made)["http"]["tls"]
    assert tls == {"certificate": {"secretName": certificate["secretName"]}}, "a word more could switch it off"
    assert certificate["issuerRef"]["name"] == names.STORE_AUTHORITY
    # What the operator itself, and a node that stops, ask (ECK v3.5.0, services.InternalServiceURL).
    assert "db-es-internal-http.shop-data.svc" in certificate["dnsNames"]


def test_the_address_is_one_the_certificate_is_for(tmp_path: Path) -> None:
    connection, made = _store(tmp_path).connections["db"], _made(tmp_path)
    address = urlsplit(connection.keys["url"].text.format(password="drawn"))  # type: ignore[union-attr]  # noqa: S106
    assert (address.scheme, address.username, address.password, address.port) == ("https", "shop", "drawn", 9200)
    assert address.hostname == connection.keys["host"].text  # type: ignore[union-attr]
    assert address.hostname in made["Certificate", "db.tls"]["spec"]["dnsNames"]
    assert connection.trust is not None
    assert connection.keys["ca"].text == f"{connection.trust.folder}/ca.crt"  # type: ignore[union-attr]


def test_the_only_user_is_the_service_and_its_rights_end_at_its_indices(tmp_path: Path) -> None:
    made = _made(tmp_path)
    auth = _spec(made)["auth"]
    assert auth["disableElasticUser"] is True, (
        "by itself a user who may do everything is made, with a password of its own"
    )
    (realm,), (roles,) = auth["fileRealm"], auth["roles"]
    drawn = made["ExternalSecret", realm["secretName"]]["spec"]["target"]["template"]["data"]
    # The operator takes a user with these words for one, and without the third for one who may do nothing.
    assert (drawn["username"], drawn["password"], drawn["roles"]) == ("shop", "{{ .password }}", "owner")
    assert roles == realm, "the role would mean nothing"
    (role,) = yaml.safe_load(drawn["roles.yml"]).items()
    name, rights = role
    assert name == drawn["roles"]
    assert rights["indices"] == [{"names": ["*"], "privileges": ["all"]}]
    assert not {"all", "manage", "manage_security", "manage_own_api_key", "manage_api_key"} & {*rights["cluster"]}


def test_pods_are_known_as_the_stores_and_stay_out_of_the_mesh(tmp_path: Path) -> None:
    made = _made(tmp_path, "readReplicas: 1")
    for each in _spec(made)["nodeSets"]:
        template = each["podTemplate"]
        assert template["metadata"]["labels"]["catalog.platform/resource"] == "db"
        assert template["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] in {name for kind, name in made if kind == "ServiceAccount"}
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        ids = {pod["securityContext"][each] for each in ("runAsUser", "runAsGroup", "fsGroup")}
        assert len(ids) == 1, "what the operator copies for the server would be another group's"
        assert min(ids) >= 10_000
        (container,) = pod["containers"]
        assert container["name"] == "elasticsearch", "under another name it would be a second container"
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
        assert each["config"]["node.store.allow_mmap"] is False, "no pod here may set vm.max_map_count"


@pytest.mark.parametrize(
    ("stack", "expected"), [("prod", "DeleteOnScaledownOnly"), ("dev", "DeleteOnScaledownAndClusterDeletion")]
)
def test_disks_stay_where_the_store_is_to_stay(stack: str, expected: str, tmp_path: Path) -> None:
    spec = _spec(_made(tmp_path, "deletion: retain", stack))
    assert spec["volumeClaimDeletePolicy"] == expected, "by itself the operator deletes them with the object"
    for each in spec["nodeSets"]:
        (disk,) = each["volumeClaimTemplates"]
        assert disk["metadata"]["name"] == "elasticsearch-data", "under another name data would be on no disk"


def test_the_version_is_that_of_the_image(tmp_path: Path) -> None:
    for major, image in IMAGES.items():
        spec = _spec(_made(tmp_path / major, f'params: {{version: "{major}"}}'))
        assert spec["image"] == f"{image.repository}:{image.tag}"
        assert "@sha256:" in spec["image"]
        assert spec["version"].split(".")[0] == major
        assert image.tag.startswith(f"{spec['version']}@"), "the operator would configure another version than runs"


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
