"""The judge's work grows with its input, and not with the square of any list in it.

Every list a rule reads may be as long as a file allows, and a file may come from anybody: what costs the product of
two lists is a way to stop a pipeline with a few kilobytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.growth import GENEROUS, Shape, growth, work
from tests.support.policy_cases import TODAY

FACTS: Final = Facts(environment="prod", limits=limits_of("prod").model_copy(update={"exceptions": ()}), today=TODAY)
SIZE: Final = 40
RBAC: Final = "rbac.authorization.k8s.io"


def thing(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "order-service"}, **more}


def of_cluster(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **more}


def network_policy(peers: list[Any]) -> dict[str, Any]:
    rule = {"to": peers, "ports": [{"port": 443}]}
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}
    return thing("networking.k8s.io/v1", "NetworkPolicy", "a", spec=spec)


def excepts(size: int) -> list[dict[str, Any]]:
    holes = [f"10.{number // 256}.{number % 256}.0/31" for number in range(size)]
    return [network_policy([{"ipBlock": {"cidr": "0.0.0.0/0", "except": holes}}])]


def ranges(size: int) -> list[dict[str, Any]]:
    return [network_policy([{"ipBlock": {"cidr": f"2001:{0x4000 + number:x}::/48"}} for number in range(size)])]


def words(letter: str, size: int) -> list[str]:
    return [f"{letter}{number}" for number in range(size)]


def role(size: int) -> list[dict[str, Any]]:
    rule = {field: words(field[0], size) for field in ("apiGroups", "resources", "verbs")}
    rule["verbs"].append("get")  # without a verb there is, no rule looks at the others
    return [thing(f"{RBAC}/v1", "Role", "a", rules=[rule])]


def aggregating(size: int) -> list[dict[str, Any]]:
    def one(number: int) -> Iterator[dict[str, Any]]:
        role = of_cluster(f"{RBAC}/v1", "ClusterRole", f"r{number}", rules=[])
        role["metadata"]["labels"] = {"a": "b"}
        yield {**role, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
        subject = {"kind": "ServiceAccount", "name": f"s{number}", "namespace": "order-service"}
        leads = {"kind": "ClusterRole", "name": f"r{number}"}
        yield of_cluster(f"{RBAC}/v1", "ClusterRoleBinding", f"b{number}", roleRef=leads, subjects=[subject])

    return [each for number in range(size) for each in one(number)]


def ingress(name: str, hosts: int, paths: int) -> dict[str, Any]:
    backend = {"service": {"name": "order-service", "port": {"number": 80}}}
    several = [{"path": f"/p{path}", "pathType": "Prefix", "backend": backend} for path in range(paths)]
    rules = [{"host": f"h{host}.example.com", "http": {"paths": several}} for host in range(hosts)]
    tls = [{"secretName": "tls", "hosts": [rule["host"] for rule in rules]}]
    return thing("networking.k8s.io/v1", "Ingress", name, spec={"tls": tls, "rules": rules})


def http_route(size: int) -> dict[str, Any]:
    """More hosts than the rule looks at, by itself and all the more with the paths."""
    rules = [
        {"matches": [{"path": {"value": f"/{number}"}}], "backendRefs": [{"name": "a", "port": 80}]}
        for number in range(size)
    ]
    spec = {"parentRefs": [{"name": "g"}], "hostnames": [f"h{n}.example.com" for n in range(size * 20)], "rules": rules}
    return thing("gateway.networking.k8s.io/v1", "HTTPRoute", "a", spec=spec)


def monitored(size: int) -> list[dict[str, Any]]:
    def one(number: int) -> Iterator[dict[str, Any]]:
        labels = {"app": f"a{number}"}
        ports = [{"name": "http", "port": 80, "targetPort": 8000}]
        pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        yield thing("apps/v1", "Deployment", f"d{number}", spec={"template": pods})
        service = thing("v1", "Service", f"s{number}", spec={"selector": labels, "ports": ports})
        service["metadata"]["labels"] = labels
        yield service
        spec = {"selector": {"matchLabels": labels}, "endpoints": [{"port": "http"}]}
        yield thing("monitoring.coreos.com/v1", "ServiceMonitor", f"m{number}", spec=spec)

    return [of_cluster("v1", "Namespace", "order-service"), *(each for number in range(size) for each in one(number))]


SHAPES: Final[Mapping[str, Shape]] = {
    "an except of a range": excepts,
    "ranges of IPv6": ranges,
    "groups, resources and verbs of a role": role,
    "roles that aggregate each other": aggregating,
    "ingresses that route the same": lambda size: [ingress(f"i{number}", 2, 2) for number in range(size)],
    "hosts of an ingress": lambda size: [ingress("i", size, 1)],
    "paths of an ingress": lambda size: [ingress("i", 1, size)],
    "hosts and paths of a route": lambda size: [http_route(size)],
    "monitors, Services and workloads": monitored,
    "hosts of a certificate": lambda size: [ingress("i", size, 1), certificate(size)],
}


def certificate(size: int) -> dict[str, Any]:
    names = [f"h{host}.example.com" for host in range(size)]
    return thing("cert-manager.io/v1", "Certificate", "tls", spec={"secretName": "tls", "dnsNames": names})


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_list_is_about_twice_the_work(name: str) -> None:
    grown = growth(lambda size: work(FACTS, RULES, SHAPES[name](size)), SIZE)
    assert grown <= GENEROUS, f"the second doubling costs {grown:.2f} times the first"


def test_a_role_made_to_keep_a_judge_busy_is_refused_instead() -> None:
    """Every group and every resource stands in other rules, so that no two of them may be taken together."""
    every = {field: words(field[0], 400) for field in ("apiGroups", "resources")}
    halves = [
        {field: [word for number, word in enumerate(all_) if number >> bit & 1] for field, all_ in every.items()}
        for bit in range(9)
    ]
    rules = [{**each, "verbs": ["get"]} for each in (every, *halves)]
    report = Judge(FACTS, RULES).everything([from_manifest(thing(f"{RBAC}/v1", "Role", "a", rules=rules))])
    found = [each.path for each in report.findings if each.rule.id == "rbac-no-wildcards"]
    assert found == ["rules"]
