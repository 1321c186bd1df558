"""Where a part of the laboratory runs: namespaces of its own for processes, network and mounts.

The kernel cleans up. When the first process in there ends, all others are killed, and the last reference to their
network and mounts goes with them. That process ends when its stdin does, so also when this one is killed: nothing has
to be taken away by hand, and nothing can be left behind. User namespaces make it work without root.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from operations.console import Phase
from operations.exits import RefusedError
from operations.laboratory import machine
from operations.project import ROOT


def run(job: Mapping[str, Any], phase: Phase) -> Mapping[str, Any]:
    """Does `job` in a sandbox; the result its part ended with. `phase` hears how far it is.

    Raises:
        RefusedError: the laboratory itself does not work.
    """
    environment = {"PATH": machine.path(), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    inside = [sys.executable, "-m", "operations.laboratory.inside"]
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            [*machine.sandboxed(), *inside],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd="/",
            env=environment,
        ) as process:
            try:
                found = _heard(process, job, phase)
            finally:
                process.kill()
        if found is not None:
            return found
        errors.seek(0)
        why = errors.read().strip()[-2000:] or "it was killed from outside, or this machine is out of memory"
        raise RefusedError(
            f"The laboratory has ended without a result, so nothing was observed: {why}. Nothing of it is left; run the"
            " command again."
        )


def _heard(process: subprocess.Popen[str], job: Mapping[str, Any], phase: Phase) -> Mapping[str, Any] | None:
    """The result among the events of `process`, which is given its `job`; None where it ended without."""
    assert process.stdin is not None  # noqa: S101  (both are pipes)
    assert process.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError):  # it has ended already, and said why
        process.stdin.write(f"{json.dumps(job)}\n")
        process.stdin.flush()
    for line in process.stdout:
        if not line.endswith("\n"):  # it ended in the middle of a word
            return None
        match json.loads(line):
            case {"fact": text}:
                phase.fact(text)
            case {"count": text}:
                phase.count(text)
            case {"failed": why}:
                raise RefusedError(f"The laboratory does not work, so nothing was observed: {why}")
            case {"result": found}:
                return dict(found)
    return None
