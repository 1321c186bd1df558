"""Two habits of Pulumi's Python SDK that cost more than the program does, each put aside by a call at its start.

Figures are CPU seconds of a bare program that registers the same resources (bench/replay.py), on two cores.
"""

import asyncio

import pulumi
from pulumi.runtime import settings


def without_debug_log() -> None:
    """From here on `pulumi.log.debug` does nothing. Warnings and errors are sent as before.

    The SDK sends the engine some five messages for every resource, each a call of its own, and the engine drops them
    unless it was started with --debug: a quarter of the program (36 services: 5.2 s with them, 3.9 s without). Whoever
    needs them sets the SDK's own switch, `pulumi.runtime.settings.excessive_debug_output`, before this is called.

    To be removed when the SDK asks the engine whether it listens (https://github.com/pulumi/pulumi/issues/7292 and
    https://github.com/pulumi/pulumi/pull/17489 took out some of the messages).
    """
    if not settings.excessive_debug_output:
        pulumi.log.debug = _dropped


def wait_for_requests_in_turn() -> None:
    """After the program's last line, its requests are awaited one after the other.

    The SDK waits for requests in turn and then for outputs, all of them at once and again after each that is known:
    quadratic in the number of resources. A request is on its list only once the event loop has begun it. A program
    that never lets the loop run ends with an empty list, and does all its waiting the second way.

    To be removed when `pulumi.runtime.stack.wait_for_rpcs` lets the loop run before it looks at its list.
    """
    pulumi.run(_begun)


async def _begun() -> None:
    await asyncio.sleep(0)


def _dropped(*_: object, **__: object) -> None:
    """Takes what `pulumi.log.debug` takes."""
