"""What a rule is, and how one is written: a generator of violations, with its reasons beside it.

    @WL.resource("wl-privileged", "M/M/M", CRITICAL, CONTAINERS, why="...", cure="...", where="...", sources=(...))
    def privileged(container: Container, facts: Facts) -> Iterator[Violation]:
        if container.security["privileged"].flag:
            yield Violation(container.security["privileged"], "is true")

A rule is called for one subject at a time, so that an unknown value in one container costs the verdict about
that container and no other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Generic, Literal, TypeVar

from blueprint.catalogue import Environment
from policies.core.facts import Facts
from policies.core.world import World
from policies.objects import Object
from policies.objects.glance import Glance
from policies.objects.pods import Container, Pod, containers, may_hold_pods, parts, pods
from policies.objects.values import View

Level = Literal["mandatory", "advisory", "off"]
LEVELS: Final[Mapping[str, Level]] = {"M": "mandatory", "A": "advisory", "–": "off"}


S = TypeVar("S")
K = TypeVar("K")


class Severity(IntEnum):
    """How bad it is if it holds; sorts."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


LOW, MEDIUM, HIGH, CRITICAL = Severity


@dataclass(frozen=True)
class Violation:
    """What a rule found: where, and what is there. Never a value that may be a secret."""

    at: View | str
    found: str
    """Goes on from the path: `spec.hostNetwork` + `is true`."""
    on: Object | None = None
    """The object, where it is not the subject's own."""
    service: str = ""
    """Whose it is, where that does not follow from the object's namespace."""

    @property
    def path(self) -> str:
        """Where."""
        return self.at.path if isinstance(self.at, View) else self.at


@dataclass(frozen=True)
class Selector(Generic[S]):
    """Which subjects an object has for a rule."""

    subjects: Callable[[Object], Iterable[S]]
    sorts: frozenset[str] | None = None
    """The objects it looks into (`Object.sort`); None: every one."""
    reads: str = ""
    """For the documentation."""
    has: Callable[[Glance], bool] = lambda _: True
    """Whether an object with these fields may hold a subject. Asked once for all that have the same."""


PODS: Final = Selector[Pod](pods, reads="every pod spec", has=may_hold_pods)
CONTAINERS: Final = Selector[Container](
    containers,
    reads="every container, init and ephemeral ones too",
    has=may_hold_pods,
)
POD_PARTS: Final = Selector[Pod](parts, reads="every pod spec, and every piece of one", has=may_hold_pods)
CONTAINER_PARTS: Final = Selector[Container](
    lambda thing: (container for pod in parts(thing) for container in pod.containers),
    reads="every container, and every piece of one",
    has=may_hold_pods,
)
KUBERNETES: Final = Selector[Object](lambda thing: (thing,) if thing.is_kubernetes else (), reads="every object")
EVERYTHING: Final = Selector[Object](lambda thing: (thing,), reads="every resource")
STACK: Final = Selector[None](lambda _: (), frozenset(), reads="the stack as a whole")
"""For stack rules that are about no object: called once, with the world alone."""


def sorts(*names: str) -> Selector[Object]:
    """The objects of these sorts: `Deployment.apps`, `Namespace`, `aws:eks/cluster:Cluster`."""
    return Selector(lambda thing: (thing,), frozenset(names), ", ".join(names))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule."""

    id: str
    group: str
    why: str
    """One sentence: what happens where it is broken."""
    severity: Severity
    levels: Mapping[Environment, Level]
    cure: str
    where: str
    """The catalogue's or the settings' line to edit; `{service}` is the service the object belongs to."""
    sources: tuple[str, ...]
    """Frameworks and projects that ask for the same."""
    selector: Selector[Any]
    check: Callable[[Any, Any], Iterator[Violation]]
    of_stack: bool
    """Whether it needs the other objects too."""
    secures: bool
    """Whether a value it cannot know yet is itself a finding (`eng-unknown-values`)."""

    def level(self, environment: Environment) -> Level:
        """Its level in `environment`."""
        return self.levels[environment]


@dataclass(frozen=True)
class Registrar(Generic[K]):
    """How a group takes rules in, of one of two kinds: `K` is what a rule of that kind may know."""

    group: "Group"
    of_stack: bool

    def __call__(
        self,
        name: str,
        levels: str,
        severity: Severity,
        selector: Selector[S],
        *,
        why: str,
        cure: str,
        where: str,
        sources: tuple[str, ...] = (),
    ) -> Callable[[Callable[[S, K], Iterator[Violation]]], Callable[[S, K], Iterator[Violation]]]:
        """Registers a rule. `levels` is dev/staging/prod: M, A or – each."""
        dev, staging, prod = (LEVELS[letter] for letter in levels.split("/"))

        def register(check: Callable[[S, K], Iterator[Violation]]) -> Callable[[S, K], Iterator[Violation]]:
            self.group.rules.append(
                Rule(
                    id=name,
                    group=self.group.name,
                    why=why,
                    severity=severity,
                    levels={"dev": dev, "ephemeral": dev, "staging": staging, "prod": prod},
                    cure=cure,
                    where=where,
                    sources=sources,
                    selector=selector,
                    check=check,
                    of_stack=self.of_stack,
                    secures=self.group.secures,
                )
            )
            return check

        return register


@dataclass
class Group:
    """One chapter of the rules."""

    name: str
    title: str
    secures: bool = True
    """Whether a value that is not known yet is a finding; False where it is no risk, as with a replica count."""
    rules: list[Rule] = field(default_factory=list)

    @property
    def resource(self) -> Registrar[Facts]:
        """Registers rules about one resource."""
        return Registrar(self, of_stack=False)

    @property
    def stack(self) -> Registrar[World]:
        """Registers rules about a resource among the others, or, with `STACK`, about the stack as a whole."""
        return Registrar(self, of_stack=True)
