"""A ClickHouse on Altinity's operator: its pods, the Keepers by which several agree, and what these lean on.

Field by field checked against the definitions of the operator 0.25.6, and its words against what the operator makes of
them (pkg/model/chi, pkg/model/chk). By itself it opens every port without TLS, gives a user without a password one that
everybody knows, and runs as whoever the image says.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from blueprint import names, sizes, store_names
from blueprint.pins import Image
from blueprint.sizes import Amounts
from blueprint.stores.altinity_clickhouse import (
    CLUSTER,
    KEEPER_CLUSTER,
    SECURE_PORT,
    AltinityClickhouse,
    Keepers,
    service_of,
)
from blueprint.stores.copy_jobs import CopyJob
from blueprint.stores.edges import marks
from manifests import clickhouse_settings, copy_jobs
from manifests.accounts import account
from manifests.certificates import BOTH_WAYS
from manifests.certificates import server as certificate
from manifests.clickhouse_settings import HTTPS_PORT, KEEPER_PORT, TLS
from manifests.credentials import drawn
from manifests.keeping import RETAIN
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security
from manifests.resources import resources
from manifests.spread import ZONE, apart, over

CLICKHOUSE: Final = "clickhouse.altinity.com/v1"
KEEPER: Final = "clickhouse-keeper.altinity.com/v1"
PASSWORD: Final = "password"  # noqa: S105  the key in the Secret, not its content

USER: Final = 10_001
"""Nobody of the node's, as Redis' is. The images let any user in (their Dockerfiles: chmod ugo+Xrw); the disk is the
group's."""

YES, NO = "yes", "no"
"""The operator's booleans are words."""

FILE: Final = "platform.xml"
"""Behind the files the operator writes into the same folder: `01-…` and `chop-generated-…`."""

TEMPLATE, DISK = "pod", "data"
"""What the one template of pods, and that of disks, is called in an object."""

READY_PORT: Final = 9182
"""Where a Keeper says that it sees a majority (the operator's config/chk/keeper_config.d)."""

_PROBE_SECONDS: Final = 10


def objects(store: AltinityClickhouse) -> Iterator[Manifest]:
    """Account, certificate and credentials first; then Keepers and pods."""
    roles = {"eks.amazonaws.com/role-arn": store.copies.role} if store.copies else None
    yield account(store.account, store.namespace, labels=marks(store), annotations=roles)
    yield certificate(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched={},
        usages=BOTH_WAYS,
    )
    for secret in _secrets(store):
        yield from drawn(
            secret,
            store.namespace,
            kind="Opaque",
            data={PASSWORD: f"{{{PASSWORD}}}"},
            labels=marks(store),
            watched={},
        )
    if store.keepers:
        yield _keepers(store, store.keepers)
    yield _installation(store)
    if store.copying:
        yield from copy_jobs.job(store.copying)


def _secrets(store: AltinityClickhouse) -> Iterator[str]:
    """Those with a password that is drawn."""
    yield store_names.owner(store.resource)
    if store.keepers:
        yield store_names.peers(store.resource)
    if store.copying:
        yield store.copying.secret


def _installation(store: AltinityClickhouse) -> Manifest:
    cluster = {
        "name": CLUSTER,
        "layout": {"shardsCount": 1, "replicasCount": store.replicas},
        "secure": YES,
        "insecure": NO,
        **_budget(),
        **given(secret=_drawn(store_names.peers(store.resource)) if store.keepers else None),
    }
    ports = [{"name": "https", "port": HTTPS_PORT}, {"name": "secureclient", "port": SECURE_PORT}]
    of_it = {"clickhouse.altinity.com/chi": store.resource}
    spec = {
        "defaults": {"templates": {**_templates(), "serviceTemplate": TEMPLATE}, **_storage(store)},
        "configuration": {
            "clusters": [cluster],
            "files": {f"config.d/{FILE}": clickhouse_settings.server(store)},
            "profiles": _profile(store),
            "users": _users(store),
            **given(zookeeper={"nodes": _nodes(store.keepers)} if store.keepers else None),
        },
        "templates": {
            "podTemplates": [_pods(store, _server(store), of_it, store.replicas)],
            "serviceTemplates": [
                {
                    "name": TEMPLATE,
                    "generateName": service_of(store.resource),
                    "spec": {"type": "ClusterIP", "ports": ports},
                }
            ],
            "volumeClaimTemplates": [_disk(store, store.size.disk_gib)],
        },
    }
    return manifest(
        CLICKHOUSE, "ClickHouseInstallation", store.resource, store.namespace, labels=marks(store), spec=spec
    )


