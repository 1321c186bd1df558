"""A ClickHouse of a service's own: what is asked of Altinity's operator, and what the service gets of it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from blueprint import design, names, store_names
from blueprint.catalogue import Metadata
from blueprint.reading import TextError
from blueprint.stores import altinity_clickhouse, copy_jobs
from blueprint.stores.altinity_clickhouse import AltinityClickhouse
from blueprint.vendors import OPERATED
from manifests import Manifest, everything
from manifests.clickhouse_settings import TLS
from manifests.holdings import holding
from manifests.losses import impossible
from tests.support.stacks import catalogue, settings

VARIABLES: Final = """\
      variables: {URL: "${resources.db.url}"}
"""
"""Of the container the minimal text ends in."""
SEVERAL: Final = "highAvailability: true"


def _designed(folder: Path, db: str = "", stack: str = "prod", resource: str = "db", name: str = "shop") -> Any:
    text = f"{VARIABLES.replace('.db.', f'.{resource}.')}  resources: {{{resource}: {{type: clickhouse, {db}}}}}\n"
    return design(settings(stack), catalogue(folder, **{name: text}), stack)


def _store(folder: Path, db: str = "", stack: str = "prod", resource: str = "db") -> AltinityClickhouse:
    (plan,) = _designed(folder, db, stack, resource).services.values()
    (store,) = plan.stores
    assert isinstance(store, AltinityClickhouse)
    return store


def _made(
    folder: Path, db: str = "", stack: str = "prod", resource: str = "db", name: str = "shop"
) -> Mapping[tuple[str, str], Manifest]:
    """What is made beside the service, by kind and name."""
    return {
        (made["kind"], made["metadata"]["name"]): made
        for made in everything(_designed(folder, db, stack, resource, name))
        if made["metadata"].get("namespace") == f"{name}-data"
    }


def _spec(made: Mapping[tuple[str, str], Manifest], resource: str = "db") -> Manifest:
    spec: Manifest = made["ClickHouseInstallation", resource]["spec"]
    return spec


def _told(spec: Manifest) -> ElementTree.Element:
    """The one file of ours in an installation."""
    ((path, text),) = spec["configuration"]["files"].items()
    assert path.endswith("d/platform.xml"), "it comes behind 01-… and chop-generated-…, and so prevails"
    return ElementTree.fromstring(text)  # noqa: S314  our own text


def _pods(spec: Manifest) -> Manifest:
    (template,) = spec["templates"]["podTemplates"]
    pods: Manifest = template
    return pods


REPLICAS: Final = {
    # stack, what is asked for: pods, Keepers
    ("dev", "highAvailability: true, readReplicas: 2"): (1, 0),
    ("staging", ""): (1, 0),
    ("staging", SEVERAL): (2, 3),
    ("prod", ""): (1, 0),
    ("prod", "readReplicas: 2"): (3, 3),
    ("prod", "highAvailability: true, readReplicas: 1"): (4, 3),
}


@pytest.mark.parametrize(("stack", "db"), REPLICAS)
def test_as_many_pods_as_are_asked_for_have_room_and_several_have_keepers(stack: str, db: str, tmp_path: Path) -> None:
    made = _made(tmp_path, db, stack)
    (cluster,) = _spec(made)["configuration"]["clusters"]
    keepers = made.get(("ClickHouseKeeperInstallation", "db"))
    agreeing = keepers["spec"]["configuration"]["clusters"][0]["layout"]["replicasCount"] if keepers else 0
    assert cluster["layout"] == {"shardsCount": 1, "replicasCount": REPLICAS[stack, db][0]}
    assert agreeing == REPLICAS[stack, db][1]
    hard = made["ResourceQuota", "shop"]["spec"]["hard"]
    # Twice, where a store that left may still be there; and where copies are made, the run that asks for them.
    twice, kept = 1 if stack == "dev" else 2, sum(REPLICAS[stack, db])
    assert int(hard["pods"]) == twice * (kept + (stack != "dev"))
    assert int(hard["persistentvolumeclaims"]) == twice * kept


@pytest.mark.parametrize("db", ["", SEVERAL])
def test_no_port_is_open_without_tls(db: str, tmp_path: Path) -> None:
    spec = _spec(_made(tmp_path, db))
    (cluster,), told = spec["configuration"]["clusters"], _told(spec)
    assert (cluster["secure"], cluster["insecure"]) == ("yes", "no")
    closed = {each.tag for each in told if each.get("remove") and "port" in each.tag}
    assert closed == {"http_port", "interserver_http_port", "mysql_port", "postgresql_port", "tcp_port"}
    opened = {each.tag: int(each.text or 0) for each in told if "port" in each.tag and not each.get("remove")}
    among = {"interserver_https_port": 9010} if db else {}
    assert opened == {"https_port": 8443, "tcp_port_secure": 9440, **among}
    (service,) = spec["templates"]["serviceTemplates"]
    assert service["spec"]["type"] == "ClusterIP"
    assert {port["port"] for port in service["spec"]["ports"]} == {8443, 9440}


def test_keepers_listen_with_tls_alone_and_are_asked_with_it(tmp_path: Path) -> None:
    made = _made(tmp_path, SEVERAL)
    keepers = made["ClickHouseKeeperInstallation", "db"]["spec"]
    told = _told(keepers).find("keeper_server")
    assert told is not None
    assert told.find("tcp_port").get("remove") == "1"  # type: ignore[union-attr]
    assert told.findtext("raft_configuration/secure") == "true"
    port = int(told.findtext("tcp_port_secure") or 0)
    nodes = _spec(made)["configuration"]["zookeeper"]["nodes"]
    assert [(node["port"], node["secure"]) for node in nodes] == [(port, "yes")] * 3
    assert {node["host"] for node in nodes} <= set(made["Certificate", "db.tls"]["spec"]["dnsNames"])
    (container,) = _pods(keepers)["spec"]["containers"]
    asked = {container["livenessProbe"]["tcpSocket"]["port"], container["readinessProbe"]["httpGet"]["port"]}
    assert port in asked, "the operator's own probe asks the port without TLS, which is closed"
    assert asked <= set(OPERATED["clickhouse"].probed)


def test_a_renewed_certificate_reaches_the_server_and_a_strangers_is_refused(tmp_path: Path) -> None:
    made = _made(tmp_path, SEVERAL)
    certificate = made["Certificate", "db.tls"]["spec"]
    assert {"server auth", "client auth"} <= set(certificate["usages"]), "pods show it to each other"
    for kind in ("ClickHouseInstallation", "ClickHouseKeeperInstallation"):
        spec = made[kind, "db"]["spec"]
        tls, pod = _told(spec).find("openSSL"), _pods(spec)["spec"]
        assert tls is not None
        assert tls.get("replace"), "laid over the image's own it would trust every authority of the system"
        assert tls.findtext("server/certificateFile") == f"{TLS}/tls.crt"
        assert tls.findtext("client/verificationMode") == "strict"
        assert tls.findtext("client/loadDefaultCAFile") == "false"
        assert tls.findtext("client/caConfig") == f"{TLS}/ca.crt"
        (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["mountPath"] == TLS]
        assert "subPath" not in mount, "a file mounted by itself stays as it was"
        (volume,) = [each for each in pod["volumes"] if each["name"] == mount["name"]]
        assert volume["secret"]["secretName"] == certificate["secretName"]


def test_the_address_is_one_the_certificate_is_for(tmp_path: Path) -> None:
    made, store = _made(tmp_path, SEVERAL), _store(tmp_path, "params: {database: facts}")
    keys = store.connections["db"].keys
    address = urlsplit(keys["url"].text.format(password="drawn"))  # type: ignore[union-attr]  # noqa: S106
    assert (address.scheme, address.username, address.password, address.port) == ("clickhouse", "shop", "drawn", 9440)
    assert address.hostname == "clickhouse-db.shop-data.svc.cluster.local"
    assert keys["host"].text == address.hostname  # type: ignore[union-attr]
    assert (address.path, parse_qs(address.query)) == ("/facts", {"secure": ["true"]})
    assert keys["http_url"].text == f"https://{address.hostname}:8443"  # type: ignore[union-attr]
    assert keys["ca"].text == f"{store_names.authority_folder('db')}/ca.crt"  # type: ignore[union-attr]
    (service,) = _spec(made)["templates"]["serviceTemplates"]
    assert address.hostname.startswith(f"{service['generateName']}.")
    pods = {f"chi-db-store-0-{number}" for number in range(3)}
    called = {address.hostname, *pods, *(f"{pod}.shop-data.svc.cluster.local" for pod in pods)}
    assert called <= set(made["Certificate", "db.tls"]["spec"]["dnsNames"])


def test_the_user_may_do_everything_in_its_database_and_nothing_else(tmp_path: Path) -> None:
    made = _made(tmp_path, "params: {database: facts}")
    users = _spec(made)["configuration"]["users"]
    named = {field.partition("/")[0] for field in users}
    assert named == {"shop", "platform_copier"}, "the operator's own users are the operator's"
    assert users["shop/grants/query"] == ["GRANT ALL ON `facts`.*"]
    assert users["shop/networks/ip"] == ["::/0"], "without one the operator lets in the pod itself alone"
    reference = users["shop/password"]["valueFrom"]["secretKeyRef"]
    drawn = made["ExternalSecret", reference["name"]]["spec"]["target"]
    assert drawn["template"]["data"].keys() == {reference["key"]}


def test_the_database_is_there_when_the_server_is_and_reaches_all_of_several_pods(tmp_path: Path) -> None:
    alone = _told(_spec(_made(tmp_path / "a", "params: {database: facts}"))).find("startup_scripts")
    assert alone is not None
    assert alone.findtext("throw_on_error") == "true", "without it the server would start without the database"
    assert alone.findtext("scripts/query") == "CREATE DATABASE IF NOT EXISTS `facts`"
    spec = _spec(_made(tmp_path / "b", SEVERAL))
    query = _told(spec).findtext("startup_scripts/scripts/query")
    made = "CREATE DATABASE IF NOT EXISTS `db` ENGINE = Replicated('/clickhouse/databases/db', '{shard}', '{replica}')"
    assert query == made
    profile = spec["configuration"]["profiles"]
    assert profile["default/default_table_engine"] == "ReplicatedMergeTree"
    assert profile["default/database_replicated_allow_only_replicated_engine"] == 1


def test_pods_know_each_other_by_a_password_of_their_own(tmp_path: Path) -> None:
    made = _made(tmp_path, SEVERAL)
    spec = _spec(made)
    (cluster,) = spec["configuration"]["clusters"]
    theirs = cluster["secret"]["valueFrom"]["secretKeyRef"]["name"]
    owners = spec["configuration"]["users"]["shop/password"]["valueFrom"]["secretKeyRef"]["name"]
    assert (theirs, owners) == ("db.peers", "db.owner")
    assert ("ExternalSecret", theirs) in made
    shown = _told(spec).find("interserver_http_credentials/password")
    assert shown is not None
    assert (shown.get("from_env"), shown.text) == ("CLICKHOUSE_INTERNODE_CLUSTER_SECRET", None)
    assert "secret" not in _spec(_made(tmp_path / "alone"))["configuration"]["clusters"][0]


@pytest.mark.parametrize("kind", ["ClickHouseInstallation", "ClickHouseKeeperInstallation"])
def test_pods_are_the_stores_restricted_apart_and_out_of_the_mesh(kind: str, tmp_path: Path) -> None:
    made = _made(tmp_path, SEVERAL)
    template = _pods(made[kind, "db"]["spec"])
    labels, pod = template["metadata"]["labels"], template["spec"]
    assert labels["catalog.platform/resource"] == "db"
    assert labels["sidecar.istio.io/inject"] == "false"
    assert pod["serviceAccountName"] in {name for of, name in made if of == "ServiceAccount"}
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (10_001, 10_001)
    (container,) = pod["containers"]
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
    (term,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (zones,) = pod["topologySpreadConstraints"]
    assert term["labelSelector"] == zones["labelSelector"], "each of the two kinds keeps apart from its own"
    assert (term["topologyKey"], zones["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "DoNotSchedule")


def test_the_two_kinds_do_not_keep_apart_from_each_other(tmp_path: Path) -> None:
    made = _made(tmp_path, SEVERAL)
    kinds = ("ClickHouseInstallation", "ClickHouseKeeperInstallation")
    selected = [_pods(made[kind, "db"]["spec"])["spec"]["topologySpreadConstraints"][0] for kind in kinds]
    assert selected[0]["labelSelector"] != selected[1]["labelSelector"], "three nodes have to be enough"
    assert "affinity" not in _pods(_spec(_made(tmp_path / "alone")))["spec"]


DELETED: Final = "  environments: {staging: {resources: {db: {deletion: delete}}}}\n"
LEFT: Final = {"": "Retain", DELETED: "Delete"}


@pytest.mark.parametrize("more", LEFT, ids=LEFT.values())
def test_disks_stay_where_the_store_is_to_be_kept_and_may_grow(more: str, tmp_path: Path) -> None:
    text = f"  resources: {{db: {{type: clickhouse, {SEVERAL}}}}}\n{more}"
    designed = design(settings("staging"), catalogue(tmp_path, shop=text), "staging")
    made = {(each["kind"], each["metadata"]["name"]): each for each in everything(designed)}
    for kind in ("ClickHouseInstallation", "ClickHouseKeeperInstallation"):
        spec = made[kind, "db"]["spec"]
        (disk,) = spec["templates"]["volumeClaimTemplates"]
        management = spec["defaults"]["storageManagement"]
        assert (management["reclaimPolicy"], disk["reclaimPolicy"]) == (LEFT[more], LEFT[more])
        assert management["provisioner"] == "Operator", "a StatefulSet takes no larger disks"
        assert spec["defaults"]["templates"]["dataVolumeClaimTemplate"] == disk["name"], "else the data is in the pod"


def test_the_names_of_the_longest_resource_fit_what_the_operator_makes_of_it(tmp_path: Path) -> None:
    """Names of pods' volumes, Services and labels (pkg/model/chi/namer and chk/namer of the operator)."""
    resource = "r" * 30
    store = _store(tmp_path, "readReplicas: 5, highAvailability: true", resource=resource)
    assert store.keepers is not None
    clusters = {"chi": altinity_clickhouse.CLUSTER, "chk": altinity_clickhouse.KEEPER_CLUSTER}
    made = [f"{kind}-{resource}-deploy-confd-{cluster}-0-0" for kind, cluster in clusters.items()]
    # A StatefulSet marks its pods with its name and ten digits, a claim is called like template and pod.
    made += [f"{host}-0123456789" for host in (*store.keepers.hosts, *altinity_clickhouse.hosts(resource, 8))]
    made += [f"data-{host}-0" for host in store.keepers.hosts]
    made.append(altinity_clickhouse.service_of(resource))
    assert [name for name in made if len(name) > names.LABEL_LENGTH] == []
    assert max(map(len, clusters.values())) <= 15, "the operator's definition"


