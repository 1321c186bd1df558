"""An isolated run of Pulumi: its own PULUMI_HOME and backend, nothing of the user's.

Everything Pulumi reads from its environment comes in PULUMI_* variables and in PULUMI_HOME, so both are replaced as a
whole: an access token or a passphrase of the user's can neither leak into a run nor change what it does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from operations.engine import pins
from operations.engine.cache import sha256, unwritable
from operations.engine.toolchain import Toolchain

_SCRUBBED = "PULUMI_"


def environment(
    toolchain: Toolchain,
    home: Path,
    *,
    backend: str,
    passphrase: str | None,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The complete environment of a run of `toolchain.pulumi`.

    `home` becomes PULUMI_HOME and `backend` PULUMI_BACKEND_URL (a `file://` folder has to exist before the run).
    `passphrase` None leaves PULUMI_CONFIG_PASSPHRASE unset, as stacks with another secrets provider want it; an empty
    one is set, and accepted by Pulumi. `base` (default: the process's own environment) is passed on without any of its
    PULUMI_* variables, with the toolchain's folder first on PATH.
    """
    inherited = os.environ if base is None else base
    kept = {name: value for name, value in inherited.items() if not name.startswith(_SCRUBBED)}
    path = os.pathsep.join([str(toolchain.pulumi.parent), *filter(None, [kept.get("PATH", os.defpath)])])
    own = {
        "PATH": path,
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",  # a plugin that happens to be on PATH is not the pinned one
    }
    if passphrase is not None:
        own["PULUMI_CONFIG_PASSPHRASE"] = passphrase
    if toolchain.offline:  # otherwise every missing plugin costs a minute of retries before it is reported
        own["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return {**kept, **own}


def install_plugins(toolchain: Toolchain, home: Path) -> None:
    """Puts the Kubernetes provider into `home`/plugins, where Pulumi looks for exactly this name and version.

    Idempotent and atomic: the plugin's folder appears complete or not at all, also with two runs at once.

    Raises:
        EngineError: `home` cannot be written.
    """
    source = toolchain.kubernetes_plugin
    name = source.name
    folder = home / "plugins" / f"resource-kubernetes-v{pins.KUBERNETES_PLUGIN}"
    target = folder / name
    if target.is_file() and _same(source, target):
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="plugin-") as scratch:
            fresh = Path(scratch) / folder.name
            fresh.mkdir()
            _place(source, fresh / name)
            if folder.exists():  # another content under this version: set aside first, a folder cannot be replaced
                folder.rename(Path(scratch) / "old")
            try:
                fresh.rename(folder)
            except OSError:
                if not target.is_file():  # otherwise another run was quicker with the same plugin
                    raise
    except OSError as error:
        raise unwritable(home, error) from error


def _same(one: Path, other: Path) -> bool:
    if one.samefile(other):  # a hard link, as `_place` makes where it can
        return True
    return one.stat().st_size == other.stat().st_size and sha256(one) == sha256(other)


def _place(source: Path, target: Path) -> None:
    """A hard link where the file system allows it (the plugin has 150 MB), a copy otherwise."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        target.chmod(0o755)
