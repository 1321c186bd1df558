"""Stores that a run would take from their services, found before anything is changed.

The last run's record is compared with what the files ask for now. What would go needs `--approve` and its URN; what no
operator can do is refused. `--yes` agrees to neither: it is always given in a pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from blueprint import names
from blueprint.clusters import decide
from blueprint.settings import Settings
from manifests import Manifest, platform_ready
from manifests.holdings import holding
from manifests.identity import Key, key, logical_name, token
from manifests.keeping import goes, retained
from manifests.losses import Impossible, Loss, impossible, losses
from manifests.treatments import follows, treatment
from operations.agreeing import SERVICE
from operations.console import Console, few, many
from operations.exits import Exit, RefusedError
from operations.leftovers import Found
from operations.project import Project

Command = Literal["up", "down"]
RUNBOOK: Final = "docs/runbooks/removed-store.md"
_CHART: Final = "kubernetes:helm.sh/"
"""In the URN of what a chart brings, which is no manifest of ours."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One Kubernetes object of ours in a record."""

    urn: str
    manifest: Manifest
    protected: bool
    """The engine refuses to delete it."""
    stays: bool
    """The engine leaves it in the cluster when it leaves the record: itself, or the namespace it goes with."""

    def __str__(self) -> str:
        metadata = self.manifest["metadata"]
        return f"{self.manifest['kind']} {'/'.join(filter(None, (metadata.get('namespace'), metadata['name'])))}"


