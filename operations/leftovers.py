"""Which objects with our label are in a cluster, read from the cluster and not from a state.

Every object of ours carries the label of `names.MANAGED`; so it can be proven that nothing remains, and
objects are found that an engine made and could not record because it was killed. Objects are read and removed by
kubectl, which knows every way into a cluster that a kubeconfig can describe.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blueprint.names import KEPT, MANAGED
from operations.console import many
from operations.exits import Exit, RefusedError

if TYPE_CHECKING:
    from manifests.identity import Key

GONE_SECONDS = 180.0
"""How long removal may take: a namespace of a hundred objects takes 10 s here, 25 s on busy clusters."""
_POLL_SECONDS = 1.0
_SELECTOR = ",".join(f"{name}={value}" for name, value in sorted(MANAGED.items()))
_ENGINE_PREFIX = "pulumi-kubernetes"
"""How the Kubernetes provider signs what it applies (metadata.managedFields)."""


@dataclass(frozen=True, kw_only=True, order=True)
class Found:
    """One object with our label."""

    namespace: str
    """Empty for a cluster-wide object."""
    kind: str
    name: str
    api_version: str
    by_engine: bool = field(compare=False)
    """Applied by an engine; False for what a controller derived from it."""
    owned: bool = field(compare=False)
    """Is deleted with its owner."""
    going: bool = field(compare=False)
    """Is being deleted."""

    @property
    def key(self) -> Key:
        """Group, kind, namespace, name: what an object is, whatever version it is written in."""
        return (self.api_version.rpartition("/")[0], self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, kw_only=True, order=True)
class Served:
    """A kind of a cluster's API, in the version the cluster prefers."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """How kubectl reaches a cluster."""

    kubectl: Path
    kubeconfig: Path
    context: str
    cache: Path
    """The folder of kubectl's discovery cache."""

    def kept(self) -> tuple[Found, ...]:
        """Every object that has left a record and stays, sorted. Raises as `ours` does."""
        return self.ours(KEPT)

    def keep(self, keys: Collection[Key], stack: str) -> None:
        """Marks what has these `keys` as kept, and whose it was. Raises RefusedError."""
        self._label([found for found in self.ours() if found.key in keys] if keys else (), f"{KEPT}={stack}")

    def release(self, kept: Iterable[Found]) -> None:
        """Takes the mark off what is in a record again. Raises RefusedError."""
        self._label(kept, f"{KEPT}-")

    def _label(self, objects: Iterable[Found], label: str) -> None:
        if listed := [_reference(found) for found in sorted(objects)]:
            document = {"apiVersion": "v1", "kind": "List", "items": listed}
            self._run(["label", "--overwrite", "--filename=-", label], text=json.dumps(document))

    def ours(self, *labels: str) -> tuple[Found, ...]:
        """Every object with our label, and `labels`, in every listable kind, sorted. About a second for a thousand.

        Raises:
            RefusedError: the cluster does not answer.
        """
        kinds = self._run(["api-resources", "--verbs=list,delete", "--output=name"]).split()
        wanted = sorted(kind for kind in kinds if kind not in {"events", "events.events.k8s.io"})
        listed = self._run(
            [
                *("get", ",".join(wanted), "--all-namespaces", f"--selector={','.join((_SELECTOR, *labels))}"),
                *("--show-managed-fields", "--output=json", "--ignore-not-found"),
            ]
        )
        items = json.loads(listed)["items"] if listed.strip() else []
        return tuple(sorted({item["metadata"]["uid"]: _found(item) for item in items}.values()))

    def remove(self, objects: Iterable[Found]) -> None:
        """Deletes `objects` and waits until they are gone; what lives in a deleted namespace goes with it.

        Raises:
            RefusedError: the cluster refuses, or an object remains.
        """
        listed = sorted(objects)
        spaces = {found.name for found in listed if found.kind == "Namespace"}
        direct = [found for found in listed if found.namespace not in spaces]
        if direct:
            document = {"apiVersion": "v1", "kind": "List", "items": [_reference(found) for found in direct]}
            self._run(["delete", "--filename=-", "--ignore-not-found", "--wait=false"], text=json.dumps(document))
        self.wait_until_gone(listed)

    def wait_until_gone(self, objects: Iterable[Found]) -> None:
        """Waits for what is being deleted.

        Raises:
            RefusedError: an object remains.
        """
        waiting = {found.key for found in objects}
        deadline = time.monotonic() + GONE_SECONDS
        while waiting and (staying := [found for found in self.ours() if found.key in waiting]):
            if time.monotonic() > deadline:
                raise remaining(staying)
            time.sleep(_POLL_SECONDS)

    def pods(self) -> tuple[int, int]:
        """How many pods of ours are ready, and how many there are; one that has done its work is neither."""
        listed = self._run(["get", "pods", "--all-namespaces", f"--selector={_SELECTOR}", "--output=json"])
        items = [pod for pod in json.loads(listed)["items"] if pod.get("status", {}).get("phase") != "Succeeded"]
        return sum(map(_ready, items)), len(items)

    def listed(self, *kinds: str) -> Sequence[Mapping[str, Any]]:
        """Every object of `kinds` (`pods`, `networkpolicies`), whoever made it. Raises RefusedError."""
        answer = self._run(["get", ",".join(kinds), "--all-namespaces", "--output=json"])
        items: list[Mapping[str, Any]] = json.loads(answer)["items"]
        return items

    def kinds(self) -> Sequence[Served]:
        """Every kind that can be listed. Raises RefusedError."""
        lines = self._run(["api-resources", "--verbs=list", "--no-headers"]).splitlines()
        return [_served(line.split()) for line in lines]

    def _run(self, arguments: Sequence[str], *, text: str | None = None) -> str:
        access = [f"--kubeconfig={self.kubeconfig}", f"--context={self.context}", f"--cache-dir={self.cache}"]
        done = subprocess.run(
            [str(self.kubectl), *access, *arguments], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            words = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-5:])
            raise RefusedError(f"the cluster does not answer (kubectl {arguments[0]}):\n{words}", Exit.ERROR)
        return done.stdout


