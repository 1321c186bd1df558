"""The mesh's proxy, which nobody wrote into the pod."""

from collections.abc import Iterator
from itertools import product

from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Breach
from policies.kubernetes.asks import PROXIES, SHARED, SIDES, Ask
from policies.rules.res.group import RES


@RES.resource(
    "res-mesh-proxy",
    "A/M/M",
    MEDIUM,
    PROXIES,
    why="One annotation set drops the mesh's own bounds, and a proxy without any takes the node from the service.",
    cure="Set all four: proxyCPU, proxyCPULimit, proxyMemory, proxyMemoryLimit; in istiod global.proxy.resources",
    where="blueprint/sizes.py: PROXY",
    sources=("NSA C-0270", "NSA C-0271"),
)
def mesh_proxy(ask: Ask, _: Facts) -> Iterator[Breach]:
    if ask.of == "proxy" and not any(map(ask.written, SIDES)):
        return  # The mesh's own bounds hold.
    for side, what in product(SIDES, SHARED):
        place = ask.place(side, what)
        if not place.is_set:
            yield Breach(place, "is not set")
