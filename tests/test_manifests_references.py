"""What is pointed at exists: by name, over every object and every chart value of every stack."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pytest

from blueprint import Blueprint, names
from blueprint.settings import Settings
from blueprint.unmade import pending
from blueprint.unmade.table import NOT_MADE, Key
from manifests import Manifest, everything
from manifests.charts import charts
from tests.support.references import Reference, made, references
from tests.support.stacks import STACKS, blueprint_of, settings, shop

CHARTS_OF_KONG: Final = "Kong's chart (ingress 0.24.0), under the release name kong"
BROUGHT: Final[Mapping[Reference, str]] = {
    ("Service", "kong", "kong-controller"): CHARTS_OF_KONG,
    ("Service", "kong", "kong-controller-validation-webhook"): CHARTS_OF_KONG,
    ("StorageClass", "", "encrypted-gp3"): "the cluster, whose settings name it (disks.storageClass)",
    ("Service", "kube-system", "kube-dns"): "the cluster: CoreDNS and the clouds' resolvers keep the name",
}
"""What the cluster, a chart or an operator brings → who does."""

WITH_OPERATORS: Final = frozenset({("IngressClass", "", "kong")})
"""What whoever runs the operators brings where `operators` is `present`, and this program elsewhere."""

NOT_MADE_YET: Final[Mapping[Reference, Key]] = {
    ("Service", "observability", "otel-collector"): (Settings, "observability"),
    ("Service", "observability", "prometheus-operated"): (Settings, "observability"),
}
"""What nothing makes yet → the row of `blueprint.unmade` by which every run says so."""


def _seen_from(manifest: Manifest) -> str:
    """A ClusterIssuer reads its Secrets in cert-manager's own namespace (its flag --cluster-resource-namespace)."""
    return str(manifest["metadata"].get("namespace", "cert-manager" if manifest["kind"] == "ClusterIssuer" else ""))


def _pointed_at(blueprint: Blueprint) -> Iterator[tuple[Reference, str]]:
    """Each reference with who says it."""
    for manifest in everything(blueprint):
        metadata = manifest["metadata"]
        who = f"{manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
        yield from ((found, who) for found in references(manifest, _seen_from(manifest)))
    for name, props in charts(blueprint):
        yield from ((found, f"chart {name}") for found in references(props["values"], props["namespace"]))


def _dangling(blueprint: Blueprint, objects: Iterable[Manifest] | None = None) -> dict[Reference, set[str]]:
    """What is pointed at and not among `objects` (those of `blueprint`), with who points at it."""
    there = set(made(everything(blueprint) if objects is None else objects))
    found: dict[Reference, set[str]] = {}
    for reference, who in _pointed_at(blueprint):
        if reference not in there:
            found.setdefault(reference, set()).add(who)
    return found


def _unmade(stack: str) -> set[Reference]:
    """What a run of `stack` says is not made yet: the Secrets of stores, accounts and secrets, and the table's."""
    said = pending(settings(stack), shop(), stack)
    rows = {each.row for each in said}
    secrets = {
        ("Secret", each.waiting, names.connection(each.waiting, each.field.rpartition(".")[2]))
        for each in said
        if each.waiting
    }
    return secrets | {reference for reference, key in NOT_MADE_YET.items() if NOT_MADE.get(key) in rows}


def _hosts(installation: Manifest) -> Iterator[str]:
    """Cluster, shard and replica of each pod of Altinity's, which has a Service of its own."""
    for cluster in installation["spec"]["configuration"]["clusters"]:
        yield from (f"{cluster['name']}-0-{number}" for number in range(cluster["layout"]["replicasCount"]))


