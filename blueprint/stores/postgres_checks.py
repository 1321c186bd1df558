"""What must hold between a PostgreSQL and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Postgres
from blueprint.delivery import peak_pods
from blueprint.drills import timing
from blueprint.settings import Existing, Settings
from blueprint.stores import cloudnative_pg, copies, replicas, versions
from blueprint.stores.sizes import POSTGRES
from blueprint.text import Fault, alternatives

EXTENSIONS: Final = (
    *("amcheck", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn"),
    *("earthdistance", "file_fdw", "fuzzystrmatch", "hstore", "insert_username", "intagg", "intarray", "isn", "lo"),
    *("ltree", "moddatetime", "pageinspect", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements"),
    *("pg_surgery", "pg_trgm", "pg_visibility", "pg_walinspect", "pgaudit", "pgcrypto", "pgrowlocks", "pgstattuple"),
    *("postgres_fdw", "refint", "seg", "sslinfo", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time"),
    *("unaccent", "uuid-ossp", "vector", "xml2"),
)
"""What CREATE EXTENSION finds in the image: PostgreSQL's contrib modules of every line in use, pgaudit and pgvector."""

RESERVED_DATABASES: Final = ("postgres", "template0", "template1")
RESERVED_ROLES: Final = ("postgres", "streaming_replica", "public", "none")
RESERVED_PREFIXES: Final = ("pg_", "cnpg_")
"""PostgreSQL's and CloudNativePG's own (cloudnative-pg v1.30.0, api/v1/database_types.go and databaserole_types.go)."""


def faults(service: Service, resource: str, text: Postgres, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the PostgreSQL `resource` of `service` in this stack; fields are below the resource."""
    yield from versions.faults(text.params.version, cloudnative_pg.IMAGES, cloudnative_pg.NEWEST, "PostgreSQL")
    for index, name in enumerate(text.params.extensions):
        if name not in EXTENSIONS:
            yield Fault(
                f"params.extensions.{index}",
                f"'{name}' is not in the image, so CREATE EXTENSION would fail and the store never be ready",
                f"Use one of {', '.join(EXTENSIONS)}",
            )
    yield from _reserved(service, resource, text)
    yield from _connections(service, text, settings)
    yield from copies.faults(
        text,
        settings,
        disk_gib=POSTGRES[settings.environment][text.class_].disk_gib,
        least_loss_seconds=cloudnative_pg.LEAST_LOSS_SECONDS,
        restore_mib_per_second=cloudnative_pg.RESTORE_MIB_PER_SECOND,
    )
    yield from timing.faults(text, settings)
    if isinstance(settings.cluster, Existing) and not settings.cluster.api_server_cidrs:
        yield Fault(
            "type",
            "is postgres, whose pods follow their own object at the API server, and the stack does not say where that"
            " is: closed in, they would never become ready",
            "Set platform:settings.cluster.apiServerCidrs to the addresses that `kubectl get endpointslices kubernetes"
            " --namespace default` shows",
        )


def _reserved(service: Service, resource: str, text: Postgres) -> Iterator[Fault]:
    name, user = cloudnative_pg.database(text, resource), cloudnative_pg.user(service.name)
    if name in RESERVED_DATABASES or name.startswith(RESERVED_PREFIXES):
        yield Fault(
            "params.database",
            f"'{name}' is a name PostgreSQL or its operator keeps for itself",
            f"Name it after what it holds; not {', '.join(RESERVED_DATABASES)}, nor beginning with"
            f" {' or '.join(RESERVED_PREFIXES)}",
        )
    if user in RESERVED_ROLES or user.startswith(RESERVED_PREFIXES):
        yield Fault(
            "type",
            f"makes a role called '{user}' after the service, a name PostgreSQL or its operator keeps for itself",
            "Call the service otherwise, or give it a store of another type",
        )


def _connections(service: Service, text: Postgres, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with all its connections open, against what the store, or its pooler, takes."""
    environment = settings.environment
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, size = pods * each, POSTGRES[environment][text.class_]
    if cloudnative_pg.pooled(text):
        poolers = min(2, replicas.instances(text, environment))
        most, sum_ = poolers * cloudnative_pg.POOLED_CLIENTS, f"{poolers} × {cloudnative_pg.POOLED_CLIENTS}"
        takes, cures = f"its poolers take {sum_} = {most}", ["lower scaling.maxReplicas"]
    else:
        most = size.connections - cloudnative_pg.RESERVED
        takes = (
            f"class {text.class_} takes {size.connections} − {cloudnative_pg.RESERVED} that PostgreSQL and its operator"
            f" keep = {most} in {environment}"
        )
        larger = [
            name
            for name, of in POSTGRES[environment].items()
            if of.connections - cloudnative_pg.RESERVED >= asked > most
        ]
        cures = [f"set class: {larger[0]}" if larger else "lower scaling.maxReplicas", "set pool.mode: transaction"]
    if asked > most:
        yield Fault(
            "pool.maxPerReplica",
            f"is {each}: {pods} pods at the busiest moment × {each} = {asked} connections, and {takes}, so pods would"
            " be refused when there is most to do",
            alternatives(f"set it to {most // pods} or less", *cures) if most >= pods else alternatives(*cures),
        )
