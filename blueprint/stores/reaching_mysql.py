"""How a MySQL is reached: by its service, and by what migrates its schema."""

from urllib.parse import quote

from blueprint import names, store_names
from blueprint.connection import Composed, Connection, Drawn, Known, Trust
from blueprint.migrations import Session
from blueprint.stores.trusting import of_store
from blueprint.variables import Composed as Variable
from blueprint.variables import FromSecret
from blueprint.vendors import STORE_PORTS

(_PORT,) = STORE_PORTS["mysql"]


def connection(service: str, resource: str, user: str, database: str, writes: str, reads: str) -> Connection:
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
            "read_url": _url(user, database, reads, trust),
            "url": _url(user, database, writes, trust),
            "username": Known(text=user),
        },
        trust=trust,
    )


def session(service: str, resource: str, user: str, database: str, host: str) -> Session:
    """What a migration is given, at `host`. Names are those the command-line clients read by themselves (dev.mysql.com,
    "Environment Variables"); they know none for TLS, so the authority has one of ours."""
    trust = of_store(resource)
    password = "MYSQL_PWD"  # noqa: S105  the variable, not its content
    plain = {
        "DATABASE_CA": trust.path,
        "DATABASE_URL": _url(user, database, host, trust).text.format(password=f"$({password})"),
        "MYSQL_HOST": host,
        "MYSQL_TCP_PORT": str(_PORT),
    }
    return Session(
        environment=(
            FromSecret(name=password, secret=names.connection(service, resource), key="password"),
            *(Variable(name=name, value=value) for name, value in sorted(plain.items())),
        ),
        trust=trust,
    )


def _url(user: str, database: str, host: str, trust: Trust) -> Composed:
    """In the syntax of dev.mysql.com, "Connecting Using URI-Like Connection Strings", in which a path is encoded."""
    authority = quote(trust.path, safe="")
    return Composed(
        text=f"mysql://{user}:{{password}}@{host}:{_PORT}/{database}?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}"
    )
