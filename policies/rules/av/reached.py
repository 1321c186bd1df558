"""Whether requests arrive: what an owner hardly notices until the first one does not."""

import re
from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import LOW, MEDIUM, Violation, sorts
from policies.objects import Object
from policies.rules.av.group import AV, REPLICATED


@AV.resource(
    "av-listens",
    "A/A/A",
    LOW,
    sorts(*REPLICATED),
    why="A service without a port is reached by nobody, and nothing can ask whether it is ready.",
    cure="Name the port in spec.service.ports, or write type: worker where it only calls",
    where="services/{service}.yaml: spec.service",
    sources=("project promise: a `service` answers requests",),
)
def listens(workload: Object, facts: Facts) -> Iterator[Violation]:
    service = facts.service.get(workload.namespace)
    if service and workload.name == service.name and service.spec.type == "service" and service.spec.service is None:
        yield Violation("", "is of a service that listens on no port")


KEPT_HOST: Final = (
    re.compile(r"^\s*proxy_set_header\s+Host\s+[\"']?\$\{?(?:host|http_host)\}?\b", re.IGNORECASE | re.MULTILINE),
    re.compile(r"^\s*ProxyPreserveHost\s+On\b", re.IGNORECASE | re.MULTILINE),
)
"""How nginx and Apache are told to pass on the Host header they were asked with."""


@AV.resource(
    "av-proxied-host",
    "A/A/A",
    MEDIUM,
    sorts("ConfigMap"),
    why="The mesh routes a request by its Host header: with the visitor's it is sent back to the gateway, or nowhere.",
    cure="Drop the line, so that the proxy names the service it calls; X-Forwarded-Host carries the visitor's",
    where="services/{service}.yaml: spec.containers.<name>.files",
    sources=("Istio: traffic routing, Host header of outbound HTTP",),
)
def proxied_host(config: Object, facts: Facts) -> Iterator[Violation]:
    """Advice: a proxy in front of a container of its own pod may keep the header."""
    if facts.mesh == "none" or config.namespace not in facts.service:
        return
    for _, text in config.root["data"].entries():
        if text.is_known and any(kept.search(text.word) for kept in KEPT_HOST):
            yield Violation(text, "passes on the Host header of the visitor's request")
