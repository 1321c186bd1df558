"""How a service reaches one of its resources (a store, a broker, a secret), and where each word of that comes from.

It is the one answer to `${resources.<name>.<key>}`. What is known when a stack is designed is text; a password never
is: it is named, and goes from the Secret beside the store into the service's Secret without passing this program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Known:
    """Said by the design: a host, a port, the path of a file. No secret."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A value of a Secret beside the store."""

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A text with values of other keys in it: `{password}` stands for the key `password`."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A value that is drawn in the cluster into the service's own Secret, and is nowhere else."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A value of a store of secrets outside the cluster."""

    name: str
    """What the store calls the secret."""
    property: str | None = None
    """The field of it, where a secret is a map; None: it is the value itself."""


@dataclass(frozen=True, kw_only=True)
class Unmade:
    """Nobody makes it yet (`blueprint.unmade` says so to whoever asks)."""


Source = Known | Drawn | Composed | Generated | Fetched | Unmade


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whose signature on the certificate of a store is to be believed."""

    file: ClassVar[str] = "ca.crt"
    """What cert-manager calls an authority's certificate in every Secret it fills, and so the file's name."""
    folder: str
    """Where it is in every container of the service."""
    secret: str
    """The Secret in the service's namespace it comes from."""

    @property
    def path(self) -> str:
        """The authority's certificate, in every container of the service."""
        return f"{self.folder}/{self.file}"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How one resource of a service is reached, and as whom."""

    secret: str
    """The Secret in the service's namespace that holds every key."""
    keys: Mapping[str, Source]
    """What `${resources.<name>.<key>}` may ask, and where the answer comes from."""
    trust: Trust | None = None
    """None: there is nothing to trust but what every system does."""
    changes: bool = False
    """Whether values change while pods run, which then start anew."""


def unmade(secret: str, keys: tuple[str, ...]) -> Connection:
    """The connection of what nobody makes yet: a Secret with these `keys` is referred to, and not there."""
    return Connection(secret=secret, keys=dict.fromkeys(keys, Unmade()))
