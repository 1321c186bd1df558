"""What no schema says and only a webhook, a controller or an outage would: checked over every object of every stack.

The numbers are those of the semantic checks in the mesh's and the gateway's own documentation; each test is about
all objects at once, so a new kind of object is judged without anybody remembering to.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from blueprint.apis import Request
from blueprint.settings import Mesh
from manifests import Manifest
from manifests.manifest import duration
from tests.support.stacks import STACKS, blueprint_of, objects, settings
from tests.support.strange import strange

CASES: Final = (*STACKS, "strange", "strange-without-mesh")


@pytest.fixture(scope="module")
def blueprints(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Blueprint]:
    folder = tmp_path_factory.mktemp("strange") / "services"
    made = {stack: blueprint_of(stack) for stack in STACKS}
    made["strange"] = design(settings("dev"), strange(folder))
    made["strange-without-mesh"] = design(settings("dev", mesh=Mesh(mode="none")), strange(folder))
    return made


@pytest.fixture(params=CASES)
def stack(request: pytest.FixtureRequest, blueprints: Mapping[str, Blueprint]) -> "Stack":
    return Stack(blueprints[request.param])


class Stack:
    """The objects of a stack, to be asked for by kind."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.objects = objects(blueprint)

    def kind(self, name: str) -> list[Manifest]:
        return [manifest for (_, kind, _, _), manifest in self.objects.items() if kind == name]

    def named(self, kind: str) -> dict[tuple[str, str], Manifest]:
        return {(m["metadata"].get("namespace", ""), m["metadata"]["name"]): m for m in self.kind(kind)}

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Every pod template with the namespace it runs in."""
        for manifest in self.objects.values():
            spec = manifest.get("spec", {})
            template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
            if template and "spec" in template and manifest["kind"] not in FINISHED:  # Velero's are of copies
                yield manifest["metadata"]["namespace"], template


FINISHED: Final = {"Pooler"}
"""Kinds whose operator gives their pods an account and security of its own."""


def place(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    return f"{manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


LABEL: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
DNS: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def test_every_name_and_label_fits_where_it_goes(stack: Stack) -> None:
    for manifest in stack.objects.values():
        metadata = manifest["metadata"]
        limit = 63 if manifest["kind"] in ("Namespace", "Service") else 52 if manifest["kind"] == "CronJob" else 253
        assert len(metadata["name"]) <= limit, f"{place(manifest)} is longer than {limit}"
        assert DNS.fullmatch(metadata["name"]), f"{place(manifest)} is no DNS name"
        for key, value in metadata["labels"].items():
            assert len(value) <= 63, f"{place(manifest)}: label {key} is longer than 63"
            assert LABEL.fullmatch(value), f"{place(manifest)}: label {key}={value}"
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "platform", (
            f"{place(manifest)} would be left behind"
        )


def test_every_object_stands_in_a_namespace_that_is_made_or_the_clusters_own(stack: Stack) -> None:
    spaces = {name for _, name in stack.named("Namespace")}
    for manifest in stack.objects.values():
        namespace = manifest["metadata"].get("namespace")
        assert namespace is None or namespace in spaces, f"{place(manifest)} has nowhere to be"


def test_a_service_namespace_is_restricted_injected_and_isolated(stack: Stack) -> None:
    injection = "enabled" if stack.blueprint.platform.mesh else "disabled"
    for service in stack.blueprint.services:
        labels = stack.named("Namespace")["", service]["metadata"]["labels"]
        for mode in ("audit", "enforce", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted", f"{service} takes weaker pods"
        assert labels["istio-injection"] == injection
        assert labels["catalog.platform/service"] == service
        for kind in ("LimitRange", "ResourceQuota"):
            assert (service, service) in stack.named(kind), f"{service} has no {kind}"
        wall = stack.named("NetworkPolicy")[service, "default-deny"]["spec"]
        assert wall == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, f"{service} is open"


def test_no_network_policy_is_wider_than_its_edge(stack: Stack) -> None:
    for policy in stack.kind("NetworkPolicy"):
        spec = policy["spec"]
        if policy["metadata"]["name"] == "default-deny":
            continue
        assert spec["podSelector"].get("matchLabels"), f"{place(policy)} opens every pod of the namespace"
        assert len(spec["policyTypes"]) == 1, f"{place(policy)} is about two directions"
        for rule in spec.get("ingress", []) + spec.get("egress", []):
            assert rule["ports"], f"{place(policy)} opens every port"
            peers = rule.get("from", []) + rule.get("to", [])
            assert peers, f"{place(policy)} is open to everybody"
            for peer in peers:
                assert peer.get("ipBlock") or peer["namespaceSelector"], f"{place(policy)} is open to every namespace"


def test_no_pod_can_reach_the_metadata_server(stack: Stack) -> None:
    from ipaddress import ip_address, ip_network  # noqa: PLC0415

    metadata = [ip_address("169.254.169.254"), ip_address("fd00:ec2::254")]
    for policy in stack.kind("NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for peer in rule["to"]:
                block = peer.get("ipBlock")
                for address in metadata if block else []:
                    inside = address in ip_network(block["cidr"])
                    less = any(address in ip_network(cidr) for cidr in block.get("except", []))
                    assert not inside or less, f"{place(policy)} reaches {address}"


def test_the_quota_holds_every_pod_of_the_busiest_moment(stack: Stack) -> None:
    quotas, scalers = stack.named("ResourceQuota"), stack.named("HorizontalPodAutoscaler")
    for manifest in [*stack.kind("Deployment"), *stack.kind("Rollout")]:
        where = (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        if where[0] not in stack.blueprint.services:
            continue  # the platform's own namespaces have no quota
        most = scalers[where]["spec"]["maxReplicas"] if where in scalers else manifest["spec"]["replicas"]
        strategy = manifest["spec"]["strategy"]
        twice = "blueGreen" in strategy or "trafficRouting" in strategy.get("canary", {})
        pods = 2 * most if twice else most + -(-most // 4)
        hard = quotas[where]["spec"]["hard"]
        assert int(hard["pods"]) >= pods, f"{place(manifest)} needs {pods} pods, its namespace takes {hard['pods']}"
        spec = manifest["spec"]["template"]["spec"]
        for side, what, parse in (("requests", "cpu", millicores), ("limits", "memory", mebibytes)):
            running = sum(parse(container["resources"][side][what]) for container in spec["containers"])
            starting = max(
                [0, *(parse(container["resources"][side][what]) for container in spec.get("initContainers", []))]
            )
            notes = manifest["spec"]["template"]["metadata"]["annotations"]
            proxy = notes.get({"cpu": "sidecar.istio.io/proxyCPU", "memory": "sidecar.istio.io/proxyMemoryLimit"}[what])
            pod = max(running, starting) + (parse(proxy) if proxy else 0)
            have = parse(hard[f"{side}.{what}"])
            assert have >= pods * pod, f"{place(manifest)}: {side}.{what} {have} does not hold {pods} pods of {pod}"


def millicores(text: str) -> int:
    return int(text.removesuffix("m")) if text.endswith("m") else int(text) * 1000


def mebibytes(text: str) -> int:
    return int(text.removesuffix("Mi"))


def test_every_container_of_ours_fits_the_limit_range(stack: Stack) -> None:
    ranges = stack.named("LimitRange")
    for namespace, template in stack.pods():
        if namespace not in stack.blueprint.services:
            continue  # nor a limit range
        (limit,) = ranges[namespace, namespace]["spec"]["limits"]
        assert millicores(limit["default"]["cpu"]) <= millicores(limit["max"]["cpu"]), "the API server refuses that"
        for container in template["spec"]["containers"] + template["spec"].get("initContainers", []):
            limits = container["resources"]["limits"]
            assert millicores(limits["cpu"]) <= millicores(limit["max"]["cpu"]), f"{namespace}/{container['name']}"
            assert mebibytes(limits["memory"]) <= mebibytes(limit["max"]["memory"]), f"{namespace}/{container['name']}"


def test_every_pod_is_restricted_bounded_and_has_its_own_account(stack: Stack) -> None:
    accounts, priorities = stack.named("ServiceAccount"), {name for _, name in stack.named("PriorityClass")}
    for namespace, template in stack.pods():
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, f"{namespace}: a token for an API that it does not need"
        assert (namespace, spec["serviceAccountName"]) in accounts, f"{namespace}: the pod's identity does not exist"
        assert spec["priorityClassName"] in priorities
        grace = spec.get("terminationGracePeriodSeconds", 30)  # of what ends by itself, Kubernetes' own
        for container in spec["containers"] + spec.get("initContainers", []):
            security = container["securityContext"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert (security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"]) == (False, True)
            for side in ("requests", "limits"):
                assert set(container["resources"][side]) == {"cpu", "memory", "ephemeral-storage"}, container["name"]
            assert container["name"] not in ("istio-proxy", "istio-init", "istio-validation")
            drain = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            assert drain < grace, f"{namespace}: killed while it waits"


def test_selectors_select_the_pods_they_are_for(stack: Stack) -> None:
    labels = {}
    for namespace, template in stack.pods():
        if namespace in stack.blueprint.services:  # in Kong's other Services select the chart's pods
            labels[namespace] = template["metadata"]["labels"]
    for service in stack.kind("Service"):
        namespace = service["metadata"]["namespace"]
        if namespace in labels:
            assert service["spec"]["selector"].items() <= labels[namespace].items(), f"{place(service)} selects nothing"
    for budget in stack.kind("PodDisruptionBudget"):
        wanted = budget["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= labels[budget["metadata"]["namespace"]].items(), f"{place(budget)} protects nothing"


def test_a_service_port_leads_to_a_port_of_the_pods_and_says_what_is_spoken_on_it(stack: Stack) -> None:
    for service in stack.kind("Service"):
        assert service["spec"]["type"] == "ClusterIP", f"{place(service)} is reachable from outside"
        plan = stack.blueprint.services.get(service["metadata"]["namespace"])
        listened = {port.target for port in plan.workload.ports} if plan else {8000, 6379}  # the gateway, its Redis
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in listened, f"{place(service)} leads to a port nobody listens on"
            assert port["appProtocol"] in ("http", "http2", "grpc", "tcp", "tls"), f"{place(service)} is sniffed"


def test_every_edge_is_open_at_both_ends_and_admitted(stack: Stack) -> None:
    allowed, admitted = stack.named("NetworkPolicy"), stack.named("AuthorizationPolicy")
    for call in stack.blueprint.network.calls:
        out = allowed[call.caller, f"to.{call.provider}.{call.api}"]["spec"]["egress"][0]
        into = allowed[call.provider, f"from.{call.caller}.{call.api}"]["spec"]["ingress"][0]
        assert out["ports"] == into["ports"] == [{"port": call.target_port, "protocol": "TCP"}]
        if stack.blueprint.platform.mesh:
            (rule,) = admitted[call.provider, f"from.{call.caller}.{call.api}"]["spec"]["rules"]
            (source,) = rule["from"]
            assert source["source"]["principals"] == [f"cluster.local/ns/{call.caller}/sa/{call.caller}"]
            scope = stack.named("Sidecar")[call.caller, "default"]["spec"]["egress"][0]["hosts"]
            assert f"{call.provider}/*" in scope, f"{call.caller}'s proxy would not know {call.provider}"
    declared = {(call.provider, f"from.{call.caller}.{call.api}") for call in stack.blueprint.network.calls}
    declared |= {(entrance.service, f"public.{entrance.api}") for entrance in stack.blueprint.network.entrances}
    rules = {where for where in admitted if where != ("istio-system", "deny-all")}
    assert rules == (declared if stack.blueprint.platform.mesh else set()), "a caller is admitted that no file declares"


def test_no_caller_is_admitted_to_an_operation_it_does_not_consume(stack: Stack) -> None:
    for (namespace, name), policy in stack.named("AuthorizationPolicy").items():
        direction, caller, *_ = f"{name}..".split(".")
        if direction != "from":
            continue
        consumed = {
            (call.target_port, request.method, request.path)
            for call in stack.blueprint.network.calls
            if (call.caller, call.provider) == (caller, namespace)
            for request in call.requests
        }
        for provider, api, number, request in offered(stack.blueprint):
            if provider == namespace and (number, request.method, request.path) not in consumed:
                assert not admits(policy, number, request), (
                    f"{caller} may ask {provider}/{api} {request.method} {request.path}"
                )


def offered(blueprint: Blueprint) -> set[tuple[str, str, int, Request]]:
    """Every operation somebody consumes: provider, API, port of the pods, request."""
    calls = blueprint.network.calls
    return {(call.provider, call.api, call.target_port, request) for call in calls for request in call.requests}


def admits(policy: Manifest, port: int, request: Request) -> bool:
    """Whether `policy` lets the request through, as Istio reads it: {*} is one segment."""

    def fits(paths: list[str]) -> bool:
        path = re.sub(r"\{[^}]*\}", "x", request.path)
        return any(re.fullmatch(re.escape(each).replace(r"\{\*\}", "[^/]+"), path) for each in paths)

    operations = [entry["operation"] for rule in policy["spec"]["rules"] for entry in rule["to"]]
    return any(
        request.method in operation.get("methods", [request.method])
        and str(port) in operation["ports"]
        and ("paths" not in operation or fits(operation["paths"]))
        and not fits(operation.get("notPaths", []))
        for operation in operations
    )


def test_the_mesh_is_strict_and_denies_from_the_root(stack: Stack) -> None:
    if not stack.blueprint.platform.mesh:
        assert not [
            kind for _, kind, _, _ in stack.objects if kind in ("PeerAuthentication", "AuthorizationPolicy", "Sidecar")
        ]
        return
    assert stack.named("PeerAuthentication")["istio-system", "default"]["spec"] == {"mtls": {"mode": "STRICT"}}
    assert stack.named("AuthorizationPolicy")["istio-system", "deny-all"]["spec"] == {}
    assert len(stack.kind("PeerAuthentication")) == 1, "a second one could weaken the first"
    for sidecar in stack.kind("Sidecar"):
        assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}, (
            f"{place(sidecar)} reaches anything"
        )


def test_every_root_route_has_one_host_one_delegate_and_no_second_root(stack: Stack) -> None:
    routes = stack.named("VirtualService")
    roots: Counter[tuple[str, str]] = Counter()
    for (namespace, _), route in routes.items():
        spec = route["spec"]
        if "hosts" not in spec:
            assert "gateways" not in spec, "a delegate has neither"
            continue
        (host,), (seen_by,) = spec["hosts"], spec["exportTo"]
        roots[namespace if seen_by == "." else seen_by, host] += 1
        for rule in spec["http"]:
            delegate = rule["delegate"]
            assert "route" not in rule, "a root has a delegate or a route"
            target = routes[delegate["namespace"], delegate["name"]]["spec"]
            ports = {match["port"] for match in rule["match"]}
            served = {match["port"] for there in target["http"] for match in there["match"]}
            assert ports <= served, f"{place(route)}: port {ports - served} leads nowhere"
    assert all(count == 1 for count in roots.values()), f"two roots for one host: {roots}"


def test_retries_fit_the_timeout_and_touch_only_what_is_idempotent(stack: Stack) -> None:
    def seconds(text: str) -> float:
        return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])

    for route in stack.kind("VirtualService"):
        for rule in route["spec"]["http"]:
            retries = rule.get("retries")
            if not retries or not retries["attempts"]:
                assert set(retries or {}) <= {"attempts"}, "attempts 0 beside the others is refused by the webhook"
                continue
            longest = (retries["attempts"] + 1) * seconds(retries["perTryTimeout"])
            assert longest <= seconds(rule["timeout"]) + 0.01, (
                f"{place(route)}: {longest} s of tries in {rule['timeout']}"
            )
            assert " " not in retries["retryOn"], "Istio splits on commas and does not trim"
            assert all("uri" in match for match in rule["match"]), "retries without a list of requests retry everything"


def test_every_request_meets_the_timeout_and_the_tries_of_its_own_edge(stack: Stack) -> None:
    routes = stack.named("VirtualService")
    for call in stack.blueprint.network.calls:
        if not stack.blueprint.platform.mesh or call.protocol in ("tcp", "tls"):
            continue
        rules = routes[call.caller, f"to.{call.provider}"]["spec"]["http"]
        for request in call.requests:
            met = first_met(rules, call.port, request)
            edge = f"{call.caller} asks {call.provider} {request.method} {request.path}"
            assert met["timeout"] == duration(call.timeout_seconds), f"{edge} by the rule {met['name']}"
            tries = call.attempts if request.idempotent else 0
            assert met["retries"]["attempts"] == tries, f"{edge} by the rule {met['name']}"


def first_met(rules: list[Manifest], port: int, request: Request) -> Manifest:
    """The first of `rules` that takes `request`, as the proxy looks for it."""
    path = re.sub(r"\{[^}]*\}", "x", request.path)
    for rule in rules:
        for match in rule["match"]:
            pattern = match["uri"].get("regex") or re.escape(match["uri"]["exact"]) if "uri" in match else ".*"
            method = match.get("method", {}).get("exact", request.method)
            if (match["port"], method) == (port, request.method) and re.fullmatch(pattern, path):
                return rule
    pytest.fail(f"{request.method} {request.path} leads nowhere")


def test_every_subset_named_exists_and_a_rollouts_rule_has_exactly_two(stack: Stack) -> None:
    rules = {rule["spec"]["host"]: rule for rule in stack.kind("DestinationRule")}
    assert len(rules) == len(stack.kind("DestinationRule")), "two rules for one host"
    for rule in rules.values():
        assert "tls" not in rule["spec"]["trafficPolicy"], "the mesh encrypts by itself"
    for route in stack.kind("VirtualService"):
        for rule in route["spec"]["http"]:
            ends = rule.get("route", [])
            subsets = {
                subset["name"]
                for end in ends
                for subset in rules[end["destination"]["host"]]["spec"].get("subsets", [])
            }
            assert {end["destination"]["subset"] for end in ends if "subset" in end["destination"]} == subsets
            assert not any("weight" in end for end in ends) or sum(end["weight"] for end in ends) == 100
    for rollout in stack.kind("Rollout"):
        istio = rollout["spec"]["strategy"].get("canary", {}).get("trafficRouting", {}).get("istio")
        if istio:
            namespace = rollout["metadata"]["namespace"]
            rule = stack.named("DestinationRule")[namespace, istio["destinationRule"]["name"]]
            assert [subset["name"] for subset in rule["spec"]["subsets"]] == ["stable", "canary"]
            for named in istio["virtualServices"]:
                delegate = stack.named("VirtualService")[namespace, named["name"]]
                assert [rule["name"] for rule in delegate["spec"]["http"]] == named["routes"]


def test_no_delegate_knows_two_ports(stack: Stack) -> None:
    """Argo Rollouts adds one route by header, to the port of the first: a second port's requests would go there too."""
    for route in stack.kind("VirtualService"):
        if "hosts" in route["spec"]:
            continue
        matched = {match["port"] for rule in route["spec"]["http"] for match in rule["match"]}
        led_to = {end["destination"]["port"]["number"] for rule in route["spec"]["http"] for end in rule["route"]}
        assert matched == led_to, f"{place(route)} takes requests for {matched} to {led_to}"
        assert len(matched) == 1, f"{place(route)} knows {matched}"


