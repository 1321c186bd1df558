"""A server that answers as S3 does to a client that lists, writes, reads and removes; it asks nobody who he is."""

import contextlib
import threading
from collections.abc import Iterator
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

MODIFIED: Final = "2026-11-30T02:00:00.000Z"
"""When everything was written: whoever removes by age must not go by it."""


def _tag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


class Bucket:
    """What is in it: key → content."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held: dict[str, bytes] = {}
        self.address = ""

    def listed(self, prefix: str, delimiter: str) -> str:
        """The keys below `prefix`; those with a `delimiter` further on as folders."""
        found, folders = list[str](), set[str]()
        for key in sorted(key for key in self.held if key.startswith(prefix)):
            head, cut, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else (key, "", "")
            if cut:
                folders.add(f"{prefix}{head}{cut}")
            else:
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED}</LastModified>"
            f"<ETag>{_tag(self.held[key])}</ETag><Size>{len(self.held[key])}</Size></Contents>"
            for key in found
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(folders)
        )
        return (
            f"<ListBucketResult><Name>{self.name}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{contents}{common}</ListBucketResult>"
        )


@contextlib.contextmanager
def running(bucket: Bucket) -> Iterator[Bucket]:
    """Serves `bucket` on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            of = urlsplit(self.path)
            _, name, key = f"{unquote(of.path)}/".split("/", 2)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = self._said(name, key.rstrip("/"), {k: v[0] for k, v in parse_qs(of.query).items()}, body)
            self.send_response(status)
            self.send_header("ETag", _tag(bucket.held.get(key.rstrip("/"), b"")))
            self.send_header("Last-Modified", formatdate(0, usegmt=True))
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        def _said(self, name: str, key: str, asked: dict[str, str], body: bytes) -> tuple[int, bytes]:
            if name != bucket.name:
                return 404, b"<Error><Code>NoSuchBucket</Code></Error>"
            if not key and self.command == "GET":
                return 200, bucket.listed(asked.get("prefix", ""), asked.get("delimiter", "")).encode()
            if key and self.command == "PUT":
                bucket.held[key] = body
                return 200, b""
            if key in bucket.held and self.command in ("GET", "HEAD"):
                return 200, bucket.held[key]
            if key and self.command == "DELETE":
                bucket.held.pop(key, None)
                return 204, b""
            return 404, b"<Error><Code>NoSuchKey</Code></Error>"

        do_DELETE = do_GET = do_HEAD = do_PUT = _answer  # noqa: N815  as http.server looks for them

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
