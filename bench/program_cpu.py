"""What one preview costs on the program's side: CPU seconds, resources, dependencies and bytes, by number of services.

The real program runs in a process of its own against the tests' counting engine; its CPU seconds are what the kernel
charges that process (getrusage). The engine's own share is not in them, and a busy machine changes them less than the
wall's. They hold for one machine only and are printed, never asserted: what grows is asserted in
tests/test_components_program.py, by exact counts. The slow part of a real update, the API server, is not measured here.

    python -m bench.program_cpu [--shops 1 10] [--runs 3] [--stack dev]

One shop is the catalogue's twelve services; `without` is the program without its line about the garbage collector.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.support.catalogue_factory import write_shops
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import ROOT

COLLECTOR: Final = "gc.set_threshold("
"""How the line begins whose worth is measured."""
HEAD: Final = (
    f"{'services':>8}  {'collector':9}  {'CPU s':>7}  {'wall s':>7}  {'resources':>9}  {'edges':>6}  {'KB':>7}"
    f"  {'edges each':>10}  {'B each':>7}  {'CPU ms each':>11}"
)


def main() -> None:
    """Prints one line per size and collector: the best of the runs, by CPU."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shops", type=int, nargs="+", default=[1, 10], help="sizes, in shops of twelve services")
    parser.add_argument("--runs", type=int, default=3, help="of which the best counts")
    parser.add_argument("--stack", default="dev")
    given = parser.parse_args()
    say(HEAD)
    with tempfile.TemporaryDirectory(prefix="plat-") as folder:
        for shops in given.shops:
            services = write_shops(Path(folder) / str(shops), shops)
            size = len(list(services.glob("*.yaml")))
            for collector in ("tuned", "without"):
                best, wall_seconds = min(
                    (measured(services, given.stack, tuned=collector == "tuned") for _ in range(given.runs)),
                    key=lambda each: each[0].cpu_seconds,
                )
                count = len(best.registrations)
                say(
                    f"{size:8}  {collector:9}  {best.cpu_seconds:7.2f}  {wall_seconds:7.2f}"
                    f"  {count:9}  {best.edges:6}  {best.size_bytes / 1000:7.0f}  {best.edges / count:10.2f}"
                    f"  {best.size_bytes / count:7.0f}  {1000 * best.cpu_seconds / count:11.2f}"
                )


def measured(services: Path, stack: str, *, tuned: bool) -> tuple[Run, float]:
    """One run over `services`, and its wall time in seconds. Exits where the program fails: half a run costs less."""
    # A production budget is for one shop.
    settings = {name: value for name, value in written_settings(stack).items() if name != "budget"}
    with project(services) as folder:
        lead(folder, settings)
        if not tuned:
            untune(folder)
        started = time.perf_counter()
        done = run(folder, stack, settings)
        wall_seconds = time.perf_counter() - started
    if done.exit_code:
        sys.exit(f"the program failed, so there is nothing to measure: {done.reported} {done.printed}")
    return done, wall_seconds


def untune(folder: Path) -> None:
    """Gives the project in `folder` a program without the line about the collector."""
    lines = (ROOT / "__main__.py").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(COLLECTOR)]
    if len(kept) != len(lines) - 1:
        sys.exit(f"__main__.py has no single line that begins with {COLLECTOR}, so there is nothing to compare")
    (folder / "__main__.py").unlink()
    (folder / "__main__.py").write_text("".join(kept), encoding="utf-8")


def say(line: str) -> None:
    """Prints at once: a row takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
