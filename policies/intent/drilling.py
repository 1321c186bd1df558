"""Which stores a restore drill tries, as the catalogue and the stack's settings ask for it."""

from collections.abc import Iterator
from typing import Final

from blueprint import store_names
from blueprint.catalogue.storing import Backup, Postgres, Store
from policies.core.facts import Facts
from policies.intent.edges import Owned, intent
from policies.objects.pods import Container, Pod

DRILLED: Final[tuple[type[Store], ...]] = (Postgres,)
"""Stores whose copies can be restored beside them, where an operator runs them."""
RUNNER: Final = "registry.k8s.io/kubectl:"
"""The image that makes and removes what is restored, and speaks to the API server for it."""


def drilled(facts: Facts) -> Iterator[Owned]:
    """The stores of which copies are made and restored from time to time."""
    settings = facts.settings
    if settings is None or settings.environment not in ("staging", "prod") or settings.backups.copies is None:
        return
    for owned in intent(facts).stores:
        backup = owned.store.backup
        asked = isinstance(backup, Backup) and backup.restore_drill != "never"
        placed: str = getattr(settings.data, owned.store.type)
        if asked and placed == "operator" and isinstance(owned.store, DRILLED):
            yield owned


def drills(pod: Pod, facts: Facts) -> bool:
    """Whether `pod` is of a CronJob that runs a drill of the catalogue's, and gives a token to kubectl alone."""
    thing, resource = pod.object, pod.labels[store_names.DRILL].word
    return (
        thing.sort == "CronJob.batch"
        and pod.spec["serviceAccountName"].text == store_names.drill(resource)
        and any(_is_of(owned, resource, thing.namespace) for owned in drilled(facts))
        and all(_is_kubectl(container) for container in pod.containers if _mounts_a_token(container, pod))
    )


def _is_of(owned: Owned, resource: str, namespace: str) -> bool:
    return owned.name == resource and store_names.drill_namespace(owned.service.name) == namespace


def _is_kubectl(container: Container) -> bool:
    return container.view["image"].word.startswith(RUNNER)


def _mounts_a_token(container: Container, pod: Pod) -> bool:
    """Whether one of its volumes is projected, as a token is."""
    projected = {volume["name"].word for volume in pod.spec["volumes"] if volume["projected"].is_set}
    return any(mount["name"].word in projected for mount in container.view["volumeMounts"])
