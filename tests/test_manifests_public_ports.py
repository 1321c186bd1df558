"""A port of bytes that the public reaches: what a service's `public` and a stack's `gateway.streams` become."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from blueprint import design
from blueprint.fitting import check
from blueprint.reading import TextError, read_settings
from blueprint.settings import Gateway, Mesh, Settings
from manifests import Manifest
from manifests.operators import values
from manifests.treatments import treatment
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.analyser import LAYERS, TOGETHER
from tests.support.reachability import compared, proven
from tests.support.stack_text import specs_of, stack_of
from tests.support.stacks import TODAY, catalogue, objects, settings

BROKER: Final = """\
  service:
    ports:
      http: {{port: 8080}}
      mqtt:
        port: 1885
        targetPort: 1883
        appProtocol: tcp
        public: {{{host}port: 8883, reason: Devices sign in with passwords}}
"""
NAMED: Final = BROKER.format(host="host: mqtt.example.com, ")
DEFAULT: Final = BROKER.format(host="")
EDGE: Final = Gateway(hosts=("api.example.com", "mqtt.example.com"), streams=(8883,))
TCP_INGRESS: Final = ("configuration.konghq.com/v1beta1", "TCPIngress", "broker", "broker-mqtt")
MESHES: Final = {"with a mesh": Mesh(mode="sidecar"), "without a mesh": Mesh(mode="none")}


def stack(name: str = "prod", **changes: Any) -> Settings:
    return settings(name, **{"gateway": EDGE, **changes})


def made(folder: Path, text: str = NAMED, **changes: Any) -> dict[tuple[str, str, str, str], Manifest]:
    return objects(design(stack(**changes), catalogue(folder / "services", broker=text, other="")))


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
def test_a_public_port_is_a_route_for_its_host_on_the_streams_port(tmp_path: Path, mesh: Mesh) -> None:
    route = made(tmp_path, mesh=mesh)[TCP_INGRESS]
    assert route["spec"] == {
        "rules": [{"host": "mqtt.example.com", "port": 8883, "backend": {"serviceName": "broker", "servicePort": 1885}}]
    }
    assert route["metadata"]["annotations"] == {
        "catalog.platform/why": "Devices sign in with passwords",
        "kubernetes.io/ingress.class": "kong",
    }
    treatment(route)


def test_a_public_port_without_a_host_is_for_the_default_host(tmp_path: Path) -> None:
    (rule,) = made(tmp_path, DEFAULT)[TCP_INGRESS]["spec"]["rules"]
    assert rule["host"] == "api.example.com"


def test_the_key_of_a_public_host_stays_with_the_gateway(tmp_path: Path) -> None:
    found = made(tmp_path)
    holders = {
        made["metadata"]["namespace"]
        for made in found.values()
        if made["kind"] == "Certificate" and "mqtt.example.com" in made["spec"].get("dnsNames", ())
    }
    assert holders == {"kong"}
    edge = found["gateway.networking.k8s.io/v1", "Gateway", "kong", "edge"]
    ended = {each["hostname"]: each["tls"]["mode"] for each in edge["spec"]["listeners"] if "hostname" in each}
    assert ended["mqtt.example.com"] == "Terminate", "Kong shows on every port what a listener has for the host"


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
def test_a_public_port_is_opened_at_both_ends_and_to_the_gateway_alone(tmp_path: Path, mesh: Mesh) -> None:
    found = made(tmp_path, mesh=mesh)
    ends = {
        (namespace, name): made["spec"]
        for (_, kind, namespace, name), made in found.items()
        if kind == "NetworkPolicy" and name in ("to.broker.port.mqtt", "public.port.mqtt")
    }
    assert set(ends) == {("kong", "to.broker.port.mqtt"), ("broker", "public.port.mqtt")}
    assert ends["broker", "public.port.mqtt"]["ingress"][0]["ports"] == [{"port": 1883, "protocol": "TCP"}]
    world = found["networking.k8s.io/v1", "NetworkPolicy", "kong", "gateway.public"]["spec"]["ingress"][0]["ports"]
    assert [each["port"] for each in world] == [8000, 8443, 8883]
    admitted = ("security.istio.io/v1", "AuthorizationPolicy", "broker", "public.port.mqtt")
    assert (admitted in found) is (mesh.mode == "sidecar")
    if admitted in found:
        assert found[admitted]["spec"]["rules"] == [
            {
                "from": [{"source": {"principals": ["cluster.local/ns/kong/sa/kong-gateway"]}}],
                "to": [{"operation": {"ports": ["1883"]}}],
            }
        ]


def test_kong_goes_through_the_mesh_and_bears_silence_on_a_public_port(tmp_path: Path) -> None:
    notes = made(tmp_path)["v1", "Service", "broker", "broker"]["metadata"]["annotations"]
    assert notes["ingress.kubernetes.io/service-upstream"] == "true", "to the pods' addresses, STRICT would refuse it"
    assert notes["konghq.com/read-timeout"] == notes["konghq.com/write-timeout"] == "3600000", (
        "a device that says nothing for a minute would be cut off"
    )


def test_kong_ends_tls_on_its_streams_and_opens_none_that_nobody_asked_for(tmp_path: Path) -> None:
    def opened(gateway: Gateway) -> list[Any]:
        plan = design(stack(operators="install", gateway=gateway), catalogue(tmp_path, one="")).platform.operators
        return [values(of)["gateway"]["proxy"].get("stream") for of in plan.charts if of.name == "kong"]

    assert opened(EDGE) == [[{"containerPort": 8883, "parameters": ["ssl"], "protocol": "TCP", "servicePort": 8883}]]
    assert opened(Gateway()) == [None]


def test_a_public_port_that_a_stack_does_not_open_is_refused(tmp_path: Path) -> None:
    edges = {"eu": Gateway(hosts=EDGE.hosts), "us": Gateway(hosts=EDGE.hosts, streams=(9000,))}
    with pytest.raises(TextError) as caught:
        check({name: stack(gateway=edge) for name, edge in edges.items()}, catalogue(tmp_path, broker=NAMED))
    (line,) = str(caught.value).splitlines()
    assert "broker.yaml:19: spec.service.ports.mqtt.public.port: in the stacks eu and us, the gateway opens no" in line
    assert line.endswith("us: Add 8883 to gateway.streams, or take one that it opens: 9000.")


def test_a_public_host_without_a_certificate_is_refused(tmp_path: Path) -> None:
    alone = stack(gateway=Gateway(hosts=("api.example.com",), streams=(8883,)))
    with pytest.raises(TextError, match=r"public\.host: in the stack prod, the gateway has no certificate for 'mqtt\."):
        check({"prod": alone}, catalogue(tmp_path, broker=NAMED))


def test_one_port_of_the_default_host_by_name_and_without_is_refused(tmp_path: Path) -> None:
    named = BROKER.format(host="host: api.example.com, ")
    with pytest.raises(TextError, match=r"other\.yaml:19: .*port 8883 is already broker's"):
        check({"prod": stack()}, catalogue(tmp_path, broker=DEFAULT, other=named))
    check({"prod": stack()}, catalogue(tmp_path / "apart", broker=DEFAULT, other=NAMED))


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_policies_find_nothing_about_a_public_port(tmp_path: Path, name: str, mesh: Mesh) -> None:
    found = []
    for port, edge in ((NAMED, EDGE), ("  service: {ports: {http: {port: 8080}}}\n", Gateway(hosts=EDGE.hosts))):
        text, read = stack(name, mesh=mesh, gateway=edge), catalogue(tmp_path, broker=port)
        facts = Facts.of_stack(text, read, limits=limits_of(text.environment), today=TODAY)
        report = Judge(facts, RULES).everything(stack_objects(design(text, read)))
        found.append({finding.rule.id for finding in report.findings})
    assert found[0] <= found[1], "a rule speaks of what it does not speak of without the port"


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
def test_the_gateway_reaches_a_public_port_and_nobody_else_does(tmp_path: Path, mesh: Mesh) -> None:
    """As the independent analyser sees it; that each of the rules is needed is seen too."""
    file = tmp_path / "Pulumi.prod.yaml"
    text = {
        "environment": "prod",
        "cluster": {"kind": "existing", "name": "prod"},
        "domain": "example.com",
        "operators": "present",
        "gateway": {"hosts": list(EDGE.hosts), "streams": [8883]},
        "mesh": {"mode": mesh.mode},
    }
    file.write_text(yaml.safe_dump({"config": {"platform:settings": text}}))
    read = catalogue(tmp_path / "services", broker=NAMED, other="")
    rendered = list(objects(design(read_settings(file), read)).values())
    reported = specs_of(tmp_path / "services", "prod"), stack_of(file, meshed=mesh.mode == "sidecar")
    proven(rendered, *reported, (TOGETHER, *LAYERS))
    for name in ("to.broker.port.mqtt", "public.port.mqtt", "gateway.public"):
        fewer = [each for each in rendered if each["metadata"]["name"] != name]
        differences, _ = compared(fewer, *reported, (TOGETHER,))
        assert any(differences.values()), f"without {name} nothing changes"
