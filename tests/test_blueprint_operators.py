"""The table of operators: closed, without circles, and every kind of other people's has one owner that is installed."""

from graphlib import TopologicalSorter

import pytest

from blueprint import clusters, network, operators
from blueprint.context import Context
from blueprint.names import CLUSTER_NAMESPACES
from blueprint.operators import OPERATORS
from blueprint.settings import Mesh
from manifests import everything
from manifests.operators import objects
from operations.embedded.kinds import KINDS
from tests.support.installations import EVERY_STACK, context
from tests.support.stacks import STACKS, blueprint_of, settings, shop

CLUSTERS_OWN = frozenset(
    {
        *("", "admissionregistration.k8s.io", "apps", "autoscaling", "batch", "networking.k8s.io", "policy"),
        *("rbac.authorization.k8s.io", "scheduling.k8s.io"),
    }
)
"""API groups every cluster serves by itself."""


def kind_of(api_version: str, kind: str) -> str:
    group = api_version.rpartition("/")[0]
    return f"{kind}.{group}"


def test_every_operator_named_as_a_need_or_a_predecessor_is_in_the_table() -> None:
    named = {other for row in OPERATORS.values() for other in (*row.needs, *row.after)}
    assert named <= OPERATORS.keys(), f"not in the table: {sorted(named - OPERATORS.keys())}"


def test_no_operators_wait_for_each_other() -> None:
    order = TopologicalSorter({name: {*row.needs, *row.after} for name, row in OPERATORS.items()}).static_order()
    assert set(order) == OPERATORS.keys()


def test_a_row_is_called_like_the_release_it_decides_and_lives_in_the_namespace_it_has_made() -> None:
    for name, row in OPERATORS.items():
        decided = row.decide(context("prod"))
        assert (decided.name, type(decided)) == (name, row.decision)
        if row.namespace:
            assert decided.namespace == row.namespace.name, f"{name}: its namespace is another than the one made"
        else:
            assert decided.namespace in CLUSTER_NAMESPACES, f"{name}: no component makes its namespace"


@pytest.mark.parametrize("stack", sorted(EVERY_STACK))
def test_an_operator_comes_after_everything_it_needs_and_never_without_it(stack: str) -> None:
    order = [operator.name for operator in EVERY_STACK[stack].charts]
    platform = stack.rpartition("-")[2]
    for position, name in enumerate(order):
        for need in OPERATORS[name].needs:
            assert need in order[:position] or platform in OPERATORS[need].brought_by, f"{name} before its {need}"
        late = set(OPERATORS[name].after) & set(order[position:])
        assert not late, f"{name} is installed before {sorted(late)}"


def test_an_operator_that_is_not_asked_for_comes_only_with_what_needs_it() -> None:
    plain = {operator.name for operator in EVERY_STACK["prod-plain-None"].charts}
    assert not {"istio-base", "istio-cni", "istiod"} & plain, "nothing of the mesh where there is none"
    assert "cert-manager" in plain, "Kong's certificates need it, whoever else asks"
    assert not OPERATORS["cert-manager"].asked(context("prod")), "or this proves nothing"


def test_no_kind_has_two_owners() -> None:
    owned = [kind for row in OPERATORS.values() for kind in row.owns]
    assert len(owned) == len(set(owned)), (
        f"two charts would fight over {sorted(k for k in owned if owned.count(k) > 1)}"
    )


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("mode", ["sidecar", "none"])
def test_every_kind_a_stack_makes_is_the_clusters_or_comes_with_an_operator_it_installs(stack: str, mode: str) -> None:
    from blueprint import design  # noqa: PLC0415

    text = settings(stack, mesh=Mesh(mode=mode))  # type: ignore[arg-type]  # parametrized
    services = shop().within(text.environment)
    installing = operators.decide(
        Context(
            settings=text.model_copy(update={"operators": "install"}),
            cluster=clusters.decide(text.cluster),
            services={service.name: service for service in services},
            network=network.decide(services, text.brokers),
        )
    )
    owned = {kind for operator in installing.charts for kind in OPERATORS[operator.name].owns}
    made = {
        kind_of(manifest["apiVersion"], manifest["kind"])
        for manifest in (*everything(design(text, shop(), stack)), *objects(installing))
    }
    foreign = {kind for kind in made if kind.partition(".")[2] not in CLUSTERS_OWN}
    assert foreign, "no foreign kind at all: this test would prove nothing"
    assert foreign <= owned, f"the API server of {stack} would not know {sorted(foreign - owned)}"


def test_the_embedded_control_plane_simulates_no_kind_that_no_operator_of_its_group_owns() -> None:
    owned = {kind for row in OPERATORS.values() for kind in row.owns}
    groups = {kind.partition(".")[2] for kind in owned}
    strangers = {f"{each.kind}.{each.group}" for each in KINDS if each.group in groups} - owned
    assert not strangers, f"{sorted(strangers)} work on dev and would be refused in prod"


UNASKED = frozenset({"mariadb-operator"})
"""Operators of stores that no service of the shop has (`tests/test_manifests_mysql.py` asks for one)."""


@pytest.mark.parametrize("stack", STACKS)
def test_the_namespace_of_every_operator_asked_for_is_made_also_where_it_is_present(stack: str) -> None:
    made = {namespace.name for namespace in blueprint_of(stack).platform.foundation.namespaces}
    asked = {row.namespace.name for name, row in OPERATORS.items() if row.namespace and name not in UNASKED}
    assert asked <= made, f"{stack}: no namespace for {sorted(asked - made)}"
