"""Running the rules: every one over every subject, apart from the others' failures, with three possible verdicts.

A rule that raises is a mandatory finding and takes no other rule with it. A rule that meets an unknown value
is undecided about that subject; where the rule is about security, that is a finding of its own. A rule that meets
something of another type than the field has says so as its own finding: what it cannot read it does not pass.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from policies.core.charts import is_advice
from policies.core.exceptions import STACK as STACK_TITLE
from policies.core.exceptions import WrittenException, asked_for, wrong
from policies.core.facts import Facts
from policies.core.finding import Finding, Outcome, Report, Undecided
from policies.core.rule import STACK, Rule, Selector, Violation
from policies.core.tenants import Tenant
from policies.core.world import World
from policies.objects import Object, expanded
from policies.objects.glance import Glance, glance
from policies.objects.values import MalformedError, UndeterminedError

CRASH: Final = "eng-rule-crash"
UNKNOWN: Final = "eng-unknown-values"
EXCEPTIONS: Final = "eng-exemptions"


Looks = tuple[tuple[Selector[Any], tuple[Rule, ...]], ...]


class _BySelector:
    """Rules by what they look for. One look serves all rules that share a selector: pods are found once, not sixty
    times; and an object is looked into for what its sort, and the fields it has, may hold."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        found: dict[int, tuple[Selector[Any], list[Rule]]] = {}
        for rule in rules:
            found.setdefault(id(rule.selector), (rule.selector, []))[1].append(rule)
        self.all: Looks = tuple((selector, tuple(several)) for selector, several in found.values())
        self._by_sort: dict[str, Looks] = {}
        self._by_form: dict[tuple[str, Glance], Looks] = {}

    def of(self, thing: Object) -> Looks:
        """Those that may find something in `thing`. A stack has hundreds of objects of one form."""
        sort, seen = form = (thing.sort, glance(thing))
        if form not in self._by_form:
            self._by_form[form] = tuple(look for look in self._of_sort(sort) if look[0].has(seen))
        return self._by_form[form]

    def _of_sort(self, sort: str) -> Looks:
        if sort not in self._by_sort:
            self._by_sort[sort] = tuple(look for look in self.all if look[0].sorts is None or sort in look[0].sorts)
        return self._by_sort[sort]


