"""The Service answers on `port` and the pods listen on `targetPort`: each object speaks of the one it sees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from blueprint.settings import Mesh
from manifests import everything
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings

PROVIDER: Final = """\
      readinessProbe: {httpGet: {path: /up, port: http}}
  service: {ports: {http: {port: 80, targetPort: 8080}, raw: {port: 91, targetPort: 9100, appProtocol: tcp}}}
  provides:
    - api: things
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
      operations: [{method: GET, path: /things, idempotent: true}]
      route: {paths: [/things], auth: {type: none, reason: a public list}, rateLimit: {minute: 9, policy: local}}
"""
CALLER: Final = """\
      variables: {URL: "${consumes.provider.url}", PORT: "${consumes.provider.port}"}
  consumes: [{api: provider/things}]
"""


def decided(folder: Path, provider: str = PROVIDER, **changes: Any) -> Blueprint:
    (folder / "contracts").mkdir(parents=True)
    (folder / "contracts" / "any.txt").touch()
    return design(settings("staging", **changes), catalogue(folder, provider=provider, caller=CALLER), "staging")


def made(folder: Path, kind: str, **changes: Any) -> list[Any]:
    """The objects of `kind`."""
    return [each for each in everything(decided(folder, **changes)) if each["kind"] == kind]


def numbers(thing: Any) -> Iterator[int]:
    """Every number of a port in `thing`."""
    for key, value in thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ():
        if key in ("port", "number") and isinstance(value, int):
            yield value
        else:
            yield from numbers(value)


def test_a_service_leads_from_its_port_to_that_of_the_pods(tmp_path: Path) -> None:
    (service,) = [each for each in made(tmp_path, "Service") if each["metadata"]["namespace"] == "provider"]
    assert {port["name"]: (port["port"], port["targetPort"]) for port in service["spec"]["ports"]} == {
        "http": (80, 8080),
        "raw": (91, 9100),
    }


def test_the_pods_listen_are_probed_and_are_read_on_their_own_port(tmp_path: Path) -> None:
    (pods,) = [each for each in made(tmp_path, "Deployment") if each["metadata"]["name"] == "provider"]
    template = pods["spec"]["template"]
    (main,) = template["spec"]["containers"]
    assert [port["containerPort"] for port in main["ports"]] == [8080, 9100]
    assert main["readinessProbe"]["httpGet"]["port"] == main["livenessProbe"]["tcpSocket"]["port"] == 8080
    assert template["metadata"]["annotations"]["prometheus.io/port"] == "8080"


@pytest.mark.parametrize("mode", ["sidecar", "none"])
def test_network_policies_open_the_pods_port_at_every_end(mode: Any, tmp_path: Path) -> None:
    """A policy looks at packets whose address a Service has already replaced."""
    policies = made(tmp_path, "NetworkPolicy", mesh=Mesh(mode=mode))
    opened = {each["metadata"]["name"]: set(numbers(each["spec"])) for each in policies}
    assert opened["to.provider.things"] == opened["from.caller.things"] == {8080}
    assert opened["public.things"] == {8080}
    assert not {80, 91} & set().union(*opened.values()) - {80}


def test_the_mesh_admits_callers_at_the_pods_port_and_routes_at_the_services(tmp_path: Path) -> None:
    admitted = [
        operation["operation"]["ports"]
        for each in made(tmp_path / "a", "AuthorizationPolicy")
        if each["metadata"]["namespace"] == "provider"
        for rule in each["spec"]["rules"]
        for operation in rule["to"]
    ]
    assert admitted == [["8080"], ["8080"]]
    routes = made(tmp_path / "b", "VirtualService")
    assert {number for each in routes for number in numbers(each["spec"])} == {80}
    assert "provider-80-weights" in {each["metadata"]["name"] for each in routes}


def test_callers_and_the_gateway_ask_the_port_of_the_service(tmp_path: Path) -> None:
    plan = decided(tmp_path / "a").services["caller"]
    assert plan.workload.containers[0].variables["URL"] == "http://provider.provider.svc.cluster.local:80"
    assert plan.workload.containers[0].variables["PORT"] == "80"
    (route,) = [each for each in made(tmp_path / "b", "HTTPRoute") if each["metadata"]["namespace"] == "provider"]
    assert [end["port"] for rule in route["spec"]["rules"] for end in rule["backendRefs"]] == [80]


@pytest.mark.parametrize("mode", ["sidecar", "none"])
def test_the_policies_find_the_same_ports_by_their_own_way(mode: Any, tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "any.txt").touch()
    asked = settings("staging", mesh=Mesh(mode=mode))
    text = catalogue(tmp_path, provider=PROVIDER, caller=CALLER)
    facts = Facts.of_stack(asked, text, limits=limits_of("staging"), today=TODAY)
    report = Judge(facts, bounded(RULES)).everything(stack_objects(design(asked, text, "staging")))
    about_ports = ("net-", "mesh-", "gw-", "av-probes:", "obs-")
    assert [each.message for each in report.findings if each.rule.id.startswith(about_ports)] == []
