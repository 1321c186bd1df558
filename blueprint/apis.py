"""An API as the wire sees it: on which port, over what, and what may be asked. Who asks is `blueprint.network`'s."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.listening import Port
from blueprint.catalogue.needing import Consume
from blueprint.catalogue.offering import GrpcOperation, Operation, Provide

HTTP_PROTOCOLS: Final = frozenset({"http", "http2", "grpc"})
"""Port protocols whose requests the mesh can tell apart."""


@dataclass(frozen=True, kw_only=True, order=True)
class Request:
    """One thing a caller may ask."""

    method: str
    path: str
    """With `{name}` for a segment."""
    idempotent: bool
    streaming: bool = False
    """Whether its answer goes on, so that no timeout may end it and no retry repeat it."""

    @property
    def repeatable(self) -> bool:
        """Whether a failed one may be asked again."""
        return self.idempotent and not self.streaming


def api(consume: Consume, services: Mapping[str, Service]) -> Provide:
    """The API `consume` names."""
    return next(provide for provide in services[consume.provider].spec.provides if provide.api == consume.name)


def listener(service: Service, provide: Provide) -> Port:
    """The port `provide` is on."""
    assert service.spec.service is not None, "an API has a port, so its service listens"  # noqa: S101
    return service.spec.service.ports[provide.port]


def port(service: Service, provide: Provide) -> int:
    """The port of the Service on which `provide` is called."""
    return listener(service, provide).port


def protocol(service: Service, provide: Provide) -> str:
    """What is spoken on the port of `provide`: http, http2, grpc, tcp or tls."""
    return "grpc" if provide.type == "grpc" else listener(service, provide).app_protocol


def request(operation: Operation) -> Request:
    """`operation` as the wire sees it: a remote procedure is a POST to /package.Service/Method."""
    if isinstance(operation, GrpcOperation):
        method, path = "POST", f"/{operation.rpc}"
    else:
        method, path = operation.method, operation.path
    return Request(method=method, path=path, idempotent=operation.idempotent, streaming=operation.streaming)


def below(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix` or below it, by whole segments."""
    return prefix in ("/", path) or path.startswith(f"{prefix}/")
