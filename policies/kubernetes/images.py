"""Image references as the runtime reads them: `nginx` is `docker.io/library/nginx:latest`.

The grammar is that of `distribution/reference`. What does not fit it is no reference, however harmless it looks: the
checks of a registry's name would otherwise be made on another text than the one that is pulled.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 1024
"""Characters of a reference that is read: 255 of a name (`distribution/reference`), a tag of 128 and a digest."""

HUB: Final = "docker.io"
_HUB_NAMES: Final = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?"
)
_PATH: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image reference, taken apart."""

    host: str
    """Registry with its port, in small letters; docker.io where none is named."""
    path: str
    """Repository; library/… where Docker Hub's own are meant."""
    tag: str
    """"" where there is none."""
    digest: str
    """sha256:…; "" where there is none."""

    @property
    def repository(self) -> str:
        """Registry and repository."""
        return f"{self.host}/{self.path}"


def parse(text: str) -> Image | None:
    """`text` taken apart, or None where it is no image reference."""
    if len(text) > LONGEST:
        return None
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return None
    first, slash, rest = name.partition("/")
    named = bool(slash) and (first == "localhost" or any(letter in first for letter in ".:") or first != first.lower())
    host, path = (first.lower(), rest) if named else (HUB, name)
    repository, colon, tag = path.partition(":")
    if not _PATH.fullmatch(repository) or (colon and not _TAG.fullmatch(tag)) or not _HOST.fullmatch(host):
        return None
    if host in _HUB_NAMES:
        host, repository = HUB, repository if "/" in repository else f"library/{repository}"
    return Image(host=host, path=repository, tag=tag, digest=digest)


def within(repository: str, allowed: Iterable[str]) -> bool:
    """Whether `repository` is one of `allowed` or below one, on a / boundary: ghcr.io/acme is not ghcr.io/acme-too."""
    return any(f"{repository}/".startswith(f"{prefix.rstrip('/')}/") for prefix in allowed)
