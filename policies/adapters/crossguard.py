"""The two CrossGuard adapters: the engine's resources one by one, and the whole stack at the end.

Four policies hold all rules: CrossGuard gives a level to a policy, and its SDK reads all properties again for each
one, so a policy per rule would cost twenty times as much. Each resource is thawed and judged once; the two policies
about resources share what was found. The engine shows the whole stack with outputs, which are empty the first time
everything is previewed, so the rules about the stack judge the inputs that were collected on the way.

Nothing is raised into the SDK: there an exception ends the run without saying which rule it was. What fails here is a
mandatory violation. Messages never quote an error or a property: a provider's may hold a kubeconfig.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies.adapters.intent import SERVICES, SETTINGS, IntentError, Stack, facts_of, strictest
from policies.adapters.thawing import thaw
from policies.core.facts import Facts
from policies.core.finding import Finding
from policies.core.judging import Judge, place_of, scopes
from policies.core.rule import Rule
from policies.objects import Object, Options, Provider
from policies.rules import RULES

ReportedLevel = Literal["mandatory", "advisory"]
LEVELS: Final[Mapping[ReportedLevel, EnforcementLevel]] = {
    "mandatory": EnforcementLevel.MANDATORY,
    "advisory": EnforcementLevel.ADVISORY,
}
DESCRIPTIONS: Final[Mapping[ReportedLevel, str]] = {
    "mandatory": "Forbidden on this platform:",
    "advisory": "Advised against on this platform:",
}
"""The engine prints it above every message."""

FactsOf = Callable[[Stack], Facts]
"""What is known about a stack. Raises IntentError."""


def facts_of_run(stack: Stack) -> Facts:
    """Facts from the configuration the engine sent and the files of the project. Raises IntentError."""
    config = pulumi.Config("platform")
    given = {key: config.get(key.partition(":")[2]) for key in (SETTINGS, SERVICES)}
    return facts_of(stack, {key: text for key, text in given.items() if text}, today=_today())


def policies(facts_of: FactsOf = facts_of_run, rules: Sequence[Rule] = RULES) -> list[Policy]:
    """All rules as CrossGuard's policies, for one run of the engine."""
    hearing = Hearing(facts_of, rules)
    return [
        *(_about_resources(hearing, level) for level in LEVELS),
        *(_about_stack(hearing, level) for level in LEVELS),
    ]


