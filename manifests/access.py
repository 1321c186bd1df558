"""What a service has once to get at its stores: a way to its credentials, and a certificate of its own."""

from collections.abc import Iterator

from blueprint import names
from blueprint.stores import Access
from manifests.certificates import client
from manifests.credentials import store
from manifests.manifest import Manifest


def access(decision: Access) -> Iterator[Manifest]:
    """The store its reader (`manifests.secrets`) reads through, and the certificate."""
    marks = {**names.selector(decision.service), f"{names.PREFIX}/owner": decision.owner}
    yield store(decision.namespace, decision.data_namespace, labels=marks)
    yield client(decision.namespace, decision.certificate_hours, labels=marks)
