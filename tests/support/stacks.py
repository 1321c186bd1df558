"""The stacks as they are committed, and catalogues made of files: what most tests start from."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from blueprint import Blueprint, design, names
from blueprint.reading import Catalogue, read_catalogue, read_settings
from blueprint.settings import Settings
from manifests import Manifest, everything

ROOT: Final = Path(__file__).parent.parent.parent
SERVICES: Final = ROOT / "services"
STACKS: Final = ("dev", "prod", "staging")
TODAY: Final = date(2026, 11, 20)
"""The day of the tests: exceptions in test files expire relative to it."""

MINIMAL: Final = """\
apiVersion: catalog.platform/v1alpha1
kind: Service
metadata: {{name: {name}}}
spec:
  type: {kind}
  owner: team-a
  system: shop
  containers:
    main:
      image: ghcr.io/acme/{name}:1.0.0
      resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 256Mi}}}}
"""
"""The least a service says."""


def settings(stack: str = "dev", **changes: Any) -> Settings:
    """The settings of `stack`, with top-level fields changed."""
    return Settings.model_validate({**dict(read_settings(ROOT / f"Pulumi.{stack}.yaml")), **changes})


def shop() -> Catalogue:
    """The catalogue that ships with the program."""
    return read_catalogue(SERVICES, today=TODAY)


def blueprint_of(stack: str) -> Blueprint:
    """Every decision about `stack` with the shop."""
    return design(settings(stack), shop(), stack)


def catalogue(folder: Path, **services: str) -> Catalogue:
    """A catalogue of `services`: name (with _ for -) → what follows the minimal text, at the level of the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, more in services.items():
        dashed = name.replace("_", "-")
        kind = "cronjob" if "\n  schedule: " in f"\n{more}" else "service"
        (folder / f"{dashed}.yaml").write_text(MINIMAL.format(name=dashed, kind=kind) + more)
    return read_catalogue(folder, today=TODAY)


def key(manifest: Manifest) -> tuple[str, str, str, str]:
    """What distinguishes two objects in a cluster."""
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def objects(blueprint: Blueprint) -> dict[tuple[str, str, str, str], Manifest]:
    """Every object of `blueprint` by its key; two of one key are an error."""
    found: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in everything(blueprint):
        assert key(manifest) not in found, f"{key(manifest)} is made twice"
        found[key(manifest)] = manifest
    return found


def workload(made: Iterable[Manifest]) -> Manifest:
    """The one Deployment of a service among what was `made`; the platform's own are in namespaces of its own."""
    (found,) = [
        each
        for each in made
        if each["kind"] == "Deployment" and each["metadata"]["namespace"] not in names.PLATFORM_NAMESPACES
    ]
    return found
