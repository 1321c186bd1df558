"""cert-manager's own controllers, and the definitions of the kinds they work on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from operations.embedded import KINDS, Kind
from operations.embedded.crds import permissive

GROUP: Final = "cert-manager.io"
REQUEST: Final = Kind(group=GROUP, version="v1", kind="CertificateRequest", plural="certificaterequests")
"""How its controllers ask each other for a certificate; no author of a Certificate writes one."""


def definitions() -> Iterator[dict[str, Any]]:
    """What the API server has to serve before the controllers start."""
    for kind in (*KINDS, REQUEST):
        if kind.group == GROUP:
            yield permissive(kind)


def start(binary: Path, kubeconfig: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts them; returns at once."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as words:
        command = [str(binary), f"--kubeconfig={kubeconfig}"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
