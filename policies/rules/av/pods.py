"""Pods: where they run, how Kubernetes knows that they work, and work that ends."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint.catalogue.off import OFF
from policies.core.facts import Facts
from policies.core.rule import CONTAINERS as ALL
from policies.core.rule import HIGH, LOW, MEDIUM, PODS, Selector, Violation, sorts
from policies.objects import Object
from policies.objects.pods import Container, Pod
from policies.objects.selectors import selects, texts
from policies.objects.values import View
from policies.rules.av.group import AV, DELIVERY, DEPLOYMENT, LONG_RUNNING, REPLICATED, ROLLOUT, WORKLOADS, shown

ZONE: Final = "topology.kubernetes.io/zone"
NODE: Final = "kubernetes.io/hostname"
HASHES: Final[Mapping[str, str]] = {DEPLOYMENT: "pod-template-hash", ROLLOUT: "rollouts-pod-template-hash"}
"""The label by which each controller tells versions apart. Kubernetes ignores a key the pod has not, silently."""


@AV.resource(
    "av-spread",
    "–/A/M",
    HIGH,
    PODS,
    why="Pods that share a zone or a node are lost together, however many there are.",
    cure="Spread over zones and over nodes with maxSkew 1, by the pods' own labels and the hash of their version",
    where=WORKLOADS,
    sources=("EKS best practices: reliability", "Polaris topologySpreadConstraint"),
)
def spread(pod: Pod, _: Facts) -> Iterator[Violation]:
    """One pod alone has nothing to be spread; that it is alone is `av-replicas`'."""
    replicas = pod.object.spec["replicas"]
    if pod.object.sort not in REPLICATED or (replicas.is_known and replicas.number in (0, 1)):
        return
    labels, sound = texts(pod.labels), set(_kept_apart(pod, texts(pod.labels)))
    for constraint in pod.spec["topologySpreadConstraints"]:
        key = constraint["topologyKey"].word
        if key not in (ZONE, NODE):
            continue
        faults = list(_faults(pod, constraint, labels))
        sound |= {key}  # one that is there and wrong is reported by its own fault
        yield from faults
    for key in (ZONE, NODE):
        if key not in sound:
            yield Violation(pod.spec["topologySpreadConstraints"], f"has none over {key}")


def _faults(pod: Pod, constraint: View, labels: Mapping[str, str]) -> Iterator[Violation]:
    skew, selector, keys = constraint["maxSkew"], constraint["labelSelector"], constraint["matchLabelKeys"]
    if skew.number != 1:
        yield Violation(skew, f"is {skew.quantity or 'not set'}, not 1")
    if selector.is_empty or not selects(selector, labels):
        yield Violation(selector, "does not select the pods themselves, so nothing is spread")
    wanted = HASHES.get(pod.object.sort)
    if wanted and wanted not in keys.words:
        yield Violation(keys, f"lacks {wanted}, so a new version is placed around the old one's pods")


def _covers_its_own(term: View, pod: Pod) -> bool:
    """Whether an anti-affinity is about the pods of this workload: their namespace is among its own, and no label of
    theirs is one in which the others must differ."""
    named, chosen = term["namespaces"].words, term["namespaceSelector"]
    everywhere = chosen.is_set and chosen.is_empty
    same_namespace = everywhere or (pod.object.namespace in named if named else not chosen.is_set)
    return same_namespace and not set(term["mismatchLabelKeys"].words) & set(pod.labels.keys)


def _kept_apart(pod: Pod, labels: Mapping[str, str]) -> Iterator[str]:
    """What a required anti-affinity spreads over: pods in different zones are on different nodes too."""
    for term in pod.spec.at("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        if (
            term["labelSelector"].is_empty
            or not selects(term["labelSelector"], labels)
            or not _covers_its_own(term, pod)
        ):
            continue
        if term["topologyKey"].word == ZONE:
            yield ZONE
        if term["topologyKey"].word in (ZONE, NODE):
            yield NODE


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
    cure="Ask each container that listens, on one of its ports, with a readinessProbe and a livenessProbe, or say none",
    where=WHERE,
    sources=("CKV_K8S_8", "CKV_K8S_9", "Kyverno require-probes", "KubeLinter liveness-port"),
)
def probes(container: Container, facts: Facts) -> Iterator[Violation]:
    # Elsewhere `containerPort` is for readers: a container may listen on others. A service's file names all.
    complete = container.object.namespace in facts.service
    ports = tuple(container.view["ports"])
    if not ports:
        return
    said = _switched_off(container, facts)
    for field in PROBES[:2]:
        if not container.view[field].is_set and field not in said:
            yield Violation(container.view[field], "is not set")
    known = [_port(value) for port in ports for value in (port["containerPort"], port["name"]) if value.is_set]
    for field in PROBES:
        probe = container.view[field]
        if not probe.is_set:
            continue
        if not any(probe[action].is_set for action in ACTIONS):
            yield Violation(probe, "asks nothing")
        for action in ACTIONS[:3]:
            port = probe[action]["port"] if probe[action].is_set else None
            if port is not None and _port(port) not in known and (complete or not isinstance(port.value, int)):
                yield Violation(port, f"is {port.quantity or 'not set'}, and the container has no such port")
        timeout, delay = probe["timeoutSeconds"].number, probe["initialDelaySeconds"].number
        if timeout is not None and timeout < 1:
            yield Violation(probe["timeoutSeconds"], f"is {shown(timeout)}, below 1")
        if delay is not None and delay > PATIENCE and not container.view["startupProbe"].is_set:
            yield Violation(
                probe["initialDelaySeconds"], f"is {shown(delay)}, and there is no startupProbe to wait instead"
            )