def _keepers(store: AltinityClickhouse, keepers: Keepers) -> Manifest:
    cluster = {"name": KEEPER_CLUSTER, "layout": {"replicasCount": keepers.pods}, **_budget()}
    of_them = {"clickhouse-keeper.altinity.com/chk": store.resource}
    spec = {
        "defaults": {"templates": _templates(), **_storage(store)},
        "configuration": {
            "clusters": [cluster],
            "files": {f"keeper_config.d/{FILE}": clickhouse_settings.keeper()},
        },
        "templates": {
            "podTemplates": [_pods(store, _keeper(keepers), of_them, keepers.pods)],
            "volumeClaimTemplates": [_disk(store, keepers.disk_gib)],
        },
    }
    return manifest(
        KEEPER, "ClickHouseKeeperInstallation", store.resource, store.namespace, labels=marks(store), spec=spec
    )


def _users(store: AltinityClickhouse) -> Manifest:
    """The owner, and who asks for copies. Its own users are the operator's: `default` for the pods, one for itself from
    its own address."""
    owner = _user(store.user, store_names.owner(store.resource), f"GRANT ALL ON `{store.database}`.*")
    return {**owner, **(_copier(store.copying) if store.copying else {})}


def _user(name: str, secret: str, *grants: str) -> Manifest:
    """Who may come at all is for the network rules to say; without addresses the operator would let in the pod itself
    alone."""
    return {
        f"{name}/grants/query": list(grants),
        f"{name}/networks/ip": ["::/0"],
        f"{name}/{PASSWORD}": _drawn(secret),
        f"{name}/profile": "default",
    }


def _copier(job: CopyJob) -> Manifest:
    """It reads no row: it has the server write the database to the one place, and nothing elsewhere. Servers from
    ClickHouse#114405 on ask for the second right; older ones do without."""
    place = job.copies.address.replace(".", "[.]")
    grants = (f"GRANT BACKUP ON `{job.database}`.*", f"GRANT WRITE ON S3('{place}/.*')")
    return _user(job.user, job.secret, *grants)


def _profile(store: AltinityClickhouse) -> Manifest:
    """A table without ENGINE is of one that fits. Among several pods one that each would have for itself, with other
    rows than the next, is refused. A statement that some pod has not followed in time says so and does not fail: that
    pod catches up."""
    if not store.keepers:
        return {"default/default_table_engine": "MergeTree"}
    return {
        "default/database_replicated_allow_only_replicated_engine": 1,
        "default/default_table_engine": "ReplicatedMergeTree",
        "default/distributed_ddl_output_mode": "null_status_on_timeout",
    }


def _drawn(secret: str) -> Manifest:
    return {"valueFrom": {"secretKeyRef": {"name": secret, "key": PASSWORD}}}


def _nodes(keepers: Keepers) -> list[Manifest]:
    return [{"host": host, "port": KEEPER_PORT, "secure": YES} for host in keepers.hosts]


def _budget() -> Manifest:
    """The operator makes the budget, also of a single pod: one that lets none go would keep its node from being
    drained."""
    return {"pdbManaged": YES, "pdbMaxUnavailable": 1}


def _templates() -> Manifest:
    return {"podTemplate": TEMPLATE, "dataVolumeClaimTemplate": DISK}