class Judge:
    """The rules of one environment, ready to run. Keeps nothing between calls."""

    def __init__(self, facts: Facts, rules: Sequence[Rule]) -> None:
        self.facts = facts
        tenant = facts.settings.tenant if facts.settings else None
        self._tenant = Tenant(name=tenant, services=tuple(facts.service)) if tenant else None
        # What is asked of a stack as a whole may be met by the stack that makes its platform.
        self._is_whole = facts.settings is None or "platform" in facts.settings.layers
        self.by_id = {rule.id: rule for rule in rules}
        self.active = tuple(rule for rule in rules if rule.level(facts.environment) != "off")
        self._resource = _BySelector(rule for rule in self.active if not rule.of_stack)
        self._stack = _BySelector(rule for rule in self.active if rule.of_stack)
        self._exceptions = tuple(each for each in asked_for(facts) if wrong(each, facts.today, self.by_id) is None)

    def resource(self, thing: Object) -> Outcome:
        """What the rules about single resources say of `thing` and of everything it holds."""
        found: list[Finding | Undecided] = []
        for one in self._expanded(thing):
            self._one(one, self._resource, self.facts, found)
        return self._outcome(found)

    def stack(self, objects: Sequence[Object]) -> Outcome:
        """What the rules that need all objects say."""
        world = World(self.facts, tuple(one for thing in objects for one in self._expanded(thing)))
        found: list[Finding | Undecided] = []
        for rule in (rule for selector, rules in self._stack.all for rule in rules if selector is STACK):
            self._run(rule, None, None, world, found)
        for thing in world.objects:
            self._one(thing, self._stack, world, found)
        return self._outcome(found)

    def exceptions(self, findings: Iterable[Finding], judged: Iterable[str]) -> Iterator[Finding]:
        """What is wrong with the exceptions, given everything that was found in `judged`, which `scopes` gives."""
        rule = self.by_id[EXCEPTIONS]
        used = {finding.exception for finding in findings}
        known = {self._tenant.namespace(scope) if self._tenant else scope for scope in judged}
        for asked in asked_for(self.facts):
            why = wrong(asked, self.facts.today, self.by_id)
            if why is None and asked not in used and self._could_match(asked, known):
                why = f"excepts {asked.object or asked.service} from {asked.rule}, which finds nothing there"
            if why:
                yield Finding(
                    rule=rule,
                    level=rule.level(self.facts.environment),
                    about=None,
                    path=asked.written,
                    found=why,
                    service=asked.service or "",
                    facts=self.facts,
                )

    def everything(self, objects: Sequence[Object]) -> Report:
        """All rules over all objects."""
        outcomes = [*(self.resource(thing) for thing in objects), self.stack(objects)]
        findings = [*_once(finding for outcome in outcomes for finding in outcome.findings)]
        findings += self.exceptions(findings, scopes(objects))
        return Report(
            findings=sorted((each for each in findings if not each.exception), key=lambda each: each.order),
            excepted=sorted((each for each in findings if each.exception), key=lambda each: each.order),
            undecided=[each for outcome in outcomes for each in outcome.undecided],
            rules=len(self.active),
            objects=sum(1 for thing in objects for _ in expanded(thing)),
        )

    def _expanded(self, thing: Object) -> Iterator[Object]:
        return expanded(self._tenant.as_base(thing) if self._tenant else thing)

    def _could_match(self, asked: WrittenException, known: set[str]) -> bool:
        """An exception of an object another stack makes, or of a rule that is off here, is not dead."""
        if self.by_id[asked.rule] not in self.active:
            return False
        if (asked.object or "").startswith(URN):
            return _stack_of(asked.object or "") in known
        if asked.object == STACK_TITLE and not self._is_whole:
            return False
        namespace, slash, _ = (asked.object or "").rpartition(" ")[2].partition("/")
        place = asked.service or (namespace if slash else None)
        return place in known if place else any(not each.startswith(URN) for each in known)

    def _one(self, thing: Object, table: _BySelector, knows: Facts | World, found: list[Finding | Undecided]) -> None:
        """Adds to `found` what the rules of `table` say of `thing`."""
        for selector, rules in table.of(thing):
            subjects, trouble = _looked_for(selector, thing)
            for subject in subjects:
                for rule in rules:
                    self._run(rule, thing, subject, knows, found)
            if isinstance(trouble, UndeterminedError):
                found += (Undecided(rule=rule, about=thing, path=trouble.path) for rule in rules)
            elif isinstance(trouble, MalformedError):
                said = Violation(trouble.path, f"is {trouble.found}, so no rule can judge it")
                found.append(self._finding(self.by_id[CRASH], said, thing))
            elif trouble:
                names = ", ".join(rule.id for rule in rules)
                found.append(self._crash(f"looking for what {names} judge", trouble, thing))

    def _run(
        self, rule: Rule, thing: Object | None, subject: Any, knows: Facts | World, found: list[Finding | Undecided]
    ) -> None:
        """Adds to `found` what `rule` says of `subject`, a part of `thing`."""
        try:
            for violation in rule.check(subject, knows):
                found.append(self._finding(rule, violation, thing))  # noqa: PERF401  (what was found before a failure counts)
        except UndeterminedError as error:
            found.append(Undecided(rule=rule, about=thing, path=error.path))
        except MalformedError as error:
            said = Violation(error.path, f"is {error.found}, which this rule cannot judge")
            found.append(self._finding(rule, said, thing))
        except Exception as error:
            # Whatever a rule trips over, the others go on, and the run does not pass.
            found.append(self._crash(f"the rule {rule.id}", error, thing))

    def _crash(self, what: str, error: Exception, thing: Object | None) -> Finding:
        # Never the error's own text: it may quote a value.
        found = f"{what} failed with {type(error).__name__} at {place_of(error)}, so it judged nothing"
        return self._finding(self.by_id[CRASH], Violation("", found), thing)

    def _finding(self, rule: Rule, violation: Violation, thing: Object | None) -> Finding:
        about = violation.on or thing
        level = rule.level(self.facts.environment)
        return Finding(
            rule=rule,
            level="advisory" if level == "mandatory" and is_advice(rule, about, self.facts) else level,
            about=about,
            path=violation.path,
            found=violation.found,
            service=violation.service or self._service(about),
            facts=self.facts,
        )

    def _service(self, thing: Object | None) -> str:
        namespace = (thing.namespace or (thing.name if thing.sort == "Namespace" else "")) if thing else ""
        known = self.facts.service
        if namespace in known:
            return namespace
        owner = namespace.removesuffix("-data")
        return owner if owner in known else ""

    def _outcome(self, said: Iterable[Finding | Undecided]) -> Outcome:
        findings: list[Finding] = []
        undecided: list[Undecided] = []
        for each in said:
            if isinstance(each, Undecided):
                undecided.append(each)
            else:
                findings.append(each)
        findings += self._unknowns(undecided)
        return Outcome(findings=tuple(map(self._allowed, _once(findings))), undecided=tuple(undecided))

    def _unknowns(self, undecided: Iterable[Undecided]) -> Iterator[Finding]:
        places: dict[tuple[int, str], list[Undecided]] = {}
        for each in undecided:
            if each.rule.secures:
                places.setdefault((id(each.about), each.path), []).append(each)
        for (_, path), several in places.items():
            rules = sorted({each.rule.id for each in several})
            shown = ", ".join(rules[:3]) + (f" and {len(rules) - 3} more" if len(rules) > 3 else "")
            text = f"is not known before the update, so {shown} could not decide"
            yield self._finding(self.by_id[UNKNOWN], Violation(path, text), several[0].about)

    def _allowed(self, finding: Finding) -> Finding:
        for exception in self._exceptions:
            if exception.covers(finding.rule.id, finding.about, finding.service):
                return replace(finding, exception=exception)
        return finding


URN: Final = "urn:pulumi:"


def scopes(objects: Iterable[Object]) -> set[str]:
    """Where the exceptions of a run could match: the namespaces it declares, and the stacks its URNs are of."""
    everything = [one for thing in objects for one in expanded(thing)]
    namespaces = {thing.name for thing in everything if thing.sort == "Namespace"}
    return namespaces | {_stack_of(thing.urn) for thing in everything if thing.urn}


def _stack_of(urn: str) -> str:
    # urn:pulumi:<stack>::<project>::<types>::<name>
    return "::".join(urn.split("::")[:2])


def _looked_for(selector: Selector[Any], thing: Object) -> tuple[list[Any], Exception | None]:
    """The subjects `selector` finds in `thing`, and what stopped it before the end."""
    subjects: list[Any] = []
    try:
        subjects.extend(selector.subjects(thing))
    except Exception as error:
        return subjects, error
    return subjects, None


def _once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Each of `findings` once: a pod inside a pod's own field, or an object both kinds of rule cannot read."""
    return {finding.identity: finding for finding in findings}.values()


def place_of(error: BaseException) -> str:
    """`file.py:line` where `error` was raised: all that may be shown of it, since its own text may quote a value."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "nowhere"
