"""What is the same of Elasticsearch and OpenSearch: how their clients reach them, and what must hold of these."""

from collections.abc import Iterator, Mapping

from blueprint import names, store_names
from blueprint.catalogue import Environment, Service
from blueprint.catalogue.storing import Elasticsearch, Opensearch
from blueprint.connection import Composed, Connection, Drawn, Known
from blueprint.delivery import peak_pods
from blueprint.migrations import Session
from blueprint.settings import Settings
from blueprint.stores.sizes import Scale
from blueprint.stores.trusting import of_store
from blueprint.text import Fault
from blueprint.variables import Composed as Variable
from blueprint.variables import FromSecret


def connection(service: str, resource: str, *, user: str, host: str, port: int) -> Connection:
    """What `service` is given of its store, which answers `user` at `host`."""
    trust = of_store(resource)
    return Connection(
        secret=names.connection(service, resource),
        keys={
            "ca": Known(text=trust.path),
            "host": Known(text=host),
            "password": Drawn(secret=store_names.owner(resource), key="password"),
            "port": Known(text=str(port)),
            "url": Composed(text=_url(user, host, port)),
            "username": Known(text=user),
        },
        trust=trust,
    )


def session(service: str, resource: str, *, user: str, host: str, port: int) -> Session:
    """What a migration is given: the service's own address. There is no place for the authority in it."""
    password, trust = "DATABASE_PASSWORD", of_store(resource)
    return Session(
        environment=(
            FromSecret(name=password, secret=names.connection(service, resource), key="password"),
            Variable(name="DATABASE_CA", value=trust.path),
            Variable(name="DATABASE_URL", value=_url(user, host, port).format(password=f"$({password})")),
        ),
        trust=trust,
    )


def _url(user: str, host: str, port: int) -> str:
    return f"https://{user}:{{password}}@{host}:{port}"


def faults(
    service: Service,
    text: Elasticsearch | Opensearch,
    settings: Settings,
    *,
    product: str,
    sizes: Mapping[Environment, Scale],
) -> Iterator[Fault]:
    """What is wrong with the pool of a store of `product`; fields are below the resource.

    Every pod of the busiest moment with a request on each of its connections, against what one node lets wait.
    """
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            f"is transaction, and {product} has none: each request stands alone",
            "Drop it; a client's own connections are limited by pool.maxPerReplica",
        )
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, most = pods * each, sizes[settings.environment][text.class_].connections
    if asked <= most:
        return
    cure = f"Set it to {most // pods} or less" if most >= pods else "Lower scaling.maxReplicas"
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} requests at a time, and a node lets {most}"
        " searches wait, so searches would be refused when there is most to do",
        cure,
    )
