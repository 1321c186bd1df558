"""A mesh that really refuses: every declared call is asked through istiod and Envoy, and so are its neighbours.

The objects are those the stack's API server holds, read once; the mesh's settings are those the platform gives to
istiod's chart. The expectation is the judge's (`judging`), which knows the catalogue and not the derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint.context import Context
from blueprint.operators import OPERATORS
from manifests.operators.istiod import SPELLING
from operations import engine
from operations.exits import RefusedError
from operations.laboratory import access, canaries, ejections, injection, opening, patience, sandbox, tokens
from operations.laboratory.blaming import Blame
from operations.laboratory.copies import Copied, Manifest, read
from operations.laboratory.injection import Admission
from operations.laboratory.judging import Judge
from operations.laboratory.members import WIDE_SCOPE, Members, assemble
from operations.laboratory.missing import missing, reachable
from operations.laboratory.network import causes_first
from operations.laboratory.part import Asked, Part
from operations.laboratory.questions import Answer, Difference, Question
from operations.laboratory.requests import Requests
from operations.laboratory.scenes import Scene
from operations.laboratory.wire import Wire
from policies.core.facts import Facts

TOOLS: Final = (
    "envoy",
    "envoy_bootstrap.json",
    "etcd",
    "istioctl",
    "kube-apiserver",
    "pilot-agent",
    "pilot-discovery",
)
ANOTHER_ISSUER: Final = "a token of another issuer"
ANOTHER_AUDIENCE: Final = "a token for another audience"
_NO_ISSUER: Final = "https://elsewhere.invalid"
_NO_AUDIENCE: Final = "elsewhere"
_DECLARED: Final = frozenset(
    {access.EGRESS, access.OPERATIONS, canaries.HEADER, canaries.WEIGHT, ejections.EJECTION, patience.STREAMS}
)
"""What is asked where something declares it."""
_UNOBSERVED: Final = (
    "plain text to ports of bytes: a proxy that does not listen and one that does not admit say the same",
    "tries after connections that cannot be made: what fails here is the application",
    "when a pod that was left alone is asked again",
    "tokens that an issuer has signed: the laboratory signs with a key of its own",
)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was observed."""

    requests: Requests
    admissions: Sequence[Admission]
    """Pods that were asked for with a proxy."""
    differences: Sequence[Difference | str]

    headline = "who may ask what is as declared"

    def lines(self) -> Sequence[str]:
        """For people."""
        proxied = sum(each.admitted for each in self.admissions if each.proxied)
        wanted = sum(each.wanted for each in self.admissions)
        return self.requests.figures(
            f"{proxied} of {wanted} pods admitted with the proxy that istiod's webhook put in, under"
            " their namespaces' Pod Security Standards and quotas"
        )

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        admissions = [each.record() for each in self.admissions]
        return {**self.requests.entries(self.differences), "admissions": admissions}


def check(facts: Facts) -> None:
    """Raises RefusedError where the stack has no mesh."""
    if facts.mesh == "none":
        raise RefusedError(
            "The stack has no mesh (platform:settings mesh.mode is none), so requests through one cannot be observed."
            " Nothing was observed. Ask for the other parts: network, delivery, certificates."
        )


def prove(copied: Copied, asked: Asked) -> Proof:
    """Asks everything about the services of `copied`, or about those of `asked.only`.

    Raises:
        RefusedError: the stack has no mesh, none of the services runs, or the laboratory does not work.
    """
    facts = asked.facts
    check(facts)
    members = assemble(copied, facts, asked.only)
    if not members.services:
        raise RefusedError(f"None of {', '.join(members.absent) or 'the services'} has a running pod. Is the stack up?")
    chosen = {name: facts.service[name].spec.scaling.most for name in (*members.services, *members.absent)}
    lacking = list(missing(members, facts, copied))
    members = reachable(members, facts, copied)
    wire = Wire(Judge(facts), copied.addresses(), user_of(facts), forged_of(facts))
    doubled = list(canaries.Canaries(members, facts, copied, wire).scenes())
    scenes = [
        Scene(questions=list(access.Access(members, wire).questions())),
        Scene(questions=list(patience.Endurance(members, facts, wire).questions())),
        *doubled,
        *ejections.scene(members, facts, copied, wire, made=bool(doubled)),
        *opening.scene(members, copied, wire),
    ]
    questions = [question for scene in scenes for question in scene.questions]
    injected = injection.job(asked.tools.tools["istioctl"], _values(asked), copied, chosen)
    found = sandbox.run(job(copied, members, scenes, asked, injected=injected), asked.phase)
    blame = Blame(copied.objects, facts)
    admissions = injection.admissions(found["admissions"], chosen)
    return Proof(
        requests=Requests(
            questions=questions,
            answers=found["answers"],
            proxies=found["proxies"],
            unobserved=(
                *(f"{name}: it has no running pod" for name in members.absent),
                *(
                    f"{about}: not asked of these services"
                    for about in sorted(_DECLARED - {each.about for each in questions})
                ),
                *_UNOBSERVED,
            ),
            seconds=found["seconds"],
            memory_bytes=found["memory_bytes"],
        ),
        admissions=admissions,
        differences=[
            *lacking,
            *causes_first(list(_differences(questions, found["answers"], blame))),
            *filter(None, (each.wrong() for each in admissions)),
        ],
    )


