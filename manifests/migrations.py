"""A store's migration: its network rules, its account, and the Job.

The name of the Job holds a digest of all it says. What it says cannot be changed in place, and one that has ended is
removed by the cluster after a while: so nothing is ever asked of a Job but to be made, and to be taken away.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names, sizes
from blueprint.catalogue.mounting import TEMPORARY
from blueprint.migrations import Migration
from blueprint.variables import version
from manifests import trust
from manifests.isolation import network_policy
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security, proxied, pull_policy, variable
from manifests.resources import resources

KEPT_SECONDS: Final = 30 * 86_400
"""How long one that has ended stays, with its pods and their logs: a month. One that failed can be tried again so long;
what the record holds and the cluster has removed, the engine cannot go on with (pulumi-kubernetes v4.25.0,
provider/pkg/await/await.go, `Update`)."""


def migration(of: Migration) -> Iterator[Manifest]:
    """What closes its pods first, then who they are, then the Job."""
    for rule in of.rules:
        yield network_policy(rule)
    yield manifest(
        "v1",
        "ServiceAccount",
        names.migrations(of.resource),
        of.namespace,
        labels=_labels(of),
        automountServiceAccountToken=False,
    )
    yield _job(of)


def _labels(of: Migration) -> Mapping[str, str]:
    """None of the service's own: its Services and its autoscaler go by those."""
    return {
        "app.kubernetes.io/name": names.migrations(of.resource),
        names.MIGRATION: of.resource,
        f"{names.PREFIX}/owner": of.owner,
    }


def _job(of: Migration) -> Manifest:
    spec = {
        "backoffLimit": of.retries,
        "activeDeadlineSeconds": of.deadline_seconds,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        # The next try begins when nothing of the one before is running any more: two at once would change one schema.
        "podReplacementPolicy": "Failed",
        "template": _template(of),
    }
    said = json.dumps([_labels(of), spec], sort_keys=True)
    name = names.migration(of.resource, hashlib.sha256(said.encode()).hexdigest()[:10])
    return manifest("batch/v1", "Job", name, of.namespace, labels=_labels(of), spec=spec)


def _template(of: Migration) -> Manifest:
    marks = {**_labels(of), **names.MANAGED, "app.kubernetes.io/version": version(of.image)}
    # A proxy beside the container would outlive it, and the Job never end; as a native sidecar it ends with it.
    notes = {**proxied(of.proxy), "sidecar.istio.io/nativeSidecar": "true"} if of.proxy else {}
    spec: Manifest = {
        "serviceAccountName": names.migrations(of.resource),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **given(imagePullSecrets=[{"name": name} for name in of.pull_secrets]),
        "priorityClassName": names.priority(of.tier),
        "restartPolicy": "Never",
        "securityContext": pod_security(of.user, of.group),
        "containers": [_container(of)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{sizes.TEMPORARY_MIB}Mi"}},
            *trust.volumes([of.session.trust]),
        ],
    }
    metadata = {"labels": dict(sorted(marks.items())), **given(annotations=dict(sorted(notes.items())))}
    return {"metadata": metadata, "spec": spec}


def _container(of: Migration) -> Manifest:
    return {
        "name": "migrations",
        "image": of.image,
        "imagePullPolicy": pull_policy(of.image),
        "command": list(of.command),
        "env": [variable(each) for each in of.session.environment],
        "resources": resources(of.amounts),
        "securityContext": RESTRICTED,
        # The last lines it writes are its reason: the engine reports them with the Job that failed.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": TEMPORARY},
            *trust.mounts([of.session.trust]),
        ],
    }
