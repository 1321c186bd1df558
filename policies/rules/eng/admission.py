"""The same rules inside the cluster, and other webhooks that decide what the API server takes."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, STACK, Violation, sorts
from policies.core.trust import OURS, may
from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import selects, texts
from policies.objects.values import View
from policies.rules.eng.admission_checks import is_whole, unspoken
from policies.rules.eng.group import ENG

GROUP: Final = "admissionregistration.k8s.io"
POLICY: Final = f"ValidatingAdmissionPolicy.{GROUP}"
BINDING: Final = f"ValidatingAdmissionPolicyBinding.{GROUP}"

CORE: Final = {
    "pods": "",
    "namespaces": "",
    "rolebindings": "rbac.authorization.k8s.io",
}
"""Resource to its group: what must be judged inside the cluster too, for every client. Pods because every workload
becomes pods, namespaces because Pod Security and NetworkPolicies depend on their labels, grants because they can change
either."""


@ENG.stack(
    "eng-admission-present",
    "A/M/M",
    HIGH,
    STACK,
    why="The pack judges what this program makes; what anyone else applies meets only what the cluster itself refuses.",
    cure="Declare a ValidatingAdmissionPolicy with failurePolicy Fail and a binding with Deny, without exceptions",
    where="manifests/admission/",
    sources=("Kubernetes: ValidatingAdmissionPolicy", "OWASP K04"),
)
def admission_present(_: None, world: World) -> Iterator[Violation]:
    bound = _bound(world)
    holds: list[Object] = []
    for policy in world.of(POLICY):
        faults = [*_faults(policy), *_unbound(policy, bound.get(policy.name, []), world)]
        yield from faults
        if not faults:
            holds.append(policy)
    if not PLATFORM & set(world.namespaces):
        return
    for resource, group in CORE.items():
        if not any(_judges(policy, group, resource) for policy in holds):
            yield Violation("", f"declares the platform, but no ValidatingAdmissionPolicy that holds judges {resource}")
    for left_out in unspoken(holds, world):
        yield Violation("", f"declares the platform, but no ValidatingAdmissionPolicy that holds speaks for {left_out}")


def _bound(world: World) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for binding in world.of(BINDING):
        found.setdefault(binding.spec["policyName"].word, []).append(binding)
    return found


def _faults(policy: Object) -> Iterator[Violation]:
    if policy.spec["failurePolicy"].word not in ("", "Fail"):
        yield Violation(policy.spec["failurePolicy"], "lets everything pass when the expression fails", on=policy)
    if not policy.spec["matchConditions"].is_empty:
        yield Violation(policy.spec["matchConditions"], "leaves out what an expression says", on=policy)
    yield from _holes(policy.spec["matchConstraints"], policy)


def _holes(constraints: View, on: Object) -> Iterator[Violation]:
    if not constraints["excludeResourceRules"].is_empty:
        yield Violation(constraints["excludeResourceRules"], "leaves out what it should judge", on=on)
    if constraints["matchPolicy"].word not in ("", "Equivalent"):
        yield Violation(constraints["matchPolicy"], "leaves out the same object in another version of its API", on=on)
    labels = constraints["objectSelector"]
    if not (labels["matchLabels"].is_empty and labels["matchExpressions"].is_empty):
        yield Violation(labels, "lets an object choose by its labels whether it is judged", on=on)
    for violation in opt_outs(constraints["namespaceSelector"]):
        yield Violation(violation.at, violation.found, on=on)


def _unbound(policy: Object, bindings: list[Object], world: World) -> Iterator[Violation]:
    denying = [binding for binding in bindings if "Deny" in binding.spec["validationActions"].words]
    if not denying:
        found = "has no binding with Deny, so it refuses nothing" if bindings else "has no binding, so it is not asked"
        yield Violation("spec", found, on=policy)
    for binding in denying:
        yield from _narrowed(binding)
        yield from _holes(binding.spec["matchResources"], binding)
        yield from _missed(policy, binding, world)


def _narrowed(binding: Object) -> Iterator[Violation]:
    only = binding.spec.at("matchResources", "resourceRules")
    if not only.is_empty:
        yield Violation(only, "leaves out whatever else the policy looks at", on=binding)
    absent = binding.spec.at("paramRef", "parameterNotFoundAction")
    if absent.is_set and absent.word != "Deny":
        yield Violation(absent, "lets everything pass when the parameters are gone", on=binding)


def _missed(policy: Object, binding: Object, world: World) -> Iterator[Violation]:
    # A selector that takes namespaces in must take in every one that holds a service or its stores.
    for selector in (
        policy.spec.at("matchConstraints", "namespaceSelector"),
        binding.spec.at("matchResources", "namespaceSelector"),
    ):
        on = policy if selector.path.startswith("spec.matchConstraints") else binding
        for name, namespace in {**world.service_namespaces, **world.data_namespaces}.items():
            if not selects(selector, {**texts(namespace.labels), NAMESPACE_NAME: name}):
                yield Violation(selector, f"leaves out {name}", on=on)
                break
        if _by_label(selector) and not any(_judges(other, "", "namespaces") for other in world.of(POLICY)):
            yield Violation(selector, "depends on labels of namespaces, which no admission policy protects", on=on)


def _by_label(selector: View) -> bool:
    keys = {*selector["matchLabels"].keys, *(term["key"].word for term in selector["matchExpressions"])}
    return bool(keys - {NAMESPACE_NAME})


def _judges(policy: Object, group: str, resource: str) -> bool:
    asked: set[str] = set()
    for rule in policy.spec.at("matchConstraints", "resourceRules"):
        named = {group, "*"} & set(rule["apiGroups"].words) and {resource, "*", "*/*"} & set(rule["resources"].words)
        if named and {"v1", "*"} & set(rule["apiVersions"].words) and is_whole(rule, resource):
            asked |= set(rule["operations"].words)
    return not policy.spec["validations"].is_empty and ("*" in asked or asked >= {"CREATE", "UPDATE"})


NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
"""The one label of a namespace that only the API server sets."""


@ENG.resource(
    "eng-webhooks",
    "M/M/M",
    CRITICAL,
    sorts(f"MutatingWebhookConfiguration.{GROUP}", f"ValidatingWebhookConfiguration.{GROUP}"),
    why="A webhook reads and rewrites every object it asks for, Secrets too; one that may be skipped guards nothing.",
    cure="Let it be the platform's, fail closed, and exclude namespaces by kubernetes.io/metadata.name alone",
    where="manifests/operators/; for a controller's own policies/config/: access.operators",
    sources=("CKV_K8S_155", "CIS-EKS 4.1.12"),
)
def webhooks(configuration: Object, facts: Facts) -> Iterator[Violation]:
    if may("eng-webhooks", configuration, facts):
        return
    for webhook in configuration.root["webhooks"]:
        client = webhook["clientConfig"]
        if client["url"].is_set:
            yield Violation(client["url"], "calls a server outside the cluster")
        elif client.at("service", "namespace").word not in OURS:
            yield Violation(client.at("service", "namespace"), "is no namespace of the platform")
        if webhook["failurePolicy"].word not in ("", "Fail"):
            yield Violation(webhook["failurePolicy"], "lets everything pass when the webhook does not answer")
        yield from opt_outs(webhook["namespaceSelector"])


def opt_outs(selector: View) -> Iterator[Violation]:
    """Terms of a namespace selector by which a namespace excludes itself, or by which a service's is excluded."""
    for term in selector["matchExpressions"]:
        if term["operator"].word in ("NotIn", "DoesNotExist"):
            if term["key"].word != NAMESPACE_NAME:
                yield Violation(term, f"lets a namespace exclude itself with the label {term['key'].word}")
            elif guests := sorted(set(term["values"].words) - OURS):
                yield Violation(term, f"excludes {', '.join(guests[:3])}")


PLATFORM: Final = frozenset(names.PLATFORM_NAMESPACES)
"""Namespaces whose declaration means that the run makes the platform."""
