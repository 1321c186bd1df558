"""What is mounted into a container by its path: folders to write to, files to read."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from blueprint.text import Fault, refuse

TEMPORARY: Final = "/tmp"  # noqa: S108  (the name of a folder in a container)
"""Writable in every container, without a word."""

_PATH: Final = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._-]{1,100}){1,20}")
_TAKEN: Final = re.compile(r"/(proc|sys|dev|(var/)?run/secrets)(/.*)?")
"""The kernel's, and where Kubernetes and the mesh mount what they hand to a pod."""


def _mounted(path: str) -> str:
    if not _PATH.fullmatch(path):
        cure = "Write it from the root, without a '/' at its end, such as /var/cache/nginx"
        refuse(Fault("", f"'{path}' is no path in a container", cure))
    if _TAKEN.fullmatch(path):
        cause = f"'{path}' belongs to the kernel or to what Kubernetes mounts there"
        refuse(Fault("", cause, f"Take another path, such as one below {TEMPORARY}"))
    if path == TEMPORARY:
        cure = f"Drop it, or name a folder below it with its own size, such as {TEMPORARY}/uploads"
        refuse(Fault("", f"'{path}' can be written to already", cure))
    return path


MountPath = Annotated[str, AfterValidator(_mounted)]
"""A path in a container, from its root, at which something is mounted."""

MOST_BYTES: Final = 1_000_000
"""Of the files of one container: a ConfigMap holds 1 MiB with everything around them (Kubernetes, "ConfigMaps")."""

FileText = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "from": {"type": "string", "description": "Path of a file, from the catalogue's folder."}
                    },
                    "required": ["from"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""The text of a file: as written, or put in from the file that `{from: path}` names (`blueprint.reading.beside`)."""
