"""Kong's Redis: a password that the cluster draws, and one pod without a disk that demands it.

The password goes from the generator into the Secret and from there into the pods; no value of it is spelled here, and
none comes back into our state.
"""

from collections.abc import Iterator
from typing import Final

from blueprint import names, sizes
from blueprint.kong_redis import KongRedis
from manifests.accounts import account
from manifests.credentials import drawn
from manifests.isolation import network_policy
from manifests.manifest import Manifest, manifest
from manifests.pods import RESTRICTED
from manifests.resources import resources

FOLDER: Final = "/etc/kong-redis"
ACL_KEY: Final = "users.acl"

RIGHTS: Final = "resetkeys ~ratelimit:* resetchannels +@all -@admin -@dangerous"
"""What the one user may do: count, under the names that Kong's plugin gives its counters (`get_local_key` in Kong
3.9.3, kong/plugins/rate-limiting/policies/init.lua). It may not read settings, list names or empty the store."""

USER: Final = 10_001
"""Nobody of the node's. The server writes nothing, so that it need not be the image's own user."""


def password(decision: KongRedis) -> Iterator[Manifest]:
    """The generator and the Secret: before the gateway starts, which reads it once."""
    yield from drawn(
        decision.name,
        decision.pods.namespace,
        kind="Opaque",
        data={decision.password_key: "{password}", ACL_KEY: f"user default on >{{password}} {RIGHTS}\n"},
        labels=decision.pods.labels,
        watched={},
    )


def isolation(decision: KongRedis) -> Iterator[Manifest]:
    """Its network policies: one for each direction, so that everything else is closed."""
    for rule in decision.rules:
        yield network_policy(rule)


def server(decision: KongRedis) -> Iterator[Manifest]:
    """The pod, after what it needs."""
    yield account(
        decision.name,
        decision.pods.namespace,
        labels=decision.pods.labels,
    )
    yield _service(decision)
    yield _deployment(decision)


def _service(decision: KongRedis) -> Manifest:
    port = {
        # Not `redis`: the mesh would read the protocol, and the gateway's proxy must pass it on as it is.
        "name": "tcp-redis",
        "port": decision.port.number,
        "targetPort": decision.port.number,
        "appProtocol": "tcp",
    }
    spec = {"type": "ClusterIP", "selector": dict(decision.pods.labels), "ports": [port]}
    return manifest("v1", "Service", decision.name, decision.pods.namespace, labels=decision.pods.labels, spec=spec)


def _deployment(decision: KongRedis) -> Manifest:
    spec = {
        "replicas": 1,
        "minReadySeconds": decision.min_ready_seconds,
        # Two at once would each count a part. What was counted is gone either way.
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": dict(decision.pods.labels)},
        "template": {
            "metadata": {
                "labels": {
                    **names.MANAGED,
                    **decision.pods.labels,
                    # Out of the mesh, like every store: Kong's proxy sends to it what it is given.
                    "sidecar.istio.io/inject": "false",
                }
            },
            "spec": _pod(decision),
        },
    }
    return manifest(
        "apps/v1", "Deployment", decision.name, decision.pods.namespace, labels=decision.pods.labels, spec=spec
    )


def _pod(decision: KongRedis) -> Manifest:
    return {
        "serviceAccountName": decision.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": names.priority(decision.tier),
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "fsGroup": USER,
            "runAsGroup": USER,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(decision)],
        "volumes": [{"name": "secret", "secret": {"secretName": decision.name, "defaultMode": 0o440}}],
    }


def _container(decision: KongRedis) -> Manifest:
    return {
        "name": "main",
        "image": f"{decision.image.repository}:{decision.image.tag}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["valkey-server"],
        "args": arguments(decision, FOLDER),
        "ports": [{"name": "tcp-redis", "containerPort": decision.port.number, "protocol": "TCP"}],
        "resources": resources(decision.server),
        # Any answer is a sign of life, also one that asks for the password.
        "livenessProbe": _probe("valkey-cli ping", failures=3),
        # Ready is who takes the password the Secret holds now: after a new one the pod must be started anew, and says
        # so. `-e` makes a refusal a failure.
        "readinessProbe": _probe(
            f'REDISCLI_AUTH="$(cat {FOLDER}/{decision.password_key})" valkey-cli -e ping', failures=2
        ),
        "lifecycle": {"preStop": {"sleep": {"seconds": sizes.DRAIN_SECONDS}}},
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "secret", "mountPath": FOLDER, "readOnly": True}],
    }


def arguments(decision: KongRedis, folder: str) -> list[str]:
    """The server's own words: no disk, a ceiling, and the file in `folder` that says who may do what."""
    return [
        "--port",
        str(decision.port.number),
        "--save",
        "",
        "--appendonly",
        "no",
        "--maxmemory",
        f"{decision.memory_mib}mb",
        # Every counter has an end. Refusing new ones instead would let those requests pass uncounted.
        "--maxmemory-policy",
        "volatile-ttl",
        "--aclfile",
        f"{folder}/{ACL_KEY}",
    ]


def _probe(command: str, *, failures: int) -> Manifest:
    return {
        "exec": {"command": ["sh", "-c", command]},
        "periodSeconds": 10,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
