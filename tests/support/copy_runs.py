"""The runs that copy a store of a service `shop`, as objects, and their scripts as processes of this machine."""

import os
import re
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from blueprint import design
from manifests import Manifest, everything
from manifests.copy_jobs import COPIER
from manifests.cron_jobs import AUTHORITY
from tests.support.stacks import catalogue, settings

BUCKET: Final = "shop-prod-copies/shop/db"

Made = Mapping[tuple[str, str], Manifest]


def made(folder: Path, engine: str, db: str = "", stack: str = "prod") -> Made:
    """What is beside the service, by kind and name."""
    text = f"  resources: {{db: {{type: {engine}, {db}}}}}\n"
    return {
        (each["kind"], each["metadata"]["name"]): each
        for each in everything(design(settings(stack), catalogue(folder, shop=text), stack))
        if each["metadata"].get("namespace") == "shop-data"
    }


def job(found: Made) -> Manifest:
    spec: Manifest = found["CronJob", "db-copy"]["spec"]
    return spec


def pod(found: Made) -> Manifest:
    template: Manifest = job(found)["jobTemplate"]["spec"]["template"]
    return template


def steps(found: Made) -> Sequence[Manifest]:
    """Its containers in the order they run."""
    spec = pod(found)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def variables(container: Manifest) -> Mapping[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


def program(folder: Path, name: str, script: str) -> None:
    """A program called `name` in `folder`."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def run(container: Manifest, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The script of `container`, with the programs in `folder` before all others and its volumes there; `more` are
    variables of this machine."""
    places = sorted({AUTHORITY, COPIER, *(each["mountPath"] for each in container["volumeMounts"])}, reverse=True)
    script = re.sub(rf"(?<![\w.])({'|'.join(map(re.escape, places))})(?=/)", str(folder), container["command"][-1])
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    given = {**variables(container), "PATH": path, **more}
    return subprocess.run(["sh", "-c", script], env=given, capture_output=True, text=True, check=False, timeout=120)
