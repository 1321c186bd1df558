"""The objects rules judge: whatever has properties, from a manifest, a program or the engine.

An object is what it says it is (`apiVersion`, `kind`), never what its type token begins with: parameterised packages
change tokens, and an object with an unexpected token would pass unjudged.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeVar

from policies.objects.values import Unknown, View, step

T = TypeVar("T")

BUILT_IN: Final = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""Groups the API server has of its own (kubernetes/api). Whole names: agents.x-k8s.io and gateway.networking.k8s.io are
custom resources, and so is evil-k8s.io."""


DESCRIBE: Final[Mapping[str, frozenset[str]]] = {
    "kyverno.io": frozenset({"anyPattern", "pattern"}),
}
"""Group to the fields under which its objects describe others: `hostPID: "false"` in a pattern is no pod's."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a program may say about a resource beside its properties."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    """Property paths the engine does not compare."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Who makes a resource."""

    name: str
    """Logical name; the engine calls the ambient one `default` or `default_<version>`."""
    props: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Object:
    """One object. Equal to nothing but itself: two alike are two."""

    type: str
    """Pulumi's type token: `kubernetes:apps/v1:Deployment`, `aws:rds/instance:Instance`."""
    props: Mapping[str, Any] = field(repr=False)
    """Plain data in wire names; unknown values are `Unknown`."""
    urn: str = ""
    logical: str = ""
    """The name a program gave it; Kubernetes objects have their own."""
    options: Options | None = None
    """None where the source has none: a manifest has no options."""
    provider: Provider | None = None
    """None where the source does not say, as a manifest does not."""
    place: str = ""
    """`file:line` where it was read, if it was."""
    read_only: bool = False
    """Whether the program only looks at it (`.get()`): the engine never asked before making it, and what is known of
    it are the provider's outputs."""
    prefix: str = ""
    """Path of this object inside the one it was found in (`items[3]`)."""
    _computed: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, compute: Callable[["Object"], T]) -> T:
        """`compute(self)`, computed once for all rules that ask: a dozen selectors look for its pods."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        known: T = self._computed[compute]
        return known

    @cached_property
    def root(self) -> View:
        """All of it."""
        return View(dict(self.props), self.prefix)

    @cached_property
    def sort(self) -> str:
        """What it is, as kubectl writes it (`Deployment.apps`, `Pod`), or the type token of a cloud's resource."""
        version, kind = self.props.get("apiVersion"), self.props.get("kind")
        if isinstance(version, str) and isinstance(kind, str):
            group = version.rpartition("/")[0]
            return f"{kind}.{group}" if group else kind
        return _sort_of_token(self.type)

    @cached_property
    def is_kubernetes(self) -> bool:
        """Whether it is a Kubernetes object."""
        return ":" not in self.sort

    @cached_property
    def is_custom(self) -> bool:
        """Whether it is a Kubernetes object of a kind the API server does not bring (a custom resource)."""
        return self.is_kubernetes and self.sort.partition(".")[2] not in BUILT_IN

    @property
    def describes(self) -> frozenset[str]:
        """Fields under which it describes other objects, to refuse or to look for, and makes none."""
        return DESCRIBE.get(self.sort.partition(".")[2], frozenset())

    @cached_property
    def kind(self) -> str:
        """`Deployment`; for a cloud's resource the last part of its token."""
        return self.sort.partition(".")[0] if self.is_kubernetes else self.type.rpartition(":")[2]

    @property
    def api_version(self) -> str:
        """`apps/v1`; "" for a cloud's resource."""
        version = self.props.get("apiVersion")
        return version if isinstance(version, str) else ""

    @cached_property
    def name(self) -> str:
        """metadata.name, else the logical name."""
        return self._metadata("name") or self.logical

    @cached_property
    def namespace(self) -> str:
        """metadata.namespace; "" where there is none."""
        return self._metadata("namespace")

    @property
    def labels(self) -> View:
        """metadata.labels."""
        return self.root.at("metadata", "labels")

    @property
    def annotations(self) -> View:
        """metadata.annotations."""
        return self.root.at("metadata", "annotations")

    @cached_property
    def spec(self) -> View:
        """spec."""
        return self.root["spec"]

    def body(self) -> Iterator[tuple[str, View]]:
        """Its fields but metadata and status; of `items` only what is no object of its own (`expanded`)."""
        for key, place in self.root.entries():
            if key == "items" and isinstance(place.value, list):
                yield from ((key, item) for item in place if not isinstance(item.value, dict))
            elif key not in ("metadata", "status"):
                yield key, place

    @property
    def title(self) -> str:
        """`Deployment order-service/order-service`, as messages name it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def _metadata(self, key: str) -> str:
        metadata = self.props.get("metadata")
        value = metadata.get(key) if isinstance(metadata, dict) else None
        return value if isinstance(value, str) else ""


def _sort_of_token(token: str) -> str:
    """For an object that does not say what it is: what its token says. `kubernetes:apps/v1:Deployment`."""
    package, _, rest = token.partition(":")
    version, _, kind = rest.rpartition(":")
    if package != "kubernetes" or not version or version.startswith(("helm.sh/", "yaml")):
        return token
    group = version.rpartition("/")[0]
    return kind if group in ("", "core") else f"{kind}.{group}"


LISTS: Final = "List"
"""Kinds end so that hold other objects in `items`."""


def expanded(thing: Object) -> Iterator[Object]:
    """`thing`, and what it holds where it is a list of objects, however deep."""
    yield thing
    items = thing.props.get("items")
    if not thing.is_kubernetes or not isinstance(items, list):
        return
    inside = thing.kind.removesuffix(LISTS) if thing.kind != LISTS else ""
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        # Items of a PodList say neither apiVersion nor kind; the list does.
        props = {**({"apiVersion": thing.api_version, "kind": inside} if inside else {}), **item}
        yield from expanded(replace(thing, props=props, prefix=step(thing.prefix, "items") + f"[{index}]"))


def holds_unknown(value: Any) -> bool:
    """Whether any part of `value` is not known yet."""
    if isinstance(value, dict):
        return any(holds_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(holds_unknown(part) for part in value)
    return isinstance(value, Unknown)