def _of_operators(blueprint: Blueprint) -> Iterator[Reference]:
    """The Services that operators make beside their objects: CloudNativePG (its page "Service Management"), Percona
    (v1.22.0, pkg/psmdb/service.go), redis-operator (v0.26.0, internal/k8sutils), Elastic (ECK v3.5.0,
    pkg/apis/elasticsearch/v1/name.go), Altinity (release-0.25.6, pkg/model/chi/namer),
    mariadb-operator (v26.6.0, api/v1alpha1/mariadb_keys.go), the OpenSearch project (v3.0.0-alpha,
    pkg/builders/cluster.go)."""
    for manifest in everything(blueprint):
        namespace, name = manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
        if manifest["kind"] == "Cluster":
            yield from (("Service", namespace, f"{name}-{end}") for end in ("r", "ro", "rw"))
        if manifest["kind"] == "ConfigMap" and "restored.json" in manifest["data"]:
            restored = json.loads(manifest["data"]["restored.json"])
            end = {"Cluster": "-rw", "MariaDB": "", "PerconaServerMongoDB": "-rs0"}[restored["kind"]]
            yield "Service", namespace, f"{restored['metadata']['name']}{end}"
        if manifest["kind"] == "RedisReplication":
            yield from (("Service", namespace, f"{name}{end}") for end in ("", "-master", "-replica"))
        if manifest["kind"] == "RedisSentinel":
            yield "Service", namespace, f"{name}-sentinel"
        if manifest["kind"] == "Pooler":
            yield "Service", namespace, name
        if manifest["kind"] == "MariaDB":
            yield from (("Service", namespace, f"{name}{end}") for end in ("", "-primary", "-secondary", "-internal"))
        if manifest["kind"] == "Elasticsearch":
            yield from (("Service", namespace, f"{name}-es-{end}") for end in ("http", "internal-http"))
        if manifest["kind"] == "OpenSearchCluster":
            yield "Service", namespace, name
        if manifest["kind"] == "ClickHouseInstallation":
            yield "Service", namespace, f"clickhouse-{name}"
            yield from (("Service", namespace, f"chi-{name}-{host}") for host in _hosts(manifest))
        if manifest["kind"] == "ClickHouseKeeperInstallation":
            yield from (("Service", namespace, f"chk-{name}-{host}") for host in _hosts(manifest))
        if manifest["kind"] == "PerconaServerMongoDB":
            yield from (("Service", namespace, f"{name}-{of['name']}") for of in manifest["spec"]["replsets"])


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_pointed_at_is_made_or_brought_or_said_to_be_missing(stack: str) -> None:
    present = WITH_OPERATORS if settings(stack).operators == "present" else frozenset()
    excused = {*BROUGHT, *present, *_unmade(stack), *_of_operators(blueprint_of(stack))}
    dangling = {reference: who for reference, who in _dangling(blueprint_of(stack)).items() if reference not in excused}
    assert not dangling, "make it, or say in BROUGHT who does and why"


def test_no_excuse_is_left_that_nobody_needs() -> None:
    needed = {reference for stack in STACKS for reference in _dangling(blueprint_of(stack))}
    unneeded = {*BROUGHT, *WITH_OPERATORS, *NOT_MADE_YET} - needed
    assert not unneeded, "it is made now, or nothing points at it any more"


KINDS: Final = {
    ("Certificate", "Issuer"),
    ("Deployment", "ConfigMap"),
    ("Deployment", "PriorityClass"),
    ("Deployment", "Secret"),
    ("Deployment", "ServiceAccount"),
    ("ExternalSecret", "Password"),
    ("Gateway", "GatewayClass"),
    ("Gateway", "Secret"),
    ("HTTPRoute", "Gateway"),
    ("HTTPRoute", "KongPlugin"),
    ("HTTPRoute", "Service"),
    ("KongConsumer", "Secret"),
    ("KongPlugin", "IngressClass"),
    ("KongPlugin", "Service"),
    ("Rollout", "AnalysisTemplate"),
    ("Rollout", "Service"),
    ("VirtualService", "Service"),
    ("chart", "Certificate"),
    ("chart", "ClusterIssuer"),
    ("chart", "Secret"),
}


def test_the_walk_finds_each_way_of_pointing() -> None:
    """Without it a field that is called otherwise tomorrow would be proven by looking at nothing."""
    found = {(who.split()[0], kind) for (kind, _, _), who in _pointed_at(blueprint_of("prod"))}
    assert found >= KINDS, KINDS - found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Certificate", "kong-webhook"),
        ("ConfigMap", "order-service-config-main"),
        ("Gateway", "edge"),
        ("Issuer", "kong-private"),
        ("KongPlugin", "order-service-orders-v1-jwt"),
        ("Password", "kong-redis"),
        ("PriorityClass", "platform-critical"),
        ("Secret", "issuer-shop-prod-2026-11"),
        ("Service", "kong-redis"),
        ("Service", "order-service-canary"),
        ("ServiceAccount", "order-service"),
    ],
)
def test_what_is_no_longer_made_is_missed(kind: str, name: str) -> None:
    blueprint = blueprint_of("prod")
    left = [each for each in everything(blueprint) if (each["kind"], each["metadata"]["name"]) != (kind, name)]
    assert len(left) < len(list(everything(blueprint))), "there is no such object; choose another"
    assert [found for found in _dangling(blueprint, left) if (found[0], found[2]) == (kind, name)]
