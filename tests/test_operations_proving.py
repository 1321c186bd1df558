"""`plat prove` says at once why it cannot observe a stack, and ends clean however it is stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from blueprint import names
from operations import engine, proving
from operations.console import Console
from operations.exits import Exit, RefusedError
from operations.laboratory.part import Part
from tests.support.laboratory import laboratory
from tests.support.mesh_proofs import facts
from tests.support.stacks import settings, shop
from tests.support.user_project import LEDGER, PATIENCE_SECONDS, Copy, user_project

__all__ = ["laboratory"]

PROVE = ("prove", "-s", "dev", "--services", "few")


@pytest.fixture(scope="module")
def running(
    toolchain: engine.Toolchain, laboratory: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copy]:
    """Two small services, up on an embedded control plane."""
    del laboratory  # built before a command would
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy:
        words = copy.run(*PROVE, code=Exit.STACK_NOT_FOUND)
        assert "dev is not up: this machine has no control plane for it" in words, words
        assert "plat up -s dev --services few" in words, f"the cure is missing:\n{words}"
        copy.run("up", "-s", "dev", "--services", "few", "--quiet")
        yield copy


@pytest.mark.engine
def test_a_service_that_was_not_brought_up_is_said_before_everything_of_it_differs(running: Copy) -> None:
    file = running.root / "few" / "newcomer.yaml"
    file.write_text(LEDGER.replace("ledger", "newcomer").partition("  provides:")[0], encoding="utf-8")
    try:
        words = running.run(*PROVE, code=Exit.USAGE)
    finally:
        file.unlink()
    assert "services of the catalogue that are not in its cluster: newcomer" in words, words


@pytest.mark.engine
def test_a_service_that_has_left_the_catalogue_and_still_runs_is_said(running: Copy) -> None:
    words = running.run("prove", "-s", "dev", "--services", "one", code=Exit.USAGE)
    assert "services in its cluster that are not in the catalogue: teller" in words, words


@pytest.mark.engine
def test_a_namespace_that_has_lost_its_label_is_a_difference_and_no_other_catalogue(running: Copy) -> None:
    running.kubectl("label", "namespace", "ledger", f"{names.SERVICE_LABEL}-")
    try:
        words = running.run(*PROVE, code=Exit.POLICY)
    finally:
        running.kubectl("label", "namespace", "ledger", f"{names.SERVICE_LABEL}=ledger")
    assert "observability/prometheus → ledger/" in words, words


@pytest.mark.engine
def test_a_tenants_stack_is_not_passed_off_as_proven_by_the_base_stack(running: Copy) -> None:
    text = (running.root / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    copied = text.replace("environment: dev", "environment: ephemeral\n    layers: [services]\n    tenant: acme")
    (running.root / "Pulumi.acme.yaml").write_text(copied, encoding="utf-8")
    words = running.run("prove", "-s", "acme", "--services", "few", code=Exit.USAGE)
    assert "acme is a copy of the services for the tenant acme" in words, words


@pytest.mark.engine
@pytest.mark.parametrize(
    ("stopped", "code", "words"),
    [
        ("by Ctrl-C", Exit.CANCELLED, "interrupted; the stack was only read"),
        ("by a killed sandbox", Exit.ERROR, "has ended without a result, so nothing was observed"),
    ],
)
def test_a_proof_that_is_stopped_says_so_and_claims_nothing(
    stopped: str, code: Exit, words: str, running: Copy
) -> None:
    process = running.begin(*PROVE)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (inside := [child for child in _children(process.pid) if b"laboratory.inside" in _command(child)]):
        assert process.poll() is None, f"it ended before it could be stopped:\n{process.communicate()[0]}"
        assert time.monotonic() < deadline, "it never got that far"
        time.sleep(0.02)
    if stopped == "by Ctrl-C":
        process.send_signal(signal.SIGINT)
    else:
        os.kill(inside[0], signal.SIGKILL)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code, said
    assert words in said, said
    assert "is declared" not in said, f"something was claimed:\n{said}"


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended since
        return b""


@pytest.mark.parametrize(
    ("file", "words"), [("missing/matrix.svg", "is no folder"), (".", "is a folder")], ids=["folder", "file"]
)
def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_observed(
    file: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=f"{words}. Nothing was observed"):
        proving.check_picture(tmp_path / file, ["network"])


def test_a_picture_of_what_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="was not asked for"):
        proving.check_picture(tmp_path / "matrix.svg", ["mesh"])


@dataclass(frozen=True)
class Seen:
    """What a part of this module has observed."""

    differences: tuple[str, ...]
    headline = "all is well"

    def lines(self) -> tuple[str, ...]:
        return ()

    def record(self) -> dict[str, list[str]]:
        return {"differences": list(self.differences)}


def part(answer: Seen | RefusedError) -> Part:
    def observe(_: object) -> Seen:
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    return Part(brief="", groups=(), as_root=False, observe=observe)


def observed(*answers: Seen | RefusedError) -> proving.Proven:
    parts = {f"part-{number}": part(answer) for number, answer in enumerate(answers)}
    return proving.observed("dev", parts, lambda _: None, Console(quiet=True))  # type: ignore[arg-type, return-value]


REFUSED = RefusedError("nothing public runs", Exit.ERROR)


def test_what_was_observed_before_a_refusal_is_kept() -> None:
    found = observed(Seen(("a hole",)), REFUSED, Seen(()))
    assert found.exit_code == Exit.POLICY
    assert found.record() == {
        "stack": "dev",
        "part-0": {"differences": ["a hole"]},
        "stopped": {"part": "part-1", "because": "nothing public runs"},
    }


def test_a_refusal_after_parts_without_a_difference_is_no_success() -> None:
    assert observed(Seen(()), REFUSED).exit_code == Exit.ERROR


def test_a_refusal_of_the_first_part_ends_the_command() -> None:
    with pytest.raises(RefusedError, match="nothing public runs"):
        observed(REFUSED, Seen(()))


@pytest.mark.parametrize("name", ["mesh", "gateway"])
def test_without_a_mesh_that_is_said_before_any_part_begins(name: str) -> None:
    without = facts(shop(), settings("dev", mesh={"mode": "none"}))
    with pytest.raises(RefusedError, match="The stack has no mesh"):
        proving.PARTS[name].check(without)
