"""The mesh's own configuration, wherever it is written: chart values, an IstioOperator, the `istio` ConfigMap."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Violation, sorts
from policies.core.world import World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object, yaml_text
from policies.objects.values import View
from policies.rules.mesh.group import MESH

OPERATOR: Final = "IstioOperator.install.istio.io"
CONFIG_MAP: Final = "ConfigMap"

_ISTIOD: Final = re.compile(r"(istiod|istio-discovery)(-v?[0-9].*)?")
"""Its chart, with a version where that is part of a folder's name."""

DEFAULTS: Final = "_internal_defaults_do_not_set"
"""Where istiod's chart keeps its own values; what is set there holds like anything else."""
CAUGHT: Final[Mapping[str, tuple[str, ...]]] = {
    "autoInject": ("enabled",),
    "excludeIPRanges": ("",),
    "excludeInboundPorts": ("",),
    "excludeOutboundPorts": ("",),
    "includeIPRanges": ("*",),
    "includeInboundPorts": ("*",),
}
"""Fields of the chart's `global.proxy` to the values that let nothing past a proxy."""
INTERCEPTS: Final = ("REDIRECT", "TPROXY")
NORMALIZATIONS: Final = ("MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES")
VERSIONS: Final = ("TLS_AUTO", "TLSV1_2", "TLSV1_3")
"""TLS_AUTO, the default, is 1.2 at least (istio/api: mesh/v1alpha1/config.proto)."""


@MESH.resource(
    "mesh-config",
    "M/M/M",
    CRITICAL,
    sorts(*CHARTS, OPERATOR, CONFIG_MAP),
    why="One line here weakens every proxy at once: plaintext, any destination, or paths that slip past the rules.",
    cure="Set REGISTRY_ONLY, DECODE_AND_MERGE_SLASHES, TLSV1_2 or above and cni.enabled; leave what is caught as it is",
    where="manifests/operators/istio.py",
    sources=("Istio: Path normalization", "Istio: Lock down open ports", "Istio: Egress"),
)
def config(thing: Object, facts: Facts) -> Iterator[Violation]:
    yield from _READERS[thing.sort](thing, facts)


def _chart(thing: Object, facts: Facts) -> Iterator[Violation]:
    if _is_istiod(thing):
        values = thing.root["values"]
        if not thing.root["valueYamlFiles"].is_empty:
            yield Violation(thing.root["valueYamlFiles"], "holds values that no rule reads")
        if not values[DEFAULTS].is_empty:
            yield Violation(values[DEFAULTS], "holds values that no rule reads")
        yield from _mesh(values["meshConfig"])
        yield from _caught(values)
        yield from _debugging((values["env"], values.at("pilot", "env")), facts)
        if not any(cni["enabled"].flag for cni in (values["cni"], values.at("pilot", "cni"), values["istio_cni"])):
            yield Violation(
                values.at("cni", "enabled"), "is not true, so every pod starts with rights over its network"
            )


def _is_istiod(thing: Object) -> bool:
    return _ISTIOD.fullmatch(chart_name(thing)) is not None


def _operator(thing: Object, facts: Facts) -> Iterator[Violation]:
    spec, values = thing.spec, thing.spec["values"]
    # Istio merges the two; what only one of them says holds.
    both = [place for place in (spec["meshConfig"], values["meshConfig"]) if place.is_set]
    yield from _mesh(*(both or (spec["meshConfig"],)))
    yield from _caught(values)
    yield from _debugging((values.at("pilot", "env"), spec.at("components", "pilot", "k8s", "env")), facts)
    cni = spec.at("components", "cni", "enabled")
    if not cni.flag and not values.at("pilot", "cni", "enabled").flag:
        yield Violation(cni, "is not true, so every pod starts with rights over its network")


def _config_map(thing: Object, _: Facts) -> Iterator[Violation]:
    mesh = thing.root.at("data", "mesh")
    named = thing.name == "istio" or thing.name.startswith("istio-")
    if thing.namespace == names.ISTIO and named and mesh.is_set:
        yield from _mesh(yaml_text.within(mesh))


_READERS: Final[Mapping[str, Callable[[Object, Facts], Iterator[Violation]]]] = {
    **dict.fromkeys(CHARTS, _chart),
    OPERATOR: _operator,
    CONFIG_MAP: _config_map,
}


def _said(place: View, *keys: str) -> tuple[View, ...]:
    """The places `keys` below where something is written. Istio reads `meshMTLS` and `mesh_mtls` alike."""
    places = [place]
    for key in keys:
        other = re.sub(r"(?<=[a-z])(MTLS|[A-Z])", lambda found: f"_{found.group().lower()}", key)
        places = [found[spelling] for found in places for spelling in (key, other) if found[spelling].is_set]
    return tuple(places)


