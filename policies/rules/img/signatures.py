"""Whether the cluster itself refuses images without one of our signatures.

A ValidatingAdmissionPolicy cannot: it has no network and no keys. Policies of sigstore's policy-controller and of
Kyverno can, and are read here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from blueprint import names
from policies.core.rule import HIGH, STACK, Violation
from policies.core.world import Workload, World
from policies.kubernetes.images import parse
from policies.objects import Object
from policies.objects.selectors import selects, texts
from policies.objects.values import View
from policies.rules.img.group import IMG

SIGSTORE: Final = "ClusterImagePolicy.policy.sigstore.dev"
KYVERNO: Final = "ClusterPolicy.kyverno.io"
KYVERNO_IMAGES: Final = "ImageValidatingPolicy.policies.kyverno.io"

INCLUDE: Final = "policy.sigstore.dev/include"
"""Label by which a namespace takes part; without it policy-controller looks away."""


@IMG.stack(
    "img-signature-enforced",
    "–/A/M",
    HIGH,
    STACK,
    why="A digest says which image runs, not who built it: anyone who can change our files or registry can replace it.",
    cure="Install a policy that verifies signatures (sigstore ClusterImagePolicy, Kyverno verifyImages) for them all",
    where="blueprint/operators, and blueprint/isolation.py for the namespaces' label",
    sources=("EKS best practices: image integrity verification",),
)
def signature_enforced(_: None, world: World) -> Iterator[Violation]:
    if not world.of(*_READERS):
        # Policies hold for the whole cluster, so only who makes the platform can lack them.
        if world.service_namespaces and any(map(world.declares, names.PLATFORM_NAMESPACES)):
            yield Violation("", "has no admission policy that verifies the signatures of images")
        return
    for namespace in world.service_namespaces.values():
        signed = [glob for policy in world.of(*_READERS) for glob in _READERS[policy.sort](policy.root, namespace)]
        if not signed:
            yield Violation("metadata", "is covered by no policy that verifies signatures", on=namespace)
            continue
        for workload in world.workloads_in(namespace.name):
            yield from _unsigned(workload, signed)


def _unsigned(workload: Workload, signed: Sequence[re.Pattern[str]]) -> Iterator[Violation]:
    for container in workload.pod.containers:
        image = parse(container.view["image"].word)
        if image and not any(glob.fullmatch(image.repository) for glob in signed):
            yield Violation(
                container.view["image"], "is covered by no policy that verifies signatures", on=workload.object
            )


def _glob(pattern: str, *, across: bool) -> re.Pattern[str]:
    """`pattern` as an expression; `across`: whether one star goes across slashes."""
    any_, one = re.escape("**"), re.escape("*")
    bare = re.sub(r"(:\*)?(@\S*)?\Z", "", pattern)
    inner = ".*" if across else "[^/]*"
    return re.compile(re.escape(bare).replace(any_, "\0").replace(one, inner).replace("\0", ".*"))


def _sigstore(policy: View, namespace: Object) -> Iterator[re.Pattern[str]]:
    # One authority is enough, so that one that passes everything leaves the others nothing to say.
    static = [each.at("static", "action").text == "pass" for each in policy.at("spec", "authorities")]
    narrow = not policy.at("spec", "match").is_empty
    warns = policy.at("spec", "mode").text == "warn"
    if warns or narrow or not static or any(static) or namespace.labels[INCLUDE].text != "true":
        return
    for image in policy.at("spec", "images"):
        yield _glob(image["glob"].word, across=False)


def _kyverno(policy: View, namespace: Object) -> Iterator[re.Pattern[str]]:
    whole = policy.at("spec", "validationFailureAction").word
    if _is_lax(policy["spec"]):
        return
    for rule in policy.at("spec", "rules"):
        if (
            not rule["preconditions"].is_empty
            or not _matches(rule["match"], namespace)
            or _excludes(rule["exclude"], namespace)
        ):
            continue
        for verified in rule["verifyImages"]:
            action = verified["failureAction"].text or whole
            if (
                action.lower() == "enforce"
                and verified["skipImageReferences"].is_empty
                and not verified["attestors"].is_empty
                and verified["required"].flag is not False
            ):
                for pattern in verified["imageReferences"].words:
                    yield _glob(pattern, across=True)


def _is_lax(spec: View) -> bool:
    """Whether some request gets past the whole policy: it does not judge admissions, lets pass what it could not judge,
    or only audits somewhere."""
    policies = (spec["failurePolicy"].text, spec.at("webhookConfiguration", "failurePolicy").text)
    audits = not spec["validationFailureActionOverrides"].is_empty
    return audits or spec["admission"].flag is False or "Ignore" in policies


def _filters(match: View) -> Iterator[View]:
    yield from match["any"]
    yield from match["all"]
    if match["resources"].is_set:
        yield match


_WHOLE: Final = frozenset({"kinds", "namespaces", "namespaceSelector"})
"""What a filter may ask of pods and still mean all pods of a namespace: not their names, not their labels."""


def _matches(match: View, namespace: Object) -> bool:
    """Whether `match` means every pod of `namespace`, whatever makes it."""
    all_of = list(match["all"])
    return any(_means_pods(each, namespace) for each in _filters(match)) and all(
        _means_pods(each, namespace) for each in all_of
    )


def _means_pods(each: View, namespace: Object) -> bool:
    resources = each["resources"]
    whole = set(each.keys) <= {"resources", "any", "all"} and set(resources.keys) <= _WHOLE
    return whole and bool({"Pod", "v1/Pod", "*"} & set(resources["kinds"].words)) and _meant(resources, namespace)


def _excludes(exclude: View, namespace: Object) -> bool:
    return any(_meant(each["resources"], namespace) for each in _filters(exclude))


def _meant(resources: View, namespace: Object) -> bool:
    """Whether `resources` names `namespace`, or names none."""
    wanted, selector = resources["namespaces"].words, resources["namespaceSelector"]
    if wanted and not any(fnmatchcase(namespace.name, pattern) for pattern in wanted):
        return False
    return not selector.is_set or selects(selector, _labels(namespace))


def _labels(namespace: Object) -> Mapping[str, str]:
    return {**texts(namespace.labels), **names.namespace_selector(namespace.name)}


def _kyverno_images(policy: View, namespace: Object) -> Iterator[re.Pattern[str]]:
    spec = policy["spec"]
    selector = spec.at("matchConstraints", "namespaceSelector")
    denies = "Deny" in spec["validationActions"].words and spec["failurePolicy"].text != "Ignore"
    if not denies or spec["validations"].is_empty or (selector.is_set and not selects(selector, _labels(namespace))):
        return
    for image in spec["matchImageReferences"]:
        yield _glob(image["glob"].word, across=True)


_READERS: Final[Mapping[str, Callable[[View, Object], Iterator[re.Pattern[str]]]]] = {
    SIGSTORE: _sigstore,
    KYVERNO: _kyverno,
    KYVERNO_IMAGES: _kyverno_images,
}
"""Sort of policy to the images it lets into a namespace only when signed."""