def _observe(asked: Asked) -> Proof:
    return prove(read(asked.cluster), asked)


MESH: Final = Part(
    brief="the mesh: every declared call and its refused neighbours, asked through istiod and Envoy",
    groups=(engine.CONTROL_PLANE, engine.MESH),
    as_root=True,
    check=check,
    observe=_observe,
)


def job(
    copied: Copied,
    members: Members,
    scenes: Sequence[Scene],
    asked: Asked,
    *,
    injected: Mapping[str, Any] | None = None,
    change: Callable[[Manifest], Manifest] = lambda copy: copy,
    beside: Sequence[Manifest] = (),
) -> Mapping[str, Any]:
    """What the sandbox is given: `scenes` over the copies, each changed by `change`, with `beside` after them."""
    numbers = {member: number for number, member in enumerate(members.all)}
    namespaces = {member.namespace for member in members.all if member.namespace}
    addresses = {member.address for member in members.all}
    there = {_key(each) for each in copied.of("ServiceAccount")}
    values = _values(asked)
    return {
        "part": "mesh",
        "members": [member.record() for member in members.all],
        "names": dict.fromkeys(copied.hosts_outside(), members.internet.address),
        "definitions": copied.definitions,
        "objects": [
            *(change(_own(copy)) for copy in copied.copies(namespaces, addresses)),
            *(each for each in members.accounts if _key(each) not in there),
            WIDE_SCOPE,
            *beside,
            *(member.pod for member in members.all if member.pod),
        ],
        "mesh": values["meshConfig"],
        "environment": values["env"],
        "injection": injected,
        "scenes": [scene.record(numbers) for scene in scenes],
        "service_range": copied.service_range,
        "tools": {name: str(asked.tools.tools[name]) for name in TOOLS},
    }


def user_of(facts: Facts) -> str:
    """A token of the stack's first issuer by name; empty where it has none."""
    return next((tokens.token(issuer, audience) for issuer, audience in _issuers(facts)), "")


def forged_of(facts: Facts) -> Mapping[str, str]:
    """Tokens that no route for users takes, by what they are: in one thing each is not like a user's. None where the
    stack has no issuer."""
    for issuer, audience in _issuers(facts):
        forged = {ANOTHER_ISSUER: tokens.token(_NO_ISSUER, audience)}
        return {**forged, ANOTHER_AUDIENCE: tokens.token(issuer, _NO_AUDIENCE)} if audience else forged
    return {}


def _issuers(facts: Facts) -> Iterator[tuple[str, str]]:
    """Each issuer with its first audience, by name."""
    issuers = facts.settings.identity.issuers if facts.settings else {}
    for _, each in sorted(issuers.items()):
        yield each.issuer, next(iter(each.audiences), "")


def _own(copy: Manifest) -> Manifest:
    return tokens.with_own_key(copy) if copy["kind"] == "RequestAuthentication" else copy


def _key(account: Manifest) -> tuple[str, str]:
    return account["metadata"]["namespace"], account["metadata"]["name"]


def _values(asked: Asked) -> Mapping[str, Any]:
    """What the platform gives to istiod's chart, also where somebody else installs it."""
    settings = asked.facts.settings
    assert settings is not None, "the facts of a stack have its settings"  # noqa: S101
    context = Context(
        settings=settings,
        cluster=asked.blueprint.cluster,
        services=asked.facts.service,
        network=asked.blueprint.network,
    )
    return SPELLING.values(OPERATORS["istiod"].decide(context))


def _differences(questions: Sequence[Question], answers: Sequence[Answer], blame: Blame) -> Iterator[Difference]:
    for question, answer in zip(questions, answers, strict=True):
        if happened := question.wrong(answer):
            because = (*question.suspects, *blame.of(question, answered=bool(answer["by"])))
            yield Difference(question=question, happened=happened, because=because)
