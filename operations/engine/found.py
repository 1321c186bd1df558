"""Tools that are installed already: a group on PATH whose versions fit.

Fitting is about versions only, asked of the tools themselves; nothing is installed, nothing of the user's set-up is
read or written (`pulumi version` runs with a PULUMI_HOME of its own that is deleted).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from operations.engine import pins
from operations.engine.recipes import Group, GroupName

_ANSWER_SECONDS = 20.0
"""How long a tool may take to print its version: a cold start from a slow disk takes a few seconds."""

Version = tuple[int, int, int]
_WANTED_PULUMI = f">= {'.'.join(map(str, pins.PULUMI_FLOOR))} and < {pins.PULUMI_CEILING[0]}"


def found(group: Group, environment: Mapping[str, str]) -> tuple[Mapping[str, Path] | None, str]:
    """The group's tools on PATH and their versions, or None and a phrase with what did not fit."""
    return _FINDERS.get(group.name, _nothing)(environment)


def _nothing(_: Mapping[str, str]) -> tuple[Mapping[str, Path] | None, str]:
    """For plugins, which have no version command, and for the laboratory, whose reports name the versions it pins."""
    return None, "not taken from PATH"


def _pulumi(environment: Mapping[str, str]) -> tuple[Mapping[str, Path] | None, str]:
    on_path = shutil.which("pulumi", path=environment.get("PATH", ""))
    if on_path is None:
        return None, "no pulumi on PATH"
    pulumi = Path(on_path).absolute()
    version = _version([str(pulumi), "version"], environment)
    if version is None:
        return None, f"{pulumi} does not print its version"
    if not pins.PULUMI_FLOOR <= version < pins.PULUMI_CEILING:
        return None, f"{pulumi} is {_dotted(version)}, wanted {_WANTED_PULUMI}"
    # Pulumi looks for its bundled language hosts next to the file that the name on PATH leads to.
    for folder in (pulumi.parent, pulumi.resolve().parent):
        host, executor = folder / "pulumi-language-python", folder / "pulumi-language-python-exec"
        if host.is_file() and executor.is_file():
            return {"pulumi": pulumi, host.name: host, executor.name: executor}, _dotted(version)
    return None, f"{pulumi} has no Python language host beside it"


def _control_plane(environment: Mapping[str, str]) -> tuple[Mapping[str, Path] | None, str]:
    tools: dict[str, Path] = {}
    versions: dict[str, Version] = {}
    for tool in pins.GROUPS[pins.CONTROL_PLANE].tools:
        on_path = shutil.which(tool, path=environment.get("PATH", ""))
        if on_path is None:
            return None, f"no {tool} on PATH"
        question = ["version", "--client"] if tool == "kubectl" else ["--version"]
        version = _version([on_path, *question], environment)
        wanted = _CONTROL_PLANE_MINORS[tool]
        if version is None or version[:2] != wanted:
            found = "prints no version" if version is None else f"is {_dotted(version)}"
            return None, f"{on_path} {found}, wanted {wanted[0]}.{wanted[1]}"
        tools[tool], versions[tool] = Path(on_path).absolute(), version
    return tools, ", ".join(f"{name} {_dotted(versions[name])}" for name in ("kube-apiserver", "etcd", "kwok"))


def _minor(version: str) -> tuple[int, int]:
    major, minor, _ = version.split(".")
    return int(major), int(minor)


_CONTROL_PLANE_MINORS = {
    tool: _minor({"etcd": pins.ETCD, "kwok": pins.KWOK}.get(tool, pins.KUBERNETES))
    for tool in pins.GROUPS[pins.CONTROL_PLANE].tools
}
"""Patch releases change no interface, minors do: same minor as the one that is built."""

_FINDERS: dict[GroupName, Callable[[Mapping[str, str]], tuple[Mapping[str, Path] | None, str]]] = {
    pins.ENGINE: _pulumi,
    pins.CONTROL_PLANE: _control_plane,
}


def _version(command: list[str], environment: Mapping[str, str]) -> Version | None:
    with tempfile.TemporaryDirectory() as home:
        quiet = {"PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true", "KUBECONFIG": str(Path(home) / "none")}
        try:
            answer = subprocess.run(
                command,
                env={**environment, **quiet},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    numbers = re.search(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout)
    if answer.returncode != 0 or numbers is None:
        return None
    return int(numbers[1]), int(numbers[2]), int(numbers[3])


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
