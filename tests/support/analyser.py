"""What network-config-analyzer makes of a stack's objects: every connection it finds, as plain values.

The tool is asked as a process and trusted with all judgement about selectors, rules and their combination. Around it
is only translation, kept mechanical: where its words are fewer than Kubernetes' or Istio's, an object is respelled one
for one (`_rule`, `_workload`), and its answer is spelled back. Nothing here knows what ought to be allowed; that is
`tests.support.reachability`. Which translations there are and what they cannot show:
docs/decisions/0013-isolation-is-proven-by-an-independent-tool.md.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.connections import Connections, Zone, connections

Manifest = dict[str, Any]

NCA: Final = Path(sys.executable).parent / "nca"
UNCAPTURED: Final = ("15020", "15021", "15090")
"""Ports on which a proxy itself answers; Istio's injection leaves them out of what the proxy judges."""
MESH_ROOT: Final = "istio-system"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to the analyser: which policies count."""

    name: str
    ways_in: bool = False
    ways_out: bool = False
    admissions: bool = False
    without: tuple[str, str, str] | None = None
    """A policy that is left out: kind, namespace, name."""


TOGETHER: Final = Asked(name="together", ways_in=True, ways_out=True, admissions=True)
LAYERS: Final = (
    Asked(name="ways in alone", ways_in=True),
    Asked(name="ways out alone", ways_out=True),
    Asked(name="admissions alone", admissions=True),
)
"""Each end of an edge and the mesh by itself: two layers that agree would hide a fault of the third."""


def analysed(
    objects: Iterable[Manifest],
    questions: Iterable[Asked],
    folder: Path,
    *,
    zones: tuple[Zone, ...],
    issuers: frozenset[str],
) -> dict[str, Connections]:
    """What the analyser finds allowed among `objects`, by question. `folder` is empty and takes its files."""
    given, asked = list(objects), list(questions)
    meshed = {
        made["metadata"]["name"]
        for made in given
        if made["kind"] == "Namespace" and made["metadata"].get("labels", {}).get("istio-injection") == "enabled"
    }
    paths = Paths(known=_spoken_of(given))
    workloads = [made for one in given for made in _workload(one)]
    raw = _raw_ports(given)
    leave = [made for one in workloads for made in _unjudged(one, meshed)]
    _write(folder / "topology.json", [*(one for one in given if one["kind"] == "Namespace"), *workloads])
    configs, queries = [], []
    for question in asked:
        kept = [one for one in given if key(one) != question.without]
        policies = [made for one in kept for made in _half(one, question)]
        if question.admissions and meshed:
            policies += [made for one in kept for made in _admission(one, meshed, raw, issuers, paths)] + leave
        _write(folder / f"{question.name}.json", policies)
        configs.append({"name": question.name, "networkPolicyList": [f"{question.name}.json"]})
        output = {
            "outputFormat": "txt_no_fw_rules",
            "outputPath": str(folder / f"{question.name}.txt"),
            "outputEndpoints": "pods",
            "excludeIPv6Range": False,
        }
        queries.append({"name": question.name, "connectivityMap": [question.name], "outputConfiguration": output})
    scheme = {"resourceList": ["topology.json"], "networkConfigList": configs, "queries": queries}
    (folder / "scheme.yaml").write_text(json.dumps(scheme))
    ran = subprocess.run([NCA, "--scheme", "scheme.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    answers = {question.name: folder / f"{question.name}.txt" for question in asked}
    answered = ran.returncode == 0 and all(file.exists() for file in answers.values())
    assert answered, f"the analyser gave no answer, so nothing is proven: {ran.stderr}{ran.stdout}"
    names = {spelled: path for path, spelled in paths.numbers.items()}
    return {name: connections(file.read_text(), names, zones) for name, file in answers.items()}


def key(made: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name of `made`."""
    return made["kind"], made["metadata"].get("namespace", ""), made["metadata"]["name"]


def _write(file: Path, objects: Iterable[Manifest]) -> None:
    file.write_text("\n---\n".join(json.dumps(made) for made in objects))


def _workload(made: Manifest) -> Iterator[Manifest]:
    """What has pods. A Rollout is unknown to the analyser: its pod template goes in as a Deployment's. Two pods of
    every workload, so that a pod and another one of the same template are two ends; a CronJob's runs overlap too."""
    if made["kind"] == "Pod":
        yield made
    elif made["kind"] in ("CronJob", "DaemonSet", "Deployment", "Job", "Rollout", "StatefulSet"):
        holder = made["spec"]["jobTemplate"]["spec"] if made["kind"] == "CronJob" else made["spec"]
        labels = holder["template"]["metadata"]["labels"]
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": holder["template"]}
        # A Job's own name is another with each version.
        called = {"name": labels["app.kubernetes.io/name"]} if made["kind"] == "Job" else {}
        yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": made["metadata"] | called, "spec": spec}