class Servicer(_PolicyAnalyzerServicer):
    """The SDK's server, with the configuration of the run.

    The engine sends it, and pulumi-policy 1.21.0 drops all of it but the stack's tags (policy.py: ConfigureStack).
    Remove this class when `pulumi.Config` answers in a policy without it.
    """

    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802  (the protocol's name)
        """Keeps the configuration where `pulumi.Config` looks for it."""
        for key, text in request.config.items():
            pulumi.runtime.set_config(key, text)
        return super().ConfigureStack(request, context)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One violation as it is reported to the engine."""

    message: str
    urn: str | None = None
    """The resource it is about; None: the one that is being analysed, or the stack."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was found about a resource, or by the rules of the stack."""

    violations: Mapping[ReportedLevel, Sequence[Reported]]
    thing: Object | None = None
    """As the program gave it."""
    findings: Sequence[Finding] = ()
    asked: set[ReportedLevel] = field(default_factory=set)
    """The levels that have asked for it. One that asks again is asking about another request."""


class Hearing:
    """One run of the engine: every resource that came by, and what was found about it.

    The SDK serves with four threads. One lock is enough: only one of them could run Python at a time anyway.
    """

    def __init__(self, facts_of: FactsOf, rules: Sequence[Rule]) -> None:
        self._facts_of = facts_of
        self._rules = rules
        self._lock = threading.Lock()
        self._judges: dict[Stack, Judge] = {}
        self._troubles: list[str] = []
        self._resources: dict[str, Heard] = {}
        self._stack: Heard | None = None

    def resource(self, level: ReportedLevel, args: ResourceValidationArgs) -> Sequence[Reported]:
        """What `level` has to say of one resource."""
        with self._lock:
            heard = self._resources.get(args.urn)
            if heard is None or level in heard.asked:
                heard = self._resources[args.urn] = self._hear_resource(args)
            heard.asked.add(level)
            return heard.violations[level]

    def stack(self, level: ReportedLevel, args: StackValidationArgs) -> Sequence[Reported]:
        """What `level` has to say of the stack."""
        with self._lock:
            if self._stack is None or level in self._stack.asked:
                self._stack = self._hear_stack(args)
            self._stack.asked.add(level)
            return self._stack.violations[level]

    def _hear_resource(self, args: ResourceValidationArgs) -> Heard:
        thing = _object(args, read_only=False)
        outcome = self._judge(Stack.of(args.urn), args.stack_tags).resource(thing)
        return Heard(
            thing=thing,
            findings=outcome.findings,
            violations=_violations(outcome.findings, self._new_troubles()),
        )

    def _hear_stack(self, args: StackValidationArgs) -> Heard:
        present: dict[Stack, list[Object]] = {}
        found: list[Finding] = []
        for resource in args.resources:
            heard = self._resources.get(resource.urn)
            thing = heard.thing if heard and heard.thing else _object(resource, read_only=True)
            present.setdefault(Stack.of(resource.urn), []).append(thing)
        for stack, things in sorted(present.items()):
            found += self._of_stack(self._judge(stack, args.stack_tags), things)
        return Heard(findings=found, violations=_violations(found, self._new_troubles()))

    def _of_stack(self, judge: Judge, things: Sequence[Object]) -> Sequence[Finding]:
        heard = (self._resources[thing.urn] for thing in things if thing.urn in self._resources)
        known = {finding.identity: finding for each in heard for finding in each.findings}
        found = judge.stack(things).findings
        dead = judge.exceptions([*known.values(), *found], scopes(things))
        # What both kinds of rule cannot read has been said of the resource.
        return [*(finding for finding in found if finding.identity not in known), *dead]

    def _judge(self, stack: Stack, tags: Mapping[str, str]) -> Judge:
        """The judge of `stack`, which has `tags`; a backend that keeps none is not accused of it. Where its facts
        cannot be read the run is refused, and judged strictly all the same: with --continue-on-error the engine would
        go on to the next resource."""
        if stack not in self._judges:
            try:
                facts = self._facts_of(stack)
            except IntentError as error:
                facts = strictest(_today())
                self._troubles.append(
                    f"what was asked for cannot be read, so nothing is known to be right:\n{error}\n"
                    f"Fix: mend that. Until then everything is judged under the limits of production."
                )
            self._judges[stack] = Judge(replace(facts, stack_tags=dict(tags) or facts.stack_tags), self._rules)
        return self._judges[stack]

    def _new_troubles(self) -> Sequence[str]:
        new, self._troubles = self._troubles, []
        return new


def _about_resources(hearing: Hearing, level: ReportedLevel) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        _report(lambda: hearing.resource(level, args), report, "this resource")

    return ResourceValidationPolicy(f"resources-{level}", DESCRIPTIONS[level], validate, LEVELS[level])


def _about_stack(hearing: Hearing, level: ReportedLevel) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        _report(lambda: hearing.stack(level, args), report, "the stack as a whole")

    return StackValidationPolicy(f"stack-{level}", DESCRIPTIONS[level], validate, LEVELS[level])


def _report(hear: Callable[[], Sequence[Reported]], report: ReportViolation, what: str) -> None:
    try:
        said = hear()
    except IntentError as error:
        said = [Reported(message=f"{what} was not judged: {error}")]
    except Exception as error:
        trouble = f"{type(error).__name__} at {place_of(error)}"
        said = [Reported(message=f"{what} was not judged, because the pack failed with {trouble}. Fix: report that.")]
    for violation in said:
        report(violation.message, violation.urn)


def _object(resource: Any, *, read_only: bool) -> Object:
    """What CrossGuard calls a resource, in either of its shapes, as an object to judge."""
    props, provider, options = thaw(resource.props), resource.provider, resource.opts
    if not isinstance(props, dict):
        raise TypeError("properties are no mapping")
    return Object(
        type=resource.resource_type,
        props=props,
        urn=resource.urn,
        logical=resource.name,
        options=Options(protect=bool(options.protect), ignore_changes=tuple(options.ignore_changes)),
        provider=Provider(name=provider.name, props=thaw(provider.props)) if provider else None,
        read_only=read_only,
    )


def _violations(findings: Sequence[Finding], troubles: Sequence[str]) -> Mapping[ReportedLevel, Sequence[Reported]]:
    """What is excepted is still reported, as advice: an exception that is never shown is never ended."""
    said: dict[ReportedLevel, list[Reported]] = {level: [] for level in LEVELS}
    said["mandatory"] += [Reported(message=trouble) for trouble in troubles]
    for finding in sorted(findings, key=lambda each: each.order):
        urn = finding.about.urn if finding.about else None
        if finding.exception:
            until = f"excepted until {finding.exception.expires}, {finding.exception.owner}"
            said["advisory"].append(Reported(message=f"({until}) {finding.message}", urn=urn))
        elif finding.level != "off":
            said[finding.level].append(Reported(message=finding.message, urn=urn))
    return said


def _today() -> date:
    return datetime.now(tz=UTC).date()