def _switched_off(container: Container, facts: Facts) -> frozenset[str]:
    """The probes that the owner of `container` switched off by name: nobody forgot them."""
    service = facts.service.get(container.object.namespace)
    text = service.spec.containers.get(container.name) if service else None
    if text is None:
        return frozenset()
    asked = {"livenessProbe": text.liveness_probe, "readinessProbe": text.readiness_probe}
    return frozenset(field for field, probe in asked.items() if probe == OFF)


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
def probes_distinct(container: Container, _: Facts) -> Iterator[Violation]:
    """What is asked is compared, not how often: another timeout does not make another question."""
    liveness, readiness = container.view["livenessProbe"], container.view["readinessProbe"]
    if liveness.is_set and readiness.is_set and _asked(liveness, container) == _asked(readiness, container) != ():
        yield Violation(liveness, "asks what the readinessProbe asks")


def _port(view: View) -> str | float | None:
    return view.word if isinstance(view.value, str) else view.number


def _asked(probe: View, container: Container) -> tuple[object, ...]:
    numbers = {_port(port["name"]): _port(port["containerPort"]) for port in container.view["ports"]}
    for action in ACTIONS:
        asked = probe[action]
        if asked.is_set:
            port = _port(asked["port"])
            said = (asked["path"].word or "/", asked["scheme"].word or "HTTP") if action == "httpGet" else ()
            headers = sorted((of["name"].word.lower(), of["value"].word) for of in asked["httpHeaders"])
            return (action, numbers.get(port, port), *said, *headers, asked["service"].word, *asked["command"].words)
    return ()


CRON_JOB: Final = "CronJob.batch"
BOUNDS: Final = ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
"""How often it is tried, how long it may take, and when what is left of it goes."""
LATE: Final = 10
"""Seconds between two looks of the controller: with a shorter startingDeadlineSeconds a run may never start."""


@AV.resource(
    "av-jobs",
    "A/M/M",
    MEDIUM,
    sorts("Job.batch", CRON_JOB),
    why="A job without bounds that fails is tried for ever, one that hangs blocks the next, and their pods pile up.",
    cure="Set backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished, and for a CronJob what may run at once",
    where=DELIVERY,
    sources=("kube-score cronjob-has-deadline", "KubeLinter job-ttl-seconds-after-finished"),
)
def jobs(thing: Object, _: Facts) -> Iterator[Violation]:
    job = thing.spec.at("jobTemplate", "spec") if thing.sort == CRON_JOB else thing.spec
    for bound in BOUNDS:
        if job[bound].number is None:
            yield Violation(job[bound], "is not set")
    deadline = job["activeDeadlineSeconds"]
    if deadline.number is not None and deadline.number <= 0:
        yield Violation(deadline, f"is {shown(deadline.number)}")
    restart = job.at("template", "spec", "restartPolicy")
    if restart.word not in ("Never", "OnFailure"):
        yield Violation(restart, f"is {restart.word or 'not set'}, so the job never ends")
    if thing.sort != CRON_JOB:
        return
    several, late = thing.spec["concurrencyPolicy"], thing.spec["startingDeadlineSeconds"]
    if several.word not in ("Forbid", "Replace"):
        yield Violation(several, f"is {several.word or 'not set'}, so runs that hang pile up")
    if late.number is None:
        yield Violation(late, "is not set: after a hundred missed runs it never starts again")
    elif late.number < LATE:
        yield Violation(late, f"is {shown(late.number)}, below {LATE}: a run may never start")
