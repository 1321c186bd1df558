"""What every MariaDB is that mariadb-operator runs, live or restored: identity, certificate, settings and pod.

Field by field checked against the definitions of mariadb-operator 26.6.0. What its defaults would leave open is closed
here: by itself it takes clients without TLS and makes pods that meet no standard.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from blueprint import names, store_names
from blueprint.stores.edges import Owned, marks
from manifests.accounts import account
from manifests.certificates import BOTH_WAYS, server
from manifests.manifest import Manifest, given
from manifests.pods import RESTRICTED, pod_security
from manifests.resources import resources
from manifests.served import Served

MARIADB: Final = "k8s.mariadb.com/v1alpha1"

USER: Final = 10_001
"""Nobody of the node's. The image takes any user (hub.docker.com/_/mariadb, "Running as an arbitrary user"); its own,
which the operator would take, is 999."""

AGENT: Final[Manifest] = {word: value for word, value in RESTRICTED.items() if word != "seccompProfile"}
"""The operator's words for a container do not know the profile, which stands at the pod."""
SERVER: Final[Manifest] = {
    **AGENT,
    # Jobs that set a disk up take the same words, have no volume for /tmp, and write there (mariadb-backup --prepare).
    "readOnlyRootFilesystem": False,
}

WATCHED: Final = {"k8s.mariadb.com/watch": ""}
"""On a Secret: the operator looks again when it changes."""

COPIES: Final = "copies"
LOG: Final = "log"
"""Folders below a store's place in the bucket."""


class Server(Served, Protocol):
    """A server, whether it is live or restored."""

    @property
    def parameters(self) -> Mapping[str, str]: ...


def identity(of: Served, role: str | None) -> Manifest:
    """As whom its pods and Jobs run; `role` is who that is at the bucket. Beside each of several servers the operator
    mounts a token itself, for the agent."""
    roles = {"eks.amazonaws.com/role-arn": role} if role else None
    return account(of.account, of.namespace, labels=marks(of), annotations=roles)


def proof(of: Served) -> Manifest:
    """The certificate with which it proves itself, and its pods and operator come in."""
    return server(
        of.resource,
        of.namespace,
        of.dns_names,
        of.certificate_hours,
        labels=marks(of),
        watched=WATCHED,
        usages=BOTH_WAYS,
    )


def out_of_the_mesh(of: Owned) -> Manifest:
    """On every pod and Job of the operator's, and on what else it makes."""
    labels = {**marks(of), **names.MANAGED, "istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    return {"labels": dict(sorted(labels.items()))}


def key_of(name: str, key: str) -> Manifest:
    """What the Secret `name` has at `key`."""
    return {"name": name, "key": key}


def serving(of: Served) -> Manifest:
    """The words of a MariaDB that do not depend on what else there is of it."""
    certificate = {"name": store_names.server(of.resource)}
    return {
        "image": f"{of.image.repository}:{of.image.tag}",
        "rootPasswordSecretKeyRef": key_of(store_names.system_users(of.resource), "root"),
        # cert-manager puts the authority beside the certificate. Followers and the operator show it as clients.
        "tls": {
            "enabled": True,
            "required": True,
            **dict.fromkeys(("serverCASecretRef", "serverCertSecretRef"), certificate),
            **dict.fromkeys(("clientCASecretRef", "clientCertSecretRef"), certificate),
        },
        "resources": resources(of.size.amounts),
        "securityContext": dict(SERVER),
        "podSecurityContext": pod_security(USER, USER),
        "serviceAccountName": of.account,
        "priorityClassName": names.priority(of.tier),
        "inheritMetadata": out_of_the_mesh(of),
        # Also of a single pod: a budget that lets none go would keep its node from being drained.
        "podDisruptionBudget": {"maxUnavailable": 1},
        # Five minutes, in which a server makes its own tables or reads its log after a crash (docs/configuration.md
        # of the operator, "Probes"); by itself it has fifty seconds.
        "startupProbe": {"failureThreshold": 30, "periodSeconds": 10, "timeoutSeconds": 5},
    }


def configuration(of: Server) -> str:
    """The file the server reads besides the operator's own: names of system variables are written with underscores."""
    return "[mariadb]\n" + "".join(f"{name}={value}\n" for name, value in sorted(of.parameters.items()))


def disk(of: Served, *, kept: bool) -> Manifest:
    """Its data, which are `kept` when it goes."""
    return {
        "size": f"{of.size.disk_gib}Gi",
        "resizeInUseVolumes": True,
        "pvcRetentionPolicy": {"whenDeleted": "Retain" if kept else "Delete", "whenScaled": "Retain"},
        **given(storageClassName=of.storage_class),
    }


def staging(gib: int, storage_class: str | None) -> Manifest:
    """Where a copy lies on its way between the server and the bucket."""
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
        **given(storageClassName=storage_class),
    }


def bucket(path: str, region: str | None, folder: str) -> Manifest:
    """The `folder` of a store whose place is `path`. It is reached by the role of the account: no keys are named."""
    name, _, prefix = path.removeprefix("s3://").partition("/")
    found: dict[str, Any] = {
        "bucket": name,
        "prefix": f"{prefix}/{folder}",
        "endpoint": f"s3.{region}.amazonaws.com",
        "region": region,
        "tls": {"enabled": True},
    }
    return found
