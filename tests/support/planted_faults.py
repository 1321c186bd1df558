"""Mistakes planted into a stack's objects, each with the words in which the proof must report it.

Each is one edit of the kind a person or a careless rule makes. The stack is the shop as `dev` has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Final

from tests.support.analyser import LAYERS, TOGETHER, Asked, Manifest, key

WAYS_IN, WAYS_OUT, ADMISSIONS = LAYERS
ORDER, PAYMENT = "order-service/order-service", "payment-service/payment-service"
CHARGE = f"{ORDER} → {PAYMENT} tcp/50051"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake."""

    sentence: str
    reported: str
    """A line of the difference it must cause."""
    kind: str
    place: str
    """namespace/name of the object; the name is a pattern."""
    edit: Callable[[dict[str, Any]], object] | None
    """What is done to the object; None: it is taken away."""
    by: Asked = TOGETHER
    """The question whose answer must report it."""

    def planted(self, objects: list[Manifest]) -> None:
        """Edit `objects` in place."""
        namespace, _, name = self.place.rpartition("/")
        found = [made for made in objects if key(made)[:2] == (self.kind, namespace) and fnmatch(key(made)[2], name)]
        assert len(found) == 1, f"nothing to plant '{self.sentence}' into: no {self.kind} {self.place}"
        if self.edit:
            self.edit(found[0])
        else:
            objects.remove(found[0])


def _rule(made: Manifest) -> Any:
    return made["spec"]["rules"][0]


def _operation(made: Manifest) -> Any:
    return _rule(made)["to"][0]["operation"]


def _split(made: Manifest, field: str, side: str) -> None:
    """One peer with two selectors becomes two peers with one each: AND becomes OR."""
    rule = made["spec"][field][0]
    rule[side] = [{word: selector} for peer in rule[side] for word, selector in peer.items()]


def _everywhere(made: Manifest) -> None:
    for peer in made["spec"]["egress"][0]["to"]:
        peer["ipBlock"].pop("except", None)


CHARGE_IN: Final = "payment-service/from.order-service.payments-v1"
CHARGE_OUT: Final = "order-service/to.payment-service.payments-v1"