def test_a_rollout_names_only_what_exists_and_does_one_thing_a_step(stack: Stack) -> None:
    services, templates = stack.named("Service"), stack.named("AnalysisTemplate")
    for rollout in stack.kind("Rollout"):
        namespace, strategy = rollout["metadata"]["namespace"], rollout["spec"]["strategy"]
        (way,) = strategy
        for field in ("stableService", "canaryService", "activeService", "previewService"):
            if field in strategy[way]:
                assert (namespace, strategy[way][field]) in services, f"{place(rollout)}: {field} does not exist"
        managed = {route["name"] for route in strategy[way].get("trafficRouting", {}).get("managedRoutes", [])}
        for step in strategy[way].get("steps", []):
            assert len(step) == 1, f"{place(rollout)}: {step} is not one step"
            if "setHeaderRoute" in step:
                assert step["setHeaderRoute"]["name"] in managed
            assert "setCanaryScale" not in step or "trafficRouting" in strategy[way], "refused without routing"
        for template in strategy[way].get("analysis", {}).get("templates", []):
            assert (namespace, template["templateName"]) in templates


def test_an_autoscaler_and_a_number_of_replicas_never_meet(stack: Stack) -> None:
    scaled = {where for where, _ in stack.named("HorizontalPodAutoscaler").items()}
    for manifest in [*stack.kind("Deployment"), *stack.kind("Rollout")]:
        where = (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        assert ("replicas" in manifest["spec"]) != (where in scaled), f"{place(manifest)} is scaled by two or by none"


def test_every_route_leads_through_the_mesh_to_a_port_that_is_there(stack: Stack) -> None:
    services, plugins = stack.named("Service"), stack.named("KongPlugin")
    listeners = {listener["name"]: listener for listener in stack.named("Gateway")["kong", "edge"]["spec"]["listeners"]}
    for route in stack.kind("HTTPRoute"):
        namespace, spec = route["metadata"]["namespace"], route["spec"]
        (parent,) = spec["parentRefs"]
        listener = listeners[parent["sectionName"]]
        if namespace == "kong":
            continue
        notes = route["metadata"]["annotations"]
        assert notes["konghq.com/preserve-host"] == "false", "the mesh would not know the host and send in the clear"
        assert spec["hostnames"] == [listener["hostname"]], f"{place(route)} is not what the listener answers for"
        for name in notes["konghq.com/plugins"].split(","):
            assert (namespace, name) in plugins, f"{place(route)}: no plugin {name}"
        for rule in spec["rules"]:
            for backend in rule["backendRefs"]:
                service = services[namespace, backend["name"]]
                assert backend["port"] in [port["port"] for port in service["spec"]["ports"]]
                upstream = service["metadata"]["annotations"]["ingress.kubernetes.io/service-upstream"]
                assert upstream == "true", "Kong would go to the pods, around the mesh"


def test_every_token_route_is_checked_twice_and_every_plugin_is_used(stack: Stack) -> None:
    used = {
        (route["metadata"]["namespace"], name)
        for route in stack.kind("HTTPRoute")
        for name in route["metadata"].get("annotations", {}).get("konghq.com/plugins", "").split(",")
    }
    assert set(stack.named("KongPlugin")) <= used, "a plugin that no route names protects nothing"
    for plan in stack.blueprint.services.values():
        for route in plan.routes:
            kinds = {
                stack.named("KongPlugin")[where]["plugin"]
                for where in used
                if where[1].startswith(f"{route.service}-{route.api}-")
            }
            assert ("jwt" in kinds) == (route.auth.type == "jwt")
            assert "rate-limiting" in kinds
            if route.auth.type == "jwt" and stack.blueprint.platform.mesh:
                assert (route.service, "tokens") in stack.named("RequestAuthentication")
                policy = stack.named("AuthorizationPolicy")[route.service, f"public.{route.api}"]
                (condition,) = policy["spec"]["rules"][0]["when"]
                assert condition["key"] == "request.auth.claims[iss]", "a request without a token would pass"


def test_every_consumer_credential_has_the_keys_kong_asks_for(stack: Stack) -> None:
    secrets, wanted = stack.named("Secret"), {"jwt": {"algorithm", "key", "rsa_public_key"}, "acl": {"group"}}
    for consumer in stack.kind("KongConsumer"):
        for name in consumer["credentials"]:
            secret = secrets["kong", name]
            kind = secret["metadata"]["labels"]["konghq.com/credential"]
            assert set(secret["stringData"]) == wanted[kind], f"{name}: Kong's webhook would refuse it"
            assert "PRIVATE" not in str(secret), "a private key has no place in a stack"


def test_every_external_host_has_an_entry_and_a_network_rule(stack: Stack) -> None:
    entries = stack.named("ServiceEntry")
    for outside in stack.blueprint.network.outside:
        name = f"to.host.{outside.host}.{outside.port}" if outside.cidrs else "to.internet"
        ports = stack.named("NetworkPolicy")[outside.service, name]["spec"]["egress"][0]["ports"]
        assert {"port": outside.port, "protocol": "TCP"} in ports
        if stack.blueprint.platform.mesh:
            entry = entries[outside.service, outside.host]["spec"]
            assert (entry["exportTo"], entry["location"]) == (["."], "MESH_EXTERNAL"), "known to everybody else too"
            assert outside.port in [port["number"] for port in entry["ports"]]


def test_every_configuration_named_exists_and_none_holds_a_reference(stack: Stack) -> None:
    configs: dict[tuple[str, str], Any] = stack.named("ConfigMap")
    for namespace, template in stack.pods():
        for container in template["spec"]["containers"] + template["spec"].get("initContainers", []):
            for source in container.get("envFrom", []):
                assert (namespace, source["configMapRef"]["name"]) in configs
            names = [variable["name"] for variable in container.get("env", [])]
            assert len(names) == len(set(names)), f"{namespace}/{container['name']} sets a variable twice: {names}"
            for variable in container.get("env", []):
                for reference in re.findall(r"(?<!\$)(?:\$\$)*\$\(([^)]+)\)", variable.get("value", "")):
                    assert reference in names[: names.index(variable["name"])], "Kubernetes reads them in order"
    for config in configs.values():
        assert "${" not in str(config["data"]), f"{place(config)} still asks for something"
