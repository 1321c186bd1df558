"""Whether a text is a secret: by the name it stands under, by its form, by how random it is, and once more decoded.

Every question is answered in time linear in the text: pieces are cut with `str` methods, and the patterns have no two
neighbouring parts that match the same character. Nothing here ever hands out a value; it says what kind of thing it is.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from math import log2
from operator import ne
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final
from unicodedata import normalize

from policies.credentials.assignments import BLOCKS, assignments
from policies.credentials.composed import refers_to_its_secrets
from policies.credentials.names import names_a_secret

FORMS: Final = (
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")),
    ("a private key", re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]{20}|\bPuTTY-User-Key-File-[23]:")),
    ("an AWS access key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])")),
    ("a GitHub token", re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})")),
    ("a GitLab token", re.compile(r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_-]{20}")),
    ("a Slack token", re.compile(r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/services/T[A-Za-z0-9]{6}")),
    (
        "a Stripe key",
        re.compile(r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10}|(?<![a-z])whsec_[A-Za-z0-9]{16}"),
    ),
    (
        "a Google key",
        re.compile(r"(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20}|ya29\.[A-Za-z0-9_-]{20})"),
    ),
    ("a SendGrid key", re.compile(r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16}")),
    ("a Twilio key", re.compile(r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![0-9a-f])")),
    ("a Vault token", re.compile(r"(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{20}")),
    (
        "a registry's token",
        re.compile(r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{20}|dckr_pat_[A-Za-z0-9_-]{20})"),
    ),
    (
        "an API key",
        re.compile(
            r"(?<![A-Za-z0-9])(?:sk-(?:proj-|ant-)[A-Za-z0-9_-]{20}|sk-[A-Za-z0-9]{32}|dop_v1_[0-9a-f]{64}|pul-[0-9a-f]{40})"
        ),
    ),
    ("a JWT", re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,8192}\.eyJ[A-Za-z0-9_-]{5,8192}\.")),
    ("a private JWK", re.compile(r'"d"\s{0,8}:\s{0,8}"[A-Za-z0-9_-]{20}')),
    ("a storage account's key", re.compile(r"(?:AccountKey|SharedAccessKey|SharedSecret)=[A-Za-z0-9+/]{20}")),
    ("a Hugging Face token", re.compile(r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34}")),
    ("a password of .netrc", re.compile(r"\blogin[ \t]+[^\s]+[ \t]+password[ \t]+(?!\$|\{)[^\s]")),
    ("an HTTP credential", re.compile(r"(?i:\b(?:basic|bearer)) {1,4}(?!\$|\{)[A-Za-z0-9+/._~-]{12}")),
)
"""What it would be, and how it looks (the vendors' documentation of their tokens' prefixes)."""

_PLACEHOLDER: Final = re.compile(
    r"\$\((?:cat |< ?)?[A-Za-z0-9_./-]{1,253}\)|\$\{[^{}]{1,253}\}|\$[A-Za-z_][A-Za-z0-9_]{0,252}|\{\{[^{}]{1,1024}\}\}"
)
"""Something that stands for a value: Kubernetes' $(NAME), a shell's variable or file, a template's."""

_WORD: Final = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9+/_-]{19,}={0,2}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_PATH: Final = re.compile(r"/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+/?")
_PUBLIC: Final = ("CERTIFICATE", "PUBLIC KEY", "CERTIFICATE REQUEST", "X509 CRL", "RSA PUBLIC KEY", "DH PARAMETERS")
_BASE64: Final = frozenset('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t \\"')
_DIGESTS: Final = ("sha1:", "sha256:", "sha384:", "sha512:", "md5:")
_FLAGS: Final = BLOCKS | {"true", "false", "yes", "no", "on", "off", "null", "none", "enabled", "disabled"}
_SUMS: Final = re.compile(
    r"(?i)checksum|digest|sha(?:1|256|512)|(?<![a-z])hash|commit|revision|fingerprint|etag|(?<![a-z])uid"
)


def suspect(name: str, text: str, *, decode: bool = True) -> str | None:
    """What makes `text`, written under `name`, look like a secret; None where nothing does. Never the text itself.

    Of an annotation's or a label's name (`example.com/password`) the part behind the slash counts.
    """
    # The labels and annotations of a service come again with each of its objects.
    return (_known if len(name) + len(text) <= _SHORT else _suspect)(name, text, decode)


def _suspect(name: str, text: str, decode: bool) -> str | None:
    named = names_a_secret(name.rpartition("/")[2])
    if named and not is_harmless(text) and not refers_to_its_secrets(text, _PLACEHOLDER):
        return "has the name of a secret"
    return suspicious(text, decode=decode, is_a_sum=_SUMS.search(name) is not None)


_SHORT: Final = 256
"""Characters of a name and its text whose answer is kept."""

_known: Final = lru_cache(maxsize=4096)(_suspect)


