"""What a service has once to get at its stores: a reader of its credentials, and a certificate of its own."""

from collections.abc import Iterator

from blueprint import names
from blueprint.stores import Access
from manifests.certificates import client
from manifests.credentials import reader, store
from manifests.manifest import Manifest


def access(decision: Access) -> Iterator[Manifest]:
    """The reader with its rights, the store it reads through, and the certificate."""
    marks = {**names.selector(decision.service), f"{names.PREFIX}/owner": decision.owner}
    yield from reader(decision.namespace, labels=marks)
    yield store(decision.namespace, decision.data_namespace, labels=marks)
    yield client(decision.namespace, decision.certificate_hours, labels=marks)
