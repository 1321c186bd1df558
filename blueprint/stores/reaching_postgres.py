"""How a PostgreSQL is reached: by its service, and in sessions of its own by what migrates its schema."""

from blueprint import names, store_names
from blueprint.connection import Composed, Connection, Drawn, Known, Trust
from blueprint.migrations import Session
from blueprint.stores.trusting import of_store
from blueprint.variables import Composed as Variable
from blueprint.variables import FromSecret
from blueprint.vendors import STORE_PORTS

(_PORT,) = STORE_PORTS["postgres"]


def connection(service: str, resource: str, role: str, database: str, writes: str, reads: str) -> Connection:
    """What the service is given: it writes at the host `writes`, and reads at `reads`."""
    trust = of_store(resource)
    return Connection(
        secret=names.connection(service, resource),
        keys={
            "ca": Known(text=trust.path),
            "database": Known(text=database),
            "host": Known(text=writes),
            "password": Drawn(secret=store_names.owner(resource), key="password"),
            "port": Known(text=str(_PORT)),
            "read_host": Known(text=reads),
            "read_url": _url(role, database, reads, trust),
            "url": _url(role, database, writes, trust),
            "username": Known(text=role),
        },
        trust=trust,
    )


def session(service: str, resource: str, role: str, database: str, host: str) -> Session:
    """What a migration is given, at `host`: locks and a change of the schema need a session, which a pooler would cut.

    Names are libpq's own (postgresql.org, "Environment Variables"), which most drivers read as well, and DATABASE_URL
    for the tools that read that.
    """
    trust = of_store(resource)
    password = "PGPASSWORD"  # noqa: S105  the variable, not its content
    plain = {
        "DATABASE_URL": _url(role, database, host, trust).text.format(password=f"$({password})"),
        "PGDATABASE": database,
        "PGHOST": host,
        "PGPORT": str(_PORT),
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": trust.path,
        "PGUSER": role,
    }
    return Session(
        environment=(
            FromSecret(name=password, secret=names.connection(service, resource), key="password"),
            *(Variable(name=name, value=value) for name, value in sorted(plain.items())),
        ),
        trust=trust,
    )


def _url(role: str, database: str, host: str, trust: Trust) -> Composed:
    authority = trust.path
    return Composed(
        text=f"postgresql://{role}:{{password}}@{host}:{_PORT}/{database}?sslmode=verify-full&sslrootcert={authority}"
    )
