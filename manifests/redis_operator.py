"""A Redis on redis-operator: pods that follow the first, the Sentinels that replace it, and what these lean on.

Field by field checked against the definitions of redis-operator 0.26.0, and its words against what the operator makes
of them (internal/k8sutils, internal/agent/bootstrap). By itself it runs as whoever the image says, with no password and
no TLS.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names, sizes, store_names
from blueprint.stores.edges import labels, marks
from blueprint.stores.redis_operator import OperatedRedis, Sentinels
from manifests import copy_jobs
from manifests.accounts import account
from manifests.certificates import BOTH_WAYS, server
from manifests.credentials import drawn
from manifests.keeping import RETAIN
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED
from manifests.resources import resources
from manifests.spread import ZONE, apart, over

REDIS: Final = "redis.redis.opstreelabs.in/v1beta2"
PASSWORD: Final = "password"  # noqa: S105  the key in the Secret, not its content

USER: Final = 10_001
"""Nobody of the node's. The data is the group's, and the image's own user is not needed."""

MASTERS: Final = "mymaster"
"""What the Sentinels call the pods they watch."""

SERVER_FILE, SENTINEL_FILE = "redis-additional.conf", "redis-sentinel-additional.conf"
"""What the operator includes last (v0.26.0, internal/agent/bootstrap), and so what holds."""

RELOAD_SECONDS: Final = 3600
"""How often a server looks whether its certificate was renewed: cert-manager does that a month before the end."""

_PROBE_SECONDS: Final = 10

_SECURITY: Final = {**RESTRICTED, "runAsGroup": USER, "runAsUser": USER}

RECREATED: Final = {
    "redis.opstreelabs.in/recreate-statefulset": "true",
    "redis.opstreelabs.in/recreate-statefulset-strategy": "orphan",
}
"""A StatefulSet takes no other disks once it exists. So the operator makes it anew where they change; its pods stay,
and are replaced one after the other."""


def objects(store: OperatedRedis) -> Iterator[Manifest]:
    """Account, certificate, settings and credentials first; then the pods."""
    yield account(store.resource, store.namespace, labels=marks(store))
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched={},
        usages=BOTH_WAYS,
    )
    yield _settings(store)
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="Opaque",
        data={PASSWORD: f"{{{PASSWORD}}}"},
        labels=marks(store),
        watched={},
    )
    yield _replication(store)
    if store.sentinels:
        yield _sentinel(store, store.sentinels)
    if store.copying:
        yield from copy_jobs.job(store.copying)


