"""Progressive delivery: Argo Rollouts' own controller moves copies of the stack's Rollouts, as the catalogue declares.

The stack is read once; a whole control plane in a sandbox gets copies of the Rollouts and of what they need. Nothing
serves requests there: what is observed is what the controller writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from blueprint import names
from operations import engine
from operations.console import Phase, many
from operations.engine import Toolchain
from operations.engine.laboratory_versions import words_of
from operations.laboratory import sandbox
from operations.laboratory.copied import Manifest, copies, within
from operations.laboratory.deliveries import BlueGreenDeclared, CanaryDeclared, Declared, declared, pause_seconds
from operations.laboratory.delivery_faults import Difference, differences
from operations.laboratory.part import Asked, Part
from policies.core.facts import Facts

TOOLS: Final = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kwok",
    "rollouts-controller",
)
_CORE: Final[Mapping[str, str]] = {
    "Namespace": "namespaces",
    "PriorityClass": "priorityclasses.scheduling.k8s.io",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "LimitRange": "limitranges",
    "ResourceQuota": "resourcequotas",
    "ServiceAccount": "serviceaccounts",
    "ConfigMap": "configmaps",
    "Service": "services",
}
_MESH: Final[Mapping[str, str]] = {
    "DestinationRule": "destinationrules.networking.istio.io",
    "VirtualService": "virtualservices.networking.istio.io",
}
_MOVED: Final[Mapping[str, str]] = {
    "AnalysisTemplate": "analysistemplates.argoproj.io",
    "Rollout": "rollouts.argoproj.io",
}
KINDS: Final = (*_CORE, *_MESH, *_MOVED)
"""What is copied, in the order in which it is created: all that decides whether a pod is admitted, and all that a
Rollout names."""
WATCH_SECONDS: Final = 5.0
"""How long to look whether a version takes over that nobody has promoted: the controller acts within a second."""
MEASURED_EVERY: Final = "1s"
"""How often copies of the analyses measure, and when they begin: theirs is a minute."""
LONG_SECONDS: Final = 3600
"""How long copies of Rollouts pause at least where theirs is a time: each is promoted as soon as it was looked at."""
SWITCHES: Final = 5
"""How often a Service may lead to another version in one moment, before it is worth a word."""
FLAPS: Final = "https://github.com/argoproj/argo-rollouts/issues/3078"
"""After an abort, Argo Rollouts moves the Service of a canary to and fro. Requests follow the routes, whose weights
stand still."""
ANSWERS: Final[Mapping[str, tuple[float, float]]] = {
    "latency-p99": (20.0, 20_000.0),
    "success-rate": (1.0, 0.5),
}
"""Measurement → a good answer and a bad one (milliseconds; the share of requests that succeed). Total over the
catalogue's; a test says so."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What was observed."""

    declared: Sequence[Declared]
    moved: Sequence[Mapping[str, Any]]
    """Of each that was moved: its moments."""
    differences: Sequence[Difference]
    seconds: float
    memory_bytes: int
    by: str
    """Who moved them, with its version."""

    headline = "versions replace each other as declared"

    def lines(self) -> Sequence[str]:
        """For people."""
        if not self.declared:
            return ("no service is declared as a canary or blue-green: nothing to move",)
        moments = sum(len(each["moments"]) for each in self.moved)
        wrong = {each.service for each in self.differences}
        return (
            f"{many(len(self.moved), 'Rollout')} moved by {self.by}, {many(moments, 'moment')} looked at",
            *(
                f"{each.service}: {'not as declared' if each.service in wrong else _WORDS[type(each)](each)}"
                for each in self.declared
            ),
            *(f"seen besides: {each}" for each in _flapping(self.moved)),
            f"not observed: a real Prometheus. A server answers the analyses, which ask every {MEASURED_EVERY}",
            "not observed: requests. Which routes and selectors the controller writes is seen, not who follows them",
            f"{self.seconds:.0f} s, {self.memory_bytes / 1e6:.0f} MB",
        )

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {
            "by": self.by,
            "rollouts": list(self.moved),
            "differences": [each.record() for each in self.differences],
            "not_observed": ["a real Prometheus", "requests"],
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
        }


