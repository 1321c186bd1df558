"""What a mesh's proof cannot ask, because it is not there or has no copy: each is a difference, as nothing asked holds
for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from manifests.admission.pods import REDIRECTED
from operations.laboratory.canaries import routed
from operations.laboratory.copies import Copied, Manifest
from operations.laboratory.members import Members
from policies.core.facts import Facts
from policies.mesh.edges import SEEN_REQUESTS

_CAPTURE: Final = "traffic.sidecar.istio.io/"
"""Annotations that begin so say which connections pass no proxy."""


def missing(members: Members, facts: Facts, copied: Copied) -> Iterator[str]:
    """Sentences, in a fixed order."""
    for name in members.absent:
        if facts.service[name].spec.schedule is None:
            yield f"{name} has no running pod, so nothing was asked of it or by it"
    for name in _unaddressed(members, facts, copied.addresses()):
        yield f"Service {name}/{name} does not exist or has no address, so nothing was asked of {name} or by it"
    rollouts = {rollout["metadata"]["namespace"] for rollout in routed(copied)}
    for name in members.seconds:
        if _is_weighted(name, facts) and name not in rollouts:
            yield f"{name} is a canary, and no Rollout {name}/{name} has weights that the mesh sets, so none was asked"
    for pod in copied.of("Pod"):
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if pod["metadata"]["namespace"] in members.services:
            yield from (f"Pod {where} has {each}: the copy's proxy captures everything" for each in _redirected(pod))


def reachable(members: Members, facts: Facts, copied: Copied) -> Members:
    """Those of `members` whose Services can be asked."""
    gone = _unaddressed(members, facts, copied.addresses())
    return replace(
        members,
        services={name: member for name, member in members.services.items() if name not in gone},
        seconds={name: member for name, member in members.seconds.items() if name not in gone},
    )


def _unaddressed(members: Members, facts: Facts, addresses: Mapping[str, str]) -> Sequence[str]:
    listening = {name: facts.service[name].spec.service for name in members.services}
    return [name for name, own in listening.items() if own and own.ports and f"{name}.{name}" not in addresses]


def _is_weighted(service: str, facts: Facts) -> bool:
    """Whether its owner declares a canary, and a mesh can set its weights: it tells requests of some port apart."""
    spec = facts.service[service].spec
    ports = spec.service.ports.values() if spec.service else ()
    return spec.rollout.strategy == "canary" and any(port.app_protocol in SEEN_REQUESTS for port in ports)


def _redirected(pod: Manifest) -> Iterator[str]:
    """The annotations by which connections pass the proxy by."""
    for key, value in sorted((pod["metadata"].get("annotations") or {}).items()):
        if (key in REDIRECTED or key.startswith(_CAPTURE)) and value not in REDIRECTED.get(key, ()):
            yield f"{key}: {value}"
