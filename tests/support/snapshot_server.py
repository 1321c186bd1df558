"""A server that answers as Elasticsearch does to whoever asks it for snapshots: over TLS, to one user, and no more."""

import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.redis_servers import authorities, certificate


@dataclass(kw_only=True)
class Snapshots:
    """What it holds, and what it will say."""

    user: str
    password: str
    names: list[str] = field(default_factory=list)
    repository: Any = None
    asked: Any = None
    """The body of the last request for a snapshot."""
    state: str = "SUCCESS"
    """What the next snapshot ends as."""
    port: int = 0

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and body of the answer."""
        of = urlsplit(path)
        match method, of.path.removeprefix("/_snapshot/copies").strip("/"):
            case "PUT", "":
                self.repository = body
                return 200, {"acknowledged": True}
            case _ if self.repository is None:
                return 404, {"error": {"type": "repository_missing_exception"}}
            case "PUT", name if parse_qs(of.query) == {"wait_for_completion": ["true"]}:
                self.names.append(name)
                self.asked = body
                return 200, {"snapshot": {"snapshot": name, "state": self.state}}
            case "GET", "_all":
                return 200, {"snapshots": [{"snapshot": name} for name in self.names]}
            case "DELETE", name if name in self.names:
                self.names.remove(name)
                return 200, {"acknowledged": True}
        return 400, {"error": f"{method} {path}"}


@contextlib.contextmanager
def running(snapshots: Snapshots, folder: Path) -> Iterator[Snapshots]:
    """Serves `snapshots` on a port of `localhost`, with a certificate of the authority in `folder`."""
    authorities(folder)
    certificate(folder, "tls", ["localhost"], ["server auth"])
    known = base64.b64encode(f"{snapshots.user}:{snapshots.password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = 401, {"error": "unable to authenticate"}
            if self.headers.get("Authorization") == f"Basic {known}":
                status, said = snapshots.answer(self.command, self.path, json.loads(body) if body else None)
            written = json.dumps(said, separators=(",", ":")).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_PUT = do_DELETE = _answer  # noqa: N815  as http.server looks for them

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    snapshots.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield snapshots
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
