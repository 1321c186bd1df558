"""How a request to a Service is spelled: address, authority, headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from blueprint import names
from blueprint.catalogue.listening import Port
from operations.laboratory import tokens
from operations.laboratory.judging import Judge, Request
from operations.laboratory.members import Member

_GRPC: Final[Mapping[str, str]] = {"content-type": "application/grpc", "te": "trailers"}


class Wire:
    """The addresses of the Services, and a user's token."""

    def __init__(
        self, judge: Judge, addresses: Mapping[str, str], token: str, forged: Mapping[str, str] | None = None
    ) -> None:
        """`addresses` by `name.namespace`; `token` is empty where the stack has no issuer. `forged` are tokens that no
        route takes, by what they are: `a token of another issuer`."""
        self.judge, self._addresses, self.token, self.forged = judge, addresses, token, forged or {}

    def fields(
        self, source: Member, target: Member, port: Port, request: Request, *, token: bool = False
    ) -> dict[str, Any]:
        """What a question holds that asks `request` on `port` of the Service of `target`, with the user's token or
        without."""
        seen = self.judge.sees_requests(port)
        bearer = tokens.header(self.token) if token else {}
        return {
            "source": source,
            "target": target,
            "address": self._addresses[f"{target.name}.{target.namespace}"],
            "port": port.port,
            "target_port": port.target,
            "host": f"{names.address(target.name, str(target.namespace))}:{port.port}",
            "method": request.method if seen else "",
            "path": request.path if seen else "",
            "headers": {**(_GRPC if is_grpc(port, request) else {}), **bearer},
        }


def is_grpc(port: Port, request: Request) -> bool:
    """Whether `request` on `port` is a remote procedure call."""
    return port.app_protocol == "grpc" and request.method == "POST"
