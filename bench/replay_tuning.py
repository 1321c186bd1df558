"""What our program spares itself of the collector and the SDK (`__main__.py`, components/sdk.py), for a replay that is
to show what deciding and checking cost and nothing else. Goes before replay_program.py."""

import asyncio
import atexit
import gc

gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)

import pulumi  # noqa: E402

pulumi.log.debug = lambda *_, **__: None
pulumi.run(lambda: asyncio.sleep(0))
