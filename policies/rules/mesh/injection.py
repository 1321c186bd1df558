"""The proxy: in every pod that should have one, around all of its traffic, and Istio's own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, PODS, Violation
from policies.core.world import World
from policies.mesh.scope import DATAPLANE, INJECTION, REVISION, is_outside
from policies.objects import Object, yaml_text
from policies.objects.pods import Pod
from policies.objects.values import View
from policies.rules.mesh.config import revisions
from policies.rules.mesh.group import MESH, NAMESPACES, PODS_SPELT, has_mesh

INJECT: Final = "sidecar.istio.io/inject"
TLS_MODE: Final = "security.istio.io/tlsMode"
DEFAULT: Final = frozenset({"default"})
"""The one revision that may be taken for granted where the control plane is another stack's."""
YES: Final = ("", "y", "yes", "true", "on")
"""What Istio's injector takes for true; everything else is false (pkg/kube/inject/inject.go). Empty: as it would."""


@MESH.stack(
    "mesh-injection",
    "M/M/M",
    CRITICAL,
    NAMESPACES,
    why="Pods of a namespace without the label get no proxy: they speak plaintext, and no rule of the mesh holds.",
    cure="Set the label istio-injection=enabled, and no other of the mesh's",
    where="manifests/isolation.py: namespace",
    sources=("kyverno istio/enforce-sidecar-injection-namespace", "istioctl IST0123"),
)
def injection(thing: Object, world: World) -> Iterator[Violation]:
    labels = thing.labels
    by_name, by_revision, ambient = labels[INJECTION], labels[REVISION], labels[DATAPLANE]
    if by_name.is_set and by_revision.is_set:
        yield Violation(by_revision, f"is set beside {INJECTION}, and only one of them counts")
    if not has_mesh(world.facts) or not _belongs(thing.name, world):
        return
    if ambient.text == "ambient":
        yield Violation(ambient, "is ambient, and the platform's mesh is one of sidecars")
    if by_name.is_set and by_name.word != "enabled":
        yield Violation(by_name, f"is {by_name.word or 'empty'}")
    elif not by_name.is_set and not by_revision.is_set:
        yield Violation(by_name, "is not set")
    if by_revision.is_set and by_revision.word not in (world.once(revisions) or DEFAULT):
        yield Violation(by_revision, f"is {by_revision.word or 'empty'}, and no such revision is installed")


def _belongs(namespace: str, world: World) -> bool:
    """Whether pods of `namespace` should be in the mesh: also of one that is only called like a service's stores."""
    tenant = namespace in world.service_namespaces
    nobodys = namespace in world.data_namespaces and not is_outside(namespace, world.facts)
    return tenant or nobodys or namespace == names.KONG


def _has_proxy(pod: Pod, facts: Facts) -> bool:
    """Whether the pod belongs to the mesh by where it is; one that is let off by name does not."""
    thing = pod.object
    return (
        has_mesh(facts)
        and not is_outside(thing.namespace, facts)
        and f"{thing.namespace}/{thing.name}" not in facts.limits.mesh.unmeshed
    )


@MESH.resource(
    "mesh-injection-not-disabled",
    "M/M/M",
    CRITICAL,
    PODS,
    why="A pod without its proxy speaks plaintext and answers every client that reaches it.",
    cure="Remove the label or annotation, and hostNetwork",
    where=PODS_SPELT,
    sources=("kyverno istio/prevent-disabling-injection-pods", "istio pkg/kube/inject/inject.go"),
)
def injection_not_disabled(pod: Pod, facts: Facts) -> Iterator[Violation]:
    if not _has_proxy(pod, facts):
        return
    for place in (pod.labels[INJECT], pod.annotations[INJECT]):
        if place.word.lower() not in YES:
            yield Violation(place, f"is {place.word}")
    if pod.labels[DATAPLANE].text == "none":
        yield Violation(pod.labels[DATAPLANE], "is none")
    if pod.labels[TLS_MODE].is_set and pod.labels[TLS_MODE].word != "istio":
        yield Violation(pod.labels[TLS_MODE], "tells callers to send plaintext")
    if pod.spec["hostNetwork"].flag:
        yield Violation(pod.spec["hostNetwork"], "is true, and such pods get no proxy")


