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
    """The answer for each of the job's pods: `namespace`, `wanted`, `admitted` of them, `proxied`, `words`.

    Raises:
        FailedError: the laboratory does not work: a namespace does not take its labels, or no webhook is called.
    """
    for namespace in job["namespaces"]:
        path = f"/api/v1/namespaces/{namespace['metadata']['name']}"
        status, words = api.ask("PATCH", path, {"metadata": {"labels": namespace["metadata"].get("labels", {})}})
        if status != http.HTTPStatus.OK:
            raise FailedError(f"{path} does not take the labels of the stack's: {words.get('message', words)}")
    api.create(job["objects"])
    api.create(_reached(each) for each in job["webhooks"])
    _await_certificates(job["webhooks"], api)
    return [_asked(each["pod"], each["wanted"], api) for each in job["pods"]]


def _asked(pod: Manifest, wanted: int, api: ApiServer) -> Mapping[str, Any]:
    """Asked for until it has a proxy, or that has been waited for: the webhook is called from some moment on, and
    cannot be reached for a moment. Then `wanted` are, or until one is refused."""
    deadline = time.monotonic() + _CALLED_SECONDS
    while True:
        status, answer = api.ask("POST", f"{api.path(pod)}?dryRun=All", pod)
        proxied = status == http.HTTPStatus.CREATED and _has_proxy(answer)
        refused = status != http.HTTPStatus.CREATED and status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        if proxied or refused or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    admitted = 0
    while status == http.HTTPStatus.CREATED and admitted < wanted:
        metadata = {**pod["metadata"], "name": f"{pod['metadata']['name']}-{admitted}"}
        status, answer = api.ask("POST", api.path(pod), {**pod, "metadata": metadata})
        if status == http.HTTPStatus.CREATED:
            admitted += 1
            proxied = proxied and _has_proxy(answer)
    return {
        "namespace": pod["metadata"]["namespace"],
        "wanted": wanted,
        "admitted": admitted,
        "proxied": proxied,
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
