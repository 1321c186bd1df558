"""Argo Rollouts moves copies of a stack's Rollouts on a whole control plane; what is seen of each, moment by moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from operations import embedded
from operations.engine import EngineError, Toolchain
from operations.laboratory.inside import blue_green, canary, loopback, rollouts
from operations.laboratory.inside.client import Client
from operations.laboratory.inside.events import Events, since
from operations.laboratory.inside.failing import FailedError, last_words
from operations.laboratory.inside.measurements import Measurements
from operations.laboratory.inside.memory import held_bytes
from operations.laboratory.inside.moving import Laboratory, Moment
from operations.laboratory.inside.recorded import Recorder

MOMENTS: Final[Mapping[str, Callable[..., Iterator[Moment]]]] = {
    "blueGreen": blue_green.moments,
    "canary": canary.moments,
}
"""Strategy → its moments."""


def observe(job: Mapping[str, Any], events: Events) -> Mapping[str, Any]:
    """Does `job`: `objects`, `rollouts`, `measurements`, `watch_seconds`, `tools`. See `laboratory.delivery`.

    Raises:
        FailedError: the laboratory does not work, so that nothing was observed.
    """
    folder, began = Path("/run/laboratory"), time.monotonic()
    measurements = Measurements(job["measurements"])
    loopback.begin(folder, [each["host"] for each in job["measurements"]])
    measurements.serve([each["port"] for each in job["measurements"]])
    tools = {name: Path(path) for name, path in job["tools"].items()}
    client = _plane(folder, Toolchain(tools=tools, origin={}), events)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": rollouts.NAMESPACE}}
    client.create([namespace, *job["objects"]])
    recorder = Recorder()
    recorder.begin(client)
    log = folder / "rollouts-controller.log"
    process = rollouts.start(tools["rollouts-controller"], folder / "kubeconfig", log)
    events.fact(f"{len(job['objects'])} objects copied, and Argo Rollouts started after {since(began)}")

    def alive() -> None:
        if process.poll() is not None:
            raise FailedError(f"Argo Rollouts has ended:\n{last_words(log)}")
        recorder.alive()

    laboratory = Laboratory(
        client=client,
        recorder=recorder,
        measurements=measurements,
        alive=alive,
        watch_seconds=job["watch_seconds"],
    )
    return {
        "rollouts": _moved(laboratory, job["rollouts"], events, began),
        "memory_bytes": held_bytes(),
        "seconds": round(time.monotonic() - began, 1),
    }


def _plane(folder: Path, tools: Toolchain, events: Events) -> Client:
    """A control plane in which pods run by themselves, and Rollouts only by their controller."""
    try:
        embedded.start(folder, tools, crds=None, progress=events.fact, kinds=rollouts.KINDS)
    except EngineError as error:
        raise FailedError(str(error)) from error
    return Client(folder / "kubeconfig")


def _moved(
    laboratory: Laboratory, wanted: Sequence[Mapping[str, Any]], events: Events, began: float
) -> Sequence[Mapping[str, Any]]:
    """All Rollouts at once: they have nothing to do with each other."""
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as threads:
        return list(threads.map(partial(_one, laboratory, events, began), wanted))


def _one(laboratory: Laboratory, events: Events, began: float, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    namespace, name = wanted["namespace"], wanted["name"]
    seen = []
    for moment in MOMENTS[wanted["strategy"]](laboratory, namespace, name, **wanted["options"]):
        seen.append(moment)
        came = "comes" if moment["reached"] else "does not come"
        events.fact(f"{name}: {moment['moment']} {came}, after {since(began)}")
    return {
        "namespace": namespace,
        "name": name,
        "moments": seen,
        "asked": laboratory.measurements.asked(namespace),
    }