def remaining(objects: Sequence[Found]) -> RefusedError:
    """The error for objects that should be deleted."""
    shown = [f"  {found}{' (being deleted: look at its finalizers)' if found.going else ''}" for found in objects[:20]]
    more = [f"  and {len(objects) - 20} more"] if len(objects) > 20 else []
    head = f"{many(len(objects), 'object')} of ours left in the cluster:"
    return RefusedError("\n".join([head, *shown, *more, "Run the same command again."]), Exit.RESOURCE)


def recorded(checkpoint: Path) -> frozenset[Key]:
    """The keys of the Kubernetes objects in a state file of a local backend; empty where there is no such file."""
    return keys_of(resources_in(checkpoint))


def resources_in(checkpoint: Path) -> Sequence[Mapping[str, Any]]:
    """The resources in a state file of a local backend; empty where there is no such file."""
    try:
        latest = json.loads(checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
    except FileNotFoundError:
        return ()
    return latest.get("resources") or ()


def keys_of(resources: Iterable[Mapping[str, Any]]) -> frozenset[Key]:
    """The keys of the Kubernetes objects among `resources`, as a state of the engine lists them."""
    return frozenset(
        _key(str(entry["type"]), str(entry["id"]))
        for entry in resources
        if str(entry["type"]).startswith("kubernetes:") and entry.get("id")
    )


def _key(token: str, identity: str) -> Key:
    """`kubernetes:apps/v1:Deployment` and `namespace/name`."""
    _, api_version, kind = token.split(":")
    group = api_version.rpartition("/")[0]
    namespace, _, name = identity.rpartition("/")
    return ("" if group == "core" else group, kind, namespace, name)


def _found(item: Mapping[str, Any]) -> Found:
    metadata = item["metadata"]
    managers = [entry.get("manager", "") for entry in metadata.get("managedFields") or ()]
    return Found(
        namespace=metadata.get("namespace", ""),
        kind=item["kind"],
        name=metadata["name"],
        api_version=item["apiVersion"],
        by_engine=any(manager.startswith(_ENGINE_PREFIX) for manager in managers),
        owned=bool(metadata.get("ownerReferences")),
        going="deletionTimestamp" in metadata,
    )


def _served(words: Sequence[str]) -> Served:
    """A line of `kubectl api-resources`: plural, perhaps short names, apiVersion, namespaced, kind."""
    api_version, namespaced, kind = words[-3:]
    group, _, version = api_version.rpartition("/")
    return Served(group=group, version=version, kind=kind, plural=words[0], namespaced=namespaced == "true")


def _reference(found: Found) -> Mapping[str, Any]:
    metadata = {"name": found.name} | ({"namespace": found.namespace} if found.namespace else {})
    return {"apiVersion": found.api_version, "kind": found.kind, "metadata": metadata}


def _ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
