"""Every combination of environment, mesh and platform, installed: what the tests of charts and pins look at."""

from dataclasses import replace
from itertools import product
from typing import Any, Final, get_args

from blueprint import clusters, network, operators
from blueprint.catalogue import Environment, Service
from blueprint.catalogue.storing import Mysql, Opensearch
from blueprint.context import Context
from blueprint.reading import Catalogue
from blueprint.settings import Existing, Gateway, Mesh
from manifests.operators import values
from tests.support.stacks import settings, shop

ENVIRONMENTS: tuple[Environment, ...] = tuple(sorted(get_args(Environment)))


NOT_IN_THE_SHOP: Final = {"ledger": Mysql(type="mysql"), "looked": Opensearch(type="opensearch")}
"""Stores of the engines that no service of the shop has, by name: their operators are looked at, too."""


def every_engine() -> Catalogue:
    """The shop, with a store of each engine."""
    entries, name = dict(shop().entries), "search-service"
    patched = {environment: _with(each) for environment, each in entries[name].patched.items()}
    entries[name] = replace(entries[name], written=_with(entries[name].written), patched=patched)
    return Catalogue(entries=entries)


def _with(service: Service) -> Service:
    resources = {**service.spec.resources, **NOT_IN_THE_SHOP}
    return service.model_copy(update={"spec": service.spec.model_copy(update={"resources": resources})})


def context(
    environment: str,
    *,
    mesh: bool = True,
    platform: str | None = None,
    trust_domain: str = "cluster.local",
    install: bool = True,
) -> Context:
    """The shop on an existing cluster of `platform`, which may be one that no settings can name."""
    text = settings(
        "prod",
        environment=environment,
        operators="install" if install else "present",
        cluster=Existing(kind="existing", name="cluster", api_server_cidrs=("10.12.0.0/28",)),
        mesh=Mesh(mode="sidecar" if mesh else "none", trust_domain=trust_domain),
        gateway=Gateway(streams=(8883,)),
    )
    services = every_engine().within(text.environment)
    return Context(
        settings=text,
        cluster=replace(clusters.decide(text.cluster), platform=platform),
        services={service.name: service for service in services},
        network=network.decide(services, text.brokers),
    )


EVERY_STACK = {
    f"{environment}-{'mesh' if mesh else 'plain'}-{platform}": operators.decide(
        context(environment, mesh=mesh, platform=platform)
    )
    for environment, mesh, platform in product(ENVIRONMENTS, (True, False), (None, *operators.PLATFORMS))
}


def installed(stack: str) -> dict[str, dict[str, Any]]:
    """Chart values of every installation of `stack`, by release name."""
    return {operator.name: values(operator) for operator in EVERY_STACK[stack].charts}
