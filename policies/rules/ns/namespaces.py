"""What a namespace says about itself, that everything is in one, and that one service has one."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from blueprint import names, store_names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, KUBERNETES, MEDIUM, Selector, Violation, sorts
from policies.core.world import World
from policies.intent.migrating import migrated
from policies.objects import LISTS, Object
from policies.objects.pods import pods
from policies.objects.values import UndeterminedError
from policies.rules.ns.group import NS

NAMESPACES: Final = sorts("Namespace", "NamespacePatch")

SECURITY: Final = "pod-security.kubernetes.io"
MODES: Final = ("enforce", "audit", "warn")
LEVELS: Final = frozenset({"baseline", "privileged", "restricted"})
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]{0,2})")


def is_patch(thing: Object) -> bool:
    """Whether it changes a part of an object that this program did not make."""
    return thing.type.endswith("Patch")


@NS.resource(
    "ns-psa-labels",
    "M/M/M",
    CRITICAL,
    NAMESPACES,
    why="Without the label the API server lets any pod in, and an old version of it forgets newer controls.",
    cure="Set enforce, audit and warn of pod-security.kubernetes.io to restricted, and their version to latest",
    where="manifests/isolation.py: namespace",
    sources=("CIS-EKS 4.2.x", "OWASP K8s 2025 K04"),
)
def psa_labels(namespace: Object, facts: Facts) -> Iterator[Violation]:
    # By the name it has, never by the one a program calls it: what has none is given a random one.
    trusted = namespace.root.at("metadata", "name").text in facts.limits.privileged_namespaces
    allowed = LEVELS if trusted else frozenset({"restricted"})
    for mode in MODES:
        level = namespace.labels[f"{SECURITY}/{mode}"]
        if not level.is_set and not is_patch(namespace):
            yield Violation(level, "is not set")
        elif level.is_set and level.word not in allowed:
            yield Violation(level, f"is {level.word or 'empty'}")
    version = namespace.labels[f"{SECURITY}/enforce-version"]
    found = _VERSION.fullmatch(version.word)
    if version.is_set and version.word != "latest" and (found is None or int(found[1]) < facts.limits.minor):
        yield Violation(version, f"is {version.word or 'empty'}, older than the cluster's v1.{facts.limits.minor}")


_CLUSTER_WIDE: Final = frozenset(
    {
        "APIService.apiregistration.k8s.io",
        "CSIDriver.storage.k8s.io",
        "CSINode.storage.k8s.io",
        "CertificateSigningRequest.certificates.k8s.io",
        "ClusterRole.rbac.authorization.k8s.io",
        "ClusterRoleBinding.rbac.authorization.k8s.io",
        "ClusterTrustBundle.certificates.k8s.io",
        "ComponentStatus",
        "CustomResourceDefinition.apiextensions.k8s.io",
        "DeviceClass.resource.k8s.io",
        "DeviceTaintRule.resource.k8s.io",
        "FlowSchema.flowcontrol.apiserver.k8s.io",
        "GatewayClass.gateway.networking.k8s.io",
        "IPAddress.networking.k8s.io",
        "IngressClass.networking.k8s.io",
        "MutatingAdmissionPolicy.admissionregistration.k8s.io",
        "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io",
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass.scheduling.k8s.io",
        "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io",
        "ResourceSlice.resource.k8s.io",
        "RuntimeClass.node.k8s.io",
        "SelfSubjectAccessReview.authorization.k8s.io",
        "SelfSubjectReview.authentication.k8s.io",
        "SelfSubjectRulesReview.authorization.k8s.io",
        "ServiceCIDR.networking.k8s.io",
        "StorageClass.storage.k8s.io",
        "StorageVersionMigration.storagemigration.k8s.io",
        "SubjectAccessReview.authorization.k8s.io",
        "TokenReview.authentication.k8s.io",
        "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
        "VolumeAttachment.storage.k8s.io",
        "VolumeAttributesClass.storage.k8s.io",
        "VolumeSnapshotClass.snapshot.storage.k8s.io",
        "VolumeSnapshotContent.snapshot.storage.k8s.io",
        # Custom ones whose kind does not say so.
        "AdminNetworkPolicy.policy.networking.k8s.io",
        "BaselineAdminNetworkPolicy.policy.networking.k8s.io",
        "Bundle.trust.cert-manager.io",
        "CiliumCIDRGroup.cilium.io",
        "CiliumClusterwideNetworkPolicy.cilium.io",
        "CiliumEgressGatewayPolicy.cilium.io",
        "CiliumLoadBalancerIPPool.cilium.io",
        "CiliumNode.cilium.io",
        "ClusterNetworkPolicy.policy.networking.k8s.io",
        "ConstraintTemplate.templates.gatekeeper.sh",
        "DeletingPolicy.policies.kyverno.io",
        "ENIConfig.crd.k8s.amazonaws.com",
        "GeneratingPolicy.policies.kyverno.io",
        "GlobalNetworkPolicy.crd.projectcalico.org",
        "GlobalNetworkPolicy.projectcalico.org",
        "IPPool.crd.projectcalico.org",
        "IPPool.projectcalico.org",
        "ImageValidatingPolicy.policies.kyverno.io",
        "IngressClassParams.elbv2.k8s.aws",
        "Installation.operator.tigera.io",
        "KongClusterPlugin.configuration.konghq.com",
        "KongLicense.configuration.konghq.com",
        "KongVault.configuration.konghq.com",
        "MutatingPolicy.policies.kyverno.io",
        "NodePool.karpenter.sh",
        "ValidatingPolicy.policies.kyverno.io",
    }
)
"""Sorts outside any namespace: `kubectl api-resources --namespaced=false`, and those of charts the platform knows."""

_SAYS_SO: Final = re.compile(r"Cluster.+|.+Class")
"""Custom kinds outside any namespace by their name: ClusterIssuer, EC2NodeClass. A bare `Cluster` is a store."""

DELEGATED: Final = frozenset({"extension-apiserver-authentication-reader"})
"""The one role of kube-system an API server beside the cluster's own must be bound to there."""


