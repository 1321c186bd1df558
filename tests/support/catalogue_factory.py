"""Catalogues of any size: the shop, copied under other names.

A copy asks only itself, so that twice the services are twice the work and nothing more: what grows faster than that
is the program's fault. These catalogues are as plain as the shop is; strange ones are made elsewhere.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.stacks import SERVICES


def write_shops(folder: Path, shops: int) -> Path:
    """Writes `shops` times the shop's services into `folder`, which is made: the shop, then its copies. Its path."""
    folder.mkdir(parents=True)
    for beside in ("contracts", "schemas"):
        (folder / beside).symlink_to(SERVICES / beside)
    files = sorted(SERVICES.glob("*.yaml"))
    names = re.compile(rf"(?<![\w-])({'|'.join(file.stem for file in files)})(?![\w-])")
    for shop in range(shops):
        for file in files:
            text = file.read_text(encoding="utf-8")
            if shop:
                # Services are named in references, edges and groups, each a word of its own.
                document = yaml.safe_load(names.sub(rf"\1-{shop}", text))
                text = yaml.safe_dump(_apart(document, shop), sort_keys=False)
                (folder / f"{file.stem}-{shop}.yaml").write_text(text, encoding="utf-8")
            else:
                (folder / file.name).write_text(text, encoding="utf-8")
    return folder


UNIQUE: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    # One channel, one publisher; one table, one owner; one public path, one service.
    "channel": lambda name, shop: f"{name}.shop-{shop}",
    "owns": lambda tables, shop: [f"{table}_{shop}" for table in tables],
    "operations": lambda operations, shop: [
        {**each, "path": _path(each["path"], shop)}
        if isinstance(each, dict) and "path" in each
        else _path(each, shop)
        if isinstance(each, str)
        else each
        for each in operations
    ],
    "paths": lambda paths, shop: [_path(path, shop) for path in paths],
}
"""Field to what it says in a copy: what may be in a catalogue once only, and what refers to it."""


def _path(path: str, shop: int) -> str:
    return path.replace("/v1/", f"/v1/{shop}/", 1)


def _apart(value: Any, shop: int) -> Any:
    if isinstance(value, dict):
        return {key: UNIQUE[key](inner, shop) if key in UNIQUE else _apart(inner, shop) for key, inner in value.items()}
    return [_apart(inner, shop) for inner in value] if isinstance(value, list) else value
