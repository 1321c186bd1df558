"""Authentication of callers: no plaintext, and no tokens but those of the settings' issuers."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from blueprint.settings import Issuer
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, STACK, Violation
from policies.core.world import Workload, World
from policies.mesh.mode import STRICT, mode, peers, selector
from policies.mesh.scope import is_meshed, is_outside
from policies.objects import Object, json_text
from policies.objects.values import View
from policies.rules.mesh.group import EACH_WORKLOAD, MESH, PEERS, PLATFORM, has_mesh

NOT_WEAKER: Final = ("UNSET", STRICT)
ENFORCED: Final = "kyverno istio/enforce-strict-mtls"


@MESH.stack(
    "mesh-root-strict",
    "M/M/M",
    CRITICAL,
    STACK,
    why="Without one strict rule above all others every pod takes plaintext, which is Istio's default.",
    cure="Keep exactly one PeerAuthentication without a selector in istio-system, with mtls.mode STRICT",
    where=PLATFORM,
    sources=("Istio: PeerAuthentication", ENFORCED),
)
def root_strict(_: None, world: World) -> Iterator[Violation]:
    above = peers(world, names.ISTIO).whole
    if not above and has_mesh(world.facts) and world.declares(names.ISTIO):
        text = "has no PeerAuthentication without a selector, so the whole mesh takes plaintext"
        yield Violation("", text, on=world.namespaces[names.ISTIO])
    for index, thing in enumerate(above):
        if index:
            yield Violation(
                thing.root.at("metadata", "name"),
                f"is one of {len(above)} mesh-wide rules, and the oldest wins",
                on=thing,
            )
        said = mode(thing)
        if said.word in ("", "UNSET"):
            yield Violation(said, f"is {said.word or 'not set'}, which is PERMISSIVE with nothing above", on=thing)
        elif said.word != STRICT:
            yield Violation(said, f"is {said.word}", on=thing)


@MESH.resource(
    "mesh-peerauth-no-weaken",
    "M/M/M",
    CRITICAL,
    PEERS,
    why="On a port that takes plaintext, any pod that reaches it can claim any identity.",
    cure="Remove the mode, or set it to STRICT",
    where=PLATFORM,
    sources=(ENFORCED,),
)
def no_weaken(thing: Object, _: Facts) -> Iterator[Violation]:
    ports = (setting["mode"] for _, setting in thing.spec["portLevelMtls"].entries())
    for said in (mode(thing), *ports):
        if said.is_set and said.word not in NOT_WEAKER:
            yield Violation(said, f"is {said.word or 'empty'}")


@MESH.stack(
    "mesh-peerauth-unique",
    "M/M/M",
    HIGH,
    PEERS,
    why="Of two rules for the same pods the oldest wins, so a restored cluster may take what this one refuses.",
    cure="Merge them into one",
    where=PLATFORM,
    sources=("Istio: ComposePeerAuthentication",),
)
def unique(thing: Object, world: World) -> Iterator[Violation]:
    beside = peers(world, thing.namespace)
    if not selector(thing):
        first = beside.whole[0]
        if first is not thing:
            yield Violation(
                thing.spec["selector"], f"selects nothing, and {first.title} is for the whole namespace too"
            )
        return
    if thing.namespace == names.ISTIO:
        yield Violation(thing.spec["selector"], "is set in the root namespace, where Istio ignores the rule")
    if id(thing) in beside.clashes:
        first, both = beside.clashes[id(thing)]
        yield Violation(thing.spec["selector"], f"selects {both}, as {first.title} does")


@MESH.stack(
    "mesh-effective-mode",
    "M/M/M",
    CRITICAL,
    EACH_WORKLOAD,
    why="What counts is what all rules together leave of a port: one that takes plaintext takes it from any pod.",
    cure="Remove the rule that weakens it, or add the mesh-wide one that is STRICT",
    where=PLATFORM,
    sources=("Istio: ComposePeerAuthentication",),
)
def effective_mode(workload: Workload, world: World) -> Iterator[Violation]:
    namespace = workload.namespace
    meshed = is_meshed(world, namespace)
    if not has_mesh(world.facts) or is_outside(namespace, world.facts) or meshed is False:
        return
    for port, said in peers(world, namespace).modes(workload):
        if said.word != STRICT:
            which = f"port {port}" if port else "its ports"
            because = said.by.title if said.by else "no PeerAuthentication is above it, and that is the default"
            yield Violation(workload.pod.spec, f"takes plaintext on {which}: {said.word} ({because})")


def strangers(thing: Object, facts: Facts) -> Iterator[Violation]:
    """Where a RequestAuthentication trusts more than `identity.issuers` says. Silent where nothing is said."""
    known = {issuer.issuer: issuer for issuer in facts.settings.identity.issuers.values()} if facts.settings else {}
    if not known:
        return
    for rule in thing.spec["jwtRules"]:
        issuer = known.get(rule["issuer"].word)
        if issuer is None:
            yield Violation(rule["issuer"], "is no issuer of the settings")
            continue
        yield from _forgeries(rule, issuer)
        if issuer.audiences:
            wider = set(rule["audiences"].words) - set(issuer.audiences)
            if wider or rule["audiences"].is_empty:
                yield Violation(rule["audiences"], "takes tokens that are meant for another service")


def _forgeries(rule: View, issuer: Issuer) -> Iterator[Violation]:
    """Keys that are not the issuer's: their owner could sign in its name."""
    address = rule["jwksUri"]
    if address.is_set and not address.word.startswith(f"{issuer.issuer.rstrip('/')}/"):
        yield Violation(
            address, "is not below the issuer's own address, so other keys than the issuer's sign in its name"
        )
    theirs = {(key.kty, key.n, key.e) for key in issuer.jwks.keys}
    for key in json_text.parsed(rule["jwks"])["keys"]:
        if (key["kty"].word, key["n"].word, key["e"].word) not in theirs:
            yield Violation(key, "is no key the settings name for this issuer")
