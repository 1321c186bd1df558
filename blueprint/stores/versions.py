"""Which major versions of a store are offered: those that have an image."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint.pins import Image
from blueprint.text import Fault

FIELD: Final = "params.version"


def faults(
    asked: str | None, images: Mapping[str, Image], newest: str, server: str, *, all_of_them: str = ""
) -> Iterator[Fault]:
    """What is wrong with the version `asked` of `server`; `all_of_them`: what each of those offered has in common."""
    if asked is None or asked in images:
        return
    offered = ", ".join(f'"{major}"' for major in images)
    yield Fault(
        FIELD,
        f"'{asked}' is no major version of {server} that is offered, so there is no image to run",
        f"Use one of {offered}, or drop it for {newest}{all_of_them}",
    )
