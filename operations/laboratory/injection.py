"""Whether the pods of a stack are admitted once istiod has put its proxy into them: by the Pod Security Standards of
their namespaces, and within their quotas. A quota promises the pods of a service's busiest moment, so as many are asked
for: one alone fits also into a quota that forgets their proxies.

The templates, quotas and limits are the stack's; what is injected, and into whom, istiod's charts say with the values
that the platform gives them.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from operations.exits import RefusedError
from operations.laboratory.copies import Copied, Manifest, bare

_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Deployment": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
"""Kind of a workload → where the template of its pods is."""
_INJECTOR: Final = "istio-sidecar-injector"
"""What the charts call their ConfigMap, and the webhook."""
_OF_ALL_CHARTS: Final = ("global", "meshConfig")
"""Values that istioctl gives to every chart; those of istiod's chart alone are below `pilot`."""
_LIMITS: Final = ("LimitRange", "ResourceQuota")


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The pods of a service that were asked for, one after the other until one was refused."""

    service: str
    wanted: int
    """So many."""
    admitted: int
    proxied: bool
    """Every one that was admitted."""
    words: str
    """Of the API server, where it refuses."""

    def wrong(self) -> str:
        """What should not be so; empty where all is well."""
        if not self.wanted:
            return f"no workload of {self.service} has its name, so no pod of it was asked for"
        if self.admitted < self.wanted:
            which = f"pod {self.admitted + 1} of {self.wanted}"
            return f"{which} of {self.service} is refused once it has a proxy: {self.words}"
        return "" if self.proxied else f"a pod of {self.service} is admitted, and has no proxy"

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "service": self.service,
            "wanted": self.wanted,
            "admitted": self.admitted,
            "proxied": self.proxied,
            "words": self.words,
        }


def job(istioctl: Path, values: Mapping[str, Any], copied: Copied, services: Mapping[str, int]) -> Mapping[str, Any]:
    """For the sandbox: the injector's configuration and webhook, and what it is tried on: of each of `services` at
    least so many pods."""
    generated = _generated(istioctl, values)
    (injector,) = [each for each in generated if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", _INJECTOR)]
    namespaces = set(services)
    return {
        "config": injector["data"]["config"],
        "values": injector["data"]["values"],
        "webhooks": [each for each in generated if each["kind"] == "MutatingWebhookConfiguration"],
        "namespaces": [each for each in copied.of("Namespace") if each["metadata"]["name"] in namespaces],
        "objects": [
            *({**bare(each), "value": each["value"]} for each in copied.of("PriorityClass")),
            *(_limit(each) for each in copied.of(*_LIMITS) if each["metadata"]["namespace"] in namespaces),
        ],
        "pods": [{"pod": pod, "wanted": wanted} for pod, wanted in pods(copied, services)],
    }


def admissions(found: Sequence[Mapping[str, Any]], services: Iterable[str]) -> list[Admission]:
    """The answers of the sandbox; one for every one of `services`."""
    answered = [
        Admission(
            service=each["namespace"],
            wanted=each["wanted"],
            admitted=each["admitted"],
            proxied=each["proxied"],
            words=each["words"],
        )
        for each in found
    ]
    missing = sorted(set(services) - {each.service for each in answered})
    return [*answered, *(Admission(service=name, wanted=0, admitted=0, proxied=False, words="") for name in missing)]


def pods(copied: Copied, services: Mapping[str, int]) -> list[tuple[Manifest, int]]:
    """A pod of each of `services`, as whoever makes them from its template asks for it, and how many of it: as many as
    `services` says, or the quota of its namespace where that allows more."""
    allowed = {each["metadata"]["namespace"]: _pods_in(each) for each in copied.of("ResourceQuota")}
    return [
        (pod, max(least, allowed.get(name, 0)))
        for name, least in sorted(services.items())
        for pod in _pods(name, copied)
    ]


def _pods_in(quota: Manifest) -> int:
    return int(quota["spec"].get("hard", {}).get("pods", 0))


def _pods(service: str, copied: Copied) -> Iterator[Manifest]:
    for workload in copied.of(*_TEMPLATES):
        metadata = workload["metadata"]
        if (metadata["namespace"], metadata["name"]) == (service, service):
            template: Any = workload
            for key in _TEMPLATES[workload["kind"]]:
                template = template[key]
            kept = {key: template["metadata"][key] for key in ("labels", "annotations") if key in template["metadata"]}
            yield {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {**kept, "name": f"{service}-injected", "namespace": service},
                "spec": template["spec"],
            }


def _limit(thing: Manifest) -> Manifest:
    """A quota says in its status how much is used: nothing, as no pod of the stack is counted here."""
    copy = {**bare(thing), "spec": thing["spec"]}
    hard = thing["spec"].get("hard")
    return {**copy, "status": {"hard": hard, "used": dict.fromkeys(hard, "0")}} if hard else copy


def _generated(istioctl: Path, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What istiod's charts become, by the charts that istioctl carries."""
    shared = {key: value for key, value in values.items() if key in _OF_ALL_CHARTS}
    own = {key: value for key, value in values.items() if key not in _OF_ALL_CHARTS}
    operator = {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        # Unvalidated, as Helm takes them: of what the charts' templates read istioctl's own schema knows only a part.
        "spec": {"profile": "default", "unvalidatedValues": {**shared, "pilot": own}},
    }
    with tempfile.TemporaryDirectory(prefix="plat-prove-") as folder:
        file = Path(folder) / "operator.json"
        file.write_text(json.dumps(operator), encoding="utf-8")
        done = subprocess.run(
            [str(istioctl), "manifest", "generate", f"--filename={file}"],
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": folder, "KUBECONFIG": "/dev/null"},
        )
    if done.returncode != 0:
        raise RefusedError(f"istioctl makes nothing of the platform's values for istiod: {done.stderr.strip()[-500:]}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(done.stdout, Loader=loader) if each]
