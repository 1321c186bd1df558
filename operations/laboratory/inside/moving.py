"""One Rollout, moved as a person moves it with `kubectl argo rollouts`, and what is seen of it in each moment.

Nothing here knows what ought to happen: a moment that never comes is recorded as one, with the state it stays in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from operations.laboratory.inside.client import Client, Manifest, Resource
from operations.laboratory.inside.measurements import Measurements
from operations.laboratory.inside.recorded import HASH, ROLLOUT, SERVICE, VIRTUAL_SERVICE, Recorder

ANALYSIS_RUN: Final = Resource("argoproj.io/v1alpha1", "AnalysisRun")
REPLICA_SET: Final = Resource("apps/v1", "ReplicaSet")
MARK: Final = "catalog.platform/laboratory"
"""The annotation of the pod template whose value makes a new version."""
DEADLINE: Final = "scale-down-deadline"
"""The end of the annotation that says until when pods of an old version stay."""
STEP_SECONDS: Final = 90.0
"""How long it may take from one state to the next: 1 to 3 s measured on two idle cores."""
REFUSED_SECONDS: Final = 45.0
"""How long a Rollout may be refused by its controller, or its pods by the API server: a controller that starts may not
have seen yet what the Rollout names, and one whose pod was refused asks again after ever longer moments: seconds on
two idle cores."""
OLD_SECONDS: Final = 60.0
"""How long to wait for the end of earlier versions' pods before there is a new one: a quota has no place for four."""
_MOST_STATES: Final = 20
"""Of a Service that are kept of one moment."""
_POLL_SECONDS: Final = 0.2

State = Mapping[str, Any]
Moment = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """What every Rollout is moved with."""

    client: Client
    recorder: Recorder
    measurements: Measurements
    alive: Callable[[], None]
    """Raises FailedError when the controller has ended."""
    watch_seconds: float
    """How long to look whether something happens that ought not to."""


