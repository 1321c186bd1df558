"""An Elasticsearch on Elastic's operator: the Elasticsearch object, and what it leans on beside it.

Field by field checked against the definitions of ECK 3.5.0. What its defaults would leave open is closed here: by
itself it makes a user who may do everything and a certificate that no service knows, and deletes the disks with the
object.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from blueprint import names, store_names
from blueprint.stores.copies import Copies
from blueprint.stores.eck_elasticsearch import EckElasticsearch
from blueprint.stores.edges import marks
from manifests import copy_jobs
from manifests.accounts import account
from manifests.certificates import server
from manifests.credentials import drawn
from manifests.keeping import RETAIN
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security
from manifests.resources import resources
from manifests.spread import HOST, ZONE, apart, over

ECK: Final = "elasticsearch.k8s.elastic.co/v1"

USER: Final = 10_001
"""Nobody of the node's. The image's own is 1000 of group 0, and anybody may read its files (elastic/elasticsearch,
distribution/docker); what a node writes to, the operator first copies to volumes, which are the group's."""

ROLE: Final = "owner"
ROLES: Final = (
    f"{ROLE}:\n"
    "  cluster: [manage_ilm, manage_index_templates, manage_ingest_pipelines, monitor]\n"
    "  indices:\n"
    '    - names: ["*"]\n'
    "      privileges: [all]\n"
)
"""What the owner may do (elastic.co, "Defining roles"). Indices that begin with a dot and are the server's own are not
among `*`."""

COPIER: Final = "copier"
COPIERS: Final = (
    f'{COPIER}:\n  cluster: [create_snapshot, "cluster:admin/repository/put", "cluster:admin/snapshot/delete"]\n'
)
"""What who asks for copies may do: it reads no document, and restores nothing. The first lets it list, too (elastic.co,
"Security privileges"); for the others there is no privilege but one that also changes the server's settings."""

IDENTITY: Final = "/usr/share/elasticsearch/config/repository-s3"
TOKEN: Final = "aws-web-identity-token-file"  # noqa: S105  the file, not its content
"""Where alone the server reads the token of its pod's account (elastic/elasticsearch, modules/repository-s3,
S3Service)."""
TOKEN_SECONDS: Final = 86_400
"""As in Elastic's own example (elastic.co, "Use a Kubernetes service account to access S3"); the kubelet puts a new one
in its place in time, and the server reads that."""

CLUSTER: Final = "elasticsearch.k8s.elastic.co/cluster-name"
SET: Final = "elasticsearch.k8s.elastic.co/statefulset-name"
KEPT, GONE = "DeleteOnScaledownOnly", "DeleteOnScaledownAndClusterDeletion"
"""What becomes of the disks when the object goes; those of a node that leaves go in any case, once it is empty."""


SETTINGS: Final[Mapping[str, Any]] = {
    # Its database of addresses comes from the internet, where no pod of a store gets.
    "ingest.geoip.downloader.enabled": False,
    # By itself it maps its files into memory, which needs vm.max_map_count on the node: a right no pod here has.
    "node.store.allow_mmap": False,
    # Needs Elastic's paid licence, and a process beside the server.
    "xpack.ml.enabled": False,
}


def objects(store: EckElasticsearch) -> Iterator[Manifest]:
    """Identity, certificate and credentials first; then the nodes."""
    yield account(store.account, store.namespace, labels=marks(store))
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched={},
    )
    # The operator reads the user from the first three, and what the role means from the last.
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="Opaque",
        data={"username": store.user, "password": "{password}", "roles": ROLE, "roles.yml": ROLES},
        labels=marks(store),
        watched={},
    )
    if store.copying:
        job = store.copying
        data = {"username": job.user, "password": "{password}", "roles": COPIER, "roles.yml": COPIERS}
        yield from drawn(job.secret, store.namespace, kind="Opaque", data=data, labels=marks(store), watched={})
    yield _cluster(store)
    if store.copying:
        yield from copy_jobs.job(store.copying)


