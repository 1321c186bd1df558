"""Which stores a restore drill tries, as the catalogue and the stack's settings ask for it."""

from collections.abc import Iterator
from typing import Final

from blueprint import store_names
from blueprint.catalogue.storing import Backup, Mongodb, Mysql, Postgres
from policies.core.facts import Facts
from policies.intent.edges import Owned
from policies.objects.pods import Container, Pod

DRILLED: Final = (Mongodb, Mysql, Postgres)
"""Stores whose copies can be restored beside them, where an operator runs them."""
RUNNER: Final = "registry.k8s.io/kubectl:"
"""The image that makes and removes what is restored, and speaks to the API server for it."""


def drilled(facts: Facts) -> Iterator[Owned]:
    """The stores of which copies are made and restored from time to time."""
    for namespace in facts.drills:
        yield from drilled_in(namespace, facts)


def drilled_in(namespace: str, facts: Facts) -> Iterator[Owned]:
    """Those that are restored in `namespace`."""
    service, settings = facts.drills.get(namespace), facts.settings
    if settings is None or settings.environment not in ("staging", "prod") or settings.backups.copies is None:
        return
    for name, store in service.spec.resources.items() if service else ():
        if not isinstance(store, DRILLED):
            continue
        asked = isinstance(store.backup, Backup) and store.backup.restore_drill != "never"
        placed: str = getattr(settings.data, store.type)
        if service and asked and placed == "operator":
            yield Owned(service=service, name=name, store=store)


def drills(pod: Pod, facts: Facts) -> bool:
    """Whether `pod` is of a CronJob that runs a drill of the catalogue's, and gives a token to kubectl alone."""
    thing, resource = pod.object, pod.labels[store_names.DRILL].word
    return (
        thing.sort == "CronJob.batch"
        and pod.spec["serviceAccountName"].text == store_names.drill(resource)
        and any(owned.name == resource for owned in drilled_in(thing.namespace, facts))
        and all(_is_kubectl(container) for container in pod.containers if _mounts_a_token(container, pod))
    )


def _is_kubectl(container: Container) -> bool:
    return container.view["image"].word.startswith(RUNNER)


def _mounts_a_token(container: Container, pod: Pod) -> bool:
    """Whether one of its volumes is projected, as a token is."""
    projected = {volume["name"].word for volume in pod.spec["volumes"] if volume["projected"].is_set}
    return any(mount["name"].word in projected for mount in container.view["volumeMounts"])
