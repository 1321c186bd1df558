"""Services that an operator makes beside a store, which no other store of the same service may be called like."""

from collections.abc import Collection, Iterator

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Store
from blueprint.text import Fault


def faults(service: Service, resource: str, ends: Collection[str]) -> Iterator[Fault]:
    """What is wrong where the Services of `resource` are its name, a hyphen and one of `ends`."""
    theirs = {f"{resource}-{each}" for each in ends}
    stores = (name for name, of in sorted(service.spec.resources.items()) if isinstance(of, Store))
    for other in stores:
        if other in theirs:
            yield Fault(
                "type",
                f"makes a Service called '{other}', and so does the store of that name, so that one would answer for"
                " the other",
                f"Call '{other}' otherwise",
            )
