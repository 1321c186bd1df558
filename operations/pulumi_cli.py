"""Running the `pulumi` executable: its output goes to a file, its events to a tally, an interruption is passed on once.

A process and not the Automation API, which would load the SDK into every command. The engine gets a session of its
own, so that Ctrl-C reaches only plat, which asks it once to finish what is under way and to write its state. Its
output never goes to a pipe: an engine must not end with a broken pipe because plat was killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from operations.console import many
from operations.events import Failure, Tally
from operations.exits import Exit, RefusedError
from operations.guard import Guard, end_session

MENDING = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
"""Takes over fields that a killed run has set: it signed them with a name of its own that no state records, and what
the API server has added to them since (defaults inside a list) counts as a conflict."""
ADOPTING = {**MENDING, "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}
"""Writes over an object that is there, which the provider refuses from 4.29 on (pulumi-kubernetes, CHANGELOG)."""
_POLL_SECONDS = 0.1
_LAST_LINES = 15
_NAMED = 5
_SCRATCH = "scratch"
_NO_STACK = "no stack named"


def durable(backend: str) -> str:
    """`backend` such that a kill cannot damage a state in it.

    In a folder, every state has a file of attributes beside it that is not written in one step: a kill leaves it
    empty, and the state can no longer be read ("failed to load checkpoint: EOF"; gocloud.dev/blob/fileblob, attrs.go).
    Nothing reads the attributes, so they are left out; one that is damaged already no longer matters.
    """
    address, _, query = backend.partition("?")
    if not address.startswith("file://") or "metadata=" in query:
        return backend
    return f"{address}?{'&'.join(filter(None, (query, 'metadata=skip')))}"


@dataclass(frozen=True, kw_only=True)
class Pulumi:
    """How `pulumi` is called: in which folder and environment, under which lock."""

    binary: Path
    folder: Path
    """For logs and events; exists."""
    environment: Mapping[str, str]
    guard: Guard

    @property
    def unfinished(self) -> Path:
        """Exists from before an engine begins to work until it has ended by itself, unasked, with its state written."""
        return self.folder / "unfinished"

    def ask(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """A short command that changes no resource; the caller judges its exit code."""
        return subprocess.run(
            [str(self.binary), *arguments, "--non-interactive", "--color=never"],
            cwd=cwd,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def work(self, *arguments: str, cwd: Path, watch: Callable[[Tally], None]) -> Tally:
        """A long command; `watch` is called about ten times a second with the tally so far.

        Raises:
            RefusedError: the engine failed or was killed; the text says what happened, the code of what kind.
            KeyboardInterrupt: it was asked to stop and has stopped.
        """
        tally = Tally()
        log, events = self.folder / "pulumi.log", self.folder / "events.ndjson"
        events.unlink(missing_ok=True)
        self.unfinished.touch()
        # --event-log exists under PULUMI_DEBUG_COMMANDS only; the Automation API of the SDKs relies on it as well
        environment = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true", "TMPDIR": str(self._scratch())}
        command = [str(self.binary), *arguments, "--non-interactive", "--color=never", "--event-log", str(events)]
        with log.open("wb") as words:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(self.guard.descriptor,),
            )
        try:
            self.guard.note(process.pid)
            interrupted = _accompany(process, events, tally, watch)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            end_session(process.pid)
            shutil.rmtree(self.folder / _SCRATCH, ignore_errors=True)
        # Asked to stop, the engine gives up what is under way: the API server may have made it all the same.
        if process.returncode >= 0 and tally.finished and not interrupted:
            self.unfinished.unlink()
        if interrupted:
            raise KeyboardInterrupt
        if process.returncode != 0:
            raise _failure(process.returncode, tally, log)
        return tally

    def _scratch(self) -> Path:
        """A fresh folder for temporary files: the Kubernetes provider leaves the kubeconfig in one, with its keys."""
        folder = self.folder / _SCRATCH
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder


def _accompany(process: subprocess.Popen[bytes], events: Path, tally: Tally, watch: Callable[[Tally], None]) -> bool:
    """Waits until the engine has ended; returns whether it was interrupted."""
    asked = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(_interruptible())
        stream: IO[str] | None = None
        pending = ""
        while True:
            try:
                ended = process.poll() is not None
                if stream is None and events.exists():
                    stream = stack.enter_context(events.open(encoding="utf-8", errors="replace"))
                pending = _hear(stream, pending, tally)
                watch(tally)
                if ended:
                    return asked > 0
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:  # the first asks the engine to finish what is under way, the second to give up
                asked += 1
                if asked > 2:
                    process.kill()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)


def _hear(stream: IO[str] | None, pending: str, tally: Tally) -> str:
    """Feeds the complete new lines to the tally; returns the incomplete last one."""
    if stream is None:
        return pending
    *lines, rest = (pending + stream.read()).split("\n")
    for line in lines:
        tally.hear(line)
    return rest


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A request to end (by a supervisor, or by a terminal that closes) is the same as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _failure(code: int, tally: Tally, log: Path) -> RefusedError:
    words = log.read_text(encoding="utf-8", errors="replace")
    last = [line for line in words.splitlines() if line.strip()][-_LAST_LINES:]
    if code < 0:
        name = signal.Signals(-code).name
        return RefusedError(
            f"the engine was killed ({name}) during the run. What it had begun is not in the state.\n"
            "Run the same command again: it compares with the cluster first and continues from there."
        )
    if _NO_STACK in words:
        return RefusedError("\n".join(last), Exit.STACK_NOT_FOUND)
    failures, complaints = tally.failures, tally.complaints
    if not failures and not complaints:
        return RefusedError("the engine failed:\n" + "\n".join(f"  {line}" for line in last) + f"\nAll of it: {log}")
    reasons = [f"  {', '.join(what)}: {why}{_cure(why)}" for why, what in _by_reason(failures).items()]
    reasons += _migrations(failures)
    more = [f"  {complaint}" for complaint in complaints]
    head = f"{many(len(failures), 'refused object')}:" if failures else "the program failed:"
    foot = "What was made is in the state: correct the cause and run the same command again." if failures else ""
    return RefusedError(
        "\n".join(filter(None, [head, *reasons, *more, foot, f"The engine's output: {log}"])), tally.code
    )


def _by_reason(failures: Sequence[Failure]) -> Mapping[str, Sequence[str]]:
    """Reason -> what failed for it; at most five are named, as one cause often stops everything."""
    grouped: dict[str, list[str]] = {}
    for failure in failures:
        grouped.setdefault(failure.why.replace(failure.urn, failure.what), []).append(failure.what)
    return {
        why: [*names[:_NAMED], *([f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else [])]
        for why, names in sorted(grouped.items())
    }


_JOB = "$kubernetes:batch/v1:Job::"
"""In the address of a migration: no other Job is made by itself."""


def _migrations(failures: Sequence[Failure]) -> list[str]:
    """For each migration that failed: where its words are, and what holds meanwhile."""
    failed = [failure.urn.rpartition(_JOB)[2].split("/") for failure in failures if _JOB in failure.urn]
    return [
        f"  {namespace} goes on with the version it has: no pod is changed before a migration has ended well.\n"
        f"    kubectl logs --namespace {namespace} job/{name} shows why it did not; the next run tries it again."
        for namespace, _, name in sorted(failed)
    ]


_CURES = (
    ("field conflict", "Another field manager has changed this object; undo that, or remove the object and run again."),
    ("violates PodSecurity", "Make the pod comply with the namespace's standard; `plat render` shows what is sent."),
    ("exceeded quota", "Ask for less in the service's file, or raise its quota there."),
    ("connection refused", "The API server does not answer; `./plat doctor` says what runs."),
    ("timed out", "Look at the object's events with kubectl; it exists and does not become ready."),
    ("no matches for kind", "The cluster lacks this kind's definition: its operator is not installed."),
)
"""Cures, by a phrase of the cluster's message."""


def _cure(why: str) -> str:
    return next((f"\n    {cure}" for phrase, cure in _CURES if phrase in why), "")
