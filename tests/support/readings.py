"""Whether anything reads a field: it is said otherwise in an example, and what follows is compared.

The examples are files (tests/fixtures); they go the whole way an owner's words go, through reading and the checks
between files into a blueprint, and through the policies. Nothing here knows which field means what, except where
another valid value needs a second thing of the example: those stand in OTHERWISE.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import yaml
from pydantic import TypeAdapter, ValidationError

from blueprint import design
from blueprint.catalogue import Service
from blueprint.printing import plain
from blueprint.reading import Catalogue, TextError, read_catalogue, read_settings
from blueprint.settings import Settings
from blueprint.text import Text
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.leaves import Said, alternatives, said
from tests.support.stacks import ROOT, TODAY

FIXTURES: Final = ROOT / "tests" / "fixtures"

OTHER_AUTHORITY: Final = "-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n"

OTHERWISE: Final[Mapping[str, tuple[Any, ...]]] = {
    "backups.copies.drillRole": ("arn:aws:iam::111122223333:role/another-{service}",),
    "spec.resources.*(Mongodb).backup.restoreCheck": ("true",),
    "spec.resources.*(Mysql).backup.restoreCheck": ("SELECT true",),
    "spec.resources.*(Postgres).backup.restoreCheck": ("SELECT true",),
    "backups.copies.role": ("arn:aws:iam::111122223333:role/other-{service}",),
    "backups.copies.region": ("us-east-1",),
    "backups.role": ("arn:aws:iam::111122223333:role/another-velero",),
    "spec.resources.*(Clickhouse).owns": (["orders"],),
    "spec.resources.*(Clickhouse).pool.maxPerReplica": (500,),
    "spec.resources.*(Mongodb).owns": (["orders"],),
    "spec.resources.*(Mysql).owns": (["orders"],),
    "spec.resources.*(Mysql).pool.maxPerReplica": (500,),
    "spec.resources.*(Postgres).owns": (["documents"],),
    "spec.resources.*(Redis).owns": (["orders"],),
    "spec.resources.*(Redis).pool.maxPerReplica": (500,),
    "spec.resources.*(Elasticsearch).owns": (["orders"],),
    "spec.resources.*(Elasticsearch).pool.maxPerReplica": (500,),
    "spec.resources.*(Opensearch).owns": (["orders"],),
    "spec.resources.*(Opensearch).pool.maxPerReplica": (500,),
    "spec.resources.*(Valkey).owns": (["orders"],),
    "spec.resources.*(Valkey).pool.maxPerReplica": (500,),
    # Names of other things in the example.
    "spec.containers.*.livenessProbe.httpGet.port": ("metrics",),
    "spec.observability.metrics.port": ("http",),
    "spec.provides.*.port": ("metrics",),
    "spec.consumes.*.api": ("payments/search-v1",),
    "spec.consumes.*.operations": (["GET /v1/payments/all"],),
    "spec.provides.*.route.acl.allow": (["visitors"],),
    "spec.provides.*.route.acl.deny": (["customers"],),
    "spec.provides.*.route.host": ("www.example.com",),
    "spec.service.ports.*.public.host": ("api.example.com",),
    "spec.service.ports.*.public.port": (8884,),
    "gateway.streams": ([8883, 9001],),
    # A ceiling below what is asked for.
    "budget.cpuCores": (1,),
    "budget.memoryGib": (1,),
    "budget.pods": (1,),
    "spec.scaling.metrics.*(LagMetric).channel": ("payments.refunded",),
    "spec.slos.*(QueueLag).channel": ("payments.refunded",),
    "spec.events.subscribes.*.channel": ("payments.refunded",),
    # A form only one field has.
    "identity.issuers.*.jwks.keys.*.n": ("x" * 342,),
    "secrets.sources.*(AwsSecrets).region": ("eu-west-1",),
    "secrets.sources.*(AwsSecrets).role": ("arn:aws:iam::444455556666:role/{service}",),
    "secrets.sources.*(GcpSecrets).clusterLocation": ("europe-west3-a",),
    "secrets.sources.*(GcpSecrets).clusterProject": ("another",),
    "secrets.sources.*(GcpSecrets).project": ("another",),
    "secrets.sources.*(GcpSecrets).serviceAccount": ("other-{service}@another.iam.gserviceaccount.com",),
    "secrets.sources.*(OpenBaoSecrets).ca": (OTHER_AUTHORITY,),
    "secrets.sources.*(OpenBaoSecrets).role": ("other-{service}",),
    "secrets.sources.*(VaultSecrets).ca": (OTHER_AUTHORITY,),
    "secrets.sources.*(VaultSecrets).role": ("other-{service}",),
    # Two values that must fit each other.
    "spec.resources.*(Secret).params.path": ("commerce/orders/other",),
    "spec.provides.*.definition": ("contracts/elsewhere.yaml",),
}
"""Place → other valid values, where the plain ones below do not do."""

_TEXTS: Final = (
    *("7s", "45d", "3 4 * * *", "300m", "48Mi", "ghcr.io/acme/other:9.9.9", "other", "other.example.com"),
    *("https://other.example.com", "/other", "9.9.9", "9", "10.99.0.0/16", "OTHER", "other@example.com"),
    *("AQAC", "other/folder", "Service orders/orders", "2027-02-01"),
)
"""Texts in the forms the catalogue has; whichever a field takes is another value of it."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack's settings with a folder of services, as plain data that can be said otherwise."""

    settings: Any
    services: Mapping[str, Any]
    """File name → document."""
    beside: Path
    """Where contracts and schemas are."""


