"""Users' tokens in the laboratory. Nobody but an issuer can sign with its keys, so the laboratory puts one of its own
into its copies; which issuer and audience a token names is the stack's to check."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

_SECRET: Final = b"of the laboratory, and of nobody else"
"""It opens nothing: no stack ever sees a token signed with it."""
_KEY: Final = "laboratory"
_VALID_SECONDS: Final = 3600


def with_own_key(authentication: Mapping[str, Any]) -> Mapping[str, Any]:
    """A RequestAuthentication whose issuers sign with the laboratory's key."""
    key = {"kty": "oct", "alg": "HS256", "kid": _KEY, "k": _spelled(_SECRET)}
    jwks = json.dumps({"keys": [key]})
    rules = [{**rule, "jwks": jwks} for rule in authentication["spec"].get("jwtRules", ())]
    return {**authentication, "spec": {**authentication["spec"], "jwtRules": rules}}


def token(issuer: str, audience: str) -> str:
    """A user's token of `issuer` for `audience`, which may be empty; valid for an hour."""
    head = {"alg": "HS256", "kid": _KEY, "typ": "JWT"}
    claims: dict[str, Any] = {"iss": issuer, "sub": "a-user", "exp": int(time.time()) + _VALID_SECONDS}
    if audience:
        claims["aud"] = audience
    signed = ".".join(_spelled(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_spelled(hmac.new(_SECRET, signed.encode(), hashlib.sha256).digest())}"


def header(own: str) -> dict[str, str]:
    """The header that carries the token `own`; none where it is empty."""
    return {"authorization": f"Bearer {own}"} if own else {}


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