def is_cluster_wide(thing: Object) -> bool:
    """Whether `thing` is in no namespace. An unknown kind is taken to be in one."""
    return _is_cluster_wide(thing.sort, thing.is_custom)


@lru_cache(maxsize=4096)
def _is_cluster_wide(sort: str, is_custom: bool) -> bool:
    kind, dot, group = sort.partition(".")
    kind = kind.removesuffix("Patch")  # a change to an object is where the object is
    return f"{kind}{dot}{group}" in _CLUSTER_WIDE or (is_custom and bool(_SAYS_SO.fullmatch(kind)))


@NS.resource(
    "ns-no-default",
    "M/M/M",
    HIGH,
    KUBERNETES,
    why="default and kube-* have none of our NetworkPolicies; without a namespace the provider's default decides.",
    cure="Set metadata.namespace to the service's own",
    where="the program: components/, or the chart that brings it",
    sources=("CIS-EKS 4.5.2", "CKV_K8S_21"),
)
def no_default(thing: Object, _: Facts) -> Iterator[Violation]:
    if is_cluster_wide(thing) or (thing.kind.endswith(LISTS) and thing.root["items"].is_set):
        return
    namespace = thing.root.at("metadata", "namespace")
    if not namespace.word:
        yield Violation(namespace, "is not set")
    elif (namespace.word == "default" or namespace.word.startswith("kube-")) and not _delegated(thing):
        yield Violation(namespace, f"is {namespace.word}")


def _delegated(thing: Object) -> bool:
    return thing.sort == "RoleBinding.rbac.authorization.k8s.io" and thing.root.at("roleRef", "name").text in DELEGATED


_VALUE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""A label's value, as the API server checks it, and not empty."""

_STANDS_FOR: Final = {"service": (names.SERVICE_LABEL, names.STORES_LABEL)}
"""Labels of which one is enough: a service's stores say of which service."""


