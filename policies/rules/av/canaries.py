"""Canaries: Services and routes that exist, measurements that end, and a rollback that is possible."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.rule import HIGH, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.av.group import AV, ROLLOUT, STATEFUL_SET, shown

ISTIO: Final = "networking.istio.io"
ANALYSIS: Final = "AnalysisTemplate.argoproj.io"
CLUSTER_ANALYSIS: Final = "ClusterAnalysisTemplate.argoproj.io"
WHOLE: Final = 100
"""Per cent of the requests."""
SCALE_DOWN: Final = 30
"""Seconds the old version stays after a promotion (Argo Rollouts' default): a way back, and requests under way."""


@AV.stack(
    "av-canary",
    "–/A/M",
    HIGH,
    sorts(ROLLOUT, ANALYSIS, CLUSTER_ANALYSIS),
    why="A canary that is not measured, or has no route of its own, rolls a broken version out to all users in steps.",
    cure="Name Services and a route that exist, and measure with templates that end and may fail",
    where="services/{service}.yaml: spec.rollout",
    sources=("Argo Rollouts: specification",),
)
def canary(thing: Object, world: World) -> Iterator[Violation]:
    """What an aborted rollout returns to is the stable version by itself; an analysis has to be able to abort it."""
    yield from (_of_rollout if thing.sort == ROLLOUT else _of_template)(thing, world)


def _of_rollout(thing: Object, world: World) -> Iterator[Violation]:
    strategy = thing.spec["strategy"]
    given = [kind for kind in _STRATEGIES if strategy[kind].is_set]
    if len(given) != 1:
        yield Violation(strategy, f"has {'both' if given else 'none'} of {' and '.join(_STRATEGIES)}")
    for kind in given:
        yield from _STRATEGIES[kind](thing, strategy[kind], world)


def _of_canary(thing: Object, canary: View, world: World) -> Iterator[Violation]:
    yield from _services(thing, canary, ("stableService", "canaryService"), world)
    istio = canary.at("trafficRouting", "istio")
    steps = tuple(canary["steps"])
    if not any(0 < (step["setWeight"].number or 0) < WHOLE for step in steps):
        yield Violation(canary["steps"], f"has no weight below {WHOLE}, so all pods are replaced at once")
    begins = canary.at("analysis", "startingStep")
    if (begins.number or 0) >= max(len(steps), 1):
        yield Violation(begins, f"is {shown(begins.number or 0)} of {len(steps)} steps, so nothing is ever measured")
    analyses = [canary["analysis"], *(step["analysis"] for step in steps)]
    named = [(analysis, each) for analysis in analyses for each in analysis["templates"]]
    if not named and world.facts.mesh != "none":  # without proxies requests are not measured
        yield Violation(canary["analysis"], "measures nothing, so nothing ever aborts")
    for analysis, each in named:
        yield from _template(thing, each, world, finite=analysis is not analyses[0])
    for analysis in analyses:
        yield from _rehearsed(analysis)
    if istio.is_set:
        yield from _routing(thing, istio, world)


def _of_blue_green(thing: Object, blue: View, world: World) -> Iterator[Violation]:
    yield from _services(thing, blue, ("activeService", "previewService"), world)
    delay, promotes = blue["scaleDownDelaySeconds"], blue["autoPromotionEnabled"]
    if delay.number is not None and delay.number < SCALE_DOWN:
        yield Violation(delay, f"is {shown(delay.number)}, below {SCALE_DOWN}")
    analyses = [blue["prePromotionAnalysis"], blue["postPromotionAnalysis"]]
    for analysis in analyses:
        for each in analysis["templates"]:
            yield from _template(thing, each, world, finite=True)
        yield from _rehearsed(analysis)
    itself = promotes if promotes.flag is not False else blue["autoPromotionSeconds"]
    if (itself is promotes or itself.is_set) and not any(not analysis["templates"].is_empty for analysis in analyses):
        yield Violation(itself, "lets a version take over that neither a person nor a measurement looked at")


_STRATEGIES: Final[Mapping[str, Callable[[Object, View, World], Iterator[Violation]]]] = {
    "canary": _of_canary,
    "blueGreen": _of_blue_green,
}


def _services(thing: Object, strategy: View, fields: tuple[str, str], world: World) -> Iterator[Violation]:
    for field in fields:
        name = strategy[field]
        if name.word and world.declares(thing.namespace) and not world.named("Service", thing.namespace, name.word):
            yield Violation(name, f"is {name.word}, and there is no such Service")
    first, second = (strategy[field] for field in fields)
    if first.word and first.word == second.word:
        yield Violation(second, f"is {first.word}, as {fields[0]} is")
    if fields[0] == "activeService" and not first.word:
        yield Violation(first, "is not set, so nothing leads to the version that was promoted")


def _rehearsed(analysis: View) -> Iterator[Violation]:
    for each in analysis["dryRun"]:
        yield Violation(each, "lets a measurement fail without anything following from it")


def _template(thing: Object, each: View, world: World, *, finite: bool) -> Iterator[Violation]:
    name = each["templateName"]
    everywhere = each["clusterScope"].flag
    sort, namespace = (CLUSTER_ANALYSIS, "") if everywhere else (ANALYSIS, thing.namespace)
    template = world.named(sort, namespace, name.word)
    if template is None:
        if world.declares(thing.namespace) and not everywhere:
            yield Violation(name, f"is {name.word or 'empty'}, and there is no such AnalysisTemplate")
        return
    for metric in template.spec["metrics"] if finite else ():
        if not metric["count"].is_set and metric["interval"].is_set:
            yield Violation(metric["count"], "is not set, so the step never ends", on=template)


def _of_template(thing: Object, _: World) -> Iterator[Violation]:
    if thing.spec["metrics"].is_empty:
        yield Violation(thing.spec["metrics"], "measures nothing")
    yield from _rehearsed(thing.spec)
    for metric in thing.spec["metrics"]:
        limit, count = metric["failureLimit"], metric["count"].quantity or ""
        if limit.number is None:
            yield Violation(limit, "is not set")
        elif limit.number < 0:
            yield Violation(limit, f"is {shown(limit.number)}, so no failure ever counts")
        elif count.isdecimal() and limit.number >= int(count[:6]):
            yield Violation(limit, f"is {shown(limit.number)}, and of {count[:6]} measurements all may fail")
        if not metric["successCondition"].word and not metric["failureCondition"].word and not _judges(metric):
            yield Violation(metric, "has no condition, so it never fails")


def _judges(metric: View) -> bool:
    """Jobs and Kayenta fail by themselves; everything else needs a condition."""
    return any(metric.at("provider", own).is_set for own in ("job", "kayenta"))


def _routing(thing: Object, istio: View, world: World) -> Iterator[Violation]:
    rule = istio["destinationRule"]
    subsets = {rule["stableSubsetName"].word, rule["canarySubsetName"].word} - {""}
    if rule.is_set:
        found = world.named(f"DestinationRule.{ISTIO}", thing.namespace, rule["name"].word)
        if found is None and world.declares(thing.namespace):
            yield Violation(rule["name"], f"is {rule['name'].word}, and there is no such DestinationRule")
        for subset in sorted(subsets - {each["name"].word for each in found.spec["subsets"]}) if found else ():
            yield Violation(rule, f"names the subset {subset}, which {found.title if found else ''} has not")
    ends = subsets or {thing.spec.at("strategy", "canary", each).word for each in ("stableService", "canaryService")}
    for route in (istio["virtualService"], *istio["virtualServices"]):
        if route.is_set:
            yield from _weights(thing, route, ends, world)


def _weights(thing: Object, route: View, ends: set[str], world: World) -> Iterator[Violation]:
    """The rollout writes the weights of the routes it names; each needs an end for either version."""
    name, _, namespace = route["name"].word.partition(".")
    found = world.named(f"VirtualService.{ISTIO}", namespace or thing.namespace, name)
    if found is None:
        if world.declares(namespace or thing.namespace):
            yield Violation(route["name"], f"is {name or 'empty'}, and there is no such VirtualService")
        return
    yield from _by_header(thing, route, found)
    routes = {each["name"].word: each for protocol in ("http", "tls", "tcp") for each in found.spec[protocol]}
    wanted = route["routes"].words
    if not wanted and len(routes) > 1:
        yield Violation(route["routes"], f"names none of the {len(routes)} routes of {found.title}")
    for each in wanted or tuple(routes):
        if each not in routes:
            yield Violation(route["routes"], f"names {each}, which {found.title} has not")
            continue
        places = {_end(end["destination"]) for end in routes[each]["route"]}
        for lost in sorted(ends - places):
            yield Violation(routes[each], f"never leads to {lost}, so the rollout cannot give it a weight", on=found)


def _by_header(thing: Object, route: View, found: Object) -> Iterator[Violation]:
    """The rollout writes one route by header, without a port in its match, to the port of the first it names."""
    if any(step["setHeaderRoute"].is_set for step in thing.spec.at("strategy", "canary", "steps")):
        ends = [end["destination"] for each in found.spec["http"] for end in each["route"]]
        ports = sorted({end.at("port", "number").number or 0 for end in ends})
        if len(ports) > 1:
            several = " and ".join(shown(port) for port in ports)
            yield Violation(
                route["name"],
                f"is {found.name}, which leads to ports {several}, and the route by header to one of them",
            )


def _end(destination: View) -> str:
    return destination["subset"].word or destination["host"].word.partition(".")[0]


@AV.stack(
    "av-statefulset",
    "A/M/M",
    MEDIUM,
    sorts(STATEFUL_SET),
    why="Without its headless Service the pods of a StatefulSet have no names to find each other by.",
    cure="Name a Service with clusterIP None that selects the pods",
    where="manifests/workloads.py",
    sources=("kube-score statefulset-has-servicename",),
)
def statefulset(thing: Object, world: World) -> Iterator[Violation]:
    name = thing.spec["serviceName"]
    service = world.named("Service", thing.namespace, name.word)
    if not name.word:
        yield Violation(name, "is not set")
    elif service is None:
        if world.declares(thing.namespace):
            yield Violation(name, f"is {name.word}, and there is no such Service")
    else:
        if service.spec["clusterIP"].word != "None":
            yield Violation(name, f"is {name.word}, which is not headless")
        wanted = texts(service.spec["selector"])
        labels = texts(thing.spec.at("template", "metadata", "labels"))
        if not wanted or not wanted.items() <= labels.items():
            yield Violation(name, f"is {name.word}, which selects other pods")
