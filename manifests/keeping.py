"""The mark on a store's objects that says what is left of them: the label `catalog.platform/deletion`.

The engine's options follow from it (`components.kubernetes`), and kubectl finds by it what left the catalogue and
stayed. Every object of a store has it, whatever runs the store: one that stays needs its network rules, its
certificate and the place of its copies, or it would stand open, or stand still.
"""

from typing import Final

from blueprint import names
from blueprint.deletion import Deletion
from manifests.manifest import Manifest

RETAIN: Final[Deletion] = "retain"
DELETE: Final[Deletion] = "delete"


def marked(manifest: Manifest, deletion: Deletion | None) -> Manifest:
    """`manifest` with the mark; the manifest itself where nothing is decided."""
    if deletion is None:
        return manifest
    metadata = manifest["metadata"]
    labels = dict(sorted({**metadata["labels"], names.DELETION: deletion}.items()))
    return {**manifest, "metadata": {**metadata, "labels": labels}}


def retained(manifest: Manifest) -> bool:
    """Whether `manifest` stays in the cluster when it leaves the program."""
    return _said(manifest) == RETAIN


def goes(manifest: Manifest) -> bool:
    """Whether `manifest` goes when it leaves the program, although its namespace may stay for the sake of another."""
    return _said(manifest) == DELETE


def _said(manifest: Manifest) -> str | None:
    said: str | None = manifest["metadata"].get("labels", {}).get(names.DELETION)
    return said
