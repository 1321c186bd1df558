"""The files a ClickHouse and its Keepers read besides those their operator writes: ports, TLS, the database, the log.

Text in, text out: which file it becomes is `manifests.altinity_clickhouse`'s. A server reads all its files in the order
of their paths, and what comes last prevails (ClickHouse's documentation, "Configuration files"); these come last.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from blueprint.stores.altinity_clickhouse import SECURE_PORT, AltinityClickhouse
from blueprint.stores.copy_jobs import CopyJob

TLS: Final = "/etc/clickhouse-tls"
"""Where certificate, key and authority are in every pod."""

CLOSED: Final = ("http_port", "interserver_http_port", "mysql_port", "postgresql_port", "tcp_port")
"""8123, 9009, 9004, 9005 and 9000: what the image opens without TLS. Where the operator has no port it writes 0."""
HTTPS_PORT: Final = 8443
INTERSERVER_PORT: Final = 9010
"""Over which pods fetch data from each other with TLS."""
KEEPER_PORT: Final = 9281
"""Of a Keeper, with TLS."""

PEERS: Final = "peers"
"""As whom pods fetch data from each other."""
PEERS_PASSWORD: Final = "CLICKHOUSE_INTERNODE_CLUSTER_SECRET"  # noqa: S105  the variable, not its content
"""The variable in which the operator hands every pod the secret of its cluster (pkg/model/chi/config/generator.go)."""

UNENDING: Final = (
    *("asynchronous_metric_log", "error_log", "latency_log", "metric_log", "opentelemetry_span_log"),
    *("processors_profile_log", "query_metric_log", "query_views_log", "text_log"),
)
"""Tables a server would write about itself and never empty, until the disk is full. What queries and parts did stays
for thirty days, as the operator sets it."""


@dataclass(frozen=True)
class Gone:
    """An element that is in an earlier file, and not to be there."""


@dataclass(frozen=True)
class FromVariable:
    """An element whose text is a variable's."""

    name: str


Element = str | int | Gone | FromVariable | Mapping[str, "Element"]


def server(store: AltinityClickhouse) -> str:
    """What every pod of `store` is told."""
    return _spelled(
        {
            **dict.fromkeys(CLOSED, Gone()),
            "https_port": HTTPS_PORT,
            "tcp_port_secure": SECURE_PORT,
            **(_among_pods() if store.keepers else {}),
            **(_bucket(store.copying) if store.copying else {}),
            "max_connections": store.size.connections,
            "startup_scripts": {"throw_on_error": "true", "scripts": {"query": created(store)}},
            "logger": _LOGGER,
            **dict.fromkeys(UNENDING, Gone()),
            "openSSL": _TLS,
        }
    )


def keeper() -> str:
    """What every Keeper is told."""
    return _spelled(
        {
            "keeper_server": {
                "tcp_port": Gone(),
                "tcp_port_secure": KEEPER_PORT,
                "raft_configuration": {"secure": "true"},
            },
            "logger": _LOGGER,
            "openSSL": _TLS,
        }
    )


def created(store: AltinityClickhouse) -> str:
    """The statement every server begins with, and does not start without: the operator makes no database, and the image
    makes one over a port that is closed here.

    Several pods have it of an engine that carries each statement on a table to all of them.
    """
    engine = f" ENGINE = Replicated('/clickhouse/databases/{store.database}', '{{shard}}', '{{replica}}')"
    return f"CREATE DATABASE IF NOT EXISTS `{store.database}`{engine if store.keepers else ''}"


def _bucket(job: CopyJob) -> Mapping[str, Element]:
    """The pod's identity is for one place and one user: by itself the server would show it to whatever bucket anybody
    names. With the first, a right to write can be given for one place."""
    return {
        "access_control_improvements": {"enable_read_write_grants": "true"},
        "s3": {
            "use_environment_credentials": "false",
            "copies": {
                "endpoint": f"{job.copies.address}/",
                "region": f"{job.copies.region}",
                "use_environment_credentials": "true",
                "user": job.user,
            },
        },
    }


def _among_pods() -> Mapping[str, Element]:
    return {
        "interserver_https_port": INTERSERVER_PORT,
        "interserver_http_credentials": {"user": PEERS, "password": FromVariable(PEERS_PASSWORD)},
    }


_LOGGER: Final[Mapping[str, Element]] = {"console": 1, "errorlog": Gone(), "level": "information", "log": Gone()}
"""To standard output, where the nodes' agents read it."""

_OLD: Final = "sslv2,sslv3,tlsv1,tlsv1_1"

_TLS: Final[Mapping[str, Element]] = {
    # A client proves itself by its password. A renewed certificate is read again when its file changes: for the ports
    # of a server and of a Keeper since 2021 (ClickHouse#15764), for the Raft port since 2026 (ClickHouse#93455).
    "server": {
        "certificateFile": f"{TLS}/tls.crt",
        "privateKeyFile": f"{TLS}/tls.key",
        "disableProtocols": _OLD,
        "preferServerCiphers": "true",
        "verificationMode": "none",
    },
    # Towards other pods and Keepers.
    "client": {
        "caConfig": f"{TLS}/ca.crt",
        "certificateFile": f"{TLS}/tls.crt",
        "privateKeyFile": f"{TLS}/tls.key",
        "disableProtocols": _OLD,
        "invalidCertificateHandler": {"name": "RejectCertificateHandler"},
        "loadDefaultCAFile": "false",
        "verificationMode": "strict",
    },
}

_WHOLE: Final = frozenset({"openSSL"})
"""Elements that take the place of those of earlier files, and are not laid over them."""


def _spelled(settings: Mapping[str, Element]) -> str:
    return "".join(f"{line}\n" for line in _lines("clickhouse", settings, 0))


def _lines(tag: str, element: Element, depth: int) -> Iterator[str]:
    space = "  " * depth
    if isinstance(element, Gone):
        yield f'{space}<{tag} remove="1"/>'
    elif isinstance(element, FromVariable):
        yield f"{space}<{tag} from_env={quoteattr(element.name)}/>"
    elif isinstance(element, Mapping):
        yield f"{space}<{tag}{' replace=' + quoteattr('1') if tag in _WHOLE else ''}>"
        for name, inner in sorted(element.items()):
            yield from _lines(name, inner, depth + 1)
        yield f"{space}</{tag}>"
    else:
        yield f"{space}<{tag}>{escape(str(element))}</{tag}>"
