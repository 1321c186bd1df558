"""Two free ports on the loopback address: the ones of the last start unless another process has taken them.

With the same ports, a kubeconfig that was copied elsewhere stays valid over a stop and a start. A port is only known to
be free at the moment of asking; `control_plane` tries again with others when one was taken in between.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Ports:
    etcd: int
    kube_apiserver: int


def choose(remembered: Path) -> Ports:
    """The ports written down in `remembered` where both are free, else two new ones; written down again."""
    last = recall(remembered)
    ports = last if last is not None and _free(last.etcd) and _free(last.kube_apiserver) else _fresh()
    remembered.write_text(json.dumps(asdict(ports)), encoding="utf-8")
    return ports


def recall(remembered: Path) -> Ports | None:
    """What `choose` wrote down last; None when there is nothing readable."""
    try:
        return Ports(**json.loads(remembered.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget(remembered: Path) -> None:
    remembered.unlink(missing_ok=True)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: lingering closed ones are free
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
        return True


def _fresh() -> Ports:
    with socket.socket() as first, socket.socket() as second:  # both at once, so that they differ
        first.bind((LOOPBACK, 0))
        second.bind((LOOPBACK, 0))
        return Ports(etcd=first.getsockname()[1], kube_apiserver=second.getsockname()[1])