@cache
def stacks() -> Mapping[str, Stack]:
    """The examples, by name."""
    found = {}
    for name, stack, folder in (
        ("install", "install", "every_field"),
        ("tenant", "tenant", "least_said"),
    ):
        services = FIXTURES / folder / "services"
        found[name] = Stack(
            settings=_plain(FIXTURES / "every_field" / f"Pulumi.{stack}.yaml"),
            services={file.name: _plain(file) for file in sorted(services.glob("*.yaml"))},
            beside=services,
        )
    return found


def _plain(file: Path) -> Any:
    return json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8")), default=str))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a stack comes to."""

    problems: tuple[str, ...]
    """Why it is refused, each as `field: cause`."""
    decisions: Any
    """The blueprint as plain data; None: it is refused."""


class Bench:
    """A folder in which one stack after the other is written and decided."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.stack = stack
        self._services = folder / "services"
        self._services.mkdir(parents=True)
        for beside in ("contracts", "schemas"):
            if (stack.beside / beside).is_dir():
                (self._services / beside).symlink_to(stack.beside / beside)
        self._settings = folder / "Pulumi.example.yaml"
        self._write(self._settings, stack.settings)
        for name, document in stack.services.items():
            self._write(self._services / name, document)
        self.before = self.outcome()
        self.judged = self.judgement() if self.before.decisions else None

    @staticmethod
    def _write(file: Path, document: Any) -> None:
        file.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, and ten times as quick to write

    def read(self) -> tuple[Settings, Catalogue]:
        """Settings and catalogue as they stand. Raises TextError."""
        return read_settings(self._settings), read_catalogue(self._services, today=TODAY)

    def outcome(self) -> Outcome:
        """What the folder comes to as it stands."""
        try:
            settings, catalogue = self.read()
            return Outcome(problems=(), decisions=plain(design(settings, catalogue, "example")))
        except TextError as error:
            return Outcome(problems=tuple(f"{each.field}: {each.cause}" for each in error.problems), decisions=None)

    def judgement(self) -> Any:
        """What the policies say of it, as `plat judge --format json` prints it."""
        settings, catalogue = self.read()
        facts = Facts.of_stack(settings, catalogue, limits=limits_of(settings.environment), today=TODAY)
        report = Judge(facts, bounded(RULES)).everything(stack_objects(design(settings, catalogue, "example")))
        return report.record()

    def otherwise(self, file: str | None, path: tuple[str | int, ...], value: Any) -> "Changed":
        """The same with `value` at `path` of `file`; None is the settings."""
        return Changed(bench=self, file=file, path=path, value=value)

    def put(self, file: str | None, document: Any) -> None:
        """Writes `document` in the place of `file`."""
        self._write(self._services / file if file else self._settings, document)


ABSENT: Final = object()
"""The value of a field that is not said."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One stack said otherwise in one place. A context: inside it, the bench holds the change."""

    bench: Bench
    file: str | None
    path: tuple[str | int, ...]
    value: Any

    @property
    def _whole(self) -> Any:
        stack = self.bench.stack
        return stack.services[self.file] if self.file else stack.settings

    def __enter__(self) -> Bench:
        document = copy.deepcopy(self._whole)
        *above, last = self.path
        node = document
        for word in above:
            node = node[word]
        if self.value is ABSENT:
            del node[last]
        else:
            node[last] = self.value
        self.bench.put(self.file, document)
        return self.bench

    def __exit__(self, *_: object) -> None:
        self.bench.put(self.file, self._whole)


