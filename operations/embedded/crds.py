"""The definitions of custom resources: strict ones where they are given, permissive ones for the rest.

Strict ones are a folder of the operators' own schemas, applied as they are. For every wanted kind that they lack,
a permissive definition is generated: right group, version and names, any content, status as a subresource. A hash of
what was applied is stored, so that an unchanged set costs one request.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from operations.embedded.failure import not_started
from operations.embedded.kinds import Kind
from operations.embedded.kube_api import KubeApi
from operations.embedded.layout import NAME, Layout
from operations.engine import EngineError, Toolchain
from operations.engine.wording import listing

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ESTABLISHED_SECONDS = 120.0
_POLL_SECONDS = 0.2
_AT_ONCE = 4
FIELD_MANAGER = f"{NAME}-control-plane"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was applied last."""

    digest: str
    names: tuple[str, ...]
    generated: tuple[str, ...]
    """Those of `names` whose definition is a permissive one of ours."""


def permissive(kind: Kind) -> dict[str, Any]:
    """A definition that takes anything for `kind`."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": kind.definition_name,
            # Groups of the Kubernetes project itself demand a mark of approval or a reason for its absence.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a permissive stand-in for local use"}
            if kind.group.endswith((".k8s.io", ".kubernetes.io"))
            else {},
        },
        "spec": {
            "group": kind.group,
            "scope": kind.scope,
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
            },
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}
                        | {"x-kubernetes-preserve-unknown-fields": True}  # top-level fields, as Kong's kinds have
                    },
                    "subresources": {"status": {}} if kind.status else {},
                }
            ],
        },
    }


def install(
    layout: Layout, tools: Toolchain, api: KubeApi, strict: Path | None, kinds: Sequence[Kind]
) -> tuple[str, ...]:
    """Makes sure that the definitions of `kinds`, and all `strict` ones, are there and served; their names, sorted.
    About 10 s when all are new.

    Raises:
        EngineError: the server refuses one, or one is not served in time.
    """
    digest = _digest(strict, kinds)
    before = _remembered(layout)
    present = set(api.names(PATH))
    if before is not None and before.digest == digest and set(before.names) <= present:
        _wait_until_served(api, kinds)
        return before.names
    given = _apply_files(layout, tools, _files(strict))
    # Strict ones of an earlier start stay when this one has none: a definition cannot lose versions that are stored.
    kept = present - set(before.generated if before is not None else ())
    missing = [kind for kind in kinds if kind.definition_name not in given | kept]
    generated = apply_objects(layout, tools, [permissive(kind) for kind in missing]) if missing else ()
    names = {*given, *generated, *(kind.definition_name for kind in kinds)}
    _wait_until_served(api, kinds)
    applied = Applied(digest=digest, names=tuple(sorted(names)), generated=tuple(sorted(generated)))
    layout.definitions.write_text(json.dumps(asdict(applied)), encoding="utf-8")
    return applied.names


def apply_objects(layout: Layout, tools: Toolchain, objects: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Applies the objects server-side; their names."""
    document = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    return _apply(layout, tools, ["-f", "-"], text=json.dumps(document))


def _apply_files(layout: Layout, tools: Toolchain, files: Sequence[Path]) -> set[str]:
    """Applies the files, several at once; the names of the definitions in them.

    At once, because after each definition the server schedules a rebuild of its description of all kinds: what arrives
    quickly is built once (16 s of its CPU time instead of 25 s for 115 definitions, measured on two cores).
    """
    by_size = sorted(files, key=lambda file: file.stat().st_size, reverse=True)
    shares = [share for start in range(_AT_ONCE) if (share := by_size[start::_AT_ONCE])]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        applied = threads.map(
            lambda share: _apply(layout, tools, [word for file in share for word in ("-f", str(file))]), shares
        )
        return {name for names in applied for name in names}


def _files(strict: Path | None) -> Sequence[Path]:
    return sorted(strict.glob("*.yaml")) if strict is not None else ()


def _apply(layout: Layout, tools: Toolchain, source: Sequence[str], *, text: str = "") -> tuple[str, ...]:
    cache = layout.control_plane / "kubectl-cache"  # kubectl's own default is below $HOME
    command = [str(tools.kubectl), f"--kubeconfig={layout.kubeconfig}", f"--cache-dir={cache}", "apply"]
    options = [
        "--server-side",
        "--force-conflicts",
        "--validate=ignore",
        f"--field-manager={FIELD_MANAGER}",
        "--output=name",
        *source,
    ]
    try:
        done = subprocess.run([*command, *options], input=text, capture_output=True, text=True, check=False)
    except OSError as error:
        raise not_started(tools.kubectl, words=str(error)) from error
    if done.returncode != 0:
        raise EngineError(
            f"The embedded API server refuses what every start applies: {done.stderr.strip()[:2000]}",
            consequence="The control plane runs, but not every kind can be deployed",
            cure="Correct the definition that is named, or start without strict definitions",
        )
    return tuple(line.partition("/")[2] for line in done.stdout.splitlines() if "/" in line)


def _wait_until_served(api: KubeApi, kinds: Sequence[Kind]) -> None:
    """Waits for `kinds`: strict sets also hold definitions that serve no version at all.

    By discovery, which lists a kind once its definition is established, and is a hundredth of the definitions' size.
    By OpenAPI v3 too, which follows a moment later: kwok asks it for every kind it has a stage for, and ends when one
    is not there.
    """
    wanted = frozenset(kind.definition_name for kind in kinds)
    described = frozenset(kind.api_version for kind in kinds)
    deadline = time.monotonic() + ESTABLISHED_SECONDS
    while missing := (wanted - api.served()) | (described - api.described()):
        if time.monotonic() > deadline:
            raise EngineError(
                f"The API server does not serve {listing(sorted(missing)[:5])} after {ESTABLISHED_SECONDS:.0f} s",
                consequence="Objects of these kinds cannot be deployed",
                cure="Look at the conditions of the definition with kubectl, or start without strict definitions",
            )
        time.sleep(_POLL_SECONDS)


def _digest(strict: Path | None, kinds: Sequence[Kind]) -> str:
    digest = hashlib.sha256(json.dumps([permissive(kind) for kind in kinds], sort_keys=True).encode())
    for file in _files(strict):
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _remembered(layout: Layout) -> Applied | None:
    try:
        stored = json.loads(layout.definitions.read_text(encoding="utf-8"))
        return Applied(digest=stored["digest"], names=tuple(stored["names"]), generated=tuple(stored["generated"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
