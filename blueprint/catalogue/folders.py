"""Where a container may write: the paths an owner may name."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from blueprint.text import Fault, refuse

TEMPORARY: Final = "/tmp"  # noqa: S108  (the name of a folder in a container)
"""Writable in every container, without a word."""

_PATH: Final = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._-]{1,100}){1,20}")
_TAKEN: Final = re.compile(r"/(proc|sys|dev|(var/)?run/secrets)(/.*)?")
"""The kernel's, and where Kubernetes and the mesh mount what they hand to a pod."""


def _scratch(path: str) -> str:
    if not _PATH.fullmatch(path):
        cure = "Write it from the root, without a '/' at its end, such as /var/cache/nginx"
        refuse(Fault("", f"'{path}' is no folder of a container", cure))
    if _TAKEN.fullmatch(path):
        cause = f"'{path}' belongs to the kernel or to what Kubernetes mounts there"
        refuse(Fault("", cause, f"Let the program write elsewhere, such as below {TEMPORARY}"))
    if path == TEMPORARY:
        cure = f"Drop it, or name a folder below it with its own size, such as {TEMPORARY}/uploads"
        refuse(Fault("", f"'{path}' can be written to already", cure))
    return path


Scratch = Annotated[str, AfterValidator(_scratch)]
"""A folder in a container, from its root, that is writable only where it is named."""
