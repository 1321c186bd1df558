"""Dashboards: one for each service, in a Grafana without anonymous access."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from functools import partial
from typing import Any, Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import HIGH, LOW, Selector, Violation, sorts
from policies.core.world import WORKLOADS, World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.readable import readable
from policies.objects.values import View
from policies.rules.obs.group import DASHBOARD, OBS, is_dashboard, service_of

DATASOURCE: Final = "GrafanaDatasource.grafana.integreatly.org"
DATASOURCE_LABEL: Final = "grafana_datasource"
BUILT_IN: Final = frozenset({"", "grafana", "prometheus", "alertmanager"})
"""Datasources that are always there: Grafana's own, and those kube-prometheus-stack makes under these names."""


@OBS.stack(
    "obs-dashboard",
    "–/A/M",
    LOW,
    sorts("ConfigMap", DASHBOARD, "Namespace"),
    why="An engineer on call for a service without a dashboard starts by guessing.",
    cure="Generate a dashboard for the service, in JSON that parses, over a datasource that exists",
    where="services/{service}.yaml: spec.observability",
)
def dashboard(thing: Object, world: World) -> Iterator[Violation]:
    """A service without one is a finding where the run holds monitoring objects at all."""
    if thing.sort == "Namespace":
        service = service_of(thing, world)
        if service and service not in world.once(_shown):
            yield Violation("metadata.name", "has no dashboard")
        return
    if not is_dashboard(thing):
        return
    texts = thing.root["data"].entries() if thing.sort == "ConfigMap" else (("json", thing.spec["json"]),)
    known = world.once(_datasources)
    for _, text in texts:
        parsed = _parsed(text.word) if text.is_set else {}
        if not isinstance(parsed, dict):
            yield Violation(text, "is no JSON object, so Grafana shows nothing")
            continue
        strangers = sorted({one for one in _asked(parsed) if known and one not in known})
        if strangers:
            yield Violation(text, f"asks the datasource {strangers[0][:60]}, which does not exist")


def _shown(world: World) -> frozenset[str]:
    """Services that have a dashboard: in their namespace, or labelled with their name."""
    found: set[str] = set()
    for thing in world.of("ConfigMap", DASHBOARD):
        if is_dashboard(thing):
            found |= {thing.namespace, *readable(partial(_labelled, thing), frozenset[str]())}
    return frozenset(found)


def _labelled(thing: Object) -> frozenset[str]:
    return frozenset(thing.labels[key].word for key in ("app.kubernetes.io/name", names.SERVICE_LABEL))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _asked(parsed: Any) -> Iterator[str]:
    """Every datasource a dashboard names outright; variables and Grafana's own are left out."""
    todo = [parsed]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            source = part.get("datasource")
            name = source.get("uid") if isinstance(source, dict) else source
            if isinstance(name, str) and not name.startswith(("$", "--")):
                yield name
            todo += part.values()
        elif isinstance(part, list):
            todo += part


_UID: Final = re.compile(r"""^[\s-]*["']?(?:uid|name)["']?\s*:\s*["']?([A-Za-z0-9_-]+)""", re.MULTILINE)


def _datasources(world: World) -> frozenset[str]:
    """Datasources of the run by uid and name; empty where it makes none, so that nothing can be said."""
    found: set[str] = set()
    for thing in world.of("ConfigMap", "Secret", DATASOURCE, *CHARTS):
        found |= readable(partial(_offered, thing), frozenset[str]())
    return frozenset(found | BUILT_IN) if found else frozenset()


def _offered(thing: Object) -> frozenset[str]:
    if thing.sort == DATASOURCE:
        source = thing.spec["datasource"]
        return frozenset({source["uid"].word, source["name"].word, thing.name})
    if thing.sort in CHARTS:
        several = (*thing.root.at("values", "grafana", "additionalDataSources"), *thing.root.at("values", "additional"))
        return frozenset(each[key].word for each in several for key in ("uid", "name"))
    if not thing.labels[DATASOURCE_LABEL].is_set:
        return frozenset()
    texts = (*thing.root["data"].entries(), *thing.root["stringData"].entries())
    return frozenset(uid for _, text in texts for uid in _UID.findall(text.word))


