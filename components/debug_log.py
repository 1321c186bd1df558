"""The SDK's debug log, off.

The SDK sends the engine some five messages for every resource, each a call of its own, and the engine drops them unless
it was started with --debug: a quarter of the program's CPU (36 services on two cores: 5.2 s with them, 3.9 s without).
Whoever needs them sets the SDK's own switch, `pulumi.runtime.settings.excessive_debug_output`, before this is called.

To be removed when the SDK asks the engine whether it listens (https://github.com/pulumi/pulumi/issues/7292 and
https://github.com/pulumi/pulumi/pull/17489 took out some of the messages).
"""

import pulumi
from pulumi.runtime import settings


def without_debug_log() -> None:
    """From here on `pulumi.log.debug` does nothing. Warnings and errors are sent as before."""
    if not settings.excessive_debug_output:
        pulumi.log.debug = _dropped


def _dropped(*_: object, **__: object) -> None:
    """Takes what `pulumi.log.debug` takes."""
