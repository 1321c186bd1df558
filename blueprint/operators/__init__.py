"""Which third-party controllers this platform installs, and in which order.

One module per operator: its chart's version, what it needs, the kinds it owns, where it may run, what asks for it,
how large it is. `OPERATORS` is the table of them, and a new operator is one module here, one of the same name in
`manifests/operators` (its chart's values) and one row. `installation.py` says what such a module says, `scales.py`
what an environment decides for all of them.
"""

from collections.abc import Iterator, Mapping, Set
from graphlib import TopologicalSorter
from typing import Final

from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators import (
    argo_rollouts,
    cert_manager,
    clickhouse_operator,
    cloudnative_pg,
    eck_operator,
    external_secrets,
    istio_base,
    istio_cni,
    istiod,
    kong,
    mariadb_operator,
    metrics_server,
    opensearch_operator,
    plugin_barman_cloud,
    psmdb_operator,
    redis_operator,
    reloader,
    velero,
)
from blueprint.operators.installation import NONE, Installable, Operator, Operators

__all__ = ["NONE", "OPERATORS", "PLATFORMS", "Installable", "Operator", "Operators", "decide", "namespaces"]

OPERATORS: Final[Mapping[str, Installable]] = {
    "argo-rollouts": argo_rollouts.INSTALLABLE,
    "cert-manager": cert_manager.INSTALLABLE,
    "clickhouse-operator": clickhouse_operator.INSTALLABLE,
    "cloudnative-pg": cloudnative_pg.INSTALLABLE,
    "eck-operator": eck_operator.INSTALLABLE,
    "external-secrets": external_secrets.INSTALLABLE,
    "istio-base": istio_base.INSTALLABLE,
    "istio-cni": istio_cni.INSTALLABLE,
    "istiod": istiod.INSTALLABLE,
    "kong": kong.INSTALLABLE,
    "mariadb-operator": mariadb_operator.INSTALLABLE,
    "metrics-server": metrics_server.INSTALLABLE,
    "opensearch-operator": opensearch_operator.INSTALLABLE,
    "plugin-barman-cloud": plugin_barman_cloud.INSTALLABLE,
    "psmdb-operator": psmdb_operator.INSTALLABLE,
    "redis-operator": redis_operator.INSTALLABLE,
    "reloader": reloader.INSTALLABLE,
    "velero": velero.INSTALLABLE,
}
"""Release name → operator. The modules are called like it, with _ for -."""

PLATFORMS: Final = ("gke", "k3d", "k3s", "microk8s", "minikube", "openshift")
"""Kubernetes platforms Istio knows by name (istio/istio 1.30.3, files/profile-platform-*.yaml). EKS and kind: None."""


def decide(context: Context) -> Operators:
    """Everything to install on the stack's cluster, in install order; nothing where `settings.operators` is present.

    Raises ValueError when the cluster's platform is not a known one.
    """
    if context.settings.operators == "present":
        return NONE
    platform = context.cluster.platform
    if platform is not None and platform not in PLATFORMS:
        raise ValueError(
            f"platform '{platform}' is not known, so the CNI agent would look for the nodes' binaries where they may"
            f" not be. Use one of: {', '.join(PLATFORMS)}; or none for EKS, kind and others with the usual folders."
        )
    order = list(_ordered(_wanted(context)))
    bundles = {bundle for name in order for bundle in OPERATORS[name].crds}
    return Operators(
        crds=tuple(sorted(bundles, key=lambda bundle: bundle.name)),
        foundation=tuple(OPERATORS[name].decide(context) for name in order if not _leans(name)),
        leaning=tuple(OPERATORS[name].decide(context) for name in order if _leans(name)),
    )


def namespaces(context: Context) -> tuple[PlatformNamespace, ...]:
    """The namespaces of the operators a stack asks for, sorted by name; also with `operators: present`."""
    wanted = (OPERATORS[name].namespace for name in _wanted(context))
    found = {namespace.name: namespace for namespace in wanted if namespace}
    return tuple(found[name] for name in sorted(found))


def _wanted(context: Context) -> Set[str]:
    """The operators the stack asks for and those they need, but for what the platform brings."""
    waiting = [name for name, operator in OPERATORS.items() if operator.asked(context)]
    wanted = set[str]()
    while waiting:
        name = waiting.pop()
        if name not in wanted and context.cluster.platform not in OPERATORS[name].brought_by:
            wanted.add(name)
            waiting += OPERATORS[name].needs
    return wanted


def _ordered(wanted: Set[str]) -> Iterator[str]:
    """Each of `wanted` behind what it needs and what it comes after; by name where neither says anything."""
    sorter = TopologicalSorter(
        {name: {*OPERATORS[name].needs, *OPERATORS[name].after} & wanted for name in sorted(wanted)}
    )
    sorter.prepare()
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        yield from level
        sorter.done(*level)


def _leans(name: str) -> bool:
    """Whether `name` needs certificates of ours, or comes after one that does."""
    operator = OPERATORS[name]
    return cert_manager.NAME in operator.needs or any(map(_leans, (*operator.needs, *operator.after)))
