"""A restore drill: what it restores as a text, who may make that, and the two CronJobs that try it and sweep up.

Steps that ask the API server have no shell. The custom resource is in a ConfigMap, so that what will be restored is
reviewed and judged like everything else.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names, store_names
from blueprint.drills import Drill
from blueprint.drills.mongodb import MongodbDrill
from blueprint.drills.mysql import MysqlDrill
from blueprint.drills.postgres import PostgresDrill
from manifests import mongodb_drill, mysql_drill, postgres_drill
from manifests.accounts import account
from manifests.credentials import RBAC, bound
from manifests.cron_jobs import TEMPORARY, cron_job, mounted, pod, step, temporary
from manifests.isolation import network_policy
from manifests.manifest import Manifest, manifest

CACHE_MIB: Final = 64
"""What kubectl keeps of the API server's answers, some 10 MiB with the kinds of all operators, and mongosh of what it
did. An estimate."""

TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  where clients look for it by themselves
TOKEN_SECONDS: Final = 3600
"""How long a token is good for; the kubelet puts a new one in its place in time."""
FOLDER: Final = "/drill"
FILE: Final = "restored.json"


def _anywhere(of: Drill) -> Mapping[str, str]:  # noqa: ARG001  (as every engine is asked)
    return {}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What is its own of a drill of one type of store."""

    group: str
    kinds: str
    """The custom resource as the API server calls several."""
    claims: tuple[str, ...]
    """The disks of what is restored, as its operator calls them; `{}` is the resource."""
    restored: Callable[[Any], Manifest]
    """The custom resource."""
    beside: Callable[[Any], Iterator[Manifest]]
    """What it leans on, which is there between drills."""
    check: Callable[[Any], Manifest]
    """The container that asks."""
    volumes: Callable[[Any], list[Manifest]]
    """What that one mounts."""
    nodes: Callable[[Any], Mapping[str, str]] = _anywhere
    """Labels of the nodes on which the drill's own pods can run."""
    fetch: Callable[[Any], Manifest] | None = None
    """The container that has a copy read into what was made. None: its operator does by itself, and says Ready when the
    restored store answers."""


ENGINES: Final[Mapping[type[Drill], Engine]] = {
    MongodbDrill: Engine(
        group="psmdb.percona.com",
        kinds="perconaservermongodbs",
        claims=("mongod-data-{}-rs0-0",),
        restored=mongodb_drill.replica_set,
        beside=mongodb_drill.beside,
        check=mongodb_drill.check,
        volumes=mongodb_drill.volumes,
        nodes=mongodb_drill.nodes,
        fetch=mongodb_drill.fetch,
    ),
    MysqlDrill: Engine(
        group="k8s.mariadb.com",
        kinds="mariadbs",
        claims=("{}-bootstrap-staging", "storage-{}-0"),
        restored=mysql_drill.server,
        beside=mysql_drill.beside,
        check=mysql_drill.check,
        volumes=mysql_drill.volumes,
    ),
    PostgresDrill: Engine(
        group="postgresql.cnpg.io",
        kinds="clusters",
        claims=("{}-1",),
        restored=postgres_drill.cluster,
        beside=postgres_drill.beside,
        check=postgres_drill.check,
        volumes=postgres_drill.volumes,
    ),
}
"""Type of drill → what is its own. Total over `blueprint.drills.Drill`; a test says so. The names of disks are those of
Percona's operator v1.22.0 (pkg/psmdb/config/const.go) and MariaDB's v26.6.0 (api/v1alpha1/mariadb_keys.go)."""


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
        _kubectl(of, "restore", "create", "--filename", f"{FOLDER}/{FILE}", mounts=[mounted("text", FOLDER)]),
        engine.fetch(of) if engine.fetch else _kubectl(of, "wait", *_waiting(of, engine)),
        engine.check(of),
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
    its disks."""
    one: Manifest = {"apiGroups": [engine.group], "resources": [engine.kinds]}
    disk: Manifest = {"apiGroups": [""], "resources": ["persistentvolumeclaims"]}
    verbs = ["delete", "get", "list", "watch"]
    return [
        {**one, "verbs": ["create"]},
        {**one, "resourceNames": [of.resource], "verbs": verbs},
        {**disk, "resourceNames": _claims(of, engine), "verbs": verbs},
    ]


def _claims(of: Drill, engine: Engine) -> list[str]:
    return [claim.format(of.resource) for claim in engine.claims]


def _removing(of: Drill, engine: Engine) -> list[str]:
    """Its pods go with the object, and are waited for. Its disks are gone after them, which nobody waits for unless
    they are named here: and the next drill would find them."""
    return [
        *("delete", f"{engine.kinds}.{engine.group}/{of.resource}"),
        *(f"persistentvolumeclaims/{claim}" for claim in _claims(of, engine)),
        *("--ignore-not-found", "--cascade=foreground", f"--timeout={of.timing.removing_seconds}s"),
    ]


def _waiting(of: Drill, engine: Engine) -> list[str]:
    return [
        *("wait", f"{engine.kinds}.{engine.group}/{of.resource}", "--for=condition=Ready"),
        f"--timeout={of.timing.restoring_seconds}s",
    ]


def _cron_job(of: Drill, name: str, schedule: str, deadline: int, *steps: Manifest) -> Manifest:
    asks = any(each["name"] == "check" for each in steps)
    volumes = [
        temporary(CACHE_MIB),
        # A token only for the containers that ask the API server.
        _token(),
        *([{"name": "text", "configMap": {"name": store_names.drill(of.resource)}}] if asks else []),
        *(ENGINES[type(of)].volumes(of) if asks else []),
    ]
    template = pod(
        labels=marks(of),
        account=store_names.drill(of.resource),
        tier=of.tier,
        steps=steps,
        volumes=volumes,
        nodes=ENGINES[type(of)].nodes(of),
    )
    return cron_job(
        name,
        of.namespace,
        template,
        labels=marks(of),
        schedule=schedule,
        late_seconds=of.timing.late_seconds,
        deadline_seconds=deadline,
        # What failed once is what an owner wants to know, and the next run begins by removing what is left.
        retries=0,
    )


def _token() -> Manifest:
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    return {"name": "token", "projected": {"defaultMode": 0o440, "sources": sources}}


def _kubectl(of: Drill, name: str, *args: str, mounts: list[Manifest] | None = None) -> Manifest:
    return {
        **step(name, of.runner, of.step),
        "command": ["/bin/kubectl"],
        "args": [*args, "--namespace", of.namespace, f"--cache-dir={TEMPORARY['mountPath']}/kubectl"],
        "volumeMounts": [TEMPORARY, mounted("token", TOKEN), *(mounts or [])],
    }
