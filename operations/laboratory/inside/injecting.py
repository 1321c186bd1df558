"""Pods asked for where istiod's webhook, the Pod Security Standards and quotas all look at them."""

from __future__ import annotations

import http
import time
from collections.abc import Mapping
from typing import Any, Final

from operations.laboratory.inside import istiod
from operations.laboratory.inside.api_server import ApiServer, Manifest
from operations.laboratory.inside.failing import FailedError

_WEBHOOKS: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_PROXY: Final = "istio-proxy"
_CALLED_SECONDS: Final = 30.0
"""Istiod writes its certificate into its webhooks when it sees them, and the API server reads that a moment later."""


def inject(job: Mapping[str, Any], api: ApiServer) -> list[Mapping[str, Any]]:
    """The answer for each of the job's pods: `namespace`, `status`, `proxied`, `words`."""
    for namespace in job["namespaces"]:
        path = f"/api/v1/namespaces/{namespace['metadata']['name']}"
        api.ask("PATCH", path, {"metadata": {"labels": namespace["metadata"].get("labels", {})}})
    api.create(job["objects"])
    api.create(_reached(each) for each in job["webhooks"])
    _await_certificates(job["webhooks"], api)
    return [_asked(pod, api) for pod in job["pods"]]


def _asked(pod: Manifest, api: ApiServer) -> Mapping[str, Any]:
    """Asked for until it has a proxy, or that has been waited for: the webhook is called from some moment on."""
    deadline = time.monotonic() + _CALLED_SECONDS
    while True:
        status, answer = api.ask("POST", f"{api.path(pod)}?dryRun=All", pod)
        proxied = status == http.HTTPStatus.CREATED and _has_proxy(answer)
        if proxied or status != http.HTTPStatus.CREATED or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if status == http.HTTPStatus.CREATED:
        status, answer = api.ask("POST", api.path(pod), pod)
    return {
        "namespace": pod["metadata"]["namespace"],
        "status": status,
        "proxied": status == http.HTTPStatus.CREATED and _has_proxy(answer),
        "words": "" if status == http.HTTPStatus.CREATED else str(answer.get("message", answer))[:500],
    }


def _has_proxy(pod: Mapping[str, Any]) -> bool:
    spec = pod["spec"]
    return any(each["name"] == _PROXY for each in (*spec["containers"], *spec.get("initContainers", ())))


def _reached(configuration: Manifest) -> Manifest:
    """A webhook configuration whose webhooks are where istiod is here: by its name, which its certificate holds."""
    webhooks = [
        {
            **each,
            "clientConfig": {
                "url": f"https://{istiod.HOST}:{istiod.WEBHOOK_PORT}{each['clientConfig']['service']['path']}"
            },
        }
        for each in configuration["webhooks"]
    ]
    return {**configuration, "webhooks": webhooks}


def _await_certificates(configurations: list[Manifest], api: ApiServer) -> None:
    deadline = time.monotonic() + _CALLED_SECONDS
    for name in (each["metadata"]["name"] for each in configurations):
        while True:
            _, found = api.ask("GET", f"{_WEBHOOKS}/{name}")
            if all(each["clientConfig"].get("caBundle") for each in found.get("webhooks", ())):
                break
            if time.monotonic() > deadline:
                raise FailedError(f"istiod writes no certificate into its webhook {name}")
            time.sleep(0.2)
