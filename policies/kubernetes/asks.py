"""What containers, pods, proxies and stores ask of their nodes: requests and limits, wherever they are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.core.rule import Selector
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.fields import fields
from policies.objects.pods import Pod, pods
from policies.objects.values import View

Side = Literal["requests", "limits"]
SIDES: Final[tuple[Side, ...]] = ("requests", "limits")
SHARED: Final = ("cpu", "memory")
"""What every container takes of its node at once, and a pod can be given as a whole."""

PROXY: Final[Mapping[tuple[Side, str], str]] = {
    ("requests", "cpu"): "sidecar.istio.io/proxyCPU",
    ("requests", "memory"): "sidecar.istio.io/proxyMemory",
    ("limits", "cpu"): "sidecar.istio.io/proxyCPULimit",
    ("limits", "memory"): "sidecar.istio.io/proxyMemoryLimit",
}
"""Annotations of a pod that bound the mesh's proxy in it. One of them set, the mesh's own bounds do not hold."""

ISTIOD: Final = frozenset({"istiod"})
"""The chart of the mesh's control plane; its values hold the bounds of all proxies."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Requests and limits at one place."""

    of: Literal["container", "pod", "proxy", "mesh", "store"]
    """Whose: `mesh` is what every proxy has that says nothing itself, `store` an operator's object."""
    holder: View
    path: tuple[str, ...] = ("resources",)
    """Below the holder: nothing is read before a rule asks, so that what cannot be read costs one verdict."""
    pod: Pod | None = None
    """In which pod."""

    @property
    def at(self) -> View:
        """The `resources`; a proxy's annotations."""
        return self.holder.at(*self.path)

    def place(self, side: Side, what: str) -> View:
        """Where `what` is written or would be."""
        return self.at[PROXY[side, what]] if self.of == "proxy" else self.at.at(side, what)

    def written(self, side: Side) -> Mapping[str, View]:
        """What is asked, by resource."""
        if self.of == "proxy":
            places = {what: self.at[key] for (of, what), key in PROXY.items() if of == side}
        else:
            places = dict(self.at[side].entries())
        return {what: place for what, place in places.items() if place.is_set}


def asks(thing: Object) -> Iterator[Ask]:
    """Everything `thing` asks."""
    for pod in pods(thing):
        yield Ask(of="pod", holder=pod.spec, pod=pod)
        for container in pod.containers:
            if container.role != "ephemeral":  # those may ask for nothing
                yield Ask(of="container", holder=container.view, pod=pod)
    yield from proxies(thing)
    if thing.is_custom:
        for place in fields(thing, "resources"):
            if isinstance(place.value, dict) and place.value.keys() & set(SIDES):
                yield Ask(of="store", holder=place, path=())


def proxies(thing: Object) -> Iterator[Ask]:
    """The bounds of the mesh's proxies: a pod's own, and those of the whole mesh."""
    for pod in pods(thing):
        yield Ask(of="proxy", holder=pod.metadata, path=("annotations",), pod=pod)
    yield from of_mesh(thing)


def of_mesh(thing: Object) -> Iterator[Ask]:
    """The bounds of all proxies that say nothing themselves, where `thing` is the chart of the mesh's control plane."""
    named = thing.sort in CHARTS and isinstance(thing.props.get("chart"), str)
    if named and chart_name(thing) in ISTIOD:
        yield Ask(of="mesh", holder=thing.root, path=("values", "global", "proxy", "resources"))


ASKS: Final = Selector[Ask](asks, reads="every container, pod, proxy and store")
PROXIES: Final = Selector[Ask](proxies, reads="pod annotations and the values of the chart istiod")
