"""Who may use the embedded API server: one secret token per user, made once, readable by the owner only.

Tokens and not certificates, because the API server makes its own serving certificate, and then no tool for keys
is needed here. Each controller gets the user name that Kubernetes' own roles are bound to.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from operations.embedded.commands import CONTROLLERS, KWOK, SCHEDULER
from operations.embedded.layout import NAME, Layout

_GROUPS: Mapping[str, tuple[str, str]] = {
    # user of ours -> name and group in the cluster
    NAME: ("embedded", "system:masters"),
    CONTROLLERS: ("system:kube-controller-manager", "system:authenticated"),
    KWOK: ("kwok", "system:masters"),  # stands in for kubelets and for every operator
    SCHEDULER: ("system:kube-scheduler", "system:authenticated"),
}


def tokens(layout: Layout) -> Mapping[str, str]:
    """User -> token, made and stored on the first call. Incomplete or unreadable ones are made anew."""
    known = _read(layout.tokens)
    if known.keys() != _GROUPS.keys():
        known = {user: secrets.token_urlsafe(32) for user in sorted(_GROUPS)}
        lines = [f'{token},{_GROUPS[user][0]},{user},"{_GROUPS[user][1]}"\n' for user, token in sorted(known.items())]
        write_private(layout.tokens, "".join(lines))
    return known


def write_kubeconfigs(layout: Layout, server: str) -> None:
    """The kubeconfig for everybody (at its known place) and one per component; each appears complete or not at all."""
    certificate = base64.b64encode(layout.certificate.read_bytes()).decode("ascii")
    for user, token in tokens(layout).items():
        text = json.dumps(_kubeconfig(server, certificate, token), indent=1) + "\n"  # JSON is YAML, without a library
        path = layout.kubeconfig if user == NAME else layout.kubeconfig_of(user)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """Writes `path` by rename, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        return {row[2]: row[0] for row in rows}
    except (OSError, ValueError, IndexError):
        return {}


def _kubeconfig(server: str, certificate: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": server, "certificate-authority-data": certificate}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "users": [{"name": NAME, "user": {"token": token}}],
        "current-context": NAME,
    }
