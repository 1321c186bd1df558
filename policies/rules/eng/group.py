"""The rules the judge itself speaks: about rules that fail, values nobody knows, exceptions that hold for nothing.

They belong to the ENG group; their other rules are in `policies.rules.eng`.
"""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, KUBERNETES, STACK, Group, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import UndeterminedError

ENG: Final = Group("ENG", "The pack itself: nothing gets around it")

_IDENTITY: Final = ("name", "namespace")


@ENG.resource(
    "eng-rule-crash",
    "M/M/M",
    CRITICAL,
    STACK,
    why="A rule that raises has judged nothing, and in CrossGuard it would take every later rule with it.",
    cure="Report the rule's name and the object; until it is mended nothing passes unjudged",
    where="policies/rules/",
)
def crashes_told_by_the_judge(_: None, __: Facts) -> Iterator[Violation]:
    """Found by the judge, while it runs the other rules."""
    yield from ()


@ENG.resource(
    "eng-unknown-values",
    "A/M/M",
    HIGH,
    KUBERNETES,
    why="A preview cannot judge what it does not know, and an attacker can make anything unknown by deriving it.",
    cure="Write the value out instead of deriving it from another resource's output",
    where="the program: components/",
    sources=("pulumi-policy#135",),
)
def who_it_is(thing: Object, _: Facts) -> Iterator[Violation]:
    """Asks what every rule about an object among others goes by; all other unknown values are found by the judge, when
    a rule asks for them."""
    for place in (thing.root["apiVersion"], thing.root["kind"], *map(thing.root["metadata"].__getitem__, _IDENTITY)):
        if not place.is_known:
            raise UndeterminedError(place.path)
    yield from ()


@ENG.stack(
    "eng-exemptions",
    "M/M/M",
    HIGH,
    STACK,
    why="An exception nobody reviews, or that covers nothing any more, lets the next object of that name pass.",
    cure="Delete it, or renew it with a reason, an owner and a day at most 90 days ahead",
    where="services/{service}.yaml: exceptions, or policies/config/",
)
def exceptions_told_by_the_judge(_: None, __: World) -> Iterator[Violation]:
    """Found by the judge, when it has seen every finding."""
    yield from ()