def places(stack: Stack) -> Iterator[tuple[str | None, Said]]:
    """Everything `stack` says: its file (None: the settings), and where."""
    for name, document in stack.services.items():
        for each in said(Service.model_validate_json(json.dumps(document))):
            yield name, each
    inside = Settings.model_validate_json(json.dumps(stack.settings["config"]["platform:settings"]))
    for each in said(inside):
        yield None, Said(leaf=each.leaf, path=("config", "platform:settings", *each.path))


def value_at(stack: Stack, file: str | None, path: tuple[str | int, ...]) -> Any:
    """What `stack` says there."""
    node = stack.services[file] if file else stack.settings
    for word in path:
        node = node[word]
    return node


def other_values(each: Said, value: Any) -> Iterator[Any]:
    """Other values the field takes by itself. Whether they fit the rest is for reading to say."""
    model, name = each.leaf.steps[-1]
    yield from OTHERWISE.get(each.leaf.place, ())
    takes = TypeAdapter(each.leaf.annotation, config={"strict": True} if not _is_model(each) else None)
    for candidate in (*_likely(each.leaf.annotation, value), *([] if isinstance(value, list | dict) else _TEXTS)):
        if candidate == value and type(candidate) is type(value):
            continue
        try:
            takes.validate_json(json.dumps(candidate))
        except ValidationError:
            continue
        yield candidate
    if isinstance(each.path[-1], str) and not model.model_fields[name].is_required():
        yield ABSENT


def _is_model(each: Said) -> bool:
    return any(isinstance(one, type) and issubclass(one, Text) for one in alternatives(each.leaf.annotation))


def _likely(annotation: Any, value: Any) -> Iterator[Any]:
    for one in alternatives(annotation):
        if get_origin(one) is Literal:
            yield from get_args(one)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value * 2)
    elif isinstance(value, float):
        yield from (value / 2, (value + 100) / 2)
    elif isinstance(value, list):
        yield from _lists(annotation, value)
    elif isinstance(value, dict):
        yield from ({}, {**value, "OTHER": "other"}, {name: _twice(held) for name, held in value.items()})


def _twice(value: Any) -> Any:
    return {key: _twice(held) for key, held in value.items()} if isinstance(value, dict) else value * 2


def _lists(annotation: Any, value: list[Any]) -> Iterator[list[Any]]:
    for one in alternatives(annotation):
        if get_origin(one) is tuple:
            held = get_args(one)[0]
            words = [word for each in alternatives(held) if get_origin(each) is Literal for word in get_args(each)]
            for word in (*words, *_TEXTS, "x-other:2", "GET"):
                if word not in value:
                    yield [*value, word]
    yield value[:-1]
