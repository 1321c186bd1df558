"""What one service's plan may know of the rest: stores wherever they are, brokers, and stacks that share a cluster."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import clusters, design, names, stores
from blueprint.clusters import Cluster
from blueprint.connection import Connection as StoreConnection
from blueprint.connection import Known, Unmade
from blueprint.network_rules import Addresses, Peer
from blueprint.reading import TextError, settings_of
from blueprint.reading.stacks import Kubeconfig
from blueprint.settings import Settings
from blueprint.text import Text
from components.cluster import CONNECTIONS, Connection, connect
from manifests import backing, everything
from operations import stacks
from operations.console import Console
from operations.keeping import Stores
from operations.made import NOTHING, Gone, Made
from operations.project import Project
from operations.reaching import REACHED, reach
from policies.adapters.preflight import preflight
from tests.support.stacks import STACKS, TODAY, catalogue, key, objects, settings, shop

OWNS: Final = """\
  resources:
    records: {type: postgres}
"""


@dataclass(frozen=True, kw_only=True)
class InSubnet:
    """A throw-away placement: a managed store in a subnet of the cloud."""

    egress: str = "store.records"
    why: str = "one owns postgres records"
    ports: tuple[int, ...] = (5432,)
    reached_at: tuple[Peer, ...] = (Addresses(cidr="10.9.0.0/24"),)
    namespace: None = None

    migration: None = None
    quota: None = None
    largest: None = None

    @property
    def connections(self) -> dict[str, StoreConnection]:
        host = Known(text="db.example.com")
        return {
            "records": StoreConnection(secret="made-by-the-cloud", keys={"host": host, "password": Unmade()})  # noqa: S106
        }


def in_subnet(*_: object) -> Any:
    return InSubnet()


def test_a_placement_in_a_subnet_costs_a_decision_with_its_maker_and_a_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(stores.MAKERS, ("postgres", "operator"), in_subnet)
    monkeypatch.setitem(backing.OBJECTS, InSubnet, lambda _: iter(()))
    variable = "      variables: {HOST: '${resources.records.host}', PASSWORD: '${resources.records.password}'}\n"
    made = objects(design(settings("dev"), catalogue(tmp_path / "services", one=variable + OWNS)))

    policy = made["networking.k8s.io/v1", "NetworkPolicy", "one", "store.records"]["spec"]
    assert policy["egress"] == [
        {"to": [{"ipBlock": {"cidr": "10.9.0.0/24"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}
    ]
    entry = made["networking.istio.io/v1", "ServiceEntry", "one", "store.records.one.internal"]["spec"]
    assert (entry["addresses"], entry["resolution"]) == (["10.9.0.0/24"], "NONE")
    assert entry["ports"] == [{"name": "tcp-5432", "number": 5432, "protocol": "TCP"}]
    (main,) = made["apps/v1", "Deployment", "one", "one"]["spec"]["template"]["spec"]["containers"]
    assert main["env"] == [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "made-by-the-cloud", "key": "password"}}}
    ]
    assert made["v1", "ConfigMap", "one", "one-config-main"]["data"]["HOST"] == "db.example.com"
    assert not [namespace for _, _, namespace, name in made if "one-data" in (namespace, name)], (
        "a store that is not in the cluster has no namespace there"
    )


def test_a_store_s_namespace_is_known_to_its_service_s_proxy_and_to_no_other(tmp_path: Path) -> None:
    plans = design(settings("dev"), catalogue(tmp_path / "services", one=OWNS, other="")).services
    assert "one-data" in (plans["one"].membership.scope if plans["one"].membership else ())
    assert "one-data" not in (plans["other"].membership.scope if plans["other"].membership else ())


def test_a_service_has_one_account_at_a_broker_however_many_lines_ask_for_it(tmp_path: Path) -> None:
    more = "  resources: {audit: {type: kafka}, orders: {type: kafka}, jobs: {type: amqp}}\n"
    (plan,) = design(settings("dev"), catalogue(tmp_path / "services", one=more)).services.values()
    assert [account.broker for account in plan.brokers] == ["kafka", "rabbitmq"]
    secrets = {resource: how.secret for resource, how in plan.brokers[0].connections.items()}
    assert secrets == {"audit": "one-audit", "orders": "one-orders"}


def test_every_maker_answers_for_its_placement(tmp_path: Path) -> None:
    """Ports, peers and connection of each store: what everybody else reads is never empty."""
    engines = sorted({engine for engine, _ in stores.MAKERS})
    resources = ", ".join(f"s{index}: {{type: {engine}}}" for index, engine in enumerate(engines))
    (plan,) = design(
        settings("dev"), catalogue(tmp_path / "services", one=f"  resources: {{{resources}}}\n")
    ).services.values()
    assert [store.engine for store in plan.stores] == engines
    for store in plan.stores:
        assert all((store.ports, store.reached_at, store.connections)), store


TENANT: Final = "pr7"


@pytest.mark.parametrize("stack", STACKS)
def test_no_object_of_a_tenant_shares_a_key_with_the_base_stack(stack: str) -> None:
    base = objects(design(settings(stack), shop()))
    copy = objects(design(settings(stack, layers=("services",), tenant=TENANT), shop()))
    services = objects(design(settings(stack, layers=("services",)), shop()))
    assert not set(base) & set(copy), "one stack would overwrite the other's object"
    # The platform's Reloader does not know the namespaces of a copy (decision 41).
    followed = [name for _, _, _, name in services if name == names.RESTARTS]
    assert len(copy) == len(services) - len(followed), "a copy has an object for each of the base stack's"


def test_what_a_tenant_s_services_ask_of_each_other_stays_among_them() -> None:
    made = objects(design(settings("prod", layers=("services",), tenant=TENANT), shop()))
    plain = {plan.name for plan in design(settings("prod"), shop()).services.values()}
    foreign = []
    for manifest in made.values():
        for text in strings(manifest):
            addressed = re.findall(r"(?:\.|/ns/)([a-z0-9-]+)(?=\.svc\.|/sa/)", text)
            foreign += [(key(manifest), text) for namespace in addressed if namespace in plain]
    assert not foreign, "an address or an identity of the base stack in a copy: calls would leave it, or come in"
    admitted = [text for manifest in made.values() for text in strings(manifest) if f"/ns/{TENANT}--" in text]
    assert admitted, "no identity of a copy was found: this test would prove nothing"


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for entry in value.values() for text in strings(entry)]
    if isinstance(value, list):
        return [text for entry in value for text in strings(entry)]
    return [value] if isinstance(value, str) else []


def test_every_namespace_of_a_tenant_says_whose_it_is_and_the_base_stack_s_say_nothing() -> None:
    label = f"{names.PREFIX}/tenant"
    for tenant in (None, TENANT):
        made = objects(design(settings("dev", layers=("services",), tenant=tenant), shop()))
        said = {
            manifest["metadata"]["labels"].get(label)
            for (_, kind, _, _), manifest in made.items()
            if kind == "Namespace"
        }
        assert said == {tenant}


def test_the_longest_names_still_fit(tmp_path: Path) -> None:
    service, tenant = "s" * 40, "t" * 15
    made = objects(
        design(
            settings("prod", layers=("services",), tenant=tenant),
            catalogue(tmp_path / "services", **{service: "  resources: {db: {type: postgres}}\n"}),
        )
    )
    assert max(len(namespace) for _, _, namespace, _ in made) == names.LABEL_LENGTH


@pytest.mark.parametrize("tenant", ["pr--7", "7pr", "pr7-", "PR7", "t" * 16])
def test_a_tenant_that_could_be_taken_for_another_namespace_is_refused(tenant: str) -> None:
    text = {"environment": "ephemeral", "layers": ["services"], "domain": "example.com", "tenant": tenant}
    with pytest.raises(TextError, match=r"tenant: .*"):
        settings_of({**text, "cluster": {"kind": "embedded"}, "operators": "present"}, "pr")


def test_a_stack_with_a_tenant_makes_services_alone() -> None:
    text = {"environment": "ephemeral", "domain": "example.com", "tenant": "pr7", "cluster": {"kind": "embedded"}}
    with pytest.raises(TextError, match=r"tenant: makes a second copy of services.*Set layers to \[services\]"):
        settings_of({**text, "operators": "present"}, "pr")


RUNNING: Final = {
    "environment": "dev",
    "cluster": {"kind": "existing", "name": "shop-eu"},
    "domain": "example.com",
    "operators": "present",
}
"""A stack on a cluster whose containers run."""


@dataclass(frozen=True, kw_only=True)
class Borrowed(Cluster):
    """A throw-away way of having a cluster."""


class BorrowedText(Text):
    """What a stack would say of it."""

    kind: str = "borrowed"


@dataclass(frozen=True, kw_only=True)
class BorrowedStack:
    """What would bring a stack up and down on it."""

    project: Project
    stack: str
    console: Console
    cluster: BorrowedText

    def up(self, *, total: int, services: Collection[str], stores: Stores, assume_yes: bool) -> Made:  # noqa: ARG002
        return Made(
            changes={"create": total if assume_yes else 0},
            pods_ready=0,
            pods=0,
            server="",
            cluster=self.cluster.kind,
            kubeconfig="",
            context="",
            next_commands={},
        )

    def down(self, *, keep_cluster: bool, stores: Stores, assume_yes: bool) -> Gone:  # noqa: ARG002
        return replace(NOTHING, stopped=assume_yes and not keep_cluster)


def test_a_way_of_having_a_cluster_costs_a_type_and_a_row_in_each_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = Borrowed(
        name="lent",
        platform=None,
        node_cidrs=("10.1.0.0/16",),
        dns_caches=(),
        api_server_cidrs=(),
        cloud=None,
        simulated=False,
    )
    connection = Connection(providers=(), ready=())
    led = Kubeconfig(path=tmp_path, context="lent", cluster="lent", server="https://127.0.0.1:6443")
    monkeypatch.setitem(clusters.MAKERS, BorrowedText, lambda _: lender)
    monkeypatch.setitem(CONNECTIONS, Borrowed, lambda _: connection)
    monkeypatch.setitem(REACHED, Borrowed, lambda *_: led)
    monkeypatch.setitem(stacks.DRIVERS, BorrowedText, BorrowedStack)
    text = settings("dev").model_copy(update={"cluster": BorrowedText()})

    made = design(text, catalogue(tmp_path / "services", one=""))
    assert made.cluster is lender
    assert connect(made.cluster) is connection
    assert reach(made.cluster, tmp_path) == led
    project = Project.here(None, root=tmp_path)
    kept = Stores(project=project, stack="lent", command="up", wanted=(), asked=False, approved=frozenset())
    driver = stacks.driver(project, "lent", Console(quiet=True), text.cluster)
    driven = driver.up(total=3, services=(), stores=kept, assume_yes=True)
    assert (driven.cluster, driven.changes) == ("borrowed", {"create": 3})
    kubelet = objects(made)["networking.k8s.io/v1", "NetworkPolicy", "one", "platform.kubelet"]["spec"]["ingress"]
    assert kubelet[0]["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}], (
        "what a cluster says reaches what depends on it"
    )


def test_pods_that_only_seem_to_run_are_not_waited_for() -> None:
    for stack, seconds in (("dev", 0), ("prod", 10)):
        made = objects(design(settings(stack), shop()))
        waits = {manifest["spec"].get("minReadySeconds") for key, manifest in made.items() if key[1] == "Deployment"}
        assert waits == {seconds}, f"{stack}: simulated containers cannot die; real ones are given time to"


def test_only_where_containers_are_simulated_may_a_pod_count_before_it_has_lasted() -> None:
    simulated = settings("dev")
    running = simulated.model_copy(update={"cluster": settings_of(RUNNING, "dev").cluster})
    made = list(everything(design(simulated, shop())))

    def refused(text: Settings) -> set[str]:
        report = preflight(made, settings=text, catalogue=shop(), today=TODAY)
        return {finding.message for finding in report.findings if finding.rule.id == "av-rolling-update"}

    assert not refused(simulated), "the control plane's own pods would be waited for"
    assert any("spec.minReadySeconds: is 0" in message for message in refused(running)), (
        "a version that dies in its first second would replace the one that works"
    )
