"""Which resources belong to one, before the update gives any of them a name.

A bucket is public, versioned and encrypted by resources beside it that name it, and a name the cloud makes is only
known after the update. So what names nobody yet counts for any of the owners, but each for one: two buckets with one
companion that says nothing are one too few.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from policies.objects import Object


@dataclass(frozen=True)
class Link:
    """How a part names its owner."""

    named: str
    """Property of the part."""
    own: str
    """The owner's property it repeats."""

    def holds(self, part: Object, owner: Object) -> bool | None:
        """Whether `part` is of `owner`; None where that is only known after the update. Raises MalformedError."""
        named, own = part.root[self.named], owner.root[self.own]
        if not named.is_known or not own.is_known or not own.is_set:
            return None
        return bool(named.value == own.value)

    def parts(self, owner: Object, parts: Sequence[Object]) -> tuple[Object, ...]:
        """Those that are of `owner`, or may be."""
        return tuple(part for part in parts if self.holds(part, owner) is not False)

    def enough(self, owner: Object, owners: Sequence[Object], parts: Sequence[Object], number: int = 1) -> bool:
        """Whether `owner`, one of `owners`, has `number` of `parts`, when those nobody can place are dealt out in
        order."""
        taken = Counter(filter(None, (_reported(part, self.named) for part in parts)))
        lacking = {each: number - taken[_reported(each, self.own)] for each in owners}
        if lacking[owner] <= 0:
            return True
        known = {_reported(each, self.own) for each in owners}
        free = [part for part in parts if _reported(part, self.named) not in known - {""}]
        before = sum(max(0, lacking[each]) for each in owners[: owners.index(owner) + 1])
        return sum(self.holds(part, owner) is None for part in free) >= before


def _reported(thing: Object, name: str) -> str:
    """The property `name` of `thing` as a key; "" where it is not set, or only known after the update."""
    view = thing.root[name]
    return repr(view.value) if view.is_known and view.is_set else ""
