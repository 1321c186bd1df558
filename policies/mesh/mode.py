"""Whether a workload takes plaintext: the mutual-TLS mode of its ports, as Istio computes it.

A port's own mode wins over the mode of a policy that selects the workload, that over the namespace's, that over the
root namespace's; UNSET inherits; with nothing at all it is PERMISSIVE. Of several policies at one level the oldest
wins, which no file says, so every one of them is reckoned with. (istio/istio: pilot/pkg/security/authn,
ComposePeerAuthentication.)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from blueprint import names
from policies.core.world import Workload, World
from policies.objects import Object
from policies.objects.selectors import selects, texts
from policies.objects.values import View

PEER_AUTHENTICATION: Final = "PeerAuthentication.security.istio.io"

STRICT: Final = "STRICT"
PERMISSIVE: Final = "PERMISSIVE"
"""Istio's default, where no PeerAuthentication sets a mode."""
_INHERITS: Final = ("", "UNSET")


@dataclass(frozen=True)
class Mode:
    """A mode, and the policy that says so."""

    word: str
    by: Object | None = None
    """None: Istio's default."""


def mode(thing: Object) -> View:
    """Where `thing`, a PeerAuthentication, says its mode."""
    return thing.spec.at("mtls", "mode")


def selector(thing: Object) -> Mapping[str, str]:
    """The labels `thing` selects workloads by; empty: it is for its whole namespace."""
    return texts(thing.spec.at("selector", "matchLabels"))


@dataclass(frozen=True)
class Peers:
    """The PeerAuthentications of one namespace, each with what is above it."""

    world: World
    namespace: str

    @cached_property
    def all(self) -> tuple[Object, ...]:
        """Sorted by name, so that no verdict hangs on the order of files."""
        found = self.world.once(_by_namespace).get(self.namespace, ())
        return tuple(sorted(found, key=lambda thing: thing.name))

    @cached_property
    def whole(self) -> tuple[Object, ...]:
        """Those without a selector."""
        return tuple(thing for thing in self.all if not selector(thing))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], tuple[Object, ...]]:
        # By one label each: a workload then meets those that may select it, not every one of its namespace.
        found: dict[tuple[str, str], list[Object]] = {}
        for thing in self.all:
            if labels := selector(thing):
                found.setdefault(min(labels.items()), []).append(thing)
        return {label: tuple(things) for label, things in found.items()}

    def selecting(self, labels: Mapping[str, str]) -> tuple[Object, ...]:
        """Those with a selector that matches `labels`."""
        candidates = (thing for label in sorted(labels.items()) for thing in self._by_label.get(label, ()))
        return tuple(thing for thing in candidates if selects(thing.spec["selector"], labels))

    @cached_property
    def clashes(self) -> Mapping[int, tuple[Object, str]]:
        """For each policy (by `id`) that selects what one before it selects: that one, and what both select."""
        found: dict[int, tuple[Object, str]] = {}
        same: dict[frozenset[tuple[str, str]], Object] = {}
        for thing in self.all:
            if labels := selector(thing):
                first = same.setdefault(frozenset(labels.items()), thing)
                if first is not thing:
                    found[id(thing)] = (first, "the same pods")
        for workload in self.world.workloads_in(self.namespace) if len(same) > 1 else ():
            chosen = sorted(self.selecting(workload.labels), key=lambda thing: thing.name)
            for other in chosen[1:]:
                found.setdefault(id(other), (chosen[0], workload.object.title))
        return found

    @cached_property
    def inherited(self) -> frozenset[Mode]:
        """The modes of a workload no policy selects."""
        above = frozenset[Mode]() if self.namespace == names.ISTIO else peers(self.world, names.ISTIO).inherited
        if self.namespace == names.ISTIO and (not self.whole) and self.world.declares(names.ISTIO):
            return frozenset({Mode(PERMISSIVE)})
        return frozenset(self._said(self.whole, above)) or above

    def _said(self, things: tuple[Object, ...], above: frozenset[Mode]) -> Iterator[Mode]:
        for thing in things:
            word = mode(thing).word
            if word not in _INHERITS:
                yield Mode(word, thing)
            elif self.namespace == names.ISTIO and thing in self.whole:
                yield Mode(PERMISSIVE, thing)
            else:
                yield from above

    def modes(self, workload: Workload) -> Iterator[tuple[str, Mode]]:
        """The modes `workload` may end up with: of single ports by their number, then of "" for every other."""
        chosen = self.selecting(workload.labels)
        for thing in chosen:
            for port, setting in thing.spec["portLevelMtls"].entries():
                word = setting["mode"].word
                if word not in _INHERITS:
                    yield port, Mode(word, thing)
        for said in sorted(self._said(chosen, self.inherited) if chosen else self.inherited, key=lambda of: of.word):
            yield "", said


def peers(world: World, namespace: str) -> Peers:
    """The policies of `namespace`, read once per run."""
    table = world.once(_tables)
    return table.setdefault(namespace, Peers(world, namespace))


def _tables(_: World) -> dict[str, Peers]:
    return {}


def _by_namespace(world: World) -> Mapping[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for thing in world.of(PEER_AUTHENTICATION):
        found.setdefault(thing.namespace, []).append(thing)
    return {namespace: tuple(things) for namespace, things in found.items()}
