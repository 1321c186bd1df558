"""All rules, by group. The order is that of the documentation."""

from typing import Final

from policies.core.rule import Group, Rule
from policies.rules import av, cloud, cost, data, eng, gw, img, mesh, net, ns, obs, rbac, res, sec, wl

GROUPS: Final[tuple[Group, ...]] = (
    wl.WL,
    wl.WL_PLUS,
    res.RES,
    img.IMG,
    ns.NS,
    mesh.MESH,
    net.NET,
    rbac.RBAC,
    sec.SEC,
    data.DATA,
    gw.GW,
    obs.OBS,
    av.AV,
    cloud.CLOUD,
    cost.COST,
    eng.ENG,
)
"""Every group, in the order of `docs/policies.md`."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for group in GROUPS for rule in group.rules)
"""Every rule."""
