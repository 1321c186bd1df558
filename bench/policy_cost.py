"""What judging costs: milliseconds per resource by itself, behind the SDK's server, and with one policy per rule.

The objects are those of a real stack, the rules all there are. `alone` is the judge over plain objects: what the
preflight adds to the program. `served` is what the engine waits for: the SDK reads the message, the adapters thaw it,
the judge runs. `a policy per rule` are the same rules the way packs are usually made: the SDK reads every message
again for each of them. CPU seconds of one machine, the best of some runs; printed, never asserted.

    python -m bench.policy_cost [--stack dev] [--runs 3] [--sample 40] [--engine]

With --engine, `pulumi policy analyze` judges the same objects as a recorded state: wall seconds, with the start of the
engine and the pack measured apart, with a state that holds nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationPolicy, StackValidationPolicy

from manifests import everything
from operations import engine
from policies.adapters.crossguard import policies
from policies.adapters.manifests import objects
from policies.adapters.thawing import thaw
from policies.core.facts import Facts
from policies.core.judging import CRASH, EXCEPTIONS, UNKNOWN, Judge
from policies.core.rule import Rule
from policies.objects import Object, Options
from policies.rules import RULES
from tests.support.own_platform import facts as facts_of
from tests.support.policy_servicer import addressed, request, servicer
from tests.support.recorded_state import Analyst, recorded
from tests.support.stacks import blueprint_of

TARGET: Final = 0.35
"""Share of a policy per rule that our packaging is meant to stay under."""
KUBECONFIG: Final = {"kubeconfig": "x" * 4000}
"""What the SDK reads with every resource: the provider's properties, of an embedded cluster's size."""
ALWAYS: Final = frozenset({CRASH, UNKNOWN, EXCEPTIONS})
"""Rules the judge speaks itself."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU seconds of one run over `count` resources."""

    resources: float
    stack: float
    count: int

    def reported(self, what: str) -> str:
        """One line."""
        each, all_ = 1000 * self.resources / self.count, 1000 * (self.resources + self.stack) / self.count
        return f"{what:28}  {self.count:6}  {each:9.3f}  {self.stack:8.3f}  {all_:9.3f}"


def main() -> None:
    """Prints one line per way of judging."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--runs", type=int, default=3, help="of which the best counts")
    parser.add_argument("--sample", type=int, default=40, help="resources the policies per rule are tried on")
    parser.add_argument("--engine", action="store_true", help="ask the real engine too")
    given = parser.parse_args()
    manifests = list(everything(blueprint_of(given.stack)))
    facts, things = facts_of(given.stack), addressed(objects(manifests))
    judge = Judge(facts, RULES)
    of_stack = sum(rule.of_stack for rule in judge.active)
    say(f"{given.stack}: {len(judge.active) - of_stack} rules about a resource, {of_stack} about the stack")
    say(f"{'':28}  {'count':>6}  {'ms each':>9}  {'stack s':>8}  {'ms in all':>9}")

    resources = best(given.runs, lambda: [judge.resource(thing) for thing in things])
    stack = best(given.runs, lambda: judge.stack(things))
    say(Cost(resources=resources, stack=stack, count=len(things)).reported("alone"))
    say(served(lambda: policies(lambda _: facts), things, given.runs).reported("served"))
    sample = things[:: max(1, len(things) // given.sample)]
    ours = served(lambda: policies(lambda _: facts), sample, given.runs)
    each = served(lambda: [policy_of(facts, rule) for rule in judge.active], sample, 1)
    say(ours.reported("served, a sample"))
    say(each.reported("a policy per rule, the sample"))
    ratio = (ours.resources + ours.stack) / (each.resources + each.stack)
    say(
        f"ours over a policy per rule: {ours.resources / each.resources:.3f} for resources,"
        f" {ours.stack / each.stack:.3f} for the stack, {ratio:.3f} in all; meant to be at most {TARGET}"
    )
    if given.engine:
        by_engine(manifests, given.stack)


def served(made: Callable[[], Sequence[Policy]], things: Sequence[Object], runs: int) -> Cost:
    """What `made` costs behind the SDK's server, fresh each time."""
    asked = [request(thing, KUBECONFIG) for thing in things]
    fields = ("type", "properties", "urn", "name", "options", "provider")
    whole = proto.AnalyzeStackRequest(
        resources=[proto.AnalyzerResource(**{field: getattr(each, field) for field in fields}) for each in asked]
    )
    resources, stack = [], []
    for _ in range(runs):
        server: Any = servicer(made())
        resources.append(best(1, lambda server=server: [server.Analyze(each, None) for each in asked]))  # type: ignore[misc]
        stack.append(best(1, lambda server=server: server.AnalyzeStack(whole, None)))  # type: ignore[misc]
    return Cost(resources=min(resources), stack=min(stack), count=len(things))


def policy_of(facts: Facts, rule: Rule) -> Policy:
    """`rule` as a policy of its own."""
    judge = Judge(facts, [rule, *(each for each in RULES if each.id in ALWAYS and each is not rule)])

    def about_resource(args: Any, report: Any) -> None:
        for finding in judge.resource(_object(args)).findings:
            report(finding.message, None)

    def about_stack(args: Any, report: Any) -> None:
        for finding in judge.stack([_object(each) for each in args.resources]).findings:
            report(finding.message, None)

    if rule.of_stack:
        return StackValidationPolicy(rule.id, rule.why, about_stack, EnforcementLevel.MANDATORY)
    return ResourceValidationPolicy(rule.id, rule.why, about_resource, EnforcementLevel.MANDATORY)


def _object(args: Any) -> Object:
    options = Options(protect=args.opts.protect, ignore_changes=tuple(args.opts.ignore_changes))
    return Object(type=args.resource_type, props=thaw(args.props), urn=args.urn, logical=args.name, options=options)


def by_engine(manifests: Sequence[Any], stack: str) -> None:
    """Prints what the real engine takes for the same objects."""
    toolchain = engine.provide(progress=say)
    with tempfile.TemporaryDirectory(prefix="plat-") as folder:
        analyst = Analyst(folder=Path(folder), toolchain=toolchain)
        seconds = []
        for record in (recorded([], stack=stack), recorded(manifests, stack=stack)):
            analyst.analyze(recorded([]))  # the first start reads everything from disk
            started = time.perf_counter()
            analyst.analyze(record)
            seconds.append(time.perf_counter() - started)
    start, whole = seconds
    say(
        f"the engine: {start:.2f} s to start and stop, {whole:.2f} s with {len(manifests)} resources:"
        f" {1000 * (whole - start) / len(manifests):.2f} ms each"
    )


def best(runs: int, work: Callable[[], object]) -> float:
    """CPU seconds of `work`, the best of `runs`."""
    taken = []
    for _ in range(runs):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def say(line: str) -> None:
    """Prints at once: a line takes seconds."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
