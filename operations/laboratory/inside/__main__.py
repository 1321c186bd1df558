"""The first process of a sandbox. When it ends, the kernel ends all others and takes their network away.

The first line of stdin is a JSON record: `part`, and what that part is to do. Events go to stdout, one JSON record a
line. The other side keeps stdin open: when it ends in whatever way, this ends too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from typing import Any

from operations.laboratory.inside import certificates, delivery, mesh, network
from operations.laboratory.inside.events import Events
from operations.laboratory.inside.failing import FailedError

PARTS = {
    "certificates": certificates.observe,
    "delivery": delivery.observe,
    "mesh": mesh.observe,
    "network": network.observe,
}


def main() -> None:
    # A socket for every port of every host: the usual 1024 files end at a hundred pods.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    job: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_other_side, daemon=True).start()
    events = Events(sys.stdout)
    try:
        events.result(PARTS[job["part"]](job, events))
    except FailedError as error:
        events.failed(str(error))


def _end_with_the_other_side() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not by `sys.stdin`, whose lock would be held when this process ends
        pass
    os._exit(0)


main()
