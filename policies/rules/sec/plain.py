"""Secrets that are written out where anyone can read them.

A value that is only known after the update is judged then: the engine asks again, before it makes the object. What is
certain before is its name.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CONTAINERS, CRITICAL, EVERYTHING, MEDIUM, Violation, sorts
from policies.credentials.commands import passwords
from policies.credentials.names import names_a_secret
from policies.credentials.states import REFERENCE
from policies.credentials.texts import is_harmless, random_looking, suspect, suspicious, suspicious_bytes
from policies.objects import Object
from policies.objects.glance import Glance, glance
from policies.objects.pods import Container, pods
from policies.objects.values import View
from policies.objects.walking import Place, places
from policies.rules.sec.group import SEC

CONFIG_MAPS: Final = sorts("ConfigMap")
LATER: Final = "is only known after the update, but has the name of a secret"

EXTENSIONS: Final = (".cfg", ".conf", ".env", ".ini", ".json", ".lua", ".properties", ".sh", ".toml", ".txt", ".xml")
"""Ends of the names of files in a ConfigMap."""

KNOWN_MARKS: Final = frozenset({"cert-manager.io/inject-ca-from-secret", "konghq.com/credential"})
"""Labels and annotations with the name of a secret and the content of none: the one names a Secret whose public half
is copied, the other says which kind of credential it is."""


@SEC.resource(
    "sec-no-plaintext-env",
    "M/M/M",
    CRITICAL,
    CONTAINERS,
    why="Anyone who may read the pod, the Deployment, the state or the repository can read the secret.",
    cure="Put the value into a store and refer to it with ${resources.<name>.<key>}",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("NSA C-0012", "Polaris sensitiveContainerEnvVar", "OWASP K03"),
)
def no_plaintext_env(container: Container, _: Facts) -> Iterator[Violation]:
    for variable in container.view["env"]:
        name = variable["name"].word
        if said := _said(name, variable["value"]):
            # A position says nothing to an owner, who wrote names; and variables of references are added before it.
            yield Violation(variable["value"], f"of the variable {name} {said}" if name else said)


@SEC.resource(
    "sec-no-plaintext-configmap",
    "M/M/M",
    CRITICAL,
    CONFIG_MAPS,
    why="A ConfigMap is read by everyone who may look at the namespace, and is encrypted nowhere.",
    cure="Put the value into a store and refer to it with ${resources.<name>.<key>}",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("Polaris sensitiveConfigmapContent", "OWASP K03"),
)
def no_plaintext_config_map(config: Object, _: Facts) -> Iterator[Violation]:
    for key, value in config.root["data"].entries():
        if said := _said(_stem(key), value):
            yield Violation(value, said)
    for key, value in config.root["binaryData"].entries():
        if value.is_known and not value.is_empty and (said := suspicious_bytes(value.word)):
            yield Violation(value, said)
        elif names_a_secret(_stem(key)) and value.is_set:
            yield Violation(value, "has the name of a secret")


def _said(name: str, value: View) -> str | None:
    if not value.is_known:
        return LATER if names_a_secret(name) else None
    return suspect(name, value.word)


def _stem(key: str) -> str:
    return next((key.removesuffix(end) for end in EXTENSIONS if key.endswith(end)), key.removesuffix(".yaml"))


@SEC.resource(
    "sec-no-plaintext-args",
    "M/M/M",
    CRITICAL,
    EVERYTHING,
    why="Arguments are in every process list of the node; labels, annotations, a chart's values and a custom resource's"
    " fields in every export.",
    cure="Move the value into a Secret and mount it or refer to it",
    where="services/{service}.yaml: spec.containers.<name>.args; for a chart manifests/operators/",
    sources=("OWASP K03",),
)
def no_plaintext_args(thing: Object, _: Facts) -> Iterator[Violation]:
    if thing.type.startswith("kubernetes:helm.sh/"):
        for field in ("repositoryOpts", "values"):
            # The preview shows no objects of a chart whose values are not known yet.
            if not thing.root[field].is_empty:
                for place in places(thing.root[field]):
                    yield from _named(_name_of(place), place.view)
    if not thing.is_kubernetes:
        return
    yield from _marks(thing.root["metadata"])
    yield from _passwords(thing)
    for pod in pods(thing):
        yield from _marks(pod.metadata)
        for container in pod.containers:
            yield from _commands(container)


@SEC.resource(
    "sec-random-values",
    "A/A/A",
    MEDIUM,
    EVERYTHING,
    why="A key and a checksum look the same: only who wrote the value knows whether it opens anything.",
    cure="If it is a key, put it into a store and refer to it with ${resources.<name>.<key>}",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("detect-secrets: HexHighEntropyString, Base64HighEntropyString",),
)
def random_values(thing: Object, _: Facts) -> Iterator[Violation]:
    """Advice alone: of such findings on public manifests nearly all were ids, digests and public keys."""
    if thing.type.startswith("kubernetes:helm.sh/"):
        for place in places(thing.root["values"]) if not thing.root["values"].is_empty else ():
            yield from _drawn(_name_of(place), place.view)
    if not thing.is_kubernetes:
        return
    if thing.sort == "ConfigMap":
        for key, value in thing.root["data"].entries():
            yield from _drawn(_stem(key), value)
    yield from _drawn_marks(thing.root["metadata"])
    for pod in pods(thing):
        yield from _drawn_marks(pod.metadata)
        for container in pod.containers:
            for variable in container.view["env"]:
                yield from _drawn(variable["name"].word, variable["value"])
            for argument in (part for each in _lines(container) for part in each):
                yield from _drawn("", argument)


def _drawn_marks(metadata: View) -> Iterator[Violation]:
    for key, value in _unread_marks(metadata):
        yield from _drawn(key, value)


def _drawn(name: str, view: View) -> Iterator[Violation]:
    # What has a finding of its own needs no advice.
    if isinstance(view.value, str) and not suspect(name, view.value) and (said := random_looking(name, view.value)):
        yield Violation(view, said)


def _name_of(place: Place) -> str:
    # A variable is a pair of members: {name: DB_PASSWORD, value: ...}.
    named = place.above.value.get("name") if place.key == "value" and isinstance(place.above.value, dict) else None
    return named if isinstance(named, str) else place.key or place.listed


_PASSWORDS: Final = ("password", "passphrase")


def _passwords(thing: Object) -> Iterator[Violation]:
    # A custom resource means by `password` what it says (Kong's plugins); by other names often that of a Secret.
    for place in places(thing.root) if thing.is_custom and _may_hold_passwords(glance(thing)) else ():
        is_password = place.key.casefold().endswith(_PASSWORDS) and isinstance(place.view.value, str)
        if is_password and not is_harmless(place.view.word) and not place.view.word.startswith(REFERENCE):
            yield Violation(place.view, "has the name of a secret")


@lru_cache(maxsize=4096)
def _may_hold_passwords(seen: Glance) -> bool:
    return any(name.casefold().endswith(_PASSWORDS) for name in seen.names)


def _marks(metadata: View) -> Iterator[Violation]:
    for key, value in _unread_marks(metadata):
        yield from _named("" if key in KNOWN_MARKS else key, value)


_SHORT: Final = 253 + 1 + 63 + 63
"""Characters of a label: the prefix, slash and name of its key, and its value. What is longer is not remembered."""


def _unread_marks(metadata: View) -> Iterator[tuple[str, View]]:
    """Labels and annotations, but none that another object bears as well, and in which nothing was found."""
    for marks in (metadata["labels"], metadata["annotations"]):
        written = marks.value if isinstance(marks.value, dict) else dict(marks.entries())  # none, or it raises
        for key, value in written.items():
            if not (type(key) is type(value) is str and len(key) + len(value) <= _SHORT and _says_nothing(key, value)):
                yield str(key), marks.below(str(key), value)


@lru_cache(maxsize=4096)
def _says_nothing(key: str, value: str) -> bool:
    """Whether a label or annotation neither is a secret nor looks like one. The objects of a service share many."""
    return not (key in KNOWN_MARKS or suspect(key, value) or random_looking(key, value))


def _named(name: str, view: View) -> Iterable[Violation]:
    if not view.is_known:
        return (Violation(view, LATER),) if names_a_secret(name.rpartition("/")[2]) else ()
    text = view.quantity if isinstance(view.value, str | int | float) and not isinstance(view.value, bool) else None
    said = suspect(name, text) if text else None
    return (Violation(view, said),) if said else ()


def _commands(container: Container) -> Iterator[Violation]:
    for handler in HANDLERS:
        for header in container.view.at(*handler, "httpGet", "httpHeaders"):
            yield from _header(header)
    for line in _lines(container):
        yield from _arguments(line)


PROOFS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that prove who asks, by names that say nothing of a secret."""


def _header(header: View) -> Iterable[Violation]:
    """A header of a probe or hook is what is written: nothing is put in its place."""
    name, value = header["name"].word, header["value"]
    if name.lower() in PROOFS and value.is_known and not is_harmless(value.word):
        return (Violation(value, f"is the {name} of a probe or hook, in plain text"),)
    return _named(name, value)


def _lines(container: Container) -> Iterator[list[View]]:
    """The command lines of `container`, of its probes and hooks: a container's arguments follow its command."""
    for handler in HANDLERS:
        yield list(container.view.at(*handler, "exec", "command"))
    yield [*container.view["command"], *container.view["args"]]


HANDLERS: Final = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


def _arguments(arguments: list[View]) -> Iterator[Violation]:
    known = [argument.word if argument.is_known else "" for argument in arguments]
    given = {index for index, found in passwords(known) if not is_harmless(found)}
    flag = ""
    for index, (argument, text) in enumerate(zip(arguments, known, strict=True)):
        if said := suspicious(text):
            yield Violation(argument, said)
        elif index in given or (flag and not text.startswith("-") and not is_harmless(text)):
            yield Violation(argument, "is the value of a flag with the name of a secret")
        flag = text if text.startswith("-") and "=" not in text and names_a_secret(text) else ""
