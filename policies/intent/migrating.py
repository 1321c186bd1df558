"""Which pods change the schema of a store: as their labels say, and as a file declares."""

from typing import Final

from blueprint import names
from blueprint.catalogue.storing import Shaped
from policies.core.facts import Facts
from policies.objects.pods import Pod

_NAME: Final = "app.kubernetes.io/name"


def migrated(pod: Pod, facts: Facts) -> str:
    """The resource that `pod` of a Job migrates with the image its owner wrote; "" where it is no migration. Without a
    catalogue its labels are believed."""
    resource = pod.labels[names.MIGRATION].word
    if not resource or pod.object.sort != "Job.batch" or pod.labels[_NAME].text != names.migrations(resource):
        return ""
    if facts.services is None:
        return resource
    service = facts.service.get(pod.object.namespace)
    store = service.spec.resources.get(resource) if service else None
    declared = store.migrations if isinstance(store, Shaped) else None
    images = {container.view["image"].text for container in pod.containers}
    return resource if declared and images == {declared.image} else ""
