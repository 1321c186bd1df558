"""A restore drill: what it restores as a text, who may make that, and the two CronJobs that try it and sweep up.

No step is a shell's: each is one container that ends well or ends the drill, in the order they are listed. The custom
resource is in a ConfigMap, so that what will be restored is reviewed and judged like everything else.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names, store_names
from blueprint.drills import Drill
from blueprint.drills.postgres import PostgresDrill
from manifests import postgres_drill
from manifests.accounts import account
from manifests.credentials import RBAC, bound
from manifests.isolation import network_policy
from manifests.manifest import Manifest, manifest
from manifests.pods import RESTRICTED, pod_security, pull_policy
from manifests.resources import resources

USER: Final = 10_001
"""Nobody of the node's, nor of the images': the clients write nothing but their cache."""
KEPT_SECONDS: Final = 7 * 86_400
"""How long a run that has ended stays, with its pods and their logs: a week, to read why it failed."""
CACHE_MIB: Final = 64
"""What kubectl keeps of the API server's answers; some 10 MiB with the kinds of all operators. An estimate."""

TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  where clients look for it by themselves
TOKEN_SECONDS: Final = 3600
"""How long a token is good for; the kubelet puts a new one in its place in time."""
FOLDER: Final = "/drill"
FILE: Final = "restored.json"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What is its own of a drill of one type of store."""

    group: str
    kinds: str
    """The custom resource as the API server calls several."""
    claim: str
    """The disk of what is restored, as its operator calls it; `{}` is the resource."""
    ready: str
    """The condition that says that a restored store answers."""
    restored: Callable[[Any], Manifest]
    """The custom resource."""
    beside: Callable[[Any], Iterator[Manifest]]
    """What it leans on, which is there between drills."""
    check: Callable[[Any], Manifest]
    """The container that asks, but for what all containers have in common."""
    volumes: Callable[[Any], list[Manifest]]
    """What that one mounts."""


ENGINES: Final[Mapping[type[Drill], Engine]] = {
    PostgresDrill: Engine(
        group="postgresql.cnpg.io",
        kinds="clusters",
        claim="{}-1",
        ready="Ready",
        restored=postgres_drill.cluster,
        beside=postgres_drill.beside,
        check=postgres_drill.check,
        volumes=postgres_drill.volumes,
    ),
}
"""Type of drill → what is its own. Total over `blueprint.drills.Drill`; a test says so."""


def drill(of: Drill) -> Iterator[Manifest]:
    """Its rules before anything runs, then what the restored store leans on, then who restores it."""
    engine, name = ENGINES[type(of)], store_names.drill(of.resource)
    for rule in of.rules:
        yield network_policy(rule)
    yield from engine.beside(of)
    text = json.dumps(engine.restored(of), indent=1, sort_keys=True)
    yield manifest("v1", "ConfigMap", name, of.namespace, labels=marks(of), data={FILE: f"{text}\n"})
    yield account(name, of.namespace, labels=marks(of))
    yield manifest(RBAC, "Role", name, of.namespace, labels=marks(of), rules=_rights(of, engine))
    yield bound(name, of.namespace, {"kind": "ServiceAccount", "name": name, "namespace": of.namespace}, marks(of))
    remove = _kubectl(of, "remove", *_removing(of, engine))
    yield _cron_job(
        of,
        store_names.drill_run(of.resource, of.timing.often),
        of.timing.schedule,
        of.timing.deadline_seconds,
        _kubectl(of, "remove-leftovers", *_removing(of, engine)),
        _kubectl(of, "restore", "create", "--filename", f"{FOLDER}/{FILE}", mounts=[_mount("text", FOLDER)]),
        _kubectl(of, "wait", *_waiting(of, engine)),
        {**_container(of, "check", f"{of.image.repository}:{of.image.tag}"), **engine.check(of)},
        remove,
    )
    yield _cron_job(of, store_names.drill_sweep(of.resource), of.timing.sweep, of.timing.removing_seconds, remove)


def marks(of: Drill) -> dict[str, str]:
    """What marks every object of a drill. Its pods are known by the second, and those it restores by neither."""
    return {
        "app.kubernetes.io/name": store_names.drill(of.resource),
        store_names.DRILL: of.resource,
        f"{names.PREFIX}/owner": of.owner,
    }


def _rights(of: Drill, engine: Engine) -> list[Manifest]:
    """To make one such object, which has no name before it is made, and to follow and remove the one of that name and
    its disk."""
    one: Manifest = {"apiGroups": [engine.group], "resources": [engine.kinds]}
    disk: Manifest = {"apiGroups": [""], "resources": ["persistentvolumeclaims"]}
    verbs = ["delete", "get", "list", "watch"]
    return [
        {**one, "verbs": ["create"]},
        {**one, "resourceNames": [of.resource], "verbs": verbs},
        {**disk, "resourceNames": [engine.claim.format(of.resource)], "verbs": verbs},
    ]


def _removing(of: Drill, engine: Engine) -> list[str]:
    """Its pods go with the object, and are waited for. Its disk is gone after them, which nobody waits for unless it is
    named here: and the next drill would find it."""
    return [
        *("delete", f"{engine.kinds}.{engine.group}/{of.resource}"),
        f"persistentvolumeclaims/{engine.claim.format(of.resource)}",
        *("--ignore-not-found", "--cascade=foreground", f"--timeout={of.timing.removing_seconds}s"),
    ]


def _waiting(of: Drill, engine: Engine) -> list[str]:
    return [
        *("wait", f"{engine.kinds}.{engine.group}/{of.resource}", f"--for=condition={engine.ready}"),
        f"--timeout={of.timing.restoring_seconds}s",
    ]


def _cron_job(of: Drill, name: str, schedule: str, deadline: int, *steps: Manifest) -> Manifest:
    job = {
        # What failed once is what an owner wants to know, and the next run begins by removing what is left.
        "backoffLimit": 0,
        "activeDeadlineSeconds": deadline,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "template": _template(of, *steps),
    }
    spec = {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": of.timing.late_seconds,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": job},
    }
    return manifest("batch/v1", "CronJob", name, of.namespace, labels=marks(of), spec=spec)


def _template(of: Drill, *steps: Manifest) -> Manifest:
    out_of_the_mesh = {"istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    asks = any(step["name"] == "check" for step in steps)
    spec: Manifest = {
        "serviceAccountName": store_names.drill(of.resource),
        # A token only for the containers that ask the API server: it is one of the volumes below.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": names.priority(of.tier),
        "restartPolicy": "Never",
        "securityContext": pod_security(USER, USER),
        "containers": [steps[-1]],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{CACHE_MIB}Mi"}},
            _token(),
            *([{"name": "text", "configMap": {"name": store_names.drill(of.resource)}}] if asks else []),
            *(ENGINES[type(of)].volumes(of) if asks else []),
        ],
    }
    if steps[:-1]:
        spec["initContainers"] = list(steps[:-1])
    labels = dict(sorted({**names.MANAGED, **marks(of), **out_of_the_mesh}.items()))
    return {"metadata": {"labels": labels}, "spec": spec}


def _token() -> Manifest:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    return {"name": "token", "projected": {"defaultMode": 0o440, "sources": sources}}


def _mount(name: str, path: str) -> Manifest:
    return {"name": name, "mountPath": path, "readOnly": True}


def _kubectl(of: Drill, name: str, *args: str, mounts: list[Manifest] | None = None) -> Manifest:
    return {
        **_container(of, name, f"{of.runner.repository}:{of.runner.tag}"),
        "command": ["/bin/kubectl"],
        "args": [*args, "--namespace", of.namespace, "--cache-dir=/tmp/kubectl"],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, _mount("token", TOKEN), *(mounts or [])],  # noqa: S108
    }


def _container(of: Drill, name: str, image: str) -> Manifest:
    """What every step has."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": pull_policy(image),
        "resources": resources(of.step),
        "securityContext": RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
