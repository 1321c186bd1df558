"""A stand-in for the Go compiler, for tests that are about what happens around a build.

It answers `go env`, leaves a module in the module cache, and makes "binaries" that are small shell scripts; what it is
to do, and what it was asked, is in the folder it lies in. Real builds are the business of the tests marked `engine`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from operations.engine import pins

_PROGRAM = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
env)
  [ -e "$here/broken" ] && { echo "go: broken" >&2; exit 2; }
  cat "$here/version"; echo "$here/modules"; echo "$here/objects"; exit 0 ;;
build)
  settings="GOFLAGS=$GOFLAGS CGO_ENABLED=$CGO_ENABLED GOTOOLCHAIN=$GOTOOLCHAIN GOWORK=$GOWORK GOOS=$GOOS"
  echo "$settings GOMODCACHE=$GOMODCACHE $*" >> "$here/asked"
  downloaded="${GOMODCACHE:-$here/modules}/x.test/y@v1.0.0"
  mkdir -p "$downloaded" && echo "package y" > "$downloaded/y.go"
  [ -e "$here/words" ] && { cat "$here/words" >&2; exit 1; }
  while [ "$1" != "-o" ]; do shift; done
  printf '#!/bin/sh\\n' > "$2"
  [ -e "$here/seconds" ] && sleep "$(cat "$here/seconds")"
  printf 'echo %s\\n' "$(basename "$2")" >> "$2"
  chmod +x "$2"; exit 0 ;;
list)
  [ -e "$here/brings" ] || exit 1
  file="$GOMODCACHE/x.test/y@v1.0.0/$(cat "$here/brings")"
  mkdir -p "$(dirname "$file")" && echo "brought" > "$file"
  echo "$GOMODCACHE/x.test/y@v1.0.0"; exit 0 ;;
esac
exit 2
"""


@dataclass(frozen=True, kw_only=True)
class StandInGo:
    """The folder is first on the PATH of `environment`; files in it steer the stand-in."""

    folder: Path

    @classmethod
    def in_folder(cls, folder: Path, version: str = "go1.26.8") -> StandInGo:
        folder.mkdir(parents=True)
        program = folder / "go"
        program.write_text(_PROGRAM, encoding="utf-8")
        program.chmod(0o755)
        (folder / "version").write_text(f"{version}\n", encoding="utf-8")
        for group in pins.GROUPS.values():  # as after a first build, so that little disk space is asked for
            (folder / "modules" / group.landmark).mkdir(parents=True, exist_ok=True)
        return cls(folder=folder)

    def says(self, words: str) -> None:
        """Every build fails with these words."""
        (self.folder / "words").write_text(words, encoding="utf-8")

    def works_again(self) -> None:
        (self.folder / "words").unlink()

    def brings(self, file: str) -> None:
        """Every module has a file of this path."""
        (self.folder / "brings").write_text(file, encoding="utf-8")

    def takes(self, seconds: float) -> None:
        """Every build stops half-way for so long."""
        (self.folder / "seconds").write_text(str(seconds), encoding="utf-8")

    def asked(self) -> list[str]:
        """The builds that were asked for, with the variables that matter."""
        record = self.folder / "asked"
        return record.read_text(encoding="utf-8").splitlines() if record.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        """A process environment in which this is the only `go`, and no tool of ours is on PATH."""
        return {"PATH": f"{self.folder}{os.pathsep}/usr/bin{os.pathsep}/bin", "HOME": str(self.folder)}
