"""Which object is at fault where a mesh answers otherwise than declared: for the words about a difference.

Read from the objects by Istio's rules (`policies.mesh`). The proxies decided; this only finds the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from blueprint import names
from operations.laboratory.members import Member
from operations.laboratory.questions import Question, Unheard, normal
from policies.core.facts import Facts
from policies.core.world import World
from policies.mesh.authz import Request, action, applying, passes
from policies.mesh.mode import PEER_AUTHENTICATION, STRICT, mode, selector
from policies.mesh.scope import SERVICE_ENTRY
from policies.objects import Object

_SIDECAR: Final = "Sidecar.networking.istio.io"
_INHERITS: Final = ("", "UNSET", STRICT)


class Blame:
    """The objects of one proof."""

    def __init__(self, objects: Sequence[Mapping[str, Any]], facts: Facts) -> None:
        self._world = World(facts, [Object(type="", props=dict(each)) for each in objects])
        self._trust_domain = facts.trust_domain

    def of(self, question: Question, *, answered: bool) -> tuple[str, ...]:
        """What lets `question` through, or what does not."""
        if isinstance(question, Unheard):
            return tuple(self._modes(question.target, question.target_port))
        if question.target.namespace is None:
            return tuple(self._scopes(question.source)) if answered else (question.why, *self._entries(question))
        admitting = self.admitting(question, question.source.identity)
        if answered:
            return admitting or ("no AuthorizationPolicy closes it",)
        missing = f"no AuthorizationPolicy of {question.target.name} admits {self._called(question.source)} to it"
        return (question.why, *(f"though {each}" for each in admitting)) if admitting else (question.why, missing)

    def _called(self, source: Member) -> str:
        """Its name, and its account where that is not the service's own: policies know nobody else."""
        own = source.name not in self._world.facts.service or source.account == names.service_account(source.name)
        return source.name if own else f"{source.name} (whose pod has the account {source.account})"

    def admitting(self, question: Question, identity: str) -> tuple[str, ...]:
        """The AuthorizationPolicies of the target by which `identity` may ask `question`."""
        return tuple(self._admitting(question, identity))

    def _admitting(self, question: Question, identity: str) -> Iterator[str]:
        target = question.target
        request = Request(
            identity=identity,
            port=question.target_port,
            method=question.method,
            path=normal(question.path),
            token="authorization" in question.headers,
        )
        for policy in applying(self._world, str(target.namespace), _labels(target)):
            if action(policy) == "ALLOW" and passes([policy], request, self._trust_domain):
                yield f"AuthorizationPolicy {policy.namespace}/{policy.name} admits it"

    def _modes(self, target: Member, port: int) -> Iterator[str]:
        """The PeerAuthentications that take plain text on `port`."""
        said = False
        for thing in self._world.of(PEER_AUTHENTICATION):
            if thing.namespace not in (target.namespace, names.ISTIO):
                continue
            if not selector(thing).items() <= _labels(target).items():
                continue
            words = {"": mode(thing).word, f" for port {port}": thing.spec.at("portLevelMtls", str(port), "mode").word}
            for which, word in words.items():
                if word not in _INHERITS:
                    said = True
                    yield f"PeerAuthentication {thing.namespace}/{thing.name} says {word}{which}"
        if not said:
            yield "no PeerAuthentication says STRICT"

    def _entries(self, question: Question) -> Iterator[str]:
        """The ServiceEntries by which the source could know a host outside."""
        own = [thing for thing in self._world.of(SERVICE_ENTRY) if thing.namespace == question.source.namespace]
        found = [thing for thing in own if (question.server_name or question.host) in thing.spec["hosts"].words]
        yield from (f"though ServiceEntry {thing.namespace}/{thing.name} names it" for thing in found)
        if not found:
            yield f"no ServiceEntry of {question.source.namespace} names it"

    def _scopes(self, source: Member) -> Iterator[str]:
        own = [thing for thing in self._world.of(_SIDECAR) if thing.namespace == source.namespace]
        for thing in own:
            word = thing.spec.at("outboundTrafficPolicy", "mode").word or "nothing about hosts it does not know"
            yield f"Sidecar {thing.namespace}/{thing.name} says {word}"
        if not own:
            yield f"no Sidecar of {source.namespace} limits what it knows"


def _labels(member: Member) -> Mapping[str, str]:
    labels: Mapping[str, str] = member.pod["metadata"]["labels"] if member.pod else {}
    return labels
