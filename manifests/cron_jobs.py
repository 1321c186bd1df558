"""Runs by a schedule beside the stores of a service: one container after the other, out of the mesh.

No step goes on by itself: each is one container that ends well or ends the run, in the order they are listed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from blueprint import names
from blueprint.pins import Image
from blueprint.sizes import Amounts
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security, pull_policy
from manifests.resources import resources

USER: Final = 10_001
"""Nobody of the node's, nor of the images'."""
KEPT_SECONDS: Final = 7 * 86_400
"""How long a run that has ended stays, with its pods and their logs: a week, to read why it failed."""

AUTHORITY: Final = "/var/run/secrets/platform/authority"
"""Folder with one file, `ca.crt`: the authority of the store's certificate."""
TEMPORARY: Final[Manifest] = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108  a volume of the pod's own
"""Where a container mounts `temporary`."""


def cron_job(
    name: str,
    namespace: str,
    pod: Manifest,
    *,
    labels: Mapping[str, str],
    schedule: str,
    late_seconds: int,
    deadline_seconds: int,
    retries: int,
) -> Manifest:
    """Runs of `pod`, one at a time, by `schedule` in UTC."""
    job = {
        "backoffLimit": retries,
        "activeDeadlineSeconds": deadline_seconds,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "template": pod,
    }
    spec = {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": late_seconds,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": job},
    }
    return manifest("batch/v1", "CronJob", name, namespace, labels=labels, spec=spec)


def pod(
    *,
    labels: Mapping[str, str],
    account: str,
    tier: str,
    steps: Sequence[Manifest],
    volumes: Sequence[Manifest],
    nodes: Mapping[str, str],
) -> Manifest:
    """The template of a run of `steps`, on nodes with the labels `nodes`. No token of its account is in it, unless
    `volumes` hold one."""
    out_of_the_mesh = {"istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    spec: Manifest = {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **given(nodeSelector=nodes),
        "priorityClassName": names.priority(tier),
        "restartPolicy": "Never",
        "securityContext": pod_security(USER, USER),
        "containers": [steps[-1]],
        "volumes": list(volumes),
    }
    if steps[:-1]:
        spec["initContainers"] = list(steps[:-1])
    return {"metadata": {"labels": dict(sorted({**names.MANAGED, **labels, **out_of_the_mesh}.items()))}, "spec": spec}


def step(name: str, image: Image, amounts: Amounts) -> Manifest:
    """What every container has."""
    whole = f"{image.repository}:{image.tag}"
    return {
        "name": name,
        "image": whole,
        "imagePullPolicy": pull_policy(whole),
        "resources": resources(amounts),
        "securityContext": RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def variables(plain: Mapping[str, str]) -> list[Manifest]:
    """`plain` as a container is given it: Kubernetes replaces $(NAME), and takes $$ for one dollar sign."""
    return [{"name": name, "value": value.replace("$", "$$")} for name, value in sorted(plain.items())]


def temporary(mib: int) -> Manifest:
    """The volume for what a client writes."""
    return {"name": TEMPORARY["name"], "emptyDir": {"sizeLimit": f"{mib}Mi"}}


def file(name: str, secret: str, key: str, path: str = "") -> Manifest:
    """The volume `name` with one file, called `path` or like the key: what `secret` has at `key`, such as an authority
    without the store's key."""
    items = [{"key": key, "path": path or key}]
    return {"name": name, "secret": {"secretName": secret, "items": items, "defaultMode": 0o440}}


def mounted(name: str, path: str) -> Manifest:
    """The volume `name` at `path`, to be read."""
    return {"name": name, "mountPath": path, "readOnly": True}
