"""Whether a text is a secret: by the name it stands under, by its form, by what it is part of, and once more decoded.

Every question is answered in time linear in the text: pieces are cut with `str` methods, and the patterns have no two
neighbouring parts that match the same character. Nothing here ever hands out a value; it says what kind of thing it is.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from policies.credentials.assignments import BLOCKS, assignments
from policies.credentials.commands import passwords
from policies.credentials.composed import refers_to_its_secrets
from policies.credentials.names import lists_secrets, names_a_secret
from policies.credentials.randomness import hops, is_random, kinds_of, words
from policies.credentials.structured import PROSE, REFERENCES, Member, members

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
    (
        "a password in SQL",
        re.compile(
            r"(?i)\bidentified\s{1,8}(?:with\s{1,8}[a-z0-9_]{1,40}\s{1,8})?by\s{1,8}'(?![$%:{'])"
            r"|\b(?:create|alter)\s{1,8}(?:user|role|login)\b[^;']{1,200}\bpassword\s{0,8}=?\s{0,8}N?'(?![$%:{'])"
        ),
    ),
    ("a DSN with its key", re.compile(r"://[0-9a-f]{32}@")),
    (
        "a user and a password",
        re.compile(
            r"(?<![^\s\"'=])(?:(admin|administrator|guest):(?:\1|[A-Za-z0-9_.!@#%-]*[a-z!@#%-][0-9!@#%]|password)"
            r"|(?:root|sa|superuser):[A-Za-z0-9_.!@#%-]*[a-z!@#%-][0-9!@#%])[A-Za-z0-9_.!@#%-]{0,64}(?![^\s\"',;])"
        ),
    ),
    ("an HTTP credential", re.compile(r"(?i:\b(?:basic|bearer)) {1,4}(?!\$|\{)[A-Za-z0-9+/._~-]{12}")),
)
"""What it would be, and how it looks (the vendors' documentation of their tokens' prefixes)."""

_STANDS_FOR: Final = r"\$\((?:cat |< ?)?[A-Za-z0-9_./-]{1,253}\)|\$\{[^{}]{1,253}\}|\{\{[^{}]{1,1024}\}\}"
_PLACEHOLDER: Final = re.compile(rf"{_STANDS_FOR}|\$[A-Z_][A-Z0-9_]{{0,252}}(?![A-Za-z0-9_])")
"""Something that stands for a value: Kubernetes' $(NAME), a shell's variable or file, a template's. `$hunter2` does
not: neither Kubernetes nor the program that reads it takes it for anything but a value."""
_IN_TEXT: Final = re.compile(
    rf"{_STANDS_FOR}|\$[A-Z_][A-Z0-9_]{{0,252}}(?![A-Za-z0-9_])|\$[A-Za-z_]{{1,252}}(?![A-Za-z0-9_])|\$[0-9@*#]"
)
"""The same in a script or a configuration, where variables have small letters, too."""

_PATH: Final = re.compile(r"/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+/?")
_PUBLIC: Final = ("CERTIFICATE", "PUBLIC KEY", "CERTIFICATE REQUEST", "X509 CRL", "RSA PUBLIC KEY", "DH PARAMETERS")
_BASE64: Final = frozenset('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t \\"')
_PUBLIC_KEY: Final = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]{3}|sk-[a-z0-9-]{1,40}@openssh\.com)"
    r" {1,4}AAAA[A-Za-z0-9+/]{16,2000}={0,3}"
)
"""A public key of SSH, as `known_hosts` and `authorized_keys` have it."""
_FLAGS: Final = BLOCKS | {"true", "false", "yes", "no", "on", "off", "null", "none", "enabled", "disabled"}
_SUMS: Final = re.compile(
    r"(?i)checksum|digest|sha(?:1|256|512)|(?<![a-z])hash|commit|revision|fingerprint|etag|(?<![a-z])uid|integrity|gnetid|(?:^|[_.-])ids?(?:[_.-]?[0-9]+)?$"
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
    return suspicious(text, decode=decode)


_SHORT: Final = 256
"""Characters of a name and its text whose answer is kept."""

_known: Final = lru_cache(maxsize=4096)(_suspect)


def is_harmless(text: str) -> bool:
    """Whether `text` is no secret whatever its name: nothing, a switch, a placeholder, the path of a file."""
    bare = text.strip().strip("\"'")
    return bare.casefold() in _FLAGS or not _PLACEHOLDER.sub("", bare).strip(":/@") or _is_path(bare)


def _is_path(text: str) -> bool:
    # /var/run/secrets/db is one; /aB3/xY9z is a password with slashes: no folder's name changes at every letter.
    return bool(_PATH.fullmatch(text)) and not any(
        len(set(kinds_of(step))) == 3 and hops(step) > 0.5 for step in text.split("/")
    )


def suspicious(text: str, *, decode: bool = True) -> str | None:
    """What about `text` itself, or a line in it, is a secret's. That it looks random is not: `random_looking`."""
    plain = _without_public(normalize("NFKC", text))
    for what, form in FORMS:
        if form.search(plain):
            return f"holds what looks like {what}"
    if _has_user_info(plain):
        return "holds an address with a password in it"
    read = members(plain)
    if read is None and _assigns_a_secret(plain):
        return "gives a value to something with the name of a secret"
    if read is not None and (said := next(filter(None, map(_of_member, read)), None)):
        return said
    for word in words(plain) if decode else ():
        if (found := _decoded(word)) is not None and (said := suspicious(found, decode=False)):
            return f"{said}, in base64"
    return None


def _of_member(member: Member) -> str | None:
    """What makes a member of a JSON document a secret."""
    named = lists_secrets(member.name) if member.is_item else names_a_secret(member.name)
    if named and member.name not in REFERENCES and not is_harmless(member.value):
        return "gives a value to something with the name of a secret"
    if member.name == "auth" and member.of == "auths" and not is_harmless(member.value):
        return "holds a registry's login, as docker writes it"
    if member.name not in PROSE and _assigns_a_secret(member.value):
        return "gives a value to something with the name of a secret"
    return None


def random_looking(name: str, text: str) -> str | None:
    """Whether `text`, or a word in it, looks drawn at random: a secret, or a checksum, an id, a public key."""
    if _SUMS.search(name):
        return None
    plain = _PUBLIC_KEY.sub("", _without_public(normalize("NFKC", text)))
    read = members(plain)
    texts = [plain] if read is None else [each.value for each in read if not _SUMS.search(each.name)]
    return "holds a random-looking value" if any(map(_has_random_word, texts)) else None


def _has_random_word(text: str) -> bool:
    return any(_decoded(word) is None and is_random(word) for word in words(text))


def suspicious_bytes(content: str) -> str | None:
    """The same of base64 `content`, as `binaryData` has it: pictures and archives are random and are no secrets."""
    try:
        raw = base64.b64decode(content, validate=False)
    except (binascii.Error, ValueError):
        return suspicious(content)
    try:
        return suspicious(raw.decode())
    except UnicodeDecodeError:
        return suspicious(raw.decode("latin-1"), decode=False)


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
    plain = _IN_TEXT.sub("null", text)
    if any(_is_secret(name) and not is_harmless(value) for name, value in assignments(plain)):
        return True
    return any(not is_harmless(value) for line in plain.splitlines() for _, value in passwords(line.split()))


def _is_secret(name: str) -> bool:
    return names_a_secret(name) or lists_secrets(name)


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


def _decoded(word: str) -> str | None:
    """The text `word` is the base64 of; None where it is none."""
    padded = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return text if text and all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None
