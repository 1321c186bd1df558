"""What a container is asked: slow starters live, and each question can be switched off by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprint import design, sizes
from blueprint.workloads import Probes
from manifests import everything
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings, workload

LISTENS = "  service: {ports: {http: {port: 8080}}}\n"
UNMESHED: Mapping[str, Any] = {
    "mesh": {"mode": "none"},
    "cluster": {
        "kind": "existing",
        "name": "lent",
        "node_cidrs": ("10.1.0.0/16",),
        "api_server_cidrs": ("10.2.0.0/28",),
    },
}


def asked(folder: Path, probes: str, stack: str = "dev", service: str = LISTENS) -> Probes:
    """The probes of a service that writes `probes`: lines at the level of the container's fields."""
    read = catalogue(folder, one=f"{probes}{service}")
    return design(settings(stack), read).services["one"].workload.containers[0].probes


def waits(probes: Probes) -> int:
    """Seconds until the kubelet restarts a container that has not begun to listen."""
    assert probes.liveness is not None
    first = probes.startup or probes.liveness
    return first.initial_delay_seconds + first.failure_threshold * first.period_seconds


def test_a_service_that_says_nothing_has_five_minutes_to_start(tmp_path: Path) -> None:
    probes = asked(tmp_path, "")
    assert waits(probes) == sizes.START_SECONDS == 300
    assert probes.startup is not None
    assert probes.startup.port == 8080
    assert probes.startup.period_seconds <= 5, "or every pod, quick ones too, would wait as long to be ready"


@pytest.mark.parametrize("delay", [1, 160, 3600])
@pytest.mark.parametrize("probe", ["readinessProbe", "startupProbe"])
def test_a_restart_comes_later_than_any_delay_the_owner_wrote(tmp_path: Path, delay: int, probe: str) -> None:
    written = f"      {probe}: {{httpGet: {{path: /up, port: 8080}}, initialDelaySeconds: {delay}}}\n"
    probes = asked(tmp_path, written)
    assert waits(probes) > delay
    if probe == "readinessProbe":
        assert waits(probes) >= delay + sizes.START_SECONDS, "a JVM that needs 160 s was killed after 30, for ever"


def test_an_owner_who_writes_liveness_gets_no_other_question_before_it(tmp_path: Path) -> None:
    probes = asked(tmp_path, "      livenessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 20}\n")
    assert probes.startup is None
    assert waits(probes) == 50


@pytest.mark.parametrize("word", ["none", "null"])
def test_each_probe_is_switched_off_by_name(tmp_path: Path, word: str) -> None:
    off = asked(tmp_path / "a", f"      livenessProbe: {word}\n")
    assert (off.liveness, off.startup) == (None, None), "nothing is held back for a question nobody asks"
    assert off.readiness is not None
    off = asked(tmp_path / "b", f"      readinessProbe: {word}\n")
    assert off.readiness is None
    assert off.liveness is not None
    ready = "      readinessProbe: {tcpSocket: {port: 8080}, initialDelaySeconds: 40}\n"
    off = asked(tmp_path / "c", f"      startupProbe: {word}\n{ready}")
    assert off.startup is None
    assert waits(off) > 40, "without a startupProbe liveness itself waits as long"


def test_a_patch_switches_a_probe_off_in_one_environment(tmp_path: Path) -> None:
    patch = "  environments: {staging: {containers: {main: {livenessProbe: none}}}}\n"
    assert asked(tmp_path / "dev", "", "dev", LISTENS + patch).liveness is not None
    assert asked(tmp_path / "staging", "", "staging", LISTENS + patch).liveness is None


def test_the_pod_carries_what_is_asked_and_nothing_that_is_off(tmp_path: Path) -> None:
    read = catalogue(tmp_path, one=f"      readinessProbe: none\n{LISTENS}")
    made = workload(everything(design(settings(), read)))
    main = made["spec"]["template"]["spec"]["containers"][0]
    assert "readinessProbe" not in main
    assert main["startupProbe"]["tcpSocket"] == main["livenessProbe"]["tcpSocket"] == {"port": 8080}
    assert main["startupProbe"]["failureThreshold"] * main["startupProbe"]["periodSeconds"] == 300


def test_nodes_ask_no_port_of_a_service_whose_probes_are_off(tmp_path: Path) -> None:
    off = "      livenessProbe: none\n      readinessProbe: none\n"
    without = settings("staging", **UNMESHED)
    for written, allowed in (("", True), (off, False)):
        read = catalogue(tmp_path / str(allowed), one=f"{written}{LISTENS}")
        rules = design(without, read).services["one"].namespace.rules
        assert any(rule.name.endswith("kubelet") for rule in rules) is allowed, rules


def test_the_policies_take_what_is_switched_off_by_name(tmp_path: Path) -> None:
    read = catalogue(tmp_path, one=f"      livenessProbe: none\n{LISTENS}")
    chosen = settings("prod")
    facts = Facts.of_stack(chosen, read, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, bounded(RULES)).everything(stack_objects(design(chosen, read, "prod")))
    assert "av-probes:" not in "\n".join(each.message for each in report.findings)


HEADED: str = """\
      readinessProbe: {httpGet: {path: /up, port: admin, headers: {host: shop.example.com, X-Probe: ready}}}
    helper:
      image: ghcr.io/acme/helper:1.0.0
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
      livenessProbe: {tcpSocket: {port: admin}}
  service: {ports: {http: {port: 8080}, admin: {port: 8081}}}
"""


def _containers(folder: Path, text: str) -> list[Any]:
    read = catalogue(folder, one=text)
    made = workload(everything(design(settings(), read)))
    containers: list[Any] = made["spec"]["template"]["spec"]["containers"]
    return containers


def test_a_named_port_is_asked_by_its_number_in_any_container(tmp_path: Path) -> None:
    """A name is known to the API server in the container that has the port, and that is main."""
    main, helper = _containers(tmp_path, HEADED)
    assert main["readinessProbe"]["httpGet"]["port"] == helper["livenessProbe"]["tcpSocket"]["port"] == 8081


def test_headers_are_spelled_as_the_kubelet_takes_them_and_host_as_the_proxy_knows_it(tmp_path: Path) -> None:
    main, _ = _containers(tmp_path, HEADED)
    assert main["readinessProbe"]["httpGet"] == {
        "path": "/up",
        "port": 8081,
        "httpHeaders": [{"name": "Host", "value": "shop.example.com"}, {"name": "X-Probe", "value": "ready"}],
    }


def test_a_probe_without_headers_says_nothing_of_them(tmp_path: Path) -> None:
    (main,) = _containers(tmp_path, f"      readinessProbe: {{httpGet: {{path: /up, port: 8080}}}}\n{LISTENS}")
    assert main["readinessProbe"]["httpGet"] == {"path": "/up", "port": 8080}


def test_nodes_reach_the_port_that_a_probe_names(tmp_path: Path) -> None:
    without = settings("staging", **UNMESHED)
    rules = design(without, catalogue(tmp_path, one=HEADED)).services["one"].namespace.rules
    (asked_by_nodes,) = [rule for rule in rules if rule.name.endswith("kubelet")]
    assert [port.number for port in asked_by_nodes.ports] == [8080, 8081]


def test_no_policy_objects_to_a_header_that_says_the_host(tmp_path: Path) -> None:
    read, chosen = catalogue(tmp_path, one=HEADED), settings("prod")
    facts = Facts.of_stack(chosen, read, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, bounded(RULES)).everything(stack_objects(design(chosen, read, "prod")))
    about = [each.message for each in report.findings if "httpGet" in each.message or "wl-probe-host" in each.message]
    assert about == []
