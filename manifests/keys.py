"""An issuer's public RSA key as the PEM text Kong wants: SubjectPublicKeyInfo (RFC 5280, RFC 8017) in DER.

Only the three DER types such a key needs; private keys have no place here.
"""

import base64
from typing import Final

from blueprint.settings import Jwk

_INTEGER, _BIT_STRING, _SEQUENCE = 0x02, 0x03, 0x30

RSA_ENCRYPTION: Final = bytes.fromhex("300d06092a864886f70d0101010500")
"""AlgorithmIdentifier: OID 1.2.840.113549.1.1.1 with NULL parameters."""


def _der(tag: int, content: bytes) -> bytes:
    """One value: tag, length (short form below 128), content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(base64url: str) -> bytes:
    """A positive integer; a leading zero keeps a high first bit from meaning a sign."""
    number = base64.urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4)).lstrip(b"\0") or b"\0"
    return _der(_INTEGER, b"\0" + number if number[0] & 0x80 else number)


def pem(key: Jwk) -> str:
    """`key` as PEM, ending in a line break."""
    public = _der(_SEQUENCE, _integer(key.n) + _integer(key.e))
    info = _der(_SEQUENCE, RSA_ENCRYPTION + _der(_BIT_STRING, b"\0" + public))
    text = base64.b64encode(info).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))
