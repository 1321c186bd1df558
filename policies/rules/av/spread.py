"""Where: over zones and over nodes, each version by itself."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import HIGH, PODS, Breach
from policies.core.world import selects, texts
from policies.objects.pods import Pod
from policies.objects.values import View
from policies.rules.av.standard import AV, DEPLOYMENT, REPLICATED, ROLLOUT, WORKLOADS

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
def spread(pod: Pod, _: Facts) -> Iterator[Breach]:
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
        sound |= {key}  # one that is there and wrong is told by its own fault
        yield from faults
    for key in (ZONE, NODE):
        if key not in sound:
            yield Breach(pod.spec["topologySpreadConstraints"], f"has none over {key}")


def _faults(pod: Pod, constraint: View, labels: Mapping[str, str]) -> Iterator[Breach]:
    skew, selector, keys = constraint["maxSkew"], constraint["labelSelector"], constraint["matchLabelKeys"]
    if skew.number != 1:
        yield Breach(skew, f"is {skew.quantity or 'not set'}, not 1")
    if selector.is_empty or not selects(selector, labels):
        yield Breach(selector, "does not select the pods themselves, so nothing is spread")
    wanted = HASHES.get(pod.object.sort)
    if wanted and wanted not in keys.words:
        yield Breach(keys, f"lacks {wanted}, so a new version is placed around the old one's pods")


def _is_at_home(term: View, pod: Pod) -> bool:
    """Whether an anti-affinity is about the pods of this workload: their namespace is among its own, and no label of
    theirs is one in which the others must differ."""
    named, chosen = term["namespaces"].words, term["namespaceSelector"]
    everywhere = chosen.is_set and chosen.is_empty
    home = everywhere or (pod.object.namespace in named if named else not chosen.is_set)
    return home and not set(term["mismatchLabelKeys"].words) & set(pod.labels.keys)


def _kept_apart(pod: Pod, labels: Mapping[str, str]) -> Iterator[str]:
    """What a required anti-affinity spreads over: whoever shares no zone shares no node."""
    for term in pod.spec.at("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"):
        if term["labelSelector"].is_empty or not selects(term["labelSelector"], labels) or not _is_at_home(term, pod):
            continue
        if term["topologyKey"].word == ZONE:
            yield ZONE
        if term["topologyKey"].word in (ZONE, NODE):
            yield NODE