FAULTS: Final = (
    Fault(
        sentence="a typo in a principal",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=lambda made: _rule(made)["from"][0]["source"].update(
            principals=["cluster.local/ns/order-service/sa/orders-service"]
        ),
    ),
    Fault(
        sentence="an egress rule without peers and ports",
        reported=f"Extra: {ORDER} → the metadata server tcp",
        kind="NetworkPolicy",
        place=CHARGE_OUT,
        edit=lambda made: made["spec"].update(egress=[{}]),
    ),
    Fault(
        sentence="an ingress rule without peers",
        reported=f"Extra: the internet → {PAYMENT} tcp/50051",
        kind="NetworkPolicy",
        place=CHARGE_IN,
        edit=lambda made: made["spec"]["ingress"][0].pop("from"),
        by=WAYS_IN,
    ),
    Fault(
        sentence="a missing way out",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="NetworkPolicy",
        place=CHARGE_OUT,
        edit=None,
    ),
    Fault(
        sentence="a missing way in",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="NetworkPolicy",
        place=CHARGE_IN,
        edit=None,
    ),
    Fault(
        sentence="a missing admission",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=None,
    ),
    Fault(
        sentence="a template that admits to what another operation names",
        reported=f"Extra: {ORDER} → product-service/product-service tcp/8002 GET /v1/products/search",
        kind="AuthorizationPolicy",
        place="product-service/from.order-service.products-v1",
        edit=lambda made: _rule(made)["to"][0]["operation"].pop("notPaths"),
    ),
    Fault(
        sentence="a namespace without its default deny",
        reported="Extra: order-service/a-stray → the internet tcp",
        kind="NetworkPolicy",
        place="order-service/default-deny",
        edit=None,
    ),
    Fault(
        sentence="stores without their default deny",
        reported="Extra: order-service-data/a-stray → the internet tcp",
        kind="NetworkPolicy",
        place="order-service-data/default-deny",
        edit=None,
    ),
    Fault(
        sentence="a mesh that denies nothing by itself",
        reported="Extra: default/a-stranger → analytics-service/analytics-service tcp",
        kind="AuthorizationPolicy",
        place="istio-system/deny-all",
        edit=None,
        by=ADMISSIONS,
    ),
    Fault(
        sentence="the caller's selectors split into two peers",
        reported=f"Extra: order-service/a-stray → {PAYMENT} tcp/50051",
        kind="NetworkPolicy",
        place=CHARGE_IN,
        edit=lambda made: _split(made, "ingress", "from"),
        by=WAYS_IN,
    ),
    Fault(
        sentence="the resolver's selectors split into two peers",
        reported=f"Extra: {ORDER} → kube-system/metrics-server tcp/53",
        kind="NetworkPolicy",
        place="order-service/platform.dns",
        edit=lambda made: _split(made, "egress", "to"),
    ),
    Fault(
        sentence="a wrong port",
        reported=f"Extra: {CHARGE.removesuffix('1')}2",
        kind="NetworkPolicy",
        place=CHARGE_IN,
        edit=lambda made: made["spec"]["ingress"][0]["ports"][0].update(port=50052),
        by=WAYS_IN,
    ),
    Fault(
        sentence="a rule without ports",
        reported=f"Extra: {CHARGE.removesuffix('/50051')}",
        kind="NetworkPolicy",
        place=CHARGE_OUT,
        edit=lambda made: made["spec"]["egress"][0].pop("ports"),
        by=WAYS_OUT,
    ),
    Fault(
        sentence="a wrong protocol",
        reported=f"Missing: {ORDER} → kube-system/kube-dns udp/53",
        kind="NetworkPolicy",
        place="order-service/platform.dns",
        edit=lambda made: made["spec"]["egress"][0]["ports"][1].update(protocol="SCTP"),
    ),
    Fault(
        sentence="an added method",
        reported=f"Extra: {CHARGE} DELETE /payments.v1.Payments/Charge",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=lambda made: _operation(made)["methods"].append("DELETE"),
    ),
    Fault(
        sentence="an added path",
        reported=f"Extra: {CHARGE} POST /payments.v1.Payments/Refund",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=lambda made: _operation(made)["paths"].append("/payments.v1.Payments/Refund"),
    ),
    Fault(
        sentence="an admission of everything",
        reported=f"Extra: {CHARGE}",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=lambda made: made["spec"].update(rules=[{}]),
    ),
    Fault(
        sentence="an admission that selects every pod of the namespace",
        reported="Extra: order-service/order-service → payment-service/a-stray tcp/50051 POST "
        "/payments.v1.Payments/Charge",
        kind="AuthorizationPolicy",
        place=CHARGE_IN,
        edit=lambda made: made["spec"].pop("selector"),
        by=ADMISSIONS,
    ),
    Fault(
        sentence="a public admission that asks for no token",
        reported=f"Extra: kong/gateway → {ORDER} tcp/8003 GET,POST /v1/orders (without a token)",
        kind="AuthorizationPolicy",
        place="order-service/*.orders-v1",
        edit=lambda made: _rule(made).pop("when"),
    ),
    Fault(
        sentence="addresses without their exceptions",
        reported=f"Extra: {PAYMENT} → the metadata server tcp/443",
        kind="NetworkPolicy",
        place="payment-service/to.internet",
        edit=_everywhere,
    ),
    Fault(
        sentence="a way out that selects every pod of the namespace",
        reported="Extra: payment-service/a-stray → the internet tcp/443",
        kind="NetworkPolicy",
        place="payment-service/to.internet",
        edit=lambda made: made["spec"].update(podSelector={}),
    ),
    Fault(
        sentence="a namespace whose pods get no proxy",
        reported=f"Extra: {CHARGE}",
        kind="Namespace",
        place="payment-service",
        edit=lambda made: made["metadata"]["labels"].update({"istio-injection": "disabled"}),
    ),
    Fault(
        sentence="pods that refuse their proxy",
        reported=f"Extra: {CHARGE}",
        kind="Deployment",
        place="payment-service/payment-service",
        edit=lambda made: made["spec"]["template"]["metadata"]["labels"].update({"sidecar.istio.io/inject": "false"}),
    ),
    Fault(
        sentence="pods under another account",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="Rollout",
        place="order-service/order-service",
        edit=lambda made: made["spec"]["template"]["spec"].update(serviceAccountName="default"),
    ),
    Fault(
        sentence="a port whose requests the mesh cannot distinguish",
        reported=f"Missing: {CHARGE} POST /payments.v1.Payments/Charge",
        kind="Service",
        place="payment-service/payment-service",
        edit=lambda made: next(port for port in made["spec"]["ports"] if port["port"] == 50051).update(
            appProtocol="tcp"
        ),
    ),
)
