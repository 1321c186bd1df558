"""What Prometheus knows of restore drills: when each last succeeded, and which has not for two periods.

kube-state-metrics says it of CronJobs, by namespace and name alone; and by these every drill is known
(`blueprint.store_names`), so that one more service or store changes no rule. `service` is the service's namespace: with
the tenant before its name where it has one.
"""

from typing import Final

from blueprint import store_names
from blueprint.drills.timing import LONGEST, Often

_NAMESPACE: Final = store_names.drill_namespace("(.+)")


def _by_service(series: str) -> str:
    """`series` of CronJobs by service and resource."""
    cronjob = store_names.drill_run("(.+)", f"(?:{'|'.join(LONGEST)})")
    by_service = f'label_replace({series}, "service", "$1", "namespace", "{_NAMESPACE}")'
    return f'max by (service, resource) (label_replace({by_service}, "resource", "$1", "cronjob", "{cronjob}"))'


def _drills(series: str, often: str) -> str:
    namespace, cronjob = store_names.drill_namespace(".+"), store_names.drill_run(".+", often)
    return f'{series}{{namespace=~"{namespace}",cronjob=~"{cronjob}"}}'


def _succeeded(often: str) -> str:
    return _drills("kube_cronjob_status_last_successful_time", often)


def _overdue(often: Often) -> str:
    """Of a drill that never succeeded there is no such time: then it counts from when it was made."""
    since = f"{_succeeded(often)} or {_drills('kube_cronjob_created', often)}"
    return f"time() - {_by_service(f'({since})')} > {2 * LONGEST[often]}"


LAST_SUCCESS: Final = _by_service(_succeeded(f"(?:{'|'.join(LONGEST)})"))
OVERDUE: Final = " or ".join(f"({_overdue(often)})" for often in LONGEST)
