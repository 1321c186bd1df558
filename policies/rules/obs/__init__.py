"""Telemetry: which services are monitored, who is alerted, and what is kept.

The absence of a monitor, an alert, a dashboard or a trace is judged where the run holds at least one object of the
kind (`standard.is_watched`): then every service needs its own. What is there and wrong is always judged.
"""

from policies.rules.obs import alerts, grafana, monitors, signals
from policies.rules.obs.group import OBS

__all__ = ["OBS", "alerts", "grafana", "monitors", "signals"]
