"""The platform's alerts, as a rule file of Prometheus in a ConfigMap.

Not as a PrometheusRule: its definition belongs to whoever runs a Prometheus operator, and a program that brought it
along would take it, and with it every other team's rules, away again. A Prometheus of any kind reads a rule file.
"""

import json
from collections.abc import Iterable
from typing import Final

from blueprint import names
from blueprint.alerts import Alert, Recording
from manifests.manifest import Manifest, manifest

OWNER: Final = "team-platform"
"""Who is told: the platform's own team."""
FILE: Final = "platform.yaml"


def alerts(decided: Iterable[Alert], recorded: Iterable[Recording]) -> Manifest:
    """One file with one group, what is recorded first. It is JSON, which is YAML."""
    kept = [{"record": each.name, "expr": each.expression} for each in sorted(recorded, key=lambda each: each.name)]
    warned = [_rule(alert) for alert in sorted(decided, key=lambda alert: alert.name)]
    group = {"name": "platform", "rules": [*kept, *warned]}
    text = json.dumps({"groups": [group]}, indent=1, sort_keys=True)
    return manifest("v1", "ConfigMap", "platform-alerts", names.OBSERVABILITY, data={FILE: f"{text}\n"})


def _rule(alert: Alert) -> Manifest:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.minutes}m",
        "labels": {"owner": OWNER, "service": alert.about, "severity": alert.severity},
        "annotations": {"runbook": alert.runbook, "summary": alert.summary},
    }
