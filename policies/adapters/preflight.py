"""Every manifest judged before the first resource is registered, so that forgetting `--policy-pack` skips nothing.

Plain data in, a report or one error out. No flag, no variable and no setting turns it off; what may break a rule is
an exception with an owner and a last day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from blueprint.reading import Catalogue
from blueprint.settings import Settings
from policies.adapters.cloud import Spelled, cloud_resources
from policies.adapters.manifests import charts, objects
from policies.core.facts import Facts
from policies.core.finding import Report
from policies.core.judging import Judge
from policies.core.limits import LimitsError, limits_of
from policies.core.rule import Rule
from policies.rules import RULES

SHOWN: Final = 40
"""Findings shown one by one: a screenful. One mistake in a shared manifest shows once per service."""


class PreflightError(Exception):
    """The objects may not be made; the text says which rules they break, where, and how to mend each."""


def preflight(
    manifests: Iterable[Mapping[str, Any]],
    installed: Iterable[tuple[str, Mapping[str, Any]]] = (),
    cloud: Iterable[Spelled] = (),
    *,
    settings: Settings,
    catalogue: Catalogue,
    today: date,
    rules: Sequence[Rule] = RULES,
) -> Report:
    """What the rules say of `manifests`, of the charts `installed` and of the `cloud`'s resources, where nothing
    mandatory is among it.

    `today` (UTC) ends exceptions. Raises PreflightError.
    """
    try:
        facts = Facts.of_stack(settings, catalogue, limits=limits_of(settings.environment), today=today)
    except LimitsError as error:
        raise PreflightError(str(error)) from None
    report = Judge(facts, rules).everything((*objects(manifests), *charts(installed), *cloud_resources(cloud)))
    if report.mandatory:
        raise PreflightError(refusal(report))
    return report


def refusal(report: Report) -> str:
    """Why the objects of `report` may not be made, for people: the worst first, one line each."""
    broken = report.mandatory
    rules = len({finding.rule.id for finding in broken})
    shown = [f"  {finding.message}" for finding in broken[:SHOWN]]
    if len(broken) > SHOWN:
        shown.append(f"  and {_several(len(broken) - SHOWN, 'more place')}")
    head = f"{_several(rules, 'rule')} {'is' if rules == 1 else 'are'} broken in {_several(len(broken), 'place')}:"
    beside = (
        (len(report.findings) - len(broken), "advised against"),
        (len(report.excepted), "excepted for a while"),
        (len(report.undecided), "not decided, for want of a value"),
    )
    foot = ", ".join(f"{count} {what}" for count, what in beside if count)
    return "\n".join([head, *shown, *([f"Besides: {foot}."] if foot else [])])


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
