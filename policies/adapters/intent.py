"""What was asked for, as a policy pack can know it: from the run's configuration, else from the project's own files.

The pack is given a URN and the configuration of the run, and no more. The project it lies in (the folder above this
one) is believed only for stacks of its own name. A stack of another project is judged without intent and under the
limits of production: running a program from elsewhere gets no laxer rules.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from blueprint.reading import TextError, read_catalogue, read_settings, settings_of, stack_file
from blueprint.reading.source import read_source
from policies.core.facts import Facts
from policies.core.limits import LimitsError, limits_of

ROOT: Final = Path(__file__).parent.parent.parent
"""The project the pack belongs to."""

SETTINGS: Final = "platform:settings"
SERVICES: Final = "platform:services"


class IntentError(Exception):
    """What was asked for cannot be read; the text says why and what helps."""


@dataclass(frozen=True, kw_only=True, order=True)
class Stack:
    """Whose resources are judged."""

    project: str
    name: str

    @classmethod
    def of(cls, urn: str) -> "Stack":
        """The stack in `urn:pulumi:<stack>::<project>::…`. Raises IntentError."""
        head, _, rest = urn.partition("::")
        name, project = head.removeprefix("urn:pulumi:"), rest.partition("::")[0]
        if not head.startswith("urn:pulumi:") or not name or not project:
            raise IntentError("a resource has no URN, so it is not known which stack it belongs to")
        return cls(project=project, name=name)


def strictest(today: date) -> Facts:
    """Facts for a stack whose settings and catalogue are not known: production's levels and limits, and no exceptions,
    which are about this project's own objects. Raises IntentError."""
    try:
        limits = limits_of("prod").model_copy(update={"exceptions": ()})
        return Facts(environment="prod", limits=limits, today=today)
    except LimitsError as error:
        raise IntentError(str(error)) from None


def facts_of(stack: Stack, config: Mapping[str, str], *, today: date, root: Path = ROOT) -> Facts:
    """What is known about `stack`, with the run's `config` (key → text; empty where the run has none).

    Raises IntentError where `stack` is the project's own and its settings or catalogue cannot be read.
    """
    try:
        if read_source(root / "Pulumi.yaml", "Pulumi.yaml").data.get("name") != stack.project:
            return strictest(today)
        file = root / stack_file(stack.name)
        given = config.get(SETTINGS)
        settings = settings_of(json.loads(given), stack.name) if given else read_settings(file)
        folder = root / (config.get(SERVICES) or _written(file) or "services")
        limits = limits_of(settings.environment)
        return Facts.of_stack(settings, read_catalogue(folder, today=today), limits=limits, today=today)
    except (TextError, LimitsError, OSError, ValueError) as error:
        raise IntentError(str(error)) from None


def _written(file: Path) -> str:
    """The catalogue's folder as the stack's file names it; "" where it names none."""
    if not file.is_file():
        return ""
    config = read_source(file, file.name).data.get("config")
    return str(config.get(SERVICES, "")) if isinstance(config, dict) else ""
