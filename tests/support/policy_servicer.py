"""The SDK's own server in this process, asked as the engine asks it: numbers as floats, unknown values as sentinels.

Only gRPC itself is left out; the messages are those that would go over the wire.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, Policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from blueprint.catalogue import Environment
from policies.adapters.crossguard import DESCRIPTIONS, Servicer, policies
from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.finding import Finding
from policies.core.judging import CRASH, EXCEPTIONS, UNKNOWN, Judge
from policies.core.limits import Limits, limits_of
from policies.core.rule import Rule
from policies.objects import Object, Options
from policies.objects.values import Unknown
from policies.rules import RULES
from policies.rules.eng.group import ENG
from policies.rules.wl import WL
from tests.support.policy_cases import TODAY

CORE: Final = (*WL.rules, *(rule for rule in ENG.rules if rule.id in {CRASH, UNKNOWN, EXCEPTIONS}))
"""Pod Security and what the judge itself says: few enough to state every outcome exactly."""


def without_exceptions(environment: Environment) -> Limits:
    """The limits of `environment` without its exceptions: one of a rule that is not in `CORE` would be a finding."""
    return limits_of(environment).model_copy(update={"exceptions": ()})


PROD: Final = Facts(environment="prod", limits=without_exceptions("prod"), today=TODAY)
"""As it is judged where nobody said what was asked for."""
DEV: Final = Facts(environment="dev", limits=without_exceptions("dev"), today=TODAY)
LEVELS: Final = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}


@dataclass(frozen=True, kw_only=True, order=True)
class Said:
    """One violation, as the engine would show it."""

    level: str
    message: str
    """Without the policy's description, which the SDK puts before it."""
    urn: str = ""
    policy: str = ""

    @property
    def rule(self) -> str:
        """Its rule; "" where it is none's."""
        head = self.message.rpartition(") ")[2] if self.message.startswith("(excepted") else self.message
        return head.partition(":")[0]


class Pack:
    """Our policies behind the SDK's server."""

    def __init__(self, facts: Facts | Callable[..., Facts], rules: Sequence[Rule] = RULES) -> None:
        served = policies((lambda _: facts) if isinstance(facts, Facts) else facts, rules)
        self.servicer = servicer(served)

    def analyze(self, thing: Object, *, provider: Mapping[str, Any] | None = None) -> list[Said]:
        """What is said of one resource."""
        return said(self.servicer.Analyze(request(thing, provider), None))  # type: ignore[no-untyped-call]

    def analyze_stack(self, things: Iterable[Object], *, outputs: bool = False) -> list[Said]:
        """What is said of the stack. Without `outputs` none is known, as in the first preview of anything; what is only
        read is known then, too."""
        shown = [request(thing if outputs or thing.read_only else replace(thing, props={})) for thing in things]
        resources = [
            proto.AnalyzerResource(
                type=each.type,
                properties=each.properties,
                urn=each.urn,
                name=each.name,
                options=each.options,
                provider=each.provider if each.HasField("provider") else None,
            )
            for each in shown
        ]
        asked = proto.AnalyzeStackRequest(resources=resources)
        return said(self.servicer.AnalyzeStack(asked, None))  # type: ignore[no-untyped-call]

    def everything(self, things: Sequence[Object]) -> list[Said]:
        """All that is said of `things`: each that would be made, then the stack."""
        made = [thing for thing in things if not thing.read_only]
        return [*(each for thing in made for each in self.analyze(thing)), *self.analyze_stack(things)]


def servicer(served: Sequence[Policy]) -> Servicer:
    """The SDK's server with `served`, as `PolicyPack` makes it."""
    return Servicer("platform", "0.0.1", list(served), EnforcementLevel.MANDATORY)


def request(thing: Object, provider: Mapping[str, Any] | None = None) -> Any:
    """`thing` as the engine sends it."""
    options = thing.options or Options()
    given = thing.provider.props if thing.provider else provider
    maker = thing.provider.name if thing.provider else "platform"
    return proto.AnalyzeRequest(
        type=thing.type,
        properties=_struct(thing.props),
        urn=thing.urn,
        name=thing.logical,
        options=proto.AnalyzerResourceOptions(protect=options.protect, ignoreChanges=options.ignore_changes),
        provider=proto.AnalyzerProviderResource(
            type="pulumi:providers:kubernetes",
            properties=_struct(given),
            urn=f"urn:pulumi:prod::platform::pulumi:providers:kubernetes::{maker}",
            name=maker,
        )
        if given is not None
        else None,
    )


def said(response: Any) -> list[Said]:
    """The violations in an answer."""
    return [
        Said(
            level=LEVELS[each.enforcementLevel],
            message=_without_description(each.message),
            urn=each.urn,
            policy=each.policyName,
        )
        for each in response.diagnostics
    ]


def addressed(things: Iterable[Object]) -> tuple[Object, ...]:
    """`things` as resources of a program: each with a URN and options of its own."""
    return tuple(
        replace(
            thing,
            urn=f"urn:pulumi:prod::platform::{thing.type}::{index}",
            options=thing.options or Options(),
        )
        for index, thing in enumerate(things)
    )


def expected(facts: Facts, things: Sequence[Object], rules: Sequence[Rule] = RULES) -> list[tuple[str, str]]:
    """Level and message of everything the judge itself says of `things`, sorted. The engine never asks about single
    resources that are only read."""
    report = Judge(facts, rules).everything(things)
    found = (*report.findings, *report.excepted)
    return sorted(_reported(each) for each in found if each.rule.of_stack or not (each.about and each.about.read_only))


def pod(**spec: Any) -> Object:
    """A pod no rule about pods has a word to say against, changed by `spec`."""
    container = {
        "name": "main",
        "image": "ghcr.io/acme/main:1.0.0",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {"securityContext": security, "containers": [container], **spec},
    }
    (thing,) = addressed([from_manifest(manifest)])
    return thing


def container(**security: Any) -> dict[str, Any]:
    """A container of such a pod, with its securityContext changed."""
    usual = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": "main", "image": "ghcr.io/acme/main:1.0.0", "securityContext": {**usual, **security}}


def _reported(finding: Finding) -> tuple[str, str]:
    asked = finding.exception
    return (
        ("advisory", f"(excepted until {asked.expires}, {asked.owner}) {finding.message}")
        if asked
        else (finding.level, finding.message)
    )


def _without_description(message: str) -> str:
    description, _, rest = message.partition("\n")
    assert description in DESCRIPTIONS.values(), f"the SDK speaks differently now: {message}"
    return rest


def _struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(_wire(props))
    return struct


def _wire(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {str(key): _wire(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
