"""kube-router, which turns NetworkPolicies into iptables rules in the path of the packets; its firewall alone."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

from operations.embedded.commands import SERVICE_RANGE
from operations.laboratory.inside.failing import FailedError, last_words

READY_SECONDS: Final = 120.0
"""3 s measured for 180 policies and twelve pods on two idle cores."""
_STEADY_SECONDS: Final = 1.0
"""Its rules are complete when they stay the same for so long: it writes all of them at once."""
_POLL_SECONDS: Final = 0.25
_POD_CHAIN: Final = ":KUBE-POD-FW-"
"""What a chain per pod begins with (kube-router v2.1.0, pkg/controllers/netpol/network_policy_controller.go)."""


def start(binary: Path, kubeconfig: Path, node: str, *, pods: int, log: Path) -> int:
    """Starts it on `node` and waits until it has a chain for each of the `pods`; the number of iptables rules.

    Raises:
        FailedError: it ends, or has not written them in time.
    """
    command = [
        str(binary),
        *("--run-router=false", "--run-service-proxy=false", "--run-firewall=true"),
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        *("--health-port=0", "--metrics-port=0", "--v=1"),
    ]
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
    deadline = time.monotonic() + READY_SECONDS
    last, since = "", time.monotonic()
    while time.monotonic() < deadline and process.poll() is None:
        rules = _rules()
        if rules != last:
            last, since = rules, time.monotonic()
        elif rules.count(_POD_CHAIN) >= pods and time.monotonic() - since >= _STEADY_SECONDS:
            return rules.count("\n-A ")
        time.sleep(_POLL_SECONDS)
    seen = last.count(_POD_CHAIN)
    raise FailedError(f"kube-router has made rules for {seen} of {pods} pods:\n{last_words(log)}")


def _rules() -> str:
    """All rules without their counters and the time."""
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line.partition(" [")[0] for line in saved.splitlines() if not line.startswith("#"))
