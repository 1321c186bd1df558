"""Kinds that hide what they make, or that no rule can judge."""

from collections.abc import Iterator
from typing import Final

from policies.cloud.types import is_unlisted
from policies.cloud.types import nearest as nearest_types
from policies.core.charts import is_charts
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, EVERYTHING, HIGH, KUBERNETES, MEDIUM, Violation, sorts
from policies.kubernetes.kinds import LISTED, nearest
from policies.kubernetes.served import is_served
from policies.objects import LISTS, Object
from policies.rules.eng.group import ENG

PACKAGES: Final = frozenset({"aws", "gcp", "kubernetes", "platform", "pulumi", "random", "tls"})
"""Packages whose resources the rules can read; `platform` is our own components."""

PROVIDERS: Final = "pulumi:providers:"
"""Before the package, in the type of a provider."""


OPAQUE: Final = {
    "kubernetes:helm.sh/v3:Release": "a Helm release",
    "Application.argoproj.io": "an application of Argo CD",
    "ApplicationSet.argoproj.io": "a set of applications of Argo CD",
    "HelmChart.helm.cattle.io": "a Helm release of k3s",
    "HelmRelease.helm.toolkit.fluxcd.io": "a Helm release of Flux",
    "Kustomization.kustomize.toolkit.fluxcd.io": "a folder of manifests for Flux",
}
"""Sorts from which a controller makes objects that this program does not see."""


@ENG.resource(
    "eng-opaque-helm-release",
    "M/M/M",
    CRITICAL,
    sorts(*OPAQUE),
    why="Helm or a controller makes the objects of a Release or an Application: no rule sees any of them.",
    cure="Use kubernetes.helm.v4.Chart, whose objects are judged one by one",
    where="components/",
    sources=("pulumi-kubernetes helm_release.go",),
)
def opaque_helm_release(thing: Object, _: Facts) -> Iterator[Violation]:
    yield Violation("", f"is {OPAQUE[thing.sort]}, whose objects no rule sees")


@ENG.resource(
    "eng-list-kinds",
    "M/M/M",
    HIGH,
    KUBERNETES,
    why="The provider refuses a list, but only once it knows its cluster: until then it would hide what is in it.",
    cure="Declare the items one by one",
    where="manifests/",
    sources=("pulumi-kubernetes provider.go:1190",),
)
def list_kinds(thing: Object, _: Facts) -> Iterator[Violation]:
    # A custom resource may be called AllowList; one that holds items is a list of objects.
    if thing.kind == LISTS or (thing.kind.endswith(LISTS) and "items" in thing.props):
        yield Violation(thing.root["items"], "is a list of other objects")


@ENG.resource(
    "eng-patch-resources",
    "M/M/M",
    HIGH,
    EVERYTHING,
    why="A patch changes an object this program does not own, and only the patch is judged, not the result.",
    cure="Declare the whole object",
    where="components/",
    sources=("pulumi-kubernetes schema.go:562",),
)
def patch_resources(thing: Object, _: Facts) -> Iterator[Violation]:
    # To the provider a DeploymentPatch is of kind Deployment; only the token says what it is.
    if thing.type.startswith("kubernetes:") and thing.type.endswith("Patch"):
        yield Violation("", "is a patch of an object that the program does not declare")


@ENG.resource(
    "eng-deprecated-api",
    "A/M/M",
    MEDIUM,
    KUBERNETES,
    why="The API server does not know the version, so the object is never made, or not after the next upgrade.",
    cure="Use the version the cluster serves",
    where="manifests/",
    sources=("Gatekeeper verifydeprecatedapi", "kube-linter no-extensions-v1beta"),
)
def deprecated_api(thing: Object, facts: Facts) -> Iterator[Violation]:
    if thing.api_version and not is_served(thing.api_version, thing.kind, facts.limits.minor):
        yield Violation(
            thing.root["apiVersion"], f"is {thing.api_version}, which 1.{facts.limits.minor} does not serve by default"
        )


@ENG.resource(
    "eng-unlisted-provider",
    "M/M/M",
    HIGH,
    EVERYTHING,
    why="No rule reads the resources of an unlisted package: whatever it makes passes.",
    cure="Use pulumi-kubernetes, pulumi-aws or pulumi-gcp",
    where="components/",
    sources=("the pack's own bypass list, B71",),
)
def unlisted_provider(thing: Object, _: Facts) -> Iterator[Violation]:
    package = thing.type.removeprefix(PROVIDERS).partition(":")[0]
    if package not in PACKAGES:
        yield Violation("", f"is made by the package {package or 'of no name'}, which no rule reads")


@ENG.resource(
    "eng-unlisted-type",
    "M/M/M",
    HIGH,
    EVERYTHING,
    why="A type only some rules know passes the others unread: its encryption is asked for, its address is not.",
    cure="Use a type that is listed, or add it to policies/cloud/types.py with the rules it needs",
    where="components/",
    sources=("the pack's own list, policies/cloud/types.py",),
)
def unlisted_type(thing: Object, _: Facts) -> Iterator[Violation]:
    if is_unlisted(thing.type):
        *first, last = nearest_types(thing.type)
        stated = f"the nearest are {', '.join(first)} and {last}"
        yield Violation("", f"is no type this program makes, so no rule judges it whole; {stated}")


@ENG.resource(
    "eng-unlisted-kind",
    "M/M/M",
    HIGH,
    KUBERNETES,
    why="No rule reads a kind it does not know: what its controller opens passes, and a misspelt one does nothing.",
    cure="Spell a kind that is listed, or add it to policies/kubernetes/kinds.py with the rules it needs",
    where="manifests/",
    sources=("the pack's own list, policies/kubernetes/kinds.py",),
)
def unlisted_kind(thing: Object, facts: Facts) -> Iterator[Violation]:
    # A list is refused as one (eng-list-kinds), and what a pinned chart makes was read when it was pinned.
    is_list = thing.kind.endswith(LISTS) and "items" in thing.props
    if thing.sort in LISTED or is_list or is_charts(thing, facts):
        return
    near = nearest(thing.kind, thing.sort.partition(".")[2])
    stated = f"; the nearest is {near}" if near else ""
    yield Violation(thing.root["kind"], f"is {thing.sort}, which no rule reads{stated}")


@ENG.resource(
    "eng-imperative",
    "M/M/M",
    CRITICAL,
    EVERYTHING,
    why="A command or a dynamic resource does what its code says at that moment: there is nothing to judge before.",
    cure="Declare what the code would make",
    where="components/",
    sources=("the pack's own bypass list, B63",),
)
def imperative(thing: Object, _: Facts) -> Iterator[Violation]:
    package, _colon, rest = thing.type.removeprefix(PROVIDERS).partition(":")
    if package == "command":
        yield Violation("", "runs a command")
    elif package.startswith("pulumi-") and (not rest or rest.startswith("dynamic")):
        yield Violation("", "runs code of the program's own")
    elif thing.type.startswith(("kubernetes:kustomize:", "kubernetes:yaml:")):
        yield Violation("", "may transform what it reads on the way")
