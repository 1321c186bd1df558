"""Amounts of time, CPU and memory as a person writes them, and the numbers they stand for.

The checks and the derivation compare numbers; manifests keep what was written.
"""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from blueprint.text import matching

_DURATION: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

Duration = Annotated[
    str,
    AfterValidator(
        matching(
            r"[1-9][0-9]{0,5}(ms|s|m|h|d)",
            "is not a duration",
            "Write a whole number and a unit, such as 400ms, 5s, 10m, 2h or 30d",
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,5}(ms|s|m|h|d)$"}),
]


def seconds(duration: str) -> float:
    """`duration` in seconds: 400ms is 0.4, 30d is 2,592,000."""
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", duration).groups()  # type: ignore[union-attr]  # a Duration matches
    return int(number) * _DURATION[unit]


def _spelled(value: Any) -> Any:
    """A quantity may be written as a number (`cpu: 1`): Kubernetes takes both, YAML gives the number."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_QUANTITY_SCHEMA: Final = WithJsonSchema({"type": ["string", "number"]})

Cpu = Annotated[
    str,
    BeforeValidator(_spelled),
    AfterValidator(
        matching(
            r"[1-9][0-9]{0,5}m|(?!0(\.0+)?$)(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?",
            "is no amount of CPU",
            "Write cores or thousandths of one, such as 2, 0.5 or 250m",
        )
    ),
    _QUANTITY_SCHEMA,
]

Memory = Annotated[
    str,
    BeforeValidator(_spelled),
    AfterValidator(
        matching(
            r"[1-9][0-9]{0,14}|[1-9][0-9]{0,6}(Ki|Mi|Gi|Ti)",
            "is no amount of memory",
            "Write bytes or a power of two, such as 256Mi or 2Gi",
        )
    ),
    _QUANTITY_SCHEMA,
]


def millicores(cpu: str) -> int:
    """`cpu` in thousandths of a core: "250m" is 250, "0.5" is 500, "2" is 2,000."""
    return int(cpu[:-1]) if cpu.endswith("m") else round(float(cpu) * 1000)


_BINARY: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def mebibytes(memory: str) -> int:
    """`memory` in MiB, rounded up: "1Gi" is 1,024, "1" is 1."""
    unit = memory[-2:]
    size = int(memory[:-2]) * _BINARY[unit] if unit in _BINARY else int(memory)
    return -(-size // 2**20)
