"""Which names are those of secrets: DB_PASSWORD, clientSecret, apikey; and which only speak of one: TOKEN_URL."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final
from unicodedata import normalize

_SEAM: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

ENDINGS: Final = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "secretkey",
    "accesskey",
    "credential",
    "credentials",
    "connectionstring",
    "connstring",
)
"""A word that ends so is a secret's: PGPASSWORD, clientsecret."""

WORDS: Final = frozenset({"passwords", "secrets", "cred", "creds", "connstr", "dsn", "masterauth", "salt"})
"""Whole words that are."""

LAST: Final = ("pass", "pw")
"""Ends of the last word that are: DBPASS, requirepass, DB_PW."""
NOT_LAST: Final = frozenset({"bypass", "compass", "encompass", "overpass", "trespass", "underpass"})
"""Words that end so and are none."""

PAIRS: Final = frozenset(
    {
        *((word, "key") for word in ("access", "account", "api", "auth", "encryption", "master", "private", "secret")),
        *((word, "key") for word in ("hmac", "jwt", "service", "shared", "signing", "ssh", "storage")),
        *((word, other) for word in ("conn", "connection") for other in ("str", "string")),
        ("pass", "phrase"),
        ("pass", "word"),
    }
)
"""Neighbours that are."""

LOGINS: Final = (
    *("amqp", "basic", "broker", "cache", "clickhouse", "db", "docker", "elastic", "elasticsearch", "http"),
    *("kafka", "keydb", "ldap", "mail", "mongo", "mongodb", "mysql", "nats", "neo4j", "npm", "opensearch", "postgres"),
    *("proxy", "rabbitmq", "redis", "registry", "sentinel", "smtp", "valkey"),
)
"""What one logs in to: before a last `auth` it is what one logs in with, REDIS_AUTH, NEO4J_AUTH."""

ABOUT: Final = frozenset(
    {
        *("algorithm", "alg", "audience", "audiences", "backend", "bytes", "cache", "class", "claim", "count", "dir"),
        *("directory", "enabled", "endpoint", "endpoints", "engine", "expiration", "expires", "expiry", "field"),
        *("file", "filename", "files", "folder", "format", "header", "host", "interval", "issuer", "issuers", "kind"),
        *("length", "lifetime", "limit", "lookup", "manager", "max", "method", "min", "minutes", "mode", "mount"),
        *("name", "namespace", "names", "path", "paths", "pattern", "period", "policy", "port", "prefix", "provider"),
        *("realm", "ref", "refs", "regex", "region", "required", "reviewer", "rotation", "scope", "scopes", "seconds"),
        *("server", "size", "source", "store", "suffix", "timeout", "ttl", "type", "uri", "url", "validity", "version"),
        *("volume", "volumes"),
    }
)
"""A name that ends in one of these speaks of a secret and is none: TOKEN_URL, PASSWORD_FILE, secretName."""


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether something called `name` is a secret if it is anything."""
    parts = [part.casefold() for part in _SEAM.split(normalize("NFKC", name)[:512]) if part]
    bare = [part.rstrip("0123456789") for part in parts]
    while len(bare) > 1 and not bare[-1]:  # DB_PASS_1
        del bare[-1], parts[-1]
    if not bare or bare[-1] in ABOUT or bare[0] == "existing":
        return False
    if any(part.endswith(ENDINGS) or part in WORDS for part in bare):
        return True
    if bare[-1].endswith(LAST) and bare[-1] not in NOT_LAST:
        return True
    if bare[-1] == "auth" and "".join(parts[:-1]).endswith(LOGINS):
        return True
    pairs = PAIRS & set(pairwise(bare))
    # The id of a key says which one it is; with Amazon's the other half is the key itself.
    return bool(pairs & {("access", "key")} if bare[-1] in ("id", "ids") else pairs)


LISTS: Final = ("passwords", "passphrases", "tokens", "apikeys", "privatekeys", "secretkeys", "accesskeys")
"""Names of lists whose items are secrets; those of `secrets` and `credentials` are names of objects, mostly."""


def lists_secrets(name: str) -> bool:
    """Whether the items of a list called `name` are secrets: passwords, apiKeys."""
    return "".join(part.casefold() for part in _SEAM.split(name[:512])).endswith((*LISTS, *(one[:-1] for one in LISTS)))