def _flapping(moved: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Services that were moved to and fro: no promise is broken by it, and it loads the cluster."""
    for rollout in moved:
        for moment in rollout["moments"]:
            for service, times in sorted(moment["switched"].items()):
                if times > SWITCHES:
                    where = f"{rollout['name']}, {moment['moment']}: Service {rollout['namespace']}/{service}"
                    yield f"{where} was switched {times} times in {moment['seconds']:.0f} s ({FLAPS})"


def _canary_words(canary: CanaryDeclared) -> str:
    weights = f"{' → '.join(map(str, canary.weights))} % on {many(len(canary.routes), 'route')}"
    by = ["by a person", *(f"by a bad {name}" for name in canary.measurements)]
    back = f"; taken back {' and '.join(by)}" if canary.pauses_seconds else ""
    return f"{weights if canary.routes else 'by the share of pods'}, {many(len(canary.pauses_seconds), 'pause')}{back}"


def _blue_green_words(green: BlueGreenDeclared) -> str:
    if green.promotes_itself:
        return f"takes over by itself; the old pods end after {green.delay_seconds} s"
    return (
        f"waits behind {green.preview} until it is promoted, the old pods end {green.delay_seconds} s later;"
        " taken back by a person"
    )


_WORDS: Final[Mapping[type, Any]] = {BlueGreenDeclared: _blue_green_words, CanaryDeclared: _canary_words}


def prove(
    objects: Sequence[Manifest], facts: Facts, tools: Toolchain, phase: Phase, only: Sequence[str] = ()
) -> Delivered:
    """Moves copies of the Rollouts among `objects`; with `only`, of the services with these names.

    Raises:
        RefusedError: this machine cannot, or the laboratory does not work.
    """
    wanted = declared(facts, only)
    there = {_key(each): each for each in objects if each["kind"] == "Rollout"}
    missing = [
        Difference(service=each.service, moment="start", thing=f"Rollout {each.namespace}/{each.service}", what=what)
        for each in wanted
        if (what := _unmovable(each, there.get((each.namespace, each.service))))
    ]
    lacking = {each.service for each in missing}
    movable = [each for each in wanted if each.service not in lacking]
    found = sandbox.run(_job(movable, objects, tools), phase) if movable else {"rollouts": []}
    seen = [
        difference
        for each, moved in zip(movable, found["rollouts"], strict=True)
        for difference in differences(each, moved, there[each.namespace, each.service])
    ]
    return Delivered(
        declared=wanted,
        moved=found["rollouts"],
        differences=[*missing, *_undeclared(there, facts, only), *seen],
        seconds=found.get("seconds", 0.0),
        memory_bytes=found.get("memory_bytes", 0),
        by=" and ".join(words_of([engine.ROLLOUTS])),
    )


def _observe(asked: Asked) -> Delivered:
    kinds = (*_CORE.values(), *_MOVED.values(), *(_MESH.values() if asked.facts.mesh != "none" else ()))
    return prove(asked.cluster.listed(*kinds), asked.facts, asked.tools, asked.phase, asked.only)


DELIVERY: Final = Part(
    brief="Rollouts: canaries and blue-greens are promoted, taken back and measured by Argo Rollouts",
    groups=(engine.CONTROL_PLANE, engine.ROLLOUTS),
    as_root=False,
    observe=_observe,
)


def _key(thing: Manifest) -> tuple[str, str]:
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


def _unmovable(wanted: Declared, rollout: Manifest | None) -> str:
    """Why it cannot be moved; empty where it can."""
    if rollout is None:
        return f"is not in the stack; declared is {wanted.strategy}"
    given = sorted(rollout["spec"].get("strategy", {}))
    return (
        ""
        if given == [wanted.strategy]
        else f"delivers by {', '.join(given) or 'nothing'}; declared is {wanted.strategy}"
    )


def _undeclared(there: Mapping[tuple[str, str], Manifest], facts: Facts, only: Sequence[str]) -> Iterator[Difference]:
    """Rollouts beside the declared ones, in namespaces of services."""
    known = {(each.namespace, each.service) for each in declared(facts, ())}
    services = {names.namespace(name, None): name for name in only or facts.service}
    for namespace, name in sorted(there.keys() - known):
        if service := services.get(namespace):
            thing = f"Rollout {namespace}/{name}"
            yield Difference(service=service, moment="start", thing=thing, what="is in the stack; declared is none")


def _job(wanted: Sequence[Declared], objects: Sequence[Manifest], tools: Toolchain) -> Mapping[str, Any]:
    near = [each for each in within(objects, {each.namespace for each in wanted}) if _decides(each)]
    copied = copies(near, KINDS)
    analyses = [each for each in copied if each["kind"] == "AnalysisTemplate"]
    for each in analyses:
        each["spec"] = _hastened(each["spec"])
    for each in copied:
        if each["kind"] == "Rollout":
            _lengthen(each)
    return {
        "part": "delivery",
        "objects": copied,
        "rollouts": [
            {"namespace": each.namespace, "name": each.service, "strategy": each.strategy, "options": each.options}
            for each in wanted
        ],
        "measurements": [found for each in analyses for found in _measurements(each)],
        "watch_seconds": WATCH_SECONDS,
        "tools": {name: str(tools.tools[name]) for name in TOOLS},
    }


def _decides(thing: Manifest) -> bool:
    """Whether it can decide about pods of ours. Of what is in no namespace: what is ours, and all priorities."""
    metadata = thing["metadata"]
    if thing["kind"] == "PriorityClass":
        return not metadata["name"].startswith("system-")  # every cluster has these
    return (
        thing["kind"] == "Namespace"
        or "namespace" in metadata
        or names.MANAGED.items() <= metadata.get("labels", {}).items()
    )


def _hastened(spec: Mapping[str, Any]) -> dict[str, Any]:
    """An analysis that measures within seconds: a minute's is the same, and nobody waits for it."""
    made = deepcopy(dict(spec))
    for metric in made.get("metrics", ()):
        metric |= {"initialDelay": MEASURED_EVERY, "interval": MEASURED_EVERY}
    return made


def _lengthen(rollout: Manifest) -> None:
    """Lets no pause of a copy end by itself: a short one would be over before anybody has looked at it."""
    for step in rollout["spec"].get("strategy", {}).get("canary", {}).get("steps", ()):
        if 0 < (pause_seconds(step) or 0) < LONG_SECONDS:
            step["pause"]["duration"] = f"{LONG_SECONDS}s"


def _measurements(template: Manifest) -> Sequence[Mapping[str, Any]]:
    """What the stand-in for Prometheus has to know."""
    namespace, name = _key(template)
    good, bad = ANSWERS.get(name, (0.0, 0.0))
    asked = [each["provider"]["prometheus"] for each in template["spec"]["metrics"] if "prometheus" in each["provider"]]
    return [
        {
            "namespace": namespace,
            "template": name,
            "query": each["query"],
            "host": urlsplit(each["address"]).hostname,
            "port": urlsplit(each["address"]).port or 80,
            "good": good,
            "bad": bad,
        }
        for each in asked
    ]