def entries(resources: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """The Kubernetes objects of ours among `resources`, as a state of the engine lists them."""
    listed = [each for each in resources if not each.get("delete")]
    left = {str(each["urn"]) for each in listed if each.get("retainOnDelete")}
    return tuple(
        Entry(
            urn=str(each["urn"]),
            manifest=each["inputs"],
            protected=bool(each.get("protect")),
            stays=each["urn"] in left or each.get("deletedWith") in left,
        )
        for each in listed
        if str(each["type"]).startswith("kubernetes:")
        and _CHART not in each["urn"]
        and "metadata" in each.get("inputs", {})
    )


def asked(settings: Settings, command: Command) -> bool:
    """Whether a store of a stack with `settings` goes only when somebody agrees to that one. Not where there is nothing
    to lose, nor where a whole dev stack goes; but what the record says is protected is asked about everywhere."""
    if settings.environment == "ephemeral" or decide(settings.cluster).simulated:
        return False
    return command == "up" or settings.environment != "dev"


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What a run would do to the stores of the last one."""

    project: Project
    stack: str
    command: Command
    wanted: Sequence[Manifest]
    """What the stack will have."""
    asked: bool
    """Whether each that would go has to be approved; what is protected has to be in any case."""
    approved: frozenset[str]
    """URNs."""

    def going(self, resources: Iterable[Mapping[str, Any]]) -> Going:
        """What of a record, whose `resources` these are, would go."""
        return Going(entries=entries(resources), wanted=self.wanted)

    def agree(self, console: Console, resources: Sequence[Mapping[str, Any]], *, assume_yes: bool) -> None:
        """Says what goes where all of it was agreed to; `resources` is the record.

        Raises RefusedError where something was not, or where a store cannot become what it is asked to be.
        """
        record = self.going(resources)
        if found := tuple(impossible((each.manifest for each in record.entries), self.wanted)):
            raise _impossible(found, record)
        at_stake = [each for each in record.losses if self.asked or each.entry.protected]
        if any(each.entry.urn not in self.approved or each.in_the_way for each in at_stake):
            raise RefusedError(self._refusal(at_stake, record, assume_yes=assume_yes), Exit.USAGE)
        for each in at_stake:
            console.error(f"Approved: {record.described(each)}. {record.fate(each)}")
        for urn in sorted(self.approved - {each.entry.urn for each in at_stake}):
            console.error(f"--approve {urn}: no store of this URN would go, so there is nothing to agree to.")

    def _refusal(self, lost: Sequence[Lost], record: Going, *, assume_yes: bool) -> str:
        shown = [line for each in lost for line in (f"  {record.described(each)}", f"    {record.fate(each)}")]
        whose = "its service" if len(lost) == 1 else "their services"
        head = f"nothing was touched, because {many(len(lost), 'store')} would be taken from {whose}:"
        if any(each.in_the_way for each in lost):
            return "\n".join([head, *shown, f"How a store is moved, and how one comes back: {RUNBOOK}"])
        agreed = [word for each in lost for word in ("--approve", each.entry.urn)]
        again = self.project.command(self.command, "-s", self.stack, *(["--yes"] if assume_yes else []), *agreed)
        return "\n".join(
            [
                head,
                *shown,
                "A new name makes a new, empty store: if one was only renamed, give it its old name again."
                f" How one comes back: {RUNBOOK}",
                f"To agree to all of it: {again}",
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A store that would go."""

    entry: Entry
    loss: Loss

    @property
    def in_the_way(self) -> bool:
        """Whether the old object would stay under the very name that the new one needs."""
        return bool(self.loss.replaced_by) and self.entry.stays


@dataclass(frozen=True, kw_only=True)
class Going:
    """A record on the way to what is wanted."""

    entries: Sequence[Entry]
    wanted: Sequence[Manifest]

    @cached_property
    def losses(self) -> tuple[Lost, ...]:
        """The stores that would go, in the order of the record."""
        by_key = {key(each.manifest): each for each in self.entries}
        found = losses((each.manifest for each in self.entries), self.wanted)
        return tuple(Lost(entry=by_key[key(loss.old)], loss=loss) for loss in found)

    @cached_property
    def gone(self) -> tuple[Entry, ...]:
        """What would not be there any more, and what of the stores that go would be made anew."""
        wanted = {key(each) for each in self.wanted}
        anew = {_place(each.loss.old) for each in self.losses if each.loss.replaced_by}
        return tuple(each for each in self.entries if key(each.manifest) not in wanted or _place(each.manifest) in anew)

    @property
    def protected(self) -> tuple[str, ...]:
        """The URNs of what goes and the engine refuses to delete."""
        return tuple(each.urn for each in self.gone if each.protected)

    @property
    def kept_keys(self) -> frozenset[Key]:
        """What leaves the record and stays in the cluster."""
        return frozenset(key(each.manifest) for each in self.gone if each.stays)

    @property
    def stores_kept(self) -> tuple[str, ...]:
        """The stores among it, as a person calls them."""
        return tuple(str(each.entry) for each in self.losses if each.entry.stays)

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that are deleted, with whatever is in them."""
        return frozenset(
            each.manifest["metadata"]["name"]
            for each in self.gone
            if each.manifest["kind"] == "Namespace" and not each.stays
        )

    def described(self, lost: Lost) -> str:
        """`Cluster order-service-data/db: PostgreSQL 18, database orders, on 3 × 100Gi, of order-service`"""
        holds = holding(lost.loss.old, (each.manifest for each in self.entries))
        return f"{lost.entry}: {holds.engine}, {holds.what}, on {holds.disks}, of {self.owner(lost.loss.old)}"

    def fate(self, lost: Lost) -> str:
        """What would become of it, and where its copies are."""
        copies = holding(lost.loss.old, (each.manifest for each in self.entries)).copies
        said = f"Copies: {copies}." if copies else "Copies: none."
        fields = ", ".join(lost.loss.replaced_by)
        if lost.in_the_way:
            return (
                f"{fields} cannot change in place, and it is to be kept, so another of its name cannot be made. Give"
                f" the resource a new name, move the data, and let the old one leave the catalogue. {said}"
            )
        if lost.loss.replaced_by:
            return f"{fields} cannot change in place: it is deleted with its disks and made anew, empty. {said}"
        if lost.entry.stays:
            return f"It stays in the cluster with its disks, until somebody deletes it there. {said}"
        return f"It is deleted with its disks. {said}"

    def owner(self, manifest: Manifest) -> str:
        """The service that `manifest` is a store or a volume of; its namespace where nothing says it."""
        namespace = manifest["metadata"]["namespace"]
        spaces = (each.manifest["metadata"] for each in self.entries if each.manifest["kind"] == "Namespace")
        marks = (each.get("labels", {}) for each in spaces if each["name"] == namespace)
        return next(filter(None, map(_whose, marks)), namespace)


def _whose(labels: Mapping[str, str]) -> str | None:
    """The service of a namespace with these `labels`: its own, or that of its stores."""
    return labels.get(names.STORES_LABEL) or labels.get(names.SERVICE_LABEL)


def _place(manifest: Manifest) -> tuple[str, str]:
    """Namespace and resource: what the objects of one store have in common."""
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata.get("labels", {}).get(names.RESOURCE, "")


def _impossible(found: Sequence[Impossible], record: Going) -> RefusedError:
    lines = [f"  {_where(each, record)}: {each.field}: {each.cause}. {each.cure}." for each in found]
    head = "nothing was touched, because a store that runs cannot become what the files say:"
    return RefusedError("\n".join([head, *lines]), Exit.USAGE)


@dataclass(frozen=True, kw_only=True)
class Returning:
    """Stores that are wanted again and were kept in the cluster: what the engine has to write over, and not to make."""

    wanted: Sequence[Manifest]
    recorded: frozenset[Key]

    @property
    def possible(self) -> bool:
        """Whether anything is wanted that may have been kept: only then is the cluster worth asking."""
        return any(retained(each) and key(each) not in self.recorded for each in self.wanted)

    @property
    def platform_first(self) -> bool:
        """Whether the platform, which they come after, is not made yet."""
        ready = key(platform_ready(None))
        return ready not in self.recorded and any(key(each) == ready for each in self.wanted)

    def of(self, kept: Iterable[Found]) -> tuple[Found, ...]:
        """What of all that was `kept` is wanted again."""
        wanted = {key(each) for each in self.wanted} - self.recorded
        return tuple(found for found in kept if found.key in wanted)

    def urns(self, back: Iterable[Found], stack: str, project: str) -> tuple[str, ...]:
        """What to write: all that is wanted in a namespace in which something comes `back`, and the component above it.

        All of it, because an object waits for others of its namespace, and kept ones may be among those; but what goes
        by itself was not kept, and is made as always unless what was kept comes after it.
        """
        spaces = {found.namespace or found.name for found in back}
        first = f"urn:pulumi:{stack}::{project}::{SERVICE}"
        found = list[str]()
        for each in self.wanted:
            metadata = each["metadata"]
            if each["kind"] == "Namespace" and metadata["name"] in spaces:
                found.append(f"{first}::{_whose(metadata['labels'])}")
            if metadata.get("namespace", metadata["name"]) in spaces and (not goes(each) or self._leads(each)):
                found.append(f"{first}${token(each)}::{logical_name(each)}")
        return tuple(found)

    def _leads(self, manifest: Manifest) -> bool:
        """Whether something that may have been kept beside `manifest` comes after it."""
        namespace = manifest["metadata"].get("namespace")
        beside = (each for each in self.wanted if each["metadata"].get("namespace") == namespace and retained(each))
        return any(follows(treatment(each), manifest, beside=True) for each in beside)


def buried(going: Going, kept: Iterable[Found]) -> RefusedError | None:
    """Why namespaces may not go: something in them was `kept` there when it left the record; None: nothing was."""
    recorded = {key(each.manifest) for each in going.entries}
    if not (lying := sorted(each for each in kept if each.namespace in going.namespaces and each.key not in recorded)):
        return None
    return RefusedError(
        f"nothing was touched, because {many(len({each.namespace for each in lying}), 'namespace')} would be deleted"
        f" with what was kept there when it left the catalogue: {few([str(each) for each in lying])}. Take it back, or"
        f" delete it first: {RUNBOOK}",
        Exit.USAGE,
    )


def _where(each: Impossible, record: Going) -> str:
    metadata = each.old["metadata"]
    return f"{each.old['kind']} {metadata['namespace']}/{metadata['name']} of {record.owner(each.old)}"
