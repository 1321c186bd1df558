"""What is generated is fresh, and the same on every machine."""

import subprocess
import sys

import pytest

from operations.generated import FILES, ROOT, fresh


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_generated_file_is_fresh(path: str) -> None:
    assert fresh(path, FILES[path]()), f"{path} is stale: run `make generate`, read the difference, commit it"


def test_two_hash_seeds_give_the_same_bytes() -> None:
    # Sets and dictionaries of another order would show here; one process cannot see its own.
    program = "from operations.generated import FILES; print(*(FILES[path]() for path in sorted(FILES)))"
    made = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert made[0] == made[1], "a set decides the order of something"
    assert len(made[0]) > 100_000, "the program printed nothing to compare"


def test_every_service_names_its_schema_for_the_editor() -> None:
    for file in sorted((ROOT / "services").glob("*.yaml")):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=schema.json", f"{file.name} is edited without completion"
