"""The laboratory before anything starts: who takes part, what is expected of them, and what is said of a difference.

What is expected is compared with a third model, which knows the catalogue's text alone (`tests.support.reachability`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from operations import proving
from operations.exits import RefusedError
from operations.laboratory import machine
from operations.laboratory.assembling import UNDECLARED, assemble
from operations.laboratory.expected import Expectation, Wanted
from operations.laboratory.hosts import Host, Port
from operations.laboratory.letting import Letting
from operations.laboratory.network import Difference, Proof, causes_first
from operations.laboratory.observed import Observed, of
from operations.laboratory.picture import svg
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.laboratory import pods_of
from tests.support.reachability import edges
from tests.support.stack_text import specs_of, stack_of
from tests.support.stacks import ROOT, SERVICES, TODAY, blueprint_of, objects, settings, shop


@cache
def facts() -> Facts:
    return Facts.of_stack(settings("dev"), shop(), limits=limits_of("dev"), today=TODAY)


@cache
def observed() -> Observed:
    made = list(objects(blueprint_of("dev")).values())
    return of([*made, *pods_of(made)])


@cache
def hosts() -> tuple[Host, ...]:
    return assemble(observed(), facts(), ())


def host(name: str) -> Host:
    (found,) = [each for each in hosts() if each.name == name]
    return found


def test_every_namespace_of_ours_has_a_stray_and_every_address_is_one_hosts() -> None:
    services = set(facts().service)
    stores = {name for name in (f"{service}-data" for service in services) if name in _namespaces()}
    strays = {each.namespace for each in hosts() if each.name.endswith("/a-stray")}
    assert strays == services | stores | {"messaging", "observability"}, "a namespace's default deny is asked by nobody"
    addresses = [each.address for each in hosts()]
    assert len(addresses) == len(set(addresses)), "two hosts have one address"


def test_a_pod_that_runs_takes_the_place_of_its_stand_in() -> None:
    redis = [each for each in hosts() if each.group == "kong/kong-redis"]
    assert [each.stands_in for each in redis] == [False], "kong-redis runs, and something stands in for it too"
    assert host("kube-system/kube-dns").stands_in, "nothing stands in for the resolver, which does not run here"


def test_only_the_chosen_services_and_what_is_theirs_take_part() -> None:
    chosen = assemble(observed(), facts(), ["order-service"])
    ours = {each.namespace for each in chosen} & {*facts().service, *(f"{name}-data" for name in facts().service)}
    assert ours == {"order-service", "order-service-data"}, "another service takes part"


def pod(name: str, **status: Any) -> dict[str, Any]:
    """In a namespace that is nobody's."""
    containers = [{"name": "main", "ports": [{"name": "web", "containerPort": 8080}]}]
    sidecar = {"name": "side", "restartPolicy": "Always", "ports": [{"containerPort": 9100}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": containers, "initContainers": [sidecar]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.244.9.9"}], **status},
    }


def test_a_pod_that_is_called_like_a_stranger_takes_part_beside_it() -> None:
    made = list(objects(blueprint_of("dev")).values())
    found = [each.name for each in assemble(of([*made, pod("a-stranger")]), facts(), ())]
    assert {"default/a-stranger", "default/a-stranger-2"} <= set(found), "one of the two is left out"


def test_ports_of_sidecars_are_tried_and_named_as_those_of_containers() -> None:
    (seen,) = of([pod("two")]).pods
    assert seen.ports == (Port("TCP", 8080), Port("TCP", 9100)), "a container's port is not tried"
    assert seen.named_ports == {"web": Port("TCP", 8080)}


def test_pods_that_cannot_be_tried_are_named_with_the_reason_and_those_that_are_done_are_not() -> None:
    waiting, done = pod("waits", phase="Pending", podIPs=[]), pod("done", phase="Succeeded")
    at_the_node, new = pod("at-the-node"), pod("new", podIPs=[{"ip": "fd00::1"}])
    at_the_node["spec"]["hostNetwork"] = True
    seen = of([waiting, done, at_the_node, new])
    assert not seen.pods, "one of them takes part"
    assert seen.beyond == {
        "no IPv4 address": ["default/new"],
        "not running yet": ["default/waits"],
        "on its node's network, where NetworkPolicies do not hold": ["default/at-the-node"],
    }