def test_what_one_pod_takes_is_what_its_services_may_ask(tmp_path: Path) -> None:
    """The edge of the arithmetic: as much as fits is taken, one more is not."""
    spec = _spec(_made(tmp_path / "fits", "pool: {maxPerReplica: 16}"))
    assert _told(spec).findtext("max_connections") == "100"
    with pytest.raises(TextError, match=r"pool\.maxPerReplica"):
        _designed(tmp_path / "over", "pool: {maxPerReplica: 17}")


def test_what_it_holds_is_said_in_words(tmp_path: Path) -> None:
    made = _made(tmp_path, f"{SEVERAL}, params: {{database: facts}}")
    held = holding(made["ClickHouseInstallation", "db"], made.values())
    assert (held.engine, held.what, held.disks) == ("ClickHouse 26", "database facts", "3 × 50Gi")
    assert held.copies == "s3://shop-prod-copies/shop/db, made at '0 2 * * *' (UTC), kept 30d"
    alone = _made(tmp_path / "none", "backup: none")
    assert holding(alone["ClickHouseInstallation", "db"], alone.values()).copies is None


def test_the_identity_is_for_the_place_of_its_copies_and_for_who_asks_for_them(tmp_path: Path) -> None:
    told = _told(_spec(_made(tmp_path)))
    bucket = told.find("s3")
    assert bucket is not None
    assert bucket.findtext("use_environment_credentials") == "false", "it would be shown to any bucket anybody names"
    assert bucket.findtext("copies/endpoint") == "https://s3.eu-west-1.amazonaws.com/shop-prod-copies/shop/db/"
    assert bucket.findtext("copies/use_environment_credentials") == "true"
    assert bucket.findtext("copies/user") == "platform_copier"
    assert told.findtext("access_control_improvements/enable_read_write_grants") == "true"
    assert _told(_spec(_made(tmp_path / "none", "backup: none"))).find("s3") is None


