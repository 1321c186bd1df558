"""Cases of the rules: `tests/policies/<rule>.yaml`, one file per rule, read here and nowhere else.

    base: pod                      # objects of tests/policies/bases/pod.yaml; or `objects:` written out
    environment: prod              # unset: prod
    settings: {mesh: {mode: none}} # merged over STANDARD_SETTINGS; unset: those; null: nobody described the stack
    services: [...]                # catalogue files as mappings; unset: no catalogue
    stackTags: {ttl: 72h}          # what the backend knows of the stack
    good:
      - name: as it should be      # a case may have every key above, and:
        set: {"spec.hostNetwork": false, "Service|spec.type": ClusterIP, "Service/other|spec.type": ClusterIP}
        drop: [spec.volumes]
        add: [{apiVersion: v1, kind: ..., ...}]     # further objects
    bad:
      - name: on the node's network
        set: {"spec.hostNetwork": true}
        finds: spec.hostNetwork    # a path, a list of paths (each finding's), or `any`

An object with `type` and `props` is a cloud's resource, with `options`, `provider`, `read_only` and `name` beside them.
The text `<unknown>` is a value that is only known after the update.
"""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from blueprint.catalogue import Environment, Service, merge
from blueprint.settings import Settings
from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.limits import limits_of
from policies.objects import Object, Options, Provider
from policies.objects.values import Unknown, step

FOLDER: Final = Path(__file__).parent.parent / "policies"
TODAY: Final = date(2026, 11, 20)
UNKNOWN: Final = "<unknown>"
STANDARD_SETTINGS: Final[Mapping[str, Any]] = {
    "environment": "prod",
    "cluster": {"kind": "existing", "name": "prod"},
    "domain": "shop.example.com",
}
_STEP: Final = re.compile(r"""\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)""")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case: objects, what is known beside them, and the paths a rule must find."""

    rule: str
    name: str
    objects: tuple[Mapping[str, Any], ...]
    """As written; `judged` makes objects of them."""
    facts: Facts
    finds: tuple[str, ...] | None
    """Every path, sorted; empty: nothing; None: anything, but something."""

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.name}"

    def judged(self) -> tuple[Object, ...]:
        return tuple(_object(written) for written in self.objects)


def cases(rule: str) -> Iterator[Case]:
    """The cases of `rule`, good ones first."""
    written = yaml.safe_load((FOLDER / f"{rule}.yaml").read_text(encoding="utf-8"))
    unknown = set(written) - {"base", "objects", "environment", "settings", "services", "stackTags", "good", "bad"}
    assert not unknown, f"tests/policies/{rule}.yaml: {unknown} means nothing"
    for verdict in ("good", "bad"):
        for case in written.get(verdict) or ():
            yield _case(rule, {**{key: written[key] for key in written if key not in ("good", "bad")}, **case}, verdict)


def rules_with_cases() -> list[str]:
    """Every rule that has a file."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def _case(rule: str, written: Mapping[str, Any], verdict: str) -> Case:
    known = {
        "name",
        "base",
        "objects",
        "environment",
        "settings",
        "services",
        "stackTags",
        "set",
        "drop",
        "add",
        "finds",
    }
    assert set(written) <= known, f"{rule}: {set(written) - known} means nothing"
    objects = copy.deepcopy(written["objects"] if "objects" in written else _base(written["base"]))
    for path in written.get("drop") or ():
        _write(objects, path, None, drop=True)
    for path, value in (written.get("set") or {}).items():
        _write(objects, path, copy.deepcopy(value))
    objects += copy.deepcopy(written.get("add") or [])
    finds = written.get("finds")
    assert (finds is not None) == (verdict == "bad"), f"{rule}: {written['name']}: only a bad case finds, and it must"
    environment: Environment = written.get("environment", "prod")
    return Case(
        rule=rule,
        name=written["name"],
        objects=tuple(objects),
        facts=_facts(environment, written),
        finds=()
        if finds is None
        else None
        if finds == "any"
        else tuple(sorted([finds] if isinstance(finds, str) else finds)),
    )


def _facts(environment: Environment, written: Mapping[str, Any]) -> Facts:
    patch = written.get("settings", {})
    settings = merge({**STANDARD_SETTINGS, "environment": environment}, patch) if patch is not None else None
    services = written.get("services")
    return Facts(
        environment=environment,
        limits=limits_of(environment).model_copy(update={"exceptions": ()}),  # cases judge rules, not today's debts
        today=TODAY,
        stack_tags=written.get("stackTags"),
        settings=Settings.model_validate(settings, strict=False) if settings else None,
        services=tuple(Service.model_validate(each, strict=False) for each in services)
        if services is not None
        else None,
    )


@cache
def _base(name: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = yaml.safe_load((FOLDER / "bases" / f"{name}.yaml").read_text(encoding="utf-8"))
    return read


def _write(objects: Sequence[dict[str, Any]], where: str, value: Any, *, drop: bool = False) -> None:
    which, bar, path = where.rpartition("|")
    target: Any = next(each for each in objects if not bar or _is(each, which))
    steps = [key if key else int(index) if index else name for key, index, name in _STEP.findall(path)]
    for here, after in itertools.pairwise(steps):
        target = _child(target, here, [] if isinstance(after, int) else {})
    last = steps[-1]
    if drop:
        del target[last]
    elif isinstance(last, int) and last == len(target):
        target.append(value)
    else:
        target[last] = value


def _child(target: Any, key: str | int, fresh: Any) -> Any:
    if isinstance(key, int):
        if key == len(target):
            target.append(fresh)
    elif target.get(key) is None:
        target[key] = fresh
    return target[key]


def _is(written: Mapping[str, Any], which: str) -> bool:
    kind, _, name = which.partition("/")
    if "props" in written:
        return written["type"].rpartition(":")[2] == kind and name in ("", written.get("name"))
    return written["kind"] == kind and name in ("", written["metadata"]["name"])


def _object(written: Mapping[str, Any]) -> Object:
    plain = _unknowns(written, "")
    if "props" not in written:
        return from_manifest(plain)
    options, provider = written.get("options"), written.get("provider")
    return Object(
        type=written["type"],
        props=_unknowns(written["props"], ""),
        logical=written.get("name", ""),
        urn=f"urn:pulumi:prod::platform::{written['type']}::{written.get('name', '')}",
        read_only=written.get("read_only", False),
        options=Options(**{**options, "ignore_changes": tuple(options.get("ignore_changes", ()))})
        if options is not None
        else None,
        provider=Provider(**provider) if provider is not None else None,
    )


def _unknowns(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {key: _unknowns(part, step(path, str(key))) for key, part in value.items()}
    if isinstance(value, list):
        return [_unknowns(part, step(path, index)) for index, part in enumerate(value)]
    return Unknown(path) if value == UNKNOWN else value
