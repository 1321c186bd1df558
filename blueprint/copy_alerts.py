"""What Prometheus knows of copies that a CronJob asks for: when one was last made, and which store had none for two
periods.

kube-state-metrics says it of CronJobs by namespace and name alone, and by these every one is known
(`blueprint.store_names`), so that one more service or store changes no rule. A period is what lies between two runs of
the schedule: the next, and the one it follows. `service` is the service's namespace, with the tenant before its name
where it has one.
"""

from typing import Final

from blueprint import names, store_names

_NAMESPACE, _CRONJOB = names.data_namespace("(.+)"), store_names.copy_run("(.+)")


def _asked(series: str) -> str:
    return f'{series}{{namespace=~"{_NAMESPACE}",cronjob=~"{_CRONJOB}"}}'


def _by_service(expression: str) -> str:
    """`expression` of CronJobs by service and resource."""
    by_service = f'label_replace({expression}, "service", "$1", "namespace", "{_NAMESPACE}")'
    return f'max by (service, resource) (label_replace({by_service}, "resource", "$1", "cronjob", "{_CRONJOB}"))'


def _since(series: str) -> str:
    """When the last one was; before there is one, when the CronJob was made."""
    return f"({_asked(series)} or {_asked('kube_cronjob_created')})"


LAST_SUCCESS: Final = _by_service(_asked("kube_cronjob_status_last_successful_time"))
_SINCE: Final = _by_service(_since("kube_cronjob_status_last_successful_time"))
_NEXT: Final = _by_service(_asked("kube_cronjob_next_schedule_time"))
_BEFORE: Final = _by_service(_since("kube_cronjob_status_last_schedule_time"))
OVERDUE: Final = f"time() - {_SINCE} > 2 * ({_NEXT} - {_BEFORE})"