def _cluster(store: EckElasticsearch) -> Manifest:
    known = [store_names.owner(store.resource), *([store.copying.secret] if store.copying else [])]
    users = [{"secretName": secret} for secret in known]
    tag = store.image.tag
    spec = {
        "version": tag.partition("@")[0],
        "image": f"{store.image.repository}:{tag}",
        "auth": {"disableElasticUser": True, "fileRealm": users, "roles": users},
        "http": {"tls": {"certificate": {"secretName": store_names.server(store.resource)}}},
        "nodeSets": [
            _nodes(store, "leaders", store.leaders, ["master", "data", "ingest"]),
            *([_nodes(store, "readers", store.readers, ["data", "ingest"])] if store.readers else []),
        ],
        # One node after the other, and none besides those there is room for.
        "updateStrategy": {"changeBudget": {"maxSurge": 0, "maxUnavailable": 1}},
        "volumeClaimDeletePolicy": KEPT if store.deletion == RETAIN else GONE,
        # By itself a budget lets one of several go while all shards are whole, and the only one that leads never.
        **given(podDisruptionBudget=_budget(store) if store.leaders == 1 else None),
    }
    return manifest(ECK, "Elasticsearch", store.resource, store.namespace, labels=marks(store), spec=spec)


def _budget(store: EckElasticsearch) -> Manifest:
    return {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {CLUSTER: store.resource}}}}


def _nodes(store: EckElasticsearch, name: str, count: int, roles: list[str]) -> Manifest:
    several = store.leaders + store.readers > 1
    disk = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{store.size.disk_gib}Gi"}},
        **given(storageClassName=store.storage_class),
    }
    return {
        "name": name,
        "count": count,
        "config": {"node.roles": roles, **SETTINGS, **(_bucket(store.copies) if store.copies else {})},
        "podTemplate": {
            "metadata": {
                "labels": dict(
                    sorted(
                        {**marks(store), "istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}.items()
                    )
                )
            },
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "name": "elasticsearch",
                        "resources": resources(store.size.amounts),
                        "securityContext": dict(RESTRICTED),
                        **(_identity(store.copies) if store.copies else {}),
                    }
                ],
                "priorityClassName": names.priority(store.tier),
                "securityContext": pod_security(USER, USER),
                "serviceAccountName": store.account,
                **given(volumes=[_token()] if store.copies else None),
                **(_placed(store, name) if several else {}),
            },
        },
        # The name is the operator's: another one's disk would not be the data's.
        "volumeClaimTemplates": [{"metadata": {"name": "elasticsearch-data"}, "spec": disk}],
        # Over zones without exception, and no copy of a shard in the zone of another.
        **given(zoneAwareness={"topologyKey": ZONE} if several and store.spread_strictly else None),
    }


def _bucket(copies: Copies) -> Manifest:
    return {"s3.client.default.region": copies.region}


def _identity(copies: Copies) -> Manifest:
    """Who the server is in the cloud: said to it alone, and not by the account, whose token would be where it may not
    read (elastic.co, "Use a Kubernetes service account to access S3")."""
    found = {
        "AWS_REGION": copies.region,
        "AWS_ROLE_ARN": copies.role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{IDENTITY}/{TOKEN}",
    }
    return {
        "env": [{"name": name, "value": value} for name, value in sorted(found.items())],
        "volumeMounts": [{"name": "identity", "mountPath": IDENTITY, "readOnly": True}],
    }


def _token() -> Manifest:
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": TOKEN_SECONDS, "path": TOKEN}
    return {"name": "identity", "projected": {"defaultMode": 0o440, "sources": [{"serviceAccountToken": token}]}}


def _placed(store: EckElasticsearch, name: str) -> Manifest:
    """Apart as well as it goes; in production never two on one node."""
    if store.spread_strictly:
        return {"affinity": apart({CLUSTER: store.resource}, strictly=True)}
    pods = {SET: f"{store.resource}-es-{name}"}
    return {"topologySpreadConstraints": [over(key, pods, strictly=False) for key in (HOST, ZONE)]}