@OBS.resource(
    "obs-grafana-secure",
    "M/M/M",
    HIGH,
    Selector(
        lambda thing: (thing,),
        frozenset({*CHARTS, "ConfigMap", "Grafana.grafana.integreatly.org", *WORKLOADS}),
        "Grafana's chart, its object, its file and its pods",
    ),
    why="Grafana can ask every datasource anything, so anyone who can open it can read all metrics, logs and traces.",
    cure="Switch anonymous access off, take the admin password from a Secret, keep it on a ClusterIP",
    where="manifests/operators",
    sources=("OWASP K8s K06",),
)
def grafana_secure(thing: Object, _: Facts) -> Iterator[Violation]:
    yield from _PLACES.get(thing.sort, _of_workload)(thing)


def _of_chart(thing: Object) -> Iterator[Violation]:
    chart = chart_name(thing)
    stacked = chart == "kube-prometheus-stack"
    values = thing.root.at("values", "grafana") if stacked else thing.root["values"]
    if chart not in ("grafana", "kube-prometheus-stack") or values["enabled"].flag is False:
        return
    yield from _of_settings(values["grafana.ini"])
    password = values["adminPassword"]
    kept = values.at("admin", "existingSecret").word
    if password.is_set:
        yield Violation(password, "is written out")
    elif stacked and not kept:
        yield Violation(
            values.at("admin", "existingSecret"), "is not set, and the chart's own password is known to all"
        )
    kind, ingress = values.at("service", "type"), values.at("ingress", "enabled")
    if kind.word in ("LoadBalancer", "NodePort"):
        yield Violation(kind, f"is {kind.word}")
    if ingress.flag:
        yield Violation(ingress, "is true")
    for route in (way for ways in ("route", "httpRoute") for _, way in values[ways].entries() if _is_route(way)):
        yield Violation(route["enabled"], "is true")
    for place in ("env", "envRenderSecret"):
        for name, variable in values[place].entries():
            yield from _of_variable(name, variable)


def _is_route(way: View) -> bool:
    return isinstance(way.value, dict) and bool(way["enabled"].flag)


def _of_settings(settings: View) -> Iterator[Violation]:
    anonymous = settings["auth.anonymous"]["enabled"]
    if _is_true(anonymous):
        yield Violation(anonymous, "is true")
    password = settings["security"]["admin_password"]
    if password.is_set and not (password.is_known and str(password.value).startswith("$")):
        yield Violation(password, "is written out")


def _is_true(view: View) -> bool:
    """As Grafana reads it: text, or a number of YAML's that becomes text."""
    if isinstance(view.value, bool):
        return view.value
    return (view.quantity or "").lower() in ("1", "t", "true", "y", "yes", "on")


def _of_object(thing: Object) -> Iterator[Violation]:
    yield from _of_settings(thing.spec["config"])
    kind = thing.spec.at("service", "spec", "type")
    if kind.word in ("LoadBalancer", "NodePort"):
        yield Violation(kind, f"is {kind.word}")
    for way in ("ingress", "route", "httpRoute"):
        if thing.spec[way].is_set:
            yield Violation(thing.spec[way], "is set")
    yield from _of_pods(thing)


def _of_workload(thing: Object) -> Iterator[Violation]:
    if thing.namespace == names.OBSERVABILITY or "grafana" in thing.name:
        yield from _of_pods(thing)


def _of_pods(thing: Object) -> Iterator[Violation]:
    for pod in pods(thing):
        for container in pod.containers:
            for variable in container.view["env"]:
                yield from _of_variable(variable["name"].word, variable["value"])


def _of_variable(name: str, value: View) -> Iterator[Violation]:
    if name == "GF_AUTH_ANONYMOUS_ENABLED" and _is_true(value):
        yield Violation(value, "is true")
    if name == "GF_SECURITY_ADMIN_PASSWORD" and value.is_set:
        yield Violation(value, "is written out")


INI: Final = "grafana.ini"


def _of_file(thing: Object) -> Iterator[Violation]:
    """Grafana's own file, as it is written without the chart. What cannot be read Grafana cannot either."""
    text = thing.root["data"][INI]
    read = ConfigParser(strict=False, interpolation=None, allow_no_value=True, default_section="")
    try:
        read.read_string("\n".join(("[paths]", *(line.strip() for line in text.word.splitlines()))))
    except ConfigParserError:
        return
    if _is_true(View(read.get("auth.anonymous", "enabled", fallback=None))):
        yield Violation(text, "admits users without a login: enabled of auth.anonymous is true")
    if not (read.get("security", "admin_password", fallback=None) or "$").startswith("$"):
        yield Violation(text, "has the admin's password written out")


_PLACES: Final[Mapping[str, Callable[[Object], Iterator[Violation]]]] = {
    **dict.fromkeys(CHARTS, _of_chart),
    "Grafana.grafana.integreatly.org": _of_object,
    "ConfigMap": _of_file,
}
