"""The sandbox's loopback device, for parts that need no hosts: servers that talk to each other, and names they ask."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from operations.embedded.commands import ADVERTISED
from operations.embedded.ports import LOOPBACK
from operations.laboratory.inside.failing import FailedError

_HOSTS: Final = Path("/etc/hosts")


def begin(folder: Path, names: Iterable[str] = ()) -> None:
    """Brings the device up; `names` lead to it afterwards, for every process of the sandbox and for nobody else.

    Raises:
        FailedError: iproute2 or mount refused.
    """
    # The control plane advertises this address, and some kernels refuse to look for one that no device has.
    _run("ip", "-batch", "-", given=f"link set lo up\naddr add {ADVERTISED}/32 dev lo\n")
    if wanted := sorted(set(names)):
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / "hosts"
        own.write_text("".join(f"{LOOPBACK} {name}\n" for name in ("localhost", *wanted)), encoding="utf-8")
        _run("mount", "--bind", str(own), str(_HOSTS))  # in the mount namespace of the sandbox alone


def _run(*command: str, given: str = "") -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FailedError(f"{command[0]} refuses what the sandbox needs: {done.stderr.strip()}")
