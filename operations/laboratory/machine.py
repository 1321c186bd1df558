"""What the laboratory needs of this machine, and what to do where it is missing. Asked before anything is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from operations.exits import RefusedError

PACKAGES: Final[Mapping[str, str]] = {
    "ip": "iproute2",
    "ipset": "ipset",
    "iptables-restore": "iptables",
    "iptables-save": "iptables",
    "unshare": "util-linux",
}
"""Program → the package that brings it (Debian, Ubuntu and Fedora call them alike)."""
_SYSTEM: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where they are, and a user's PATH often does not lead."""


def path() -> str:
    """The PATH on which the programs are looked for."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM])


_OWN: Final = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_UNPRIVILEGED: Final = ("--user", "--map-root-user")
_PRIVATE: Final = "mount -t tmpfs laboratory /run"
"""iproute2, iptables and the laboratory keep files in /run: all of it in memory, and gone with the sandbox."""
_LEGACY: Final = """mkdir /run/bin
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore
do ln -s "$(command -v xtables-legacy-multi)" /run/bin/$name
done
PATH=/run/bin:$PATH"""
"""The nftables variant of iptables hands over all rules in one message; without root it may not be as long as ours."""


def sandboxed() -> tuple[str, ...]:
    """What a command in a sandbox is started with: as root, or in a user namespace as its root."""
    root = os.geteuid() == 0
    prepared = "\n".join(["set -e", _PRIVATE, *(() if root else (_LEGACY,)), 'exec "$@"'])
    return ("unshare", *(() if root else _UNPRIVILEGED), *_OWN, "/bin/sh", "-c", prepared, "sh")


def check(*, as_root: bool) -> None:
    """Whether hosts can be made here; `as_root`: user namespaces do not suffice, as more than one user is needed.

    Raises:
        RefusedError: they cannot; the text says what is missing and what helps.
    """
    if sys.platform != "linux":
        raise RefusedError(
            "`plat prove` makes hosts of Linux' network namespaces, and this is no Linux. Nothing was started. Run it"
            " on a Linux machine, in a virtual machine, or look at what CI proves on every change."
        )
    missing = sorted({package for program, package in PACKAGES.items() if not shutil.which(program, path=path())})
    if missing:
        raise RefusedError(
            f"`plat prove` needs {', '.join(sorted(PACKAGES))}; {', '.join(missing)} must be installed."
            f" Nothing was started. Debian and Ubuntu: sudo apt-get install {' '.join(missing)};"
            f" Fedora: sudo dnf install {' '.join(missing)}"
        )
    if as_root and os.geteuid() != 0:
        raise RefusedError(
            "This part runs proxies and applications as users of their own, which takes root. Nothing was started."
            " Run it as root; `plat prove -s STACK network` needs no root."
        )
    tried = subprocess.run(
        [*sandboxed(), "iptables", "-S"], env={"PATH": path()}, capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        raise RefusedError(
            f"This user may not make networks ({tried.stderr.strip() or f'exit code {tried.returncode}'}). Nothing was"
            " started. Run as root; or allow user namespaces, by sudo sysctl -w kernel.unprivileged_userns_clone=1"
            " (Debian) or kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), and install iptables with its legacy"
            " variant"
        )
