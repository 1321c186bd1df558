"""What kwok does with objects that no real controller handles: the simulated half of the control plane.

Kubernetes' own kinds are in core_stages.py; custom resources become ready as kinds.py says. A delay before each custom
resource makes sure that waiting is exercised, not just passed through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from operations.embedded.core_stages import core_stages
from operations.embedded.kinds import KINDS, Kind
from operations.embedded.stage import ALIVE, Stage, stage, status

READY_DELAY_MILLISECONDS = 300
"""Long enough for a client to see an object that is not ready yet, short enough not to be felt."""


def document(kinds: Sequence[Kind] = KINDS) -> str:
    """The configuration file of kwok: one YAML document (written as JSON) per stage."""
    return "".join(f"---\n{json.dumps(each, sort_keys=True)}\n" for each in stages(kinds))


def stages(kinds: Sequence[Kind] = KINDS) -> Iterator[Stage]:
    """Every stage: those of Kubernetes' own kinds, then one per state of each kind of `kinds` that becomes ready."""
    yield from core_stages()
    for kind in kinds:
        if kind.readiness is not None:
            name, before, stand_in = (
                f"{kind.definition_name}-{kind.version}",
                kind.readiness.before,
                kind.readiness.stand_in,
            )
            for index, step in enumerate(before):
                yield stage(
                    f"{name}-{index}",
                    kind.api_version,
                    kind.kind,
                    when=[ALIVE, step.when],
                    steps=[status(step.status)],
                    delay_milliseconds=READY_DELAY_MILLISECONDS,
                )
            # A stage each: of two that hold, kwok draws lots.
            earlier = [f"!({step.when})" for step in before]
            yield stage(
                name,
                kind.api_version,
                kind.kind,
                when=[ALIVE, *earlier, f"!({kind.readiness.ready})"],
                steps=[*([{"apply": {"template": stand_in}}] if stand_in else []), status(kind.readiness.status)],
                delay_milliseconds=READY_DELAY_MILLISECONDS,
            )
