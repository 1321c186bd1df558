"""What the spelling of a store's pods reads of it, whether it is live or restored from its copies."""

from typing import Protocol

from blueprint.pins import Image
from blueprint.stores.edges import Owned
from blueprint.stores.sizes import StoreSize


class Served(Owned, Protocol):
    """A store whose pods run as an account of ours."""

    @property
    def namespace(self) -> str: ...

    @property
    def account(self) -> str: ...

    @property
    def tier(self) -> str: ...

    @property
    def image(self) -> Image: ...

    @property
    def size(self) -> StoreSize: ...

    @property
    def storage_class(self) -> str | None: ...

    @property
    def dns_names(self) -> tuple[str, ...]: ...

    @property
    def certificate_hours(self) -> int: ...
