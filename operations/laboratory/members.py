"""Who takes part in a mesh's proof: a pod of each service, those who ask without being consumers, and the internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from blueprint import names
from blueprint.catalogue.listening import MESH_PORTS
from operations.laboratory.assembling import INTERNET, STAND_INS, STRANGERS
from operations.laboratory.copies import Copied, Manifest
from operations.laboratory.inside.recorded import HASH
from policies.core.facts import Facts
from policies.intent.edges import intent
from policies.rules.net.platform import GATEWAY

TLS_MODE: Final = {"security.istio.io/tlsMode": "istio"}
"""The injector's label: callers then speak TLS to it."""
OLDER: Final = "older"
NEWER: Final = "newer"
"""Values of Argo Rollouts' label (`HASH`) for pods it has not labelled."""
VISITORS: Final = "laboratory-visitors"
"""The namespace of a stranger with a proxy, which knows every host of the mesh."""
VISITOR: Final = "visitor"
WIDE_SCOPE: Final[Manifest] = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Sidecar",
    "metadata": {"name": "default", "namespace": VISITORS},
    "spec": {"egress": [{"hosts": ["*/*"]}]},
}
WEB: Final = (80, 443)


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """One host. Equal to nothing but itself."""

    name: str
    """For a person, and how its application signs: `order-service`, `the gateway`."""
    namespace: str | None
    """None: it is outside the cluster."""
    account: str
    """Its service account."""
    address: str
    ports: tuple[int, ...]
    """TCP, sorted."""
    proxied: bool
    pod: Manifest | None
    """As the laboratory's API server has it; None where it is none."""
    router: bool = False
    """Whether its proxy stands by itself, and nothing is captured."""

    @property
    def identity(self) -> str:
        """`namespace/account` of who has a proxy; empty for who has none."""
        return f"{self.namespace}/{self.account}" if self.proxied else ""

    def record(self) -> Mapping[str, Any]:
        """For the sandbox."""
        return {
            "name": self.name,
            "address": self.address,
            "ports": self.ports,
            "proxied": self.proxied,
            "router": self.router,
            "pod": self.pod,
        }


@dataclass(frozen=True, kw_only=True)
class Members:
    """All of them."""

    services: Mapping[str, Member]
    """By name of the service."""
    gateway: Member
    visitor: Member
    """Has a proxy and an identity that nobody admits."""
    stranger: Member
    """Has no proxy."""
    internet: Member
    seconds: Mapping[str, Member]
    """Of some services another pod, that no Service leads to until a scene says so."""
    absent: Sequence[str]
    """Services that have no running pod."""

    @property
    def all(self) -> tuple[Member, ...]:
        others = (self.gateway, self.visitor, self.stranger, self.internet)
        return (*self.services.values(), *others, *self.seconds.values())

    @property
    def accounts(self) -> Iterator[Manifest]:
        """The service accounts that stand-ins need."""
        for member in (self.gateway, self.visitor):
            yield {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": member.account, "namespace": member.namespace},
            }


def assemble(copied: Copied, facts: Facts, only: Sequence[str]) -> Members:
    """A member per service, or per one of `only`, and the four others."""
    chosen = sorted(only or facts.service)
    pods = {name: _pod_of(name, copied.of("Pod")) for name in chosen}
    addresses = (str(STAND_INS + number) for number in range(1 << 8))
    services = {name: _member(name, pod) for name, pod in pods.items() if pod}
    return Members(
        services=services,
        gateway=_stand_in(
            "the gateway", names.KONG, names.GATEWAY_ACCOUNT, next(addresses), labels=GATEWAY.labels, proxied=True
        ),
        visitor=_stand_in("a stranger with a proxy", VISITORS, VISITOR, next(addresses), proxied=True),
        stranger=_stand_in("a stranger without a proxy", STRANGERS, "default", next(addresses), proxied=False),
        internet=Member(
            name="the internet",
            namespace=None,
            account="",
            address=INTERNET,
            ports=tuple(sorted({*WEB, *(each.port for of in facts.services or () for each in of.spec.egress)})),
            proxied=False,
            pod=None,
        ),
        seconds={name: _second(services[name], next(addresses)) for name in _doubled(services, facts)},
        absent=[name for name, pod in pods.items() if not pod],
    )


def _doubled(services: Mapping[str, Member], facts: Facts) -> Sequence[str]:
    """Whose requests are shared between two pods in some scene: every canary; else the first who is called."""
    canaries = [name for name in services if facts.service[name].spec.rollout.strategy == "canary"]
    called = {call.provider.name for call in intent(facts).calls if call.caller.name in services} & services.keys()
    return canaries or sorted(called)[:1]


def _second(first: Member, address: str) -> Member:
    """Another pod like `first`, of a newer version."""
    assert first.pod is not None, "a service's member is a pod"  # noqa: S101
    metadata = first.pod["metadata"]
    name = f"{metadata['name']}-laboratory"
    return replace(
        first,
        name=f"the second pod of {first.name}",
        address=address,
        pod=_pod(name, metadata["namespace"], first.account, address, {**metadata["labels"], HASH: NEWER}, first.ports),
    )


def _pod_of(service: str, pods: Sequence[Manifest]) -> Manifest | None:
    """The first running pod of `service` by name, and of those that are ready where one is: of those behind one Service
    each is like the others. One that is being deleted is behind none."""
    wanted = names.selector(service).items()
    found = [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == service
        and "deletionTimestamp" not in pod["metadata"]
        and wanted <= pod["metadata"].get("labels", {}).items()
        and pod.get("status", {}).get("phase") == "Running"
        and _address(pod)
    ]
    return min(found, key=lambda pod: (not _ready(pod), str(pod["metadata"]["name"])), default=None)


def _ready(pod: Manifest) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _member(service: str, pod: Manifest) -> Member:
    listed = [port for each in pod["spec"]["containers"] for port in each.get("ports", ())]
    ports = sorted({port["containerPort"] for port in listed if port.get("protocol", "TCP") == "TCP"} - set(MESH_PORTS))
    account = pod["spec"].get("serviceAccountName", "default")
    metadata = pod["metadata"]
    return Member(
        name=service,
        namespace=metadata["namespace"],
        account=account,
        address=_address(pod),
        ports=tuple(ports),
        proxied=True,
        pod=_pod(
            metadata["name"],
            metadata["namespace"],
            account,
            _address(pod),
            {HASH: OLDER, **metadata.get("labels", {}), **TLS_MODE},
            ports,
        ),
    )


def _address(pod: Manifest) -> str:
    """The first of IPv4; empty where it has none."""
    listed = [each["ip"] for each in pod["status"].get("podIPs", ())]
    return next((address for address in listed if ":" not in address), "")


def _stand_in(
    name: str,
    namespace: str,
    account: str,
    address: str,
    *,
    labels: Mapping[str, str] | None = None,
    proxied: bool,
) -> Member:
    own = {**(labels or {}), **(TLS_MODE if proxied else {})}
    return Member(
        name=name,
        namespace=namespace,
        account=account,
        address=address,
        ports=(),
        proxied=proxied,
        pod=_pod(name.replace(" ", "-"), namespace, account, address, own, ()),
    )


def _pod(
    name: str, namespace: str, account: str, address: str, labels: Mapping[str, str], ports: Sequence[int]
) -> Manifest:
    container = {
        "name": "main",
        "image": "laboratory",
        "ports": [{"containerPort": port, "protocol": "TCP"} for port in ports],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"serviceAccountName": account, "containers": [container]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "podIP": address,
            "podIPs": [{"ip": address}],
        },
    }
