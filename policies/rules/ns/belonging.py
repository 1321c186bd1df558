"""One service, one namespace: names and identities mean nothing where two share one."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from policies.core.rule import HIGH, Breach, Selector
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.values import UndeterminedError
from policies.rules.ns.group import NS

NAMED: Final = Selector[Object](
    lambda thing: (thing,) if thing.sort == "Namespace" or pods(thing) else (), reads="Namespace, every pod spec"
)

APP: Final = "app.kubernetes.io/name"
DATA_OF: Final = f"{names.PREFIX}/data-of"


@NS.stack(
    "ns-one-service",
    "M/M/M",
    HIGH,
    NAMED,
    why="Whoever runs in a service's namespace reads its secrets and passes for it in the mesh.",
    cure="Give each service of the catalogue a namespace of its name, and put nothing else there",
    where="services/{service}.yaml: metadata.name",
    sources=("EKS best practices: separate namespaces to isolate secrets",),
)
def one_service(thing: Object, world: World) -> Iterator[Breach]:
    if thing.sort == "Namespace":
        yield from _is_a_services(thing, world)
    else:
        yield from _is_at_home(thing, world)


def _is_a_services(namespace: Object, world: World) -> Iterator[Breach]:
    name = namespace.name
    known = world.facts.services is not None
    if name in world.service_namespaces:
        if known and name not in world.facts.service:
            yield Breach("metadata.name", f"is {name}, which is no service of the catalogue")
        meant = name
    elif name in world.data_namespaces:
        meant = name.removesuffix(names.data_namespace(""))
    else:
        meant = ""  # the platform's own, and the cluster's: doors for services open by the label
    for label in (namespace.labels[names.SERVICE_LABEL], namespace.labels[DATA_OF]):
        if label.is_set and label.word != meant:
            yield Breach(label, f"is {label.word or 'empty'} on the namespace of {meant or 'no service'}")


def _is_at_home(thing: Object, world: World) -> Iterator[Breach]:
    home, known = thing.namespace, world.facts.service
    is_a_services = home in known or home in world.service_namespaces
    for pod in pods(thing):
        if not pod.spec.is_known:
            raise UndeterminedError(pod.spec.path)
        app = pod.labels[APP]
        if is_a_services and app.text != home:
            found = f"is {app.word}" if app.word else "is not set"
            yield Breach(app, f"{found}, in the namespace of {home}")
        elif home and not is_a_services and app.text in known and home != names.data_namespace(app.word):
            yield Breach(app, f"is {app.word}, whose namespace is another")