def _everything(value: View) -> bool:
    return value.word == "*"


def _nothing(value: View) -> bool:
    return not value.word


TRAFFIC: Final = "traffic.sidecar.istio.io"
HARMLESS: Final[Mapping[str, Callable[[View], bool]]] = {
    f"{TRAFFIC}/excludeInboundPorts": _nothing,
    f"{TRAFFIC}/excludeInterfaces": _nothing,
    f"{TRAFFIC}/excludeOutboundIPRanges": _nothing,
    f"{TRAFFIC}/excludeOutboundPorts": _nothing,
    f"{TRAFFIC}/includeInboundPorts": _everything,
    f"{TRAFFIC}/includeOutboundIPRanges": _everything,
    f"{TRAFFIC}/kubevirtInterfaces": _nothing,
    "ambient.istio.io/bypass-inbound-capture": lambda value: value.word == "false",
    "istio.io/reroute-virtual-interfaces": _nothing,
    "sidecar.istio.io/interceptionMode": lambda value: value.word in ("REDIRECT", "TPROXY"),
}
"""Annotation to the values that let nothing past the proxy (istio/api: annotation/annotations.yaml). What comes in by
a rerouted interface is taken for what goes out, so the proxy asks it for no certificate."""


@MESH.resource(
    "mesh-traffic-exclusions",
    "M/M/M",
    CRITICAL,
    PODS,
    why="Traffic that goes past the proxy is neither encrypted nor asked who it is.",
    cure="Remove the annotation",
    where=PODS_SPELT,
    sources=("Istio: Understand traffic capture limitations",),
)
def traffic_exclusions(pod: Pod, facts: Facts) -> Iterator[Violation]:
    if not _has_proxy(pod, facts):
        return
    name = f"{pod.object.namespace}/{pod.object.name}"
    for annotation, value in pod.annotations.entries():
        harmless = HARMLESS.get(annotation)
        if harmless is None or not value.is_set or harmless(value):
            continue
        if f"{name} {annotation}={value.word}" not in facts.limits.mesh.annotations:
            yield Violation(value, f"is {value.word or 'empty'}")


RESERVED: Final = ("istio-init", "istio-proxy", "istio-validation")
OVERRIDES: Final = (
    "inject.istio.io/templates",
    "proxy.istio.io/overrides",
    "sidecar.istio.io/bootstrapOverride",
    "sidecar.istio.io/controlPlaneAuthPolicy",
    "sidecar.istio.io/discoveryAddress",
    "sidecar.istio.io/proxyImage",
    "sidecar.istio.io/proxyImageType",
    "sidecar.istio.io/userVolume",
    "sidecar.istio.io/userVolumeMount",
)
PROXY_CONFIG: Final = "proxy.istio.io/config"
TUNED: Final = frozenset(
    {
        "concurrency",
        "drainDuration",
        "holdApplicationUntilProxyStarts",
        "proxyStatsMatcher",
        "terminationDrainDuration",
        "tracing",
    }
)
"""What a pod may say of its proxy: how many threads, when it starts and stops, what it measures."""


@MESH.resource(
    "mesh-proxy-override",
    "M/M/M",
    CRITICAL,
    PODS,
    why="A pod that brings or bends its own proxy holds the key of its identity and no rule of the mesh.",
    cure="Remove the container or annotation; Istio adds the proxy",
    where=PODS_SPELT,
    sources=("istio pkg/kube/inject/webhook.go",),
)
def proxy_override(pod: Pod, facts: Facts) -> Iterator[Violation]:
    for container in pod.containers:
        if container.name in RESERVED:
            yield Violation(container.view["name"], f"is {container.name}, the name of a part of the mesh")
    name = f"{pod.object.namespace}/{pod.object.name}"
    for annotation in OVERRIDES:
        value = pod.annotations[annotation]
        if value.is_set and f"{name} {annotation}={value.word}" not in facts.limits.mesh.annotations:
            yield Violation(value, "is set")
    for key, value in yaml_text.within(pod.annotations[PROXY_CONFIG]).entries():
        if key not in TUNED:
            yield Violation(value, "is not for a pod to say")