def is_harmless(text: str) -> bool:
    """Whether `text` is no secret whatever its name: nothing, a switch, a placeholder, the path of a file."""
    bare = text.strip().strip("\"'")
    return bare.casefold() in _FLAGS or not _PLACEHOLDER.sub("", bare).strip(":/@") or bool(_PATH.fullmatch(bare))


def suspicious(text: str, *, decode: bool = True, is_a_sum: bool = False) -> str | None:
    """What about `text` itself, or a line in it, looks like a secret. `is_a_sum`: its name says it is a checksum."""
    plain = _without_public(normalize("NFKC", text))
    for what, form in FORMS:
        if form.search(plain):
            return f"holds what looks like {what}"
    if _has_user_info(plain):
        return "holds an address with a password in it"
    if _assigns_a_secret(plain):
        return "gives a value to something with the name of a secret"
    if not is_a_sum:
        for word in words(plain):
            if (found := _decoded(word)) is not None:
                if decode and (said := suspicious(found, decode=False)):
                    return f"{said}, in base64"
            elif is_random(word):
                return "holds a random-looking value"
    return None


def suspicious_bytes(content: str) -> str | None:
    """The same of base64 `content`, as `binaryData` has it: pictures and archives are random and are no secrets."""
    try:
        raw = base64.b64decode(content, validate=False)
    except (binascii.Error, ValueError):
        return suspicious(content)
    try:
        return suspicious(raw.decode())
    except UnicodeDecodeError:
        return suspicious(raw.decode("latin-1"), decode=False, is_a_sum=True)


def _has_user_info(text: str) -> bool:
    # scheme://user:password@host, with a password that is written out.
    for piece in text.split("://")[1:]:
        authority = re.split(r"[\s/?#\"']", piece[:2048], maxsplit=1)[0]
        user, at, _ = authority.rpartition("@")
        password = user.partition(":")[2]
        if at and password and _PLACEHOLDER.sub("", password):
            return True
    return False


def _assigns_a_secret(text: str) -> bool:
    # `password: x`, `--token=x`, `--token x`, `{"apiKey":"x"}`, `export SECRET=x`, `?password=x`, `Server=db;Pwd=x`.
    plain = _PLACEHOLDER.sub("null", text)
    return any(names_a_secret(name) and not is_harmless(value) for name, value in assignments(plain))


def _without_public(text: str) -> str:
    # Certificates and public keys are random and may be read by anyone.
    for label in _PUBLIC:
        begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
        if begin not in text:
            continue
        first, *blocks = text.split(begin)
        text = "".join((first, *(_after(block, end) for block in blocks)))
    return text


def _after(block: str, end: str) -> str:
    # A beginning without an end, or with anything but base64 before it, would be a place to hide.
    inside, found, rest = block.partition(end)
    return rest if found and _BASE64.issuperset(inside) else block


def words(text: str) -> Iterator[str]:
    """The runs of `text` long enough to be a key, without those that say they are a digest."""
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()].casefold()
        is_host = before.endswith("://") and text[match.end() : match.end() + 1] != "@"
        if not is_host and not before.endswith(_DIGESTS):
            yield from (part for part in _parts(match[0]) if len(part) >= 20 and not _UUID.fullmatch(part))


def _parts(word: str) -> Iterator[str]:
    # A path is not one word; a key in base64 has a slash too, but no short lower-case steps between them.
    pieces = word.split("/")
    yield from pieces if sum(1 for piece in pieces if piece.islower() or not piece) > len(pieces) // 2 else (word,)


_CLASSES: Final = {
    **dict.fromkeys(ascii_lowercase, "a"),
    **dict.fromkeys(ascii_uppercase, "A"),
    **dict.fromkeys(digits, "0"),
}


def is_random(word: str) -> bool:
    """Whether `word`, of 20 characters or more, looks drawn and not written.

    Drawn text has 3.5 bits and more per character and hops between lower case, upper case and digits at every second
    character (drawn from base64, 20 characters: 0.62 of the neighbours, below 0.4 once in fifty); words hop at their
    seams only. What has 4.5 bits (detect-secrets' limit) may hop less. Without capitals a name of dashed words with
    numbers in it looks the same, so there 24 characters must follow each other without a dash.
    """
    kinds = frozenset(filter(None, map(_CLASSES.get, word)))
    if "0" not in kinds or len(kinds) < 2:
        return False
    if len(kinds) == 2:
        word = max(re.split(r"[-_/+=]", word), key=len)
    letters = [kind for letter in word if (kind := _CLASSES.get(letter))]
    bits = -sum(count / len(word) * log2(count / len(word)) for count in Counter(word).values()) if word else 0.0
    if _HEX.fullmatch(word):
        return len(word) >= 32 and bits >= 3.0
    hops = sum(map(ne, letters, letters[1:])) / max(1, len(letters) - 1)
    if len(kinds) == 2:
        return len(word) >= 24 and bits >= 3.5 and hops >= 0.3
    return bits >= 3.5 and hops >= (0.25 if bits >= 4.5 else 0.4)


def _decoded(word: str) -> str | None:
    """The text `word` is the base64 of; None where it is none."""
    padded = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return text if text and all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None
