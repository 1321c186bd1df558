"""Objects of the whole cluster with which one is decided about for everybody: who answers, what is kept, who waits."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Violation, sorts
from policies.core.trust import OURS
from policies.objects import Object
from policies.rules.eng.group import ENG

KEPT: Final[Mapping[str, str]] = {
    "aws-auth": "says which roles of AWS are administrators here",
    "coredns": "says where every name of the cluster leads",
    "coredns-custom": "says where every name of the cluster leads",
    "extension-apiserver-authentication": "says whose word the API servers take",
    "kube-dns": "says where every name of the cluster leads",
    "kube-proxy": "says where every Service leads",
}
"""ConfigMap of kube-system to what it decides (EKS, AKS and GKE call their own so)."""


def _settings(thing: Object) -> Iterator[Violation]:
    if thing.namespace == "kube-system" and thing.name in KEPT:
        yield Violation(thing.root["metadata"]["name"], f"is {thing.name}, which {KEPT[thing.name]}")


def _answers(thing: Object) -> Iterator[Violation]:
    skips = thing.spec["insecureSkipTLSVerify"]
    if skips.flag:
        yield Violation(skips, "is true, so whoever takes the address answers for the API server")
    service = thing.spec["service"]
    if service.is_set and service["namespace"].word not in OURS:
        yield Violation(service["namespace"], "is no namespace of the platform, and answers for the API server")


def _converts(thing: Object) -> Iterator[Violation]:
    webhook = thing.spec.at("conversion", "webhook", "clientConfig")
    if not webhook.is_set:
        return
    if webhook["url"].is_set:
        yield Violation(webhook["url"], "sends every object of the kind out of the cluster, and keeps what comes back")
    elif webhook.at("service", "namespace").word not in OURS:
        yield Violation(webhook["service"], "rewrites every object of the kind, from no namespace of the platform")


def _flexible(thing: Object) -> Iterator[Violation]:
    if thing.spec["flexVolume"].is_set:
        yield Violation(thing.spec["flexVolume"], "runs a program of the node as root")


def _says(found: str) -> Callable[[Object], Iterator[Violation]]:
    def exists(thing: Object) -> Iterator[Violation]:
        yield Violation(thing.root["kind"], found)

    return exists


DECIDE: Final[Mapping[str, Callable[[Object], Iterator[Violation]]]] = {
    "APIService.apiregistration.k8s.io": _answers,
    "ConfigMap": _settings,
    "CustomResourceDefinition.apiextensions.k8s.io": _converts,
    "FlowSchema.flowcontrol.apiserver.k8s.io": _says("decides whose requests the API server answers, and whose wait"),
    "PersistentVolume": _flexible,
    "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io": _says(
        "decides how many requests the API server answers"
    ),
    "RuntimeClass.node.k8s.io": _says("chooses with which runtime of the node pods run, and so what confines them"),
}
"""Sort to what of it decides for the whole cluster."""


@ENG.resource(
    "eng-cluster-objects",
    "M/M/M",
    CRITICAL,
    sorts(*DECIDE),
    why="Who changes these decides for every workload of the cluster, past namespaces, grants and policies.",
    cure="Leave it to whoever runs the cluster; an API or a webhook of an operator verifies and stays in its namespace",
    where="manifests/",
    sources=("Kubernetes: API aggregation, conversion webhooks, API priority and fairness", "CIS-EKS 3"),
)
def cluster_objects(thing: Object, _: Facts) -> Iterator[Violation]:
    yield from DECIDE[thing.sort](thing)