def test_pods_of_a_copy_of_the_services_are_named_and_not_taken_for_open_ones() -> None:
    metadata = {"name": "acme--order-service", "labels": {"app.kubernetes.io/managed-by": "platform"}}
    copied = pod("order-service-0")
    copied["metadata"]["namespace"] = metadata["name"]
    seen = of([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, copied])
    assert not seen.pods, "it would be expected to be open"
    assert seen.beyond == {"another stack's copy of the services": ["acme--order-service/order-service-0"]}


def test_a_service_of_which_no_pod_runs_is_named() -> None:
    made = list(objects(blueprint_of("dev")).values())
    running = [each for each in pods_of(made) if each["metadata"]["namespace"] != "order-service"]
    proof = _proof(assemble(of([*made, *running]), facts(), ()))
    assert "no pod runs of order-service; each was tried by a stand-in" in proof.lines(), "a stand-in passes for it"


def _proof(hosts: tuple[Host, ...], **found: Any) -> Proof:
    """Of six attempts that were all refused, unless `found` says otherwise."""
    seen: dict[str, Any] = {
        "passed": [],
        "differences": [],
        "attempts": 6,
        "policies": 2,
        "rules": 1,
        "left_open": frozenset(),
    }
    return Proof(hosts=hosts, **{**seen, **found}, seconds=1.0, memory_bytes=1, by="kube-router")


def test_every_port_is_tried_with_both_protocols_and_one_that_nobody_declares() -> None:
    served = host("order-service/order-service-0").served
    assert UNDECLARED in served, "a rule without ports would not be noticed"
    assert {Port("TCP", 8003), Port("UDP", 8003), Port("TCP", 50051), Port("TCP", 15020)} <= set(served), (
        f"a declared port, or one of the proxy's, is not tried: {served}"
    )


def test_the_expectation_is_that_of_a_model_of_the_catalogues_text_alone() -> None:
    expectation = Expectation(hosts(), facts())
    ours: dict[Wanted, set[tuple[str, str, str]]] = {wanted: set() for wanted in Wanted}
    for source, target in _judged():
        for port in target.served:
            ours[expectation.of(source, target, port)].add((source.group, target.group, str(port)))
    groups = {each.group for each in hosts()}
    stack = stack_of(ROOT / "Pulumi.dev.yaml")
    theirs = {
        (_group(edge.source), _group(edge.target), f"{transport.upper()} {port}")
        for edge in edges(specs_of(SERVICES, "dev"), stack)
        for transport in edge.transports
        for port in edge.ports
        if {_group(edge.source), _group(edge.target)} <= groups
        and edge.source != edge.target  # what pods of one store say to each other: there is one of each here
    }
    passes, either = ours[Wanted.PASSES], ours[Wanted.EITHER]
    assert passes <= theirs, f"only ours: {sorted(passes - theirs)}"
    assert theirs - either == passes, f"only the text's: {sorted(theirs - either - passes)}"
    assert len(either) < len(passes) / 2, "too much is left open to compare"


def _judged() -> Iterator[tuple[Host, Host]]:
    """Every pair of which the platform closes an end."""
    for source in hosts():
        for target in hosts():
            if source is not target and (source.closed or target.closed):
                yield source, target


def _group(end: str) -> str:
    """The other model's name of an end, in ours."""
    namespace, _, name = end.partition("/")
    return namespace if namespace == name else end


def _namespaces() -> set[str]:
    return {each["metadata"]["name"] for each in observed().namespaces}


