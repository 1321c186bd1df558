"""How a kwok Stage is written: when it applies, after which delay, what it does. Says nothing of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Stage = dict[str, Any]

ALIVE = "!has(self.metadata.deletionTimestamp)"
"""CEL: the object is not being deleted."""


@dataclass(frozen=True, kw_only=True)
class Jq:
    """A test of kwok's older kind. For nodes and pods, whose nested lists kwok 0.8 declares to CEL incompletely."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


def _expression(test: str | Jq) -> dict[str, Any]:
    if isinstance(test, Jq):
        return {"key": test.key, "operator": test.operator, **({"values": list(test.values)} if test.values else {})}
    return {"cel": {"expression": test}}


def stage(
    name: str,
    api_version: str,
    kind: str,
    *,
    when: Sequence[str | Jq],
    steps: Sequence[dict[str, Any]],
    delay_milliseconds: int = 0,
    jitter_milliseconds: int = 0,
) -> Stage:
    """One stage of `kind`: `steps` are taken when every test of `when` holds.

    An expression in CEL is compiled on first use and has to hold for every object of the kind: where one fails, kwok
    applies no stage at all to that object. `jitter_milliseconds` is the upper end of the random delay.
    """
    delay = {"durationMilliseconds": delay_milliseconds, "jitterDurationMilliseconds": jitter_milliseconds}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": api_version, "kind": kind},
            "selector": {"matchExpressions": [_expression(test) for test in when]},
            "steps": list(steps),
            **({"delay": {name: value for name, value in delay.items() if value}} if delay_milliseconds else {}),
        },
    }


def status(template: str) -> dict[str, Any]:
    """The step that writes the status `template` renders to."""
    return {"patch": {"root": "status", "subresource": "status", "template": template}}