def _mesh(*places: View) -> Iterator[Violation]:
    """What a MeshConfig, written in one or several places, says and does not say."""
    for place in places:
        for automatic in _said(place, "enableAutoMtls"):
            if automatic.flag is False:
                yield Violation(
                    automatic, "is false, so clients send plaintext wherever no DestinationRule says otherwise"
                )
        for version in _said(place, "meshMTLS", "minProtocolVersion"):
            if version.word not in VERSIONS:
                yield Violation(version, f"is {version.word or 'empty'}")
        for root in _said(place, "rootNamespace"):
            if root.word != names.ISTIO:
                yield Violation(root, f"is {root.word}, so the rules in {names.ISTIO} hold for no other namespace")
        for caught in _said(place, "defaultConfig", "interceptionMode"):
            if caught.word not in INTERCEPTS:
                yield Violation(caught, f"is {caught.word or 'empty'}, so traffic goes past the proxies of all pods")
    yield from _must(places, ("outboundTrafficPolicy", "mode"), ("REGISTRY_ONLY",), "ALLOW_ANY")
    yield from _must(places, ("pathNormalization", "normalization"), NORMALIZATIONS, "BASE")


def _caught(values: View) -> Iterator[Violation]:
    """Which pods get a proxy, and which of their traffic goes through it, where a pod says nothing itself."""
    for field, harmless in CAUGHT.items():
        value = values.at("global", "proxy", field)
        if value.is_set and value.word not in harmless:
            yield Violation(value, f"is {value.word or 'empty'}, so traffic goes past the proxies of all pods")
    never = values.at("sidecarInjectorWebhook", "neverInjectSelector")
    if not never.is_empty:
        yield Violation(never, "leaves pods without a proxy by their labels")


def _must(
    places: tuple[View, ...], keys: tuple[str, ...], allowed: tuple[str, ...], default: str
) -> Iterator[Violation]:
    said = [value for place in places for value in _said(place, *keys)]
    for value in said:
        if value.word not in allowed:
            yield Violation(value, f"is {value.word or 'empty'}")
    if not said:
        yield Violation(places[0].at(*keys), f"is not set, and that is {default}")


def _debugging(environments: tuple[View, ...], facts: Facts) -> Iterator[Violation]:
    if facts.environment != "prod":
        return
    said = [value for place in environments for value in _variable(place, "ENABLE_DEBUG_ON_HTTP")]
    for value in said:
        if _lower(value) != "false":
            yield Violation(value, "is not false: anyone who reaches port 8080 reads the mesh's configuration")
    if not said:
        first = environments[0]
        place = first if isinstance(first.value, list) else first["ENABLE_DEBUG_ON_HTTP"]
        yield Violation(
            place, "is not set, and that is true: anyone who reaches port 8080 reads the mesh's configuration"
        )


def _variable(place: View, name: str) -> Iterator[View]:
    """The values of the variable `name`, in a mapping or in a container's list."""
    if isinstance(place.value, list):
        yield from (item["value"] for item in place if item["name"].text == name)
    elif place[name].is_set:
        yield place[name]


def _lower(view: View) -> str:
    return str(view.flag).lower() if isinstance(view.value, bool) else view.word.lower()


def revisions(world: World) -> frozenset[str]:
    """The revisions of the control planes among the objects; none where no chart is among them."""
    found: set[str] = set()
    for thing in world.of(*CHARTS):
        if _is_istiod(thing):
            values = thing.root["values"]
            found |= {values["revision"].word or "default", *values["revisionTags"].words}
    return frozenset(found)


EXTENSIONS: Final = (
    "EnvoyFilter.networking.istio.io",
    "ProxyConfig.networking.istio.io",
    "TrafficExtension.extensions.istio.io",
    "WasmPlugin.extensions.istio.io",
)


@MESH.resource(
    "mesh-envoyfilter",
    "M/M/M",
    HIGH,
    sorts(*EXTENSIONS),
    why="These rewrite proxies past every check of Istio's: one of them can take mTLS or authorization away.",
    cure="Remove it, or have the platform's team own it under mesh.extensions",
    where="policies/config/<environment>.json: mesh.extensions",
    sources=("Istio: EnvoyFilter",),
)
def envoy_filter(thing: Object, facts: Facts) -> Iterator[Violation]:
    if f"{thing.kind} {thing.namespace}/{thing.name}" not in facts.limits.mesh.extensions:
        yield Violation(thing.root.at("metadata", "name"), "is none of the platform's own")
