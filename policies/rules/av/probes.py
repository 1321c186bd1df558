"""How Kubernetes knows: probes on ports that are there, and two different questions."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CONTAINERS as ALL
from policies.core.rule import LOW, MEDIUM, Breach, Selector
from policies.objects.pods import Container
from policies.objects.values import View
from policies.rules.av.standard import AV, LONG_RUNNING, shown

SERVERS: Final = Selector[Container](
    lambda thing: (one for one in ALL.subjects(thing) if one.role == "container" or one.is_sidecar),
    frozenset(LONG_RUNNING),
    "containers of Deployments, StatefulSets, DaemonSets and Rollouts",
)
"""Containers that keep running. Those that run to their end, in Jobs and before the others, are asked nothing."""
ACTIONS: Final = ("httpGet", "tcpSocket", "grpc", "exec")
PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
PATIENCE: Final = 30
"""Seconds of initial delay beyond which a startupProbe says better when a container is up."""
WHERE: Final = "services/{service}.yaml: spec.containers.<name>"


@AV.resource(
    "av-probes",
    "A/M/M",
    MEDIUM,
    SERVERS,
    why="Without a readinessProbe requests reach a pod that is not up; without a livenessProbe one that hangs stays.",
    cure="Ask each container that listens, on one of its ports, with a readinessProbe and a livenessProbe",
    where=WHERE,
    sources=("CKV_K8S_8", "CKV_K8S_9", "Kyverno require-probes", "KubeLinter liveness-port"),
)
def probes(container: Container, _: Facts) -> Iterator[Breach]:
    ports = tuple(container.view["ports"])
    if not ports:
        return
    for field in PROBES[:2]:
        if not container.view[field].is_set:
            yield Breach(container.view[field], "is not set")
    known = [_port(value) for port in ports for value in (port["containerPort"], port["name"]) if value.is_set]
    for field in PROBES:
        probe = container.view[field]
        if not probe.is_set:
            continue
        if not any(probe[action].is_set for action in ACTIONS):
            yield Breach(probe, "asks nothing")
        for action in ACTIONS[:3]:
            port = probe[action]["port"] if probe[action].is_set else None
            if port is not None and _port(port) not in known:
                yield Breach(port, f"is {port.quantity or 'not set'}, and the container has no such port")
        timeout, delay = probe["timeoutSeconds"].number, probe["initialDelaySeconds"].number
        if timeout is not None and timeout < 1:
            yield Breach(probe["timeoutSeconds"], f"is {shown(timeout)}, below 1")
        if delay is not None and delay > PATIENCE and not container.view["startupProbe"].is_set:
            yield Breach(
                probe["initialDelaySeconds"], f"is {shown(delay)}, and there is no startupProbe to wait instead"
            )


@AV.resource(
    "av-probes-distinct",
    "A/A/M",
    LOW,
    SERVERS,
    why="Where both probes ask the same, a busy pod is killed instead of spared, and then the others are busier.",
    cure="Let liveness ask whether the process lives, and readiness whether it can answer",
    where=f"{WHERE}.readinessProbe",
    sources=("kube-score pod-probes-identical", "Kyverno ensure-probes-different"),
)
def probes_distinct(container: Container, _: Facts) -> Iterator[Breach]:
    """What is asked is compared, not how often: another timeout does not make another question."""
    liveness, readiness = container.view["livenessProbe"], container.view["readinessProbe"]
    if liveness.is_set and readiness.is_set and _asked(liveness, container) == _asked(readiness, container) != ():
        yield Breach(liveness, "asks what the readinessProbe asks")


def _port(view: View) -> str | float | None:
    return view.word if isinstance(view.value, str) else view.number


def _asked(probe: View, container: Container) -> tuple[object, ...]:
    numbers = {_port(port["name"]): _port(port["containerPort"]) for port in container.view["ports"]}
    for action in ACTIONS:
        asked = probe[action]
        if asked.is_set:
            port = _port(asked["port"])
            said = (asked["path"].word or "/", asked["scheme"].word or "HTTP") if action == "httpGet" else ()
            return (action, numbers.get(port, port), *said, asked["service"].word, *asked["command"].words)
    return ()
