"""The few fast reads of the embedded API server that `status` and waiting need.

Not a client library: writes go through kubectl, whose server-side apply is what users know.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ANSWER_SECONDS = 5.0
_DISCOVERY = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io"
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@dataclass(frozen=True, kw_only=True)
class KubeApi:
    """One API server, trusted by its own certificate and asked as one user."""

    server: str
    """`https://127.0.0.1:<port>`."""
    certificate: Path
    token: str

    def ready(self) -> bool:
        """Whether the server says it can serve (all its start-up hooks have run)."""
        return self._get("/readyz", accept="*/*") is not None

    def version(self) -> str:
        """For example `v1.36.4`; empty when the server does not answer."""
        answer = self._get("/version", accept="application/json")
        return str(json.loads(answer)["gitVersion"]) if answer else ""

    def names(self, path: str) -> tuple[str, ...]:
        """The sorted names of the list at `path`; empty when the server does not answer."""
        answer = self._get(path, accept=_NAMES_ONLY)
        return tuple(sorted(item["metadata"]["name"] for item in json.loads(answer)["items"] or ())) if answer else ()

    def served(self) -> frozenset[str]:
        """`<plural>.<group>` of everything that can be read and written now; empty when the server does not answer."""
        answer = self._get("/apis", accept=_DISCOVERY)
        groups = json.loads(answer)["items"] if answer else ()
        return frozenset(
            f"{resource['resource']}.{group['metadata']['name']}"
            for group in groups
            for version in group["versions"]
            for resource in version.get("resources") or ()
        )

    def described(self) -> frozenset[str]:
        """`<group>/<version>` of everything OpenAPI v3 describes now; empty when the server does not answer."""
        answer = self._get("/openapi/v3", accept="application/json")
        return frozenset(path.removeprefix("apis/") for path in json.loads(answer)["paths"]) if answer else frozenset()

    def items(self, path: str) -> tuple[dict[str, Any], ...]:
        """The objects of the list at `path`; empty when the server does not answer."""
        answer = self._get(path, accept="application/json")
        return tuple(json.loads(answer)["items"] or ()) if answer else ()

    def _get(self, path: str, *, accept: str) -> bytes | None:
        request = urllib.request.Request(  # noqa: S310 (an https address of our own making)
            self.server + path, headers={"Authorization": f"Bearer {self.token}", "Accept": accept}
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # a proxy of the user's is for other hosts, not for this machine
            urllib.request.HTTPSHandler(context=self._context()),
        )
        try:
            with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except (OSError, http.client.HTTPException):
            return None

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))