def _of_pods(store: OperatedRedis) -> Mapping[str, str]:
    """The operator copies the labels of its object to the pods, and selects them in its Services by all of these: only
    what never changes may be among them, so the owner is not."""
    return {**labels(store.resource), "istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}


def server_settings(store: OperatedRedis) -> str:
    """What the operator has no field for, in the server's own words."""
    lines = [
        f"maxmemory-policy {store.policy}",
        f"maxclients {store.size.connections}",
        *_tls(),
        # Without a line the server would write snapshots all the same, to a disk it does not have.
        *(() if store.keeps else ('save ""', "appendonly no")),
    ]
    return "".join(f"{line}\n" for line in lines)


def sentinel_settings() -> str:
    """The same for the Sentinels."""
    return "".join(f"{line}\n" for line in _tls())


def _tls() -> Iterator[str]:
    yield 'tls-protocols "TLSv1.3"'
    yield f"tls-auto-reload-interval {RELOAD_SECONDS}"


def _files(store: OperatedRedis) -> Mapping[str, str]:
    sentinels = {SENTINEL_FILE: sentinel_settings()} if store.sentinels else {}
    return {SERVER_FILE: server_settings(store), **sentinels}


def _settings(store: OperatedRedis) -> Manifest:
    return manifest(
        "v1",
        "ConfigMap",
        store_names.settings_of(store.resource),
        store.namespace,
        labels=marks(store),
        data=dict(_files(store)),
    )


def _notes(store: OperatedRedis) -> Mapping[str, str]:
    """The operator copies annotations to the pods: other settings start them anew, one after the other."""
    written = "".join(text for _, text in sorted(_files(store).items()))
    return {f"{names.PREFIX}/config-checksum": hashlib.sha256(written.encode()).hexdigest()[:16], **RECREATED}


def _replication(store: OperatedRedis) -> Manifest:
    several, amounts = store.instances > 1, resources(store.size.amounts)
    spec = {
        "clusterSize": store.instances,
        "kubernetesConfig": _kubernetes(store, amounts),
        "redisConfig": {
            "maxMemoryPercentOfLimit": store.memory_percent,
            "additionalRedisConfig": store_names.settings_of(store.resource),
        },
        # Loading what is on the disk takes its time, and who loads answers no ping.
        "livenessProbe": _probe(sizes.START_SECONDS // _PROBE_SECONDS),
        "readinessProbe": _probe(3),
        **_process(store, amounts),
        **_placed(store, store.resource, several=several),
        **given(storage=_disk(store) if store.keeps else None),
    }
    return manifest(
        REDIS,
        "RedisReplication",
        store.resource,
        store.namespace,
        labels=_of_pods(store),
        annotations=_notes(store),
        spec=spec,
    )


def _sentinel(store: OperatedRedis, sentinels: Sentinels) -> Manifest:
    """An object of its own: the Sentinels a RedisReplication brings with it speak no TLS (redis-operator#1699)."""
    amounts = resources(sentinels.amounts)
    password = {"secretKeyRef": {"name": store_names.owner(store.resource), "key": PASSWORD}}
    spec = {
        "clusterSize": sentinels.pods,
        "kubernetesConfig": _kubernetes(store, amounts),
        "redisSentinelConfig": {
            "additionalSentinelConfig": store_names.settings_of(store.resource),
            "downAfterMilliseconds": str(sentinels.silence_milliseconds),
            "failoverTimeout": str(sentinels.failover_milliseconds),
            "masterGroupName": MASTERS,
            "parallelSyncs": "1",
            "quorum": str(sentinels.quorum),
            "redisPort": "6379",
            "redisReplicationName": store.resource,
            "redisReplicationPassword": password,
        },
        "livenessProbe": _probe(6),
        "readinessProbe": _probe(3),
        **_process(store, amounts),
        **_placed(store, f"{store.resource}-sentinel", several=True),
    }
    return manifest(
        REDIS,
        "RedisSentinel",
        store.resource,
        store.namespace,
        labels=_of_pods(store),
        annotations=_notes(store),
        spec=spec,
    )


def _kubernetes(store: OperatedRedis, amounts: Manifest) -> Manifest:
    return {
        "image": _image(store),
        "imagePullPolicy": "IfNotPresent",
        "redisSecret": {"name": store_names.owner(store.resource), "key": PASSWORD},
        "resources": amounts,
        "service": {"serviceType": "ClusterIP"},
        "updateStrategy": {"type": "RollingUpdate"},
    }


def _image(store: OperatedRedis) -> str:
    return f"{store.image.repository}:{store.image.tag}"


def _process(store: OperatedRedis, amounts: Manifest) -> Manifest:
    """As whom the pods run, and what they prove themselves with."""
    return {
        "TLS": {
            "ca": "ca.crt",
            "cert": "tls.crt",
            "key": "tls.key",
            "secret": {"secretName": store_names.server(store.resource), "defaultMode": 0o440},
        },
        "podSecurityContext": {
            "fsGroup": USER,
            "runAsGroup": USER,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": _SECURITY,
        # No container of ours: it is where the operator looks for the security of its own.
        "initContainer": {
            "enabled": False,
            "image": _image(store),
            "imagePullPolicy": "IfNotPresent",
            "resources": amounts,
            "securityContext": _SECURITY,
        },
        "priorityClassName": names.priority(store.tier),
        "serviceAccountName": store.resource,
        "terminationGracePeriodSeconds": 60,
    }


def _probe(failures: int) -> Manifest:
    """The operator puts its own command into it: a ping with TLS and the password."""
    return {"periodSeconds": _PROBE_SECONDS, "timeoutSeconds": 5, "failureThreshold": failures}


def _placed(store: OperatedRedis, app: str, *, several: bool) -> Manifest:
    """Where the pods go; nothing is said of a single one, whose budget would only keep its node from being drained."""
    if not several:
        return {}
    pods = {"app": app}
    return {
        "affinity": apart(pods, strictly=store.spread_strictly),
        "pdb": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": [over(ZONE, pods, strictly=store.spread_strictly)],
    }


def _disk(store: OperatedRedis) -> Manifest:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{store.size.disk_gib}Gi"}},
        **given(storageClassName=store.storage_class),
    }
    return {"keepAfterDelete": store.deletion == RETAIN, "volumeClaimTemplate": {"spec": spec}}
