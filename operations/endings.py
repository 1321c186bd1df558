"""Every way a command can end, as an exit code and some lines. No input of a user's ends in a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from operations.console import Console
from operations.exits import Exit, RefusedError

if TYPE_CHECKING:
    from operations.engine import EngineError


def ended(function: Callable[..., Exit], given: dict[str, Any]) -> int:
    """Runs `function` with what the command line has `given`; the exit code, after a line about what went wrong."""
    from blueprint.reading.problems import TextError  # noqa: PLC0415  (not needed for --help)

    words = Console()
    try:
        return int(function(**given))
    except TextError as error:
        words.error(str(error))
        return Exit.USAGE
    except KeyboardInterrupt:
        words.error("plat: interrupted; the same command continues from here.")
        return Exit.CANCELLED
    except BrokenPipeError:  # the reader of the pipe is closed (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.ERROR
    except (RefusedError, _engine_error()) as error:
        words.error(f"plat: {error}")
        return int(error.exit_code)
    except Exception as error:
        words.error(f"plat: {_crashed(error)}")
        return Exit.INTERNAL


def _engine_error() -> type[EngineError]:
    """Loaded only where something failed: what provides an engine brings HTTP and archives, 15 ms no other needs."""
    from operations.engine.errors import EngineError  # noqa: PLC0415

    return EngineError


def _crashed(error: Exception) -> str:
    from operations.project import ROOT, Project  # noqa: PLC0415

    log = Project.here(root=ROOT).crash_log
    what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        log.chmod(0o600)
    except OSError:
        return f"internal error ({what}); its traceback could not be written to {log}."
    return f"internal error ({what}). Its traceback is in {log}; please report it with that file."