def _half(made: Manifest, question: Asked) -> Iterator[Manifest]:
    """The part of a NetworkPolicy that is asked about."""
    if made["kind"] != "NetworkPolicy":
        return
    spec = deepcopy(made["spec"])
    reported = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    wanted = {"Ingress": question.ways_in, "Egress": question.ways_out}
    spec["policyTypes"] = [direction for direction in reported if wanted[direction]]
    for direction in ("Ingress", "Egress"):
        if direction not in spec["policyTypes"]:
            spec.pop(direction.lower(), None)
    if spec["policyTypes"]:
        yield {**made, "spec": spec}


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Paths as numbers. A template takes in what others of the same pods name: /a/{*} also is /a/all."""

    known: Mapping[tuple[str, str], Set[tuple[str, str]]]
    """Namespace and port → every method and path its policies speak of."""
    numbers: dict[str, str] = field(default_factory=dict)

    def spelled(self, namespace: str, operation: Manifest) -> list[str]:
        """The numbers of the paths of `operation`, of all they take in, without those it leaves out."""
        paths, less = operation["paths"], operation.get("notPaths", [])
        methods, ports = set(operation.get("methods", ())), operation.get("ports", [])
        named = {one for port in ports for one in self.known[namespace, port]}
        others = {path for method, path in named if not methods or method in methods}
        taken = {*paths, *(other for other in others if any(_takes_in(path, other) for path in paths))}
        return [self.numbers.setdefault(path, f"/{len(self.numbers)}") for path in sorted(taken - set(less))]


def _takes_in(template: str, path: str) -> bool:
    return "{**}" not in path and bool(re.fullmatch(re.escape(template).replace(r"\{\*\}", "[^/]+"), path))


def _spoken_of(objects: Iterable[Manifest]) -> Mapping[tuple[str, str], Set[tuple[str, str]]]:
    found: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    rules = (
        (made["metadata"]["namespace"], rule)
        for made in objects
        if made["kind"] == "AuthorizationPolicy"
        for rule in made["spec"].get("rules", ())
    )
    for namespace, operation in ((name, entry["operation"]) for name, rule in rules for entry in rule.get("to", ())):
        said = {path for side in ("paths", "notPaths") for path in operation.get(side, ())}
        for port in operation.get("ports", ()):
            found[namespace, port] |= {(method, path) for method in operation.get("methods", ()) for path in said}
    return found


def _raw_ports(objects: Iterable[Manifest]) -> set[tuple[str, str]]:
    """(namespace, port) of what the mesh takes for plain TCP, by the Services."""
    return {
        (made["metadata"]["namespace"], str(port.get("targetPort", port["port"])))
        for made in objects
        if made["kind"] == "Service"
        for port in made["spec"]["ports"]
        if port.get("appProtocol") in ("tcp", "tls")
    }


def _admission(
    made: Manifest, meshed: set[str], raw: set[tuple[str, str]], issuers: frozenset[str], paths: "Paths"
) -> Iterator[Manifest]:
    """An AuthorizationPolicy where proxies enforce it: the mesh's own in every namespace that has proxies, because
    the analyser believes in a proxy in every pod; one in a namespace without them nowhere. Each lets pass what no
    proxy judges, rather than a policy of its own: that would close by itself what nothing else closes."""
    if made["kind"] != "AuthorizationPolicy":
        return
    home = made["metadata"]["namespace"]
    for name in sorted(meshed) if home == MESH_ROOT else sorted(meshed & {home}):
        policy = deepcopy(made)
        policy["metadata"]["namespace"] = name
        assert policy["spec"].get("action", "ALLOW") == "ALLOW", (
            f"only what allows is respelled, and this does not: {made}"
        )
        respelled = [_rule(rule, name, raw, issuers, paths) for rule in policy["spec"].get("rules", ())]
        policy["spec"]["rules"] = [rule for rule in respelled if rule is not None]
        policy["spec"]["rules"].append({"to": [{"operation": {"ports": list(UNCAPTURED)}}]})
        yield policy


def _rule(
    rule: Manifest, namespace: str, raw: set[tuple[str, str]], issuers: frozenset[str], paths: "Paths"
) -> Manifest | None:
    """A rule in the analyser's words. A path becomes the numbers of all that it takes in, because it knows neither {*}
    nor most characters; a
    condition on the token becomes a host, because it knows no claims and we name no hosts. A rule that asks about a
    request never matches on a port that is plain TCP to the mesh."""
    token = None
    for condition in rule.pop("when", []):
        assert condition["key"] == "request.auth.claims[iss]", f"the analyser cannot judge {condition}"
        token = "token" if frozenset(condition["values"]) == issuers else "another-token"
    kept = []
    for operation in (entry["operation"] for entry in rule.get("to") or ([{"operation": {}}] if token else [])):
        assert not {"hosts", "notHosts", "notPorts", "notMethods"} & set(operation), (
            f"the analyser's hosts stand for tokens here, and exclusions are not respelled: {operation}"
        )
        assert "notPaths" not in operation or "paths" in operation, f"exclusions from all paths are not: {operation}"
        asks = token or {"methods", "paths"} & set(operation)
        ports = [port for port in operation.get("ports", []) if not (asks and (namespace, port) in raw)]
        if operation.get("ports") and not ports:
            continue
        spelled = {**operation, **({"ports": ports} if ports else {}), **({"hosts": [token]} if token else {})}
        if "paths" in operation:
            spelled["paths"] = paths.spelled(namespace, operation)
            spelled.pop("notPaths", None)
        kept.append({"operation": spelled})
    if "to" in rule and not kept:
        return None
    for source in (entry["source"] for entry in rule.get("from", [])):
        if "principals" in source:
            source["principals"] = [
                re.sub(r"^[^/]+(?=/ns/)", "cluster.local", principal) for principal in source["principals"]
            ]
    return {**rule, "to": kept} if kept else rule


def _unjudged(made: Manifest, meshed: set[str]) -> Iterator[Manifest]:
    """Leave for pods of a meshed namespace that have no proxy, or whose proxy lets everything in."""
    pod = made["spec"].get("template", made)["metadata"]
    labels, annotations = pod.get("labels", {}), pod.get("annotations", {})
    open_in = annotations.get("traffic.sidecar.istio.io/includeInboundPorts") == ""
    if made["metadata"]["namespace"] in meshed and (labels.get("sidecar.istio.io/inject") == "false" or open_in):
        yield {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": f"unjudged-{made['metadata']['name']}", "namespace": made["metadata"]["namespace"]},
            "spec": {"action": "ALLOW", "rules": [{}], "selector": {"matchLabels": dict(labels)}},
        }