def _storage(store: AltinityClickhouse) -> Manifest:
    """The operator makes the disks: a StatefulSet takes no larger ones."""
    return {"storageManagement": {"provisioner": "Operator", "reclaimPolicy": _left(store)}}


def _left(store: AltinityClickhouse) -> str:
    return "Retain" if store.deletion == RETAIN else "Delete"


def _disk(store: AltinityClickhouse, gib: int) -> Manifest:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
        **given(storageClassName=store.storage_class),
    }
    return {"name": DISK, "reclaimPolicy": _left(store), "spec": spec}


def _pods(store: AltinityClickhouse, container: Manifest, of_them: Mapping[str, str], pods: int) -> Manifest:
    spec = {
        "serviceAccountName": store.account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": names.priority(store.tier),
        "terminationGracePeriodSeconds": 60,
        "securityContext": {**pod_security(USER, USER), "fsGroupChangePolicy": "OnRootMismatch"},
        "containers": [container],
        "volumes": [
            {"name": "log", "emptyDir": {"sizeLimit": f"{sizes.TEMPORARY_MIB}Mi"}},
            {"name": "tls", "secret": {"secretName": store_names.server(store.resource), "defaultMode": 0o440}},
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{sizes.TEMPORARY_MIB}Mi"}},
        ],
        **(_spread(of_them, strictly=store.spread_strictly) if pods > 1 else {}),
    }
    labels = dict(sorted({**marks(store), "sidecar.istio.io/inject": "false"}.items()))
    return {"name": TEMPLATE, "metadata": {"labels": labels}, "spec": spec}


def _server(store: AltinityClickhouse) -> Manifest:
    asked = {"httpGet": {"path": "/ping", "port": HTTPS_PORT, "scheme": "HTTPS"}}
    return {
        **_container("clickhouse", store.image, store.size.amounts, "/var/log/clickhouse-server"),
        "livenessProbe": {**asked, **_patience(6)},
        "readinessProbe": {**asked, **_patience(3)},
        # Loading the parts of all tables takes its time.
        "startupProbe": {**asked, **_patience(sizes.START_SECONDS // _PROBE_SECONDS)},
    }


def _keeper(keepers: Keepers) -> Manifest:
    listens = {"tcpSocket": {"port": KEEPER_PORT}}
    return {
        **_container("clickhouse-keeper", keepers.image, keepers.amounts, "/var/log/clickhouse-keeper"),
        # The operator's own would ask the port without TLS. One that sees no majority is not to be restarted for it.
        "livenessProbe": {**listens, **_patience(6)},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": READY_PORT}, **_patience(3)},
        "startupProbe": {**listens, **_patience(sizes.START_SECONDS // _PROBE_SECONDS)},
    }


def _patience(failures: int) -> Mapping[str, int]:
    return {"periodSeconds": _PROBE_SECONDS, "timeoutSeconds": 5, "failureThreshold": failures}


def _container(name: str, image: Image, amounts: Amounts, log: str) -> dict[str, Any]:
    """The one container, by the name the operator looks for. Whatever it writes to is a volume; of its data the
    operator mounts it."""
    return {
        "name": name,
        "image": f"{image.repository}:{image.tag}",
        "imagePullPolicy": "IfNotPresent",
        "resources": resources(amounts),
        "securityContext": {**RESTRICTED, "privileged": False, "runAsGroup": USER, "runAsUser": USER},
        "volumeMounts": [
            {"name": "log", "mountPath": log},
            {"name": "tls", "mountPath": TLS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's
        ],
    }


def _spread(of_them: Mapping[str, str], *, strictly: bool) -> Manifest:
    """Over nodes and zones; where two may share one, as well as it goes."""
    return {
        "affinity": apart(of_them, strictly=strictly),
        "topologySpreadConstraints": [over(ZONE, of_them, strictly=strictly)],
    }
