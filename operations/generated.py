"""Files that are made from the program, and committed so that people, editors and reviewers see them.

`make generate` writes them; a test says when one is stale. Nothing here is read by the program itself.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from blueprint import catalogue, design, printed, settings
from blueprint.catalogue.sharing import defaults_schema
from blueprint.reading import read_catalogue, read_settings
from operations import catalogue_page, policy_page

ROOT: Final = Path(__file__).parent.parent
STACKS: Final = tuple(sorted(file.stem.removeprefix("Pulumi.") for file in ROOT.glob("Pulumi.*.yaml")))
FROZEN_DAY: Final = date(2026, 11, 20)
"""A blueprint does not depend on the day; reading does, because exceptions expire. This one is before them all."""


def _schema(of: Mapping[str, Any]) -> str:
    return json.dumps(of, indent=1, sort_keys=True) + "\n"


def _stack(name: str) -> Callable[[], str]:
    def made() -> str:
        read = read_catalogue(ROOT / "services", today=FROZEN_DAY)
        head = f"# Every decision about the stack {name}. Made by `make generate`; pull requests show what changes.\n"
        return head + printed(design(read_settings(ROOT / f"Pulumi.{name}.yaml"), read, name))

    return made


FILES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/catalogue.md": catalogue_page.page,
    "docs/policies.md": policy_page.page,
    "docs/settings.schema.json": lambda: _schema(settings.schema()),
    "services/defaults-schema.json": lambda: _schema(defaults_schema()),
    "services/schema.json": lambda: _schema(catalogue.schema()),
    **{f"tests/golden/blueprint.{name}.yaml": _stack(name) for name in STACKS},
}
"""Path, relative to the project, to what makes its content."""


def write() -> list[str]:
    """Writes every file that is not fresh; which ones."""
    stale = [path for path, made in FILES.items() if not fresh(path, made())]
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(FILES[path](), encoding="utf-8")
    return stale


def fresh(path: str, content: str) -> bool:
    """Whether the file at `path` holds `content`."""
    file = ROOT / path
    return file.is_file() and file.read_text(encoding="utf-8") == content


if __name__ == "__main__":
    print("\n".join(f"wrote {path}" for path in write()) or "everything is fresh")  # noqa: T201  (its one output)