def test_nothing_is_expected_of_two_ends_that_others_may_close() -> None:
    expectation = Expectation(hosts(), facts())
    stranger, controller, order = host("default/a-stranger"), host("kong/controller"), host("order-service/a-stray")
    assert expectation.of(stranger, controller, UNDECLARED) is Wanted.EITHER, "another's policy would be a difference"
    assert expectation.of(stranger, order, UNDECLARED) is Wanted.REFUSED, "what this program closes is left open"


def test_what_passes_is_said_with_the_policy_and_what_does_not_with_the_end_that_lacks_one() -> None:
    letting = Letting(hosts(), observed().namespaces, observed().policies)
    order, payment = host("order-service/order-service-0"), host("payment-service/payment-service-0")
    through = letting.through(order, payment, Port("TCP", 50051))
    assert through == (
        f"out of {order.name}: NetworkPolicy order-service/to.payment-service.payments-v1",
        f"in to {payment.name}: NetworkPolicy payment-service/from.order-service.payments-v1",
    )
    assert letting.missing(payment, order, Port("TCP", 8003)) == (
        f"no NetworkPolicy lets it out of {payment.name}",
        f"no NetworkPolicy lets it in to {order.name}",
    )


def test_of_many_differences_one_of_each_cause_comes_first() -> None:
    order, payment = host("order-service/order-service-0"), host("payment-service/payment-service-0")

    def difference(number: int, *because: str) -> Difference:
        return Difference(source=order, target=payment, port=Port("TCP", number), passed=True, because=because)

    many = [difference(number, f"out of {number}", "in to payment") for number in range(1, 60)]
    rare, bare = difference(99, "out of 99", "a policy of its own"), difference(98)
    sorted_ = causes_first([*many, bare, rare])
    assert sorted_[:3] == [many[0], rare, bare], "a cause is below sixty lines of another"
    assert sorted(each.port for each in sorted_) == sorted(each.port for each in [*many, bare, rare]), "one is lost"


def test_the_picture_shows_what_connects_what_does_not_and_what_is_wrong() -> None:
    order, payment, internet = (
        host("order-service/order-service-0"),
        host("payment-service/payment-service-0"),
        host("the internet"),
    )
    wrong = Difference(source=internet, target=payment, port=Port("TCP", 50051), passed=True, because=("x",))
    proof = _proof(
        (order, payment, internet),
        passed=[(order, payment, Port("TCP", 50051)), (internet, payment, Port("TCP", 50051))],
        differences=[wrong],
    )
    drawn = svg(proof, "dev")
    assert (
        '<rect class="connects"' in drawn.partition("order-service → payment-service: TCP 50051")[0].rpartition(">")[0]
    )
    assert drawn.count('<rect class="wrong"') == 2, "the cell of a difference, and the legend"
    assert "dev: 6 attempts, 2 connect, 1 attempt not as declared" in drawn, "the title hides the difference"


def test_the_picture_does_not_call_declared_what_nothing_declares() -> None:
    gateway, stranger, internet = host("kong/gateway"), host("default/a-stranger"), host("the internet")
    asked = (stranger, gateway, Port("TCP", 8000))
    proof = _proof(
        (gateway, stranger, internet),
        passed=[asked, (internet, gateway, Port("TCP", 8000))],
        left_open=frozenset({asked}),
    )
    drawn = svg(proof, "dev")
    assert drawn.count('<rect class="connects"') == 2, "the cell that is declared, and the legend"
    cell = drawn.partition("default/a-stranger → kong/gateway: TCP 8000")[0].rpartition("<rect ")[2]
    assert cell.startswith('class="open"'), f"a connection that no edge asks for is shown as declared: {cell}"


def test_a_machine_without_the_programs_is_refused_with_the_packages_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "path", lambda: "/nowhere")
    with pytest.raises(RefusedError, match=r"iproute2, ipset, iptables, util-linux must be installed.*apt-get install"):
        machine.check(as_root=False)


def test_another_system_than_linux_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(RefusedError, match="this is no Linux"):
        machine.check(as_root=False)


def test_a_part_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(RefusedError, match=r"(?s)There is no part netwrok\..* mesh +the mesh: every declared call"):
        proving.check_parts(["netwrok"])
