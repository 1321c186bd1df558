"""What tests of restore drills share: the objects of one namespace, the steps of a run, and a shell with stand-ins."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from blueprint import Blueprint
from manifests import Manifest
from tests.support.stacks import objects

Made = Mapping[tuple[str, str], Manifest]
"""Objects by kind and name."""


def within(blueprint: Blueprint, namespace: str = "orders-drill") -> Made:
    """What is in `namespace`, by kind and name."""
    return {(kind, name): of for (_, kind, where, name), of in objects(blueprint).items() if where == namespace}


def steps(cron_job: Manifest) -> Sequence[Mapping[str, Any]]:
    """Its containers in the order they run."""
    spec = pod(cron_job)
    return [*spec.get("initContainers", []), *spec["containers"]]


def step(cron_job: Manifest, name: str) -> Mapping[str, Any]:
    """The one container called `name`."""
    (found,) = [each for each in steps(cron_job) if each["name"] == name]
    return found


def variables(container: Mapping[str, Any]) -> dict[str, str]:
    """What it is given, as Kubernetes hands it on."""
    return {each["name"]: each["value"].replace("$$", "$") for each in container["env"]}


def pod(cron_job: Manifest) -> Mapping[str, Any]:
    """What its pods are."""
    spec: Mapping[str, Any] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def restored(found: Made, resource: str) -> Manifest:
    """The custom resource that the drill of `resource` makes."""
    text: Manifest = json.loads(found["ConfigMap", f"{resource}.drill"]["data"]["restored.json"])
    return text


def unknown(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """The fields of `value` that `schema` does not know, which the API server would drop."""
    if isinstance(value, list):
        for item in value:
            yield from unknown(item, schema["items"], path)
    elif isinstance(value, dict) and "properties" in schema:
        for key, held in value.items():
            if key not in schema["properties"]:
                yield f"{path}.{key}"
            else:
                yield from unknown(held, schema["properties"][key], f"{path}.{key}")
    elif isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        for key, held in value.items():
            yield from unknown(held, schema["additionalProperties"], f"{path}.{key}")


def ran(
    script: str, programs: Mapping[str, str], folder: Path, given: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What a shell makes of `script` with the variables `given`, where `programs` say what they are told to, nobody
    sleeps, and the folders of Secrets are `folder`."""
    for name, says in {"sleep": "exit 0", **programs}.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{says}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for volume in ("owner", "system", "authority"):
        script = script.replace(f"/var/run/secrets/platform/{volume}", str(folder))
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script], env={"PATH": path, **given}, check=False, capture_output=True, text=True, timeout=60
    )
