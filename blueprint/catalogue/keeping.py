"""Secrets: values nobody writes into a file, by the names of their keys.

Which stores of secrets there are is the stack's (`blueprint.settings_secrets`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.catalogue.promising import once
from blueprint.quantities import Duration
from blueprint.text import Checked, Fault, Text


class SecretParams(Checked):
    """Where secrets come from."""

    keys: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")], ...], Field(min_length=1)]
    """Names; each is a key of the Secret and what `${resources.<name>.<key>}` may ask. One more leaves the others'
    values as they are."""
    source: Literal["generated", "aws", "gcp", "vault", "openbao"] | None = None
    """Store. Unset: the stack's (`secrets.store`). Changing it changes every value."""
    path: Annotated[str, Field(max_length=120, pattern=r"^[a-z0-9_-]+(/[a-z0-9_-]+)*$")] | None = None
    """Place in the store: `<system>/<service>` or below it. Unset: `<system>/<service>`. There AWS, Vault and OpenBao
    keep one secret with a field per key. Google keeps one per key: `/` becomes `--`, the key comes behind one more."""
    rotation: Duration | None = None
    """How often values change. `generated`: they are drawn anew that often; unset: once, and never again. In a store
    outside whoever keeps them changes them: they are read every hour, or that often where it is more often."""

    def faults(self) -> Iterator[Fault]:
        yield from once("keys", self.keys)
        if self.source == "generated" and self.path is not None:
            cause = "is a place in a store, but these values are generated, so nobody would look there"
            yield Fault("path", cause, "Drop it, or name the store in source")


class Secret(Text):
    """Values nobody writes into a file.

    The Secret `<service>-<resource>` in the service's namespace holds them, filled by External Secrets. Where they can
    change (`rotation`, or a store outside), the pods that use one start anew when they do: of a Deployment as for a new
    version, of a canary or blue-green one by one in the version that runs, without its steps.

    `generated` draws 32 letters and digits per key, each for itself: fit for a password or a key of HMAC, not for a key
    pair or what somebody else hands out, such as the API key of a mail service.
    """

    type: Literal["secret"]
    """secret"""
    params: SecretParams
    """Which, and from where."""