class Rollout:
    """One Rollout of the laboratory."""

    def __init__(self, laboratory: Laboratory, namespace: str, name: str) -> None:
        self._in = laboratory
        self.namespace, self.name = namespace, name
        self._versions = 1

    def state(self) -> State:
        """What its controller says of it, and what it has made of its Services, routes and pods."""
        client, found = self._in.client, self._get()
        status = found.get("status", {})
        conditions = {each["type"]: each for each in status.get("conditions", ())}
        current = status.get("observedGeneration") == str(found["metadata"].get("generation"))
        return {
            "phase": status.get("phase", "") if current else "",
            "message": conditions.get("InvalidSpec", {}).get("message") or status.get("message", ""),
            "invalid": "InvalidSpec" in conditions,
            "aborted": bool(status.get("abort")),
            "paused": bool(status.get("pauseConditions")),
            "step": status.get("currentStepIndex"),
            "new": status.get("currentPodHash", ""),
            "stable": status.get("stableRS", ""),
            "services": {
                each["metadata"]["name"]: each["spec"].get("selector", {}).get(HASH, "")
                for each in client.listed(SERVICE, self.namespace)
            },
            "routes": {
                each["metadata"]["name"]: each["spec"].get("http", [])
                for each in client.listed(VIRTUAL_SERVICE, self.namespace)
            },
            "versions": {
                each["metadata"]["labels"].get(HASH, ""): _version(each)
                for each in client.listed(REPLICA_SET, self.namespace)
                if self._owns(each)
            },
            "analyses": [_analysis(each) for each in client.listed(ANALYSIS_RUN, self.namespace) if self._owns(each)],
        }

    def moment(self, name: str, run: Callable[[Moment], bool]) -> Moment:
        """Lets `run` happen; what was seen at its end and meanwhile. It returns whether it came to its end."""
        mark, started = self._in.recorder.mark(self.namespace), time.monotonic()
        moment: Moment = {"moment": name}
        moment["reached"] = run(moment)
        self.rest()
        moment["seconds"] = round(time.monotonic() - started, 1)
        moment["state"] = self.state()
        moment["routes"] = self._in.recorder.since(self.namespace, mark, VIRTUAL_SERVICE)
        services = self._in.recorder.since(self.namespace, mark, SERVICE)
        moment["services"] = {name: states[:_MOST_STATES] for name, states in services.items()}
        moment["switched"] = {name: len(states) - 1 for name, states in services.items()}
        return moment

    def until(self, reached: Callable[[State], bool], *, seconds: float = STEP_SECONDS) -> bool:
        """Whether it gets there in time. One that is refused does not."""
        started = time.monotonic()
        refused_since: float | None = None
        while (now := time.monotonic()) - started < seconds:
            self._in.alive()
            state = self.state()
            if reached(state):
                return True
            refused_since = (refused_since or now) if _refused(state) else None
            if refused_since and now - refused_since > REFUSED_SECONDS:
                return False
            time.sleep(_POLL_SECONDS)
        return False

    def change(self) -> bool:
        """Makes a new version; whether the controller has seen it."""
        self.until(_of_one_version, seconds=OLD_SECONDS)
        self.rest()
        before = self.state()["new"]
        self._versions += 1
        template = {"metadata": {"annotations": {MARK: f"version-{self._versions}"}}}
        self._in.client.patch(ROLLOUT, self.namespace, self.name, {"spec": {"template": template}})
        return self.until(lambda state: state["new"] not in ("", before))

    def promote(self) -> None:
        """As `kubectl argo rollouts promote`: what it waits for need not come."""
        self._status({"pauseConditions": None})

    def abort(self) -> None:
        """As `kubectl argo rollouts abort`."""
        self._status({"abort": True})

    def rest(self) -> None:
        """Returns when its controller has nothing more to do. Who writes a status while it does loses now and then: it
        takes what it has written itself for the newest state."""
        self._in.recorder.rest(self.namespace, self._in.client)

    def _status(self, change: Mapping[str, Any]) -> None:
        self.rest()
        self._in.client.patch(ROLLOUT, self.namespace, self.name, {"status": change}, subresource="status")

    def _get(self) -> Manifest:
        found = self._in.client.get(ROLLOUT, self.namespace, self.name)
        assert found is not None  # noqa: S101  (this process has made it, and deletes nothing)
        return found

    def _owns(self, other: Manifest) -> bool:
        owners = other["metadata"].get("ownerReferences", ())
        return any(each["kind"] == ROLLOUT.name and each["name"] == self.name for each in owners)


def started(rollout: Rollout) -> Moment:
    """The first version, which no step delays."""
    return rollout.moment("start", lambda _: rollout.until(lambda state: state["phase"] == "Healthy"))


def _refused(state: State) -> bool:
    return bool(state["invalid"] or any(each["refused"] for each in state["versions"].values()))


def _of_one_version(state: State) -> bool:
    """Whether all pods are of the version that takes the requests."""
    return all(not each["wanted"] for version, each in state["versions"].items() if version != state["stable"])


def _version(replica_set: Manifest) -> Mapping[str, Any]:
    notes, status = replica_set["metadata"].get("annotations", {}), replica_set.get("status", {})
    refused = (each for each in status.get("conditions", ()) if each["type"] == "ReplicaFailure")
    return {
        "wanted": replica_set["spec"].get("replicas", 0),
        "ready": status.get("readyReplicas", 0),
        "refused": next((each.get("message", "") for each in refused), ""),
        "until": next((notes[note] for note in sorted(notes) if note.endswith(DEADLINE)), ""),
    }


def _analysis(run: Manifest) -> Mapping[str, Any]:
    status = run.get("status", {})
    results: Sequence[Mapping[str, Any]] = status.get("metricResults") or ()
    return {
        "version": run["metadata"].get("labels", {}).get(HASH, ""),
        "phase": status.get("phase", ""),
        "message": status.get("message", ""),
        "measured": {
            each["name"]: {key: each.get(key, 0) for key in ("successful", "failed", "error")} for each in results
        },
    }
