"""Which secrets a state holds in plain text: the one rule no policy can judge (`sec-secret-marked`).

CrossGuard hands a rule its values unwrapped, marked or not
(docs/decisions/0016-marked-secrets-are-read-from-the-state.md). The state says which
is which: a marked value is an object with a signature and a ciphertext. What is read here is `pulumi stack export`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.credentials.texts import random_looking, suspect
from policies.objects.values import step

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key of every special object of Pulumi's wire and state (pulumi/pulumi, sdk/go/common/resource/sig)."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (what a secret is recognised by, and none itself)
"""Under that key: a secret, with `ciphertext`, or with `plaintext` where an export shows secrets."""

STACK: Final = "pulumi:pulumi:Stack"

FIELDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "aws:docdb/cluster:Cluster": (("masterPassword",),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (("authToken",),),
    "aws:iam/accessKey:AccessKey": (("secret",), ("sesSmtpPasswordV4",)),
    "aws:mq/broker:Broker": (("users", "*", "password"),),
    "aws:rds/cluster:Cluster": (("masterPassword",),),
    "aws:rds/instance:Instance": (("password",),),
    "aws:secretsmanager/secretVersion:SecretVersion": (("secretBinary",), ("secretString",)),
    "aws:ssm/parameter:Parameter": (("value",),),
    "gcp:redis/instance:Instance": (("authString",),),
    "gcp:secretmanager/secretVersion:SecretVersion": (("secretData",),),
    "gcp:serviceaccount/key:Key": (("privateKey",),),
    "gcp:sql/user:User": (("password",),),
    "gcp:storage/hmacKey:HmacKey": (("secret",),),
    "kubernetes:core/v1:Secret": (
        ("data", "*"),
        ("stringData", "*"),
        # With client-side apply the provider keeps a whole copy here, and marks only the original.
        ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ),
    "pulumi:providers:aws": (("secretKey",), ("token",)),
    "pulumi:providers:gcp": (("accessToken",), ("credentials",)),
    "pulumi:providers:kubernetes": (("kubeconfig",),),
    "random:index/randomBytes:RandomBytes": (("base64",), ("hex",)),
    "random:index/randomPassword:RandomPassword": (("bcryptHash",), ("result",)),
    "tls:index/privateKey:PrivateKey": (("privateKeyOpenssh",), ("privateKeyPem",), ("privateKeyPemPkcs8",)),
}
"""Type to the fields that are secrets whatever they hold; `*` is every entry."""

REFERENCE: Final = "{vault://"
"""How a plugin's configuration refers to a value in a vault (Kong 3.9, "Secrets management")."""
TEMPLATE: Final = re.compile(r"\{\{ *\.[A-Za-z_][\w.]* *\}\}")
"""How an ExternalSecret refers to a value that its controller fills in: a field, and nothing beside it."""

PATHS: Final = frozenset({"pulumi:providers:kubernetes"})
"""Types whose field may also be the path of a file, which is no secret."""


class StateError(ValueError):
    """What was handed over is no state, so nothing about it is known."""


@dataclass(frozen=True, kw_only=True, order=True)
class Unmarked:
    """A secret in plain text. Never the value."""

    urn: str
    path: str
    """From the resource: `inputs.stringData.password`."""

    @property
    def message(self) -> str:
        """One line."""
        return f"sec-secret-marked: {self.urn} {self.path}: lies in plain text. Fix: wrap it in Output.secret."


def unmarked_secrets(deployment: Mapping[str, Any]) -> Iterator[Unmarked]:
    """Every secret of `deployment` that is not marked: `pulumi stack export` as JSON, or its `deployment`.

    Raises:
        StateError: it is neither.
    """
    inner = deployment.get("deployment", deployment)
    if not isinstance(inner, Mapping) or not {"manifest", "resources"} & set(inner):
        raise StateError("holds neither resources nor a manifest, so it is no state")
    for resource in _resources(inner):
        urn = resource.get("urn")
        for side in ("inputs", "outputs"):
            found = dict.fromkeys(path for path in _unmarked(resource, resource.get(side), side))
            yield from (Unmarked(urn=str(urn), path=path) for path in found)


def _resources(inner: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # An interrupted run leaves what it was about to make beside what it made.
    under_way = inner.get("pending_operations") or []
    begun = [each.get("resource") if isinstance(each, Mapping) else None for each in under_way]
    resources = [*(inner.get("resources") or []), *begun]
    for resource in resources:
        if not isinstance(resource, Mapping):
            raise StateError("holds a resource that is none")
        yield resource


def _unmarked(resource: Mapping[str, Any], props: Any, path: str) -> Iterator[str]:
    if not isinstance(props, Mapping) or _is_marked(props):
        return
    token = _type(resource, props)
    for steps in FIELDS.get(token, ()):
        for place, value in _at(props, steps, path):
            if not (token in PATHS and _is_a_path(value)):
                yield place
    yield from _passwords(props, path)
    if token == STACK:
        texts = _texts(props, path)
        yield from (where for name, where, text in texts if suspect(name, text) or random_looking(name, text))


def _type(resource: Mapping[str, Any], props: Mapping[str, Any]) -> str:
    if props.get("apiVersion") == "v1" and props.get("kind") == "Secret":
        return "kubernetes:core/v1:Secret"
    return str(resource.get("type"))


def _at(value: Any, steps: tuple[str, ...], path: str) -> Iterator[tuple[str, Any]]:
    """What is written in plain text at `steps` below `value`, with its path."""
    if value is None or _is_marked(value):
        return
    if not steps:
        yield path, value
        return
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        for key in value if first == "*" else (first,):
            yield from _at(value.get(key), rest, step(path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _at(item, rest if first == "*" else steps, step(path, index))
    else:
        yield path, value  # something else where a mapping of secrets belongs: text, most likely all of them


def _passwords(value: Any, path: str) -> Iterator[str]:
    """Every text called a password, and every private key whatever it is called, at any depth of any resource."""
    for name, where, text in _texts(value, path):
        named = name.casefold().endswith(("password", "passphrase"))
        private = text.lstrip().startswith("-----BEGIN") and "PRIVATE KEY-----" in text
        if private or (named and text and not (text.startswith(REFERENCE) or TEMPLATE.fullmatch(text))):
            yield where


def _texts(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Every text that is not marked: the key it stands under, its path, itself."""
    waiting = [("", path, value)]
    while waiting:
        key, where, here = waiting.pop()
        if isinstance(here, str):
            yield key, where, here
        elif isinstance(here, Mapping) and not _is_marked(here):
            waiting += [(str(name), step(where, str(name)), part) for name, part in here.items()]
        elif isinstance(here, list):
            waiting += [(key, step(where, index), part) for index, part in enumerate(here)]


def _is_marked(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET


def _is_a_path(value: Any) -> bool:
    return isinstance(value, str) and "\n" not in value and "{" not in value and value.startswith(("~", "/", "."))
