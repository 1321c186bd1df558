"""The error when the embedded control plane cannot be started: one message with the cause, the log and the cure."""

from __future__ import annotations

from pathlib import Path

from operations.embedded.layout import Layout
from operations.engine import EngineError, discard_if_damaged
from operations.engine.wording import tail

_LINES = 6


def not_started(tool: Path, *, words: str, log: Path | None = None, data: Path | None = None) -> EngineError:
    """`tool` does not start or does not become ready; `words` ends its output, `log` has all, `data` its state.

    A tool whose bytes have changed since it was stored is removed from the cache.
    """
    consequence = "There is no cluster to deploy to"
    if (what := discard_if_damaged(tool)) is not None:
        return EngineError(
            f"{tool.name} of the embedded control plane does not start, and {what}",
            consequence=consequence,
            cure="The damaged tools were removed. Run the command again, and they are fetched or built again",
        )
    where = f", all of them in {log}" if log is not None else ""
    state = (
        f". If the data of the last run is damaged, remove {data} and start again; everything that was deployed is lost"
        if data is not None
        else ""
    )
    error = EngineError(
        f"{tool.name} of the embedded control plane does not become ready",
        consequence=consequence,
        cure=f"The end of its output is below{where}{state}",
    )
    error.args = (f"{error}\n{tail(words, lines=_LINES)}",)
    return error


def unusable(layout: Layout, error: OSError) -> EngineError:
    """The folder of the control plane cannot be written."""
    return EngineError(
        f"{error.filename or layout.folder} cannot be used: {error.strerror or error}",
        consequence="The embedded control plane keeps everything there, so it was not started",
        cure=f"Make {layout.folder} a folder that you may write to, with about 1 GB free",
    )