def test_who_asks_for_copies_may_do_that_and_nothing_else(tmp_path: Path) -> None:
    made = _made(tmp_path, "params: {database: facts}")
    users = _spec(made)["configuration"]["users"]
    backup, place = users["platform_copier/grants/query"]
    assert backup == "GRANT BACKUP ON `facts`.*"
    (pattern,) = re.findall(r"^GRANT WRITE ON S3\('(.*)'\)$", place)
    allowed = "https://s3.eu-west-1.amazonaws.com/shop-prod-copies/shop/db/20261130020000"
    assert re.fullmatch(pattern, allowed)
    for elsewhere in (allowed.replace("/shop/db/", "/shop/db-2/"), allowed.replace("s3.", "s3x")):
        assert not re.fullmatch(pattern, elsewhere)
    reference = users["platform_copier/password"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": "db.copier", "key": "password"}
    assert ("ExternalSecret", "db.copier") in made
    assert reference["name"] != users["shop/password"]["valueFrom"]["secretKeyRef"]["name"]


def test_nobody_is_called_like_who_asks_for_copies() -> None:
    with pytest.raises(ValidationError):
        Metadata(name=copy_jobs.USER)


STEPS: Final = {
    # before, after: the field that nobody can change
    ("", SEVERAL): ["spec.configuration.zookeeper"],
    (SEVERAL, ""): ["spec.configuration.zookeeper"],
    (SEVERAL, f"{SEVERAL}, readReplicas: 2"): [],
    (SEVERAL, f"{SEVERAL}, class: medium, backup: {{rto: 2h}}"): [],
}


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_running_one_goes_neither_from_one_pod_to_several_nor_back(before: str, after: str, tmp_path: Path) -> None:
    """Its database stays of the engine it was made with, so the data would be on one pod alone."""
    old, new = _made(tmp_path / "old", before), _made(tmp_path / "new", after)
    assert [each.field for each in impossible(old.values(), new.values())] == STEPS[before, after]
