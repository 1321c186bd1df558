"""A TLS handshake between a server with one certificate and a client that trusts one authority, both in memory.

OpenSSL is the judge: it verifies chain, dates, purpose and name as any client of the gateway would. No socket is
opened.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_ROUNDS: Final = 8
"""A handshake of TLS 1.3 needs three."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a server shows."""

    chain: Path
    """PEM: its certificate and those above it."""
    key: Path


def refusal(shown: Shown, authority: str, host: str) -> str:
    """Why a client that trusts `authority` (PEM) does not speak to `host`; empty: it does."""
    try:
        _handshake(shown, authority, host)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (ssl.SSLError, ValueError, OSError) as error:
        return str(error)
    return ""


def described(authority: str) -> Mapping[str, Any]:
    """The first certificate of `authority` (PEM), which is one that may sign others, as `described_leaf` says it."""
    context = ssl.create_default_context(cadata=authority)
    found: Sequence[Mapping[str, Any]] = context.get_ca_certs()
    return _words(found[0]) if found else {}


def described_leaf(shown: Shown, authority: str, host: str) -> Mapping[str, Any]:
    """`names`, `begins` and `ends` (seconds since 1970) of what a client of `host` is shown; empty where it refuses."""
    try:
        return _words(_handshake(shown, authority, host))
    except (ssl.SSLError, ValueError, OSError):
        return {}


def _handshake(shown: Shown, authority: str, host: str) -> Mapping[str, Any]:
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(shown.chain, shown.key)
    server = serving.wrap_bio(here, there, server_side=True)
    client = ssl.create_default_context(cadata=authority).wrap_bio(there, here, server_hostname=host)
    done = set[ssl.SSLObject]()
    for _ in range(_ROUNDS):
        for side in (client, server):
            if side not in done:
                try:
                    side.do_handshake()
                    done.add(side)
                except ssl.SSLWantReadError:
                    continue
    if len(done) < 2:
        raise ValueError("the handshake does not end")
    return client.getpeercert() or {}


def _words(certificate: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "names": sorted(value for _, value in certificate.get("subjectAltName", ())),
        "begins": ssl.cert_time_to_seconds(certificate["notBefore"]),
        "ends": ssl.cert_time_to_seconds(certificate["notAfter"]),
    }