@NS.resource(
    "ns-labels",
    "A/M/M",
    MEDIUM,
    NAMESPACES,
    why="In an incident the owner, the cost centre and the confidentiality must be on the object itself.",
    cure="Set the labels policies/config/<environment>.json: namespaceLabels names, below catalog.platform/",
    where="manifests/isolation.py: owned",
    sources=("Gatekeeper requiredlabels",),
)
def labels(namespace: Object, facts: Facts) -> Iterator[Violation]:
    if namespace.name in (*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES) or is_patch(namespace):
        return  # The platform's own are this program's, and its purpose is an annotation.
    for label in facts.limits.namespace_labels:
        places = [namespace.labels[key] for key in _STANDS_FOR.get(label, (f"{names.PREFIX}/{label}",))]
        place = next((place for place in places if place.is_set), places[0])
        if not place.is_set:
            yield Violation(place, "is not set")
        elif not _VALUE.fullmatch(place.word):
            yield Violation(place, "is no value of a label")
    environment = namespace.labels[f"{names.PREFIX}/env"]
    if environment.is_set and environment.word != facts.environment:
        yield Violation(environment, f"is {environment.word or 'empty'}, and this is {facts.environment}")
    if service := facts.service.get(namespace.name) or facts.of_stores.get(namespace.name):
        spec = service.spec
        meant = {"owner": spec.owner, "cost-center": spec.cost_center or spec.system, "data-class": spec.data_class}
        for label, word in meant.items():
            place = namespace.labels[f"{names.PREFIX}/{label}"]
            if place.is_set and place.word != word:
                yield Violation(place, f"is {place.word or 'empty'}, and the catalogue says {word}")


NAMED: Final = Selector[Object](
    lambda thing: (thing,) if thing.sort == "Namespace" or pods(thing) else (), reads="Namespace, every pod spec"
)

APP: Final = "app.kubernetes.io/name"
DATA_OF: Final = names.STORES_LABEL


@NS.stack(
    "ns-one-service",
    "M/M/M",
    HIGH,
    NAMED,
    why="A pod in a service's namespace can mount its secrets and has its identity in the mesh.",
    cure="Give each service of the catalogue a namespace of its name, and put nothing else there",
    where="services/{service}.yaml: metadata.name",
    sources=("EKS best practices: separate namespaces to isolate secrets",),
)
def one_service(thing: Object, world: World) -> Iterator[Violation]:
    if thing.sort == "Namespace":
        yield from _is_a_services(thing, world)
    else:
        yield from _is_in_its_own(thing, world)


def _is_a_services(namespace: Object, world: World) -> Iterator[Violation]:
    name = namespace.name
    known = world.facts.services is not None
    if name in world.service_namespaces:
        if known and name not in world.facts.service:
            yield Violation("metadata.name", f"is {name}, which is no service of the catalogue")
        meant = name
    elif name in world.data_namespaces:
        meant = store_names.stores_of(name)
    else:
        meant = ""  # the platform's own, and the cluster's: NetworkPolicies open to services by the label
    for label in (namespace.labels[names.SERVICE_LABEL], namespace.labels[DATA_OF]):
        if label.is_set and label.word != meant:
            yield Violation(label, f"is {label.word or 'empty'} on the namespace of {meant or 'no service'}")


def _is_in_its_own(thing: Object, world: World) -> Iterator[Violation]:
    namespace, known = thing.namespace, world.facts.service
    is_a_services = namespace in known or namespace in world.service_namespaces
    for pod in pods(thing):
        if not pod.spec.is_known:
            raise UndeterminedError(pod.spec.path)
        app = pod.labels[APP]
        if is_a_services and app.text != namespace and not migrated(pod, world.facts):
            found = f"is {app.word}" if app.word else "is not set"
            yield Violation(app, f"{found}, in the namespace of {namespace}")
        elif namespace and not is_a_services and app.text in known and namespace != names.data_namespace(app.word):
            yield Violation(app, f"is {app.word}, whose namespace is another")
