"""How long the laboratory waits for certificates: from the controllers' first word, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from operations.laboratory.inside import certificates
from operations.laboratory.inside.client import Client, Resource
from operations.laboratory.inside.events import Events
from operations.laboratory.inside.failing import FailedError

STILL_SECONDS: Final = 0.3
SPOKEN_AFTER_SECONDS: Final = 1.0
ISSUED_AFTER_SECONDS: Final = 1.2


class Issuing(Client):
    """A client whose API server has one Certificate: its controllers speak of it late, and issue it later."""

    def __init__(self, *, spoken: float, issued: float) -> None:
        self._spoken, self._issued, self._began = spoken, issued, time.monotonic()

    def listed(self, kind: Resource, namespace: str = "") -> Sequence[Mapping[str, Any]]:
        del kind, namespace
        age = time.monotonic() - self._began
        said = [{"type": "Ready", "status": str(age > self._issued)}] if age > self._spoken else []
        return [{"metadata": {"namespace": "a", "name": "b"}, "status": {"conditions": said}}]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "STILL_SECONDS", STILL_SECONDS)
    monkeypatch.setattr(certificates, "READY_SECONDS", 2.0)


def awaited(client: Client, folder: Path) -> set[tuple[str, str]]:
    with (folder / "events").open("w", encoding="utf-8") as words:
        return certificates._await(client, lambda: None, Events(words), time.monotonic())


def test_controllers_that_are_slow_to_start_are_waited_for(tmp_path: Path) -> None:
    assert awaited(Issuing(spoken=SPOKEN_AFTER_SECONDS, issued=ISSUED_AFTER_SECONDS), tmp_path) == {("a", "b")}


def test_a_certificate_that_stays_unissued_is_given_up_when_nothing_moves(tmp_path: Path) -> None:
    began = time.monotonic()
    assert awaited(Issuing(spoken=0.0, issued=60.0), tmp_path) == set()
    assert time.monotonic() - began < 1.5, "nobody waits for the end of all patience"


def test_controllers_that_say_nothing_are_no_fault_of_the_stack(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="cert-manager has said nothing of any Certificate"):
        awaited(Issuing(spoken=60.0, issued=60.0), tmp_path)
