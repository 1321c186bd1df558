"""Recognisable secrets everywhere a value could enter, and nowhere in what a run writes or says.

They are put where the operators would put them, into every Secret that the objects of a stack speak of, and into the
variables in which people carry credentials. The cluster's own storage is the one place where they may be.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from operations import engine
from tests.support.program_run import lead, project, run, written_settings
from tests.support.stacks import MINIMAL
from tests.support.user_project import Copy, user_project

PLANTED: Final = "planted-7c1f0e"
"""What every planted value begins with."""
USERS: Final = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "GOOGLE_CREDENTIALS", "KUBE_TOKEN", "VAULT_TOKEN")
"""Variables of a person's or a pipeline's."""
KEEPER: Final = (
    MINIMAL.format(name="keeper", kind="worker").replace(
        "      resources:",
        "      variables: {URL: '${resources.db.url}', KEY: '${resources.own.KEY}'}\n      resources:",
    )
    + """\
  resources:
    db: {type: postgres}
    docs: {type: mongodb}
    cache: {type: redis}
    index: {type: elasticsearch}
    found: {type: opensearch}
    own: {type: secret, params: {keys: [KEY], source: generated}}
"""
)


def _value(name: str) -> str:
    return f"{PLANTED}-{name}"


def _spellings() -> tuple[bytes, ...]:
    """The beginning of every planted value, in the clear and in each of the three ways base64 may cut it."""
    cut = (base64.b64encode(b"x" * before + PLANTED.encode()) for before in range(3))
    return (PLANTED.encode(), *(found[4 if before else 0 : -4] for before, found in enumerate(cut)))


def _found(folder: Path, *, but: Path | None = None) -> list[str]:
    """Files below `folder` that hold a planted value."""
    spellings = _spellings()
    files = (file for file in folder.rglob("*") if file.is_file() and not (but and file.is_relative_to(but)))
    return [str(file) for file in files if any(each in file.read_bytes() for each in spellings)]


def _secrets(copy: Copy) -> Iterator[tuple[str, str, list[str]]]:
    """Namespace, name and keys of every Secret that operators would fill."""
    listed = json.loads(copy.kubectl("get", "externalsecrets,certificates", "-A", "-o", "json"))["items"]
    for item in listed:
        spec, namespace = item["spec"], item["metadata"]["namespace"]
        if item["kind"] == "Certificate":
            yield namespace, spec["secretName"], ["tls.key", "tls.crt", "ca.crt"]
        else:
            template: dict[str, Any] = spec["target"].get("template", {}).get("data", {})
            yield namespace, spec["target"]["name"], sorted(template) or ["KEY"]


@pytest.fixture
def planted(toolchain: engine.Toolchain, tmp_path: Path) -> Iterator[Copy]:
    """The stack of one service that has one of everything, with a value in every Secret it speaks of."""
    with user_project(toolchain, tmp_path) as made:
        copy = Copy(root=made.root, toolchain=toolchain, environment={name: _value(name) for name in USERS})
        (copy.root / "keeping").mkdir()
        (copy.root / "keeping" / "keeper.yaml").write_text(KEEPER, encoding="utf-8")
        copy.run("up", "-s", "dev", "--services", "keeping")
        for namespace, name, keys in _secrets(copy):
            literals = [f"--from-literal={key}={_value(key)}" for key in keys]
            copy.kubectl("create", "secret", "generic", name, "-n", namespace, *literals)
        yield copy


@pytest.mark.engine
def test_no_value_of_a_secret_is_written_or_said_by_a_run(planted: Copy) -> None:
    there = planted.kubectl("get", "secrets", "-A", "-o", "json")
    assert there.count(base64.b64encode(PLANTED.encode())[:-4].decode()) > 15, "hardly anything was planted"

    file = planted.root / "keeping" / "keeper.yaml"
    file.write_text(KEEPER.replace("keeper:1.0.0", "keeper:1.1.0"), encoding="utf-8")
    said = [
        planted.run(*command, "--services", "keeping")
        for command in (
            ("validate", "--verbose"),
            ("judge", "-s", "dev"),
            ("blueprint", "-s", "dev"),
            ("render", "-s", "dev", "-o", "rendered"),
            ("up", "-s", "dev"),
            ("up", "-s", "dev", "--json"),
        )
    ]
    record = planted.root / ".embedded"
    # etcd is where the cluster keeps its Secrets.
    assert _found(record / "control-plane" / "etcd"), "the Secrets are nowhere: this test would prove nothing"
    assert _found(planted.root, but=record / "control-plane" / "etcd") == []
    kept = planted.root.parent / "kept"
    shutil.copytree(record / "state", kept)
    said.append(planted.run("down", "-s", "dev", "--yes"))
    assert _found(kept) == []
    assert not [words for words in said if PLANTED in words], "a value was said"
    assert (planted.root / "rendered").is_dir()


def test_a_value_is_found_however_base64_cuts_it() -> None:
    for before in range(4):
        text = base64.b64encode(b"p" * before + _value("x").encode())
        assert any(each in text for each in _spellings()), f"behind {before} bytes it would go unnoticed"


def test_no_variable_of_the_users_goes_over_the_wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the program registers, look-ups, outputs and words included."""
    for name in USERS:
        monkeypatch.setenv(name, _value(name))
    (tmp_path / "keeping").mkdir()
    (tmp_path / "keeping" / "keeper.yaml").write_text(KEEPER, encoding="utf-8")
    settings = written_settings("dev")
    with project(tmp_path / "keeping") as folder:
        lead(folder, settings)
        done = run(folder, "dev", settings)
    assert done.exit_code == 0, done.reported
    wire = repr(done)
    assert wire.count("keeper") > 100, "hardly anything was registered"
    assert PLANTED not in wire
