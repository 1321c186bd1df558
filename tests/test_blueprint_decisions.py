"""What is decided when an owner says little: every default that costs money, time or sleep, and every refusal."""

import base64
import re
import subprocess
from pathlib import Path

import pytest

from blueprint import Blueprint, apis, design, names, network, sizes
from blueprint.delivery import BlueGreen
from blueprint.fitting import check
from blueprint.mesh import Membership, template
from blueprint.reading import TextError
from blueprint.settings import Budget, Identity, Jwk, Mesh
from blueprint.settings import Gateway as GatewayText
from blueprint.variables import FromSecret, version
from blueprint.workloads import Container, Workload
from manifests.keys import pem
from manifests.manifest import duration
from tests.support.stacks import catalogue, objects, settings, shop

OFFER = """\
  service: {ports: {http: {port: 8080}, rpc: {port: 9000, appProtocol: grpc}}}
  provides:
    - api: things
      type: openapi
      version: "1.0.0"
      definition: a.yaml
      port: http
      timeout: 2s
      operations:
        - {method: GET, path: "/things/{id}", idempotent: true}
        - {method: POST, path: /things, idempotent: false}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a catalogue whose contract is there."""
    made = tmp_path / "services"
    made.mkdir()
    (made / "contracts").mkdir()
    (made / "contracts" / "any.txt").write_text("any\n")
    return made


def offering() -> str:
    return OFFER.replace("a.yaml", "contracts/any.txt")


def membership(made: Blueprint, service: str) -> Membership:
    part = made.services[service].membership
    assert part is not None, "the stack has a mesh"
    return part


def call(folder: Path, consume: str) -> network.Call:
    """The edge that `consume` declares."""
    made = catalogue(folder, provider=offering(), caller=f"  consumes: [{{api: provider/things{consume}}}]\n")
    (only,) = design(settings("dev"), made).network.calls
    return only


def test_an_edge_that_says_nothing_retries_what_is_idempotent_and_waits_for_every_try(folder: Path) -> None:
    edge = call(folder, "")
    assert (edge.attempts, edge.timeout_seconds, edge.per_try_seconds) == (2, 6.0, 2.0), "three tries of two seconds"
    assert [request.method for request in edge.requests] == ["GET", "POST"], "every operation, when none is named"


def test_an_edge_with_a_timeout_of_its_own_retries_only_if_the_tries_fit(folder: Path) -> None:
    assert call(folder, ", timeout: 6s").attempts == 2
    short = call(folder, ", timeout: 2s")
    assert (short.attempts, short.timeout_seconds) == (0, 2.0), "a second try would outlast the caller's patience"


def test_an_edge_to_what_is_not_idempotent_is_tried_once(folder: Path) -> None:
    edge = call(folder, ', operations: ["POST /things"]')
    assert (edge.attempts, edge.timeout_seconds) == (0, 2.0)


def test_the_owner_s_own_tries_win(folder: Path) -> None:
    edge = call(folder, ', operations: ["GET /things/{id}"], timeout: 4s, retries: {attempts: 1, perTryTimeout: 500ms}')
    assert (edge.attempts, edge.per_try_seconds, edge.timeout_seconds) == (1, 0.5, 4.0)


PAIR = """\
  service: {ports: {http: {port: 8080}}}
  provides:
    - {api: quick, type: openapi, version: "1.0.0", definition: contracts/any.txt, port: http, timeout: 1s,
       operations: [{method: PUT, path: "/{a}/{b}", idempotent: %s}, {method: PUT, path: /a/all, idempotent: %s}]}
    - {api: slow, type: openapi, version: "1.0.0", definition: contracts/any.txt, port: http, timeout: 9s%s}
"""


@pytest.mark.parametrize(
    ("general", "special", "rules"),
    [
        ("true", "false", ["quick-once", "quick-idempotent", "quick", "slow"]),
        ("false", "true", ["quick-idempotent", "quick", "slow"]),
        ("true", "true", ["quick-idempotent", "quick", "slow"]),
        ("false", "false", ["quick", "slow"]),
    ],
)
def test_what_may_not_be_repeated_is_looked_for_before_a_pattern_that_repeats_it(
    folder: Path, general: str, special: str, rules: list[str]
) -> None:
    made = catalogue(
        folder,
        provider=PAIR % (general, special, ""),
        caller="  consumes: [{api: provider/quick}, {api: provider/slow}]\n",
    )
    (calls,) = membership(design(settings("dev"), made), "caller").calls
    assert [rule.name for rule in calls.rules] == rules, "first match wins"


@pytest.mark.parametrize("more", ["", ", operations: [{method: GET, path: /slow, idempotent: false}]"])
def test_two_apis_on_one_port_keep_their_own_timeouts(folder: Path, more: str) -> None:
    made = catalogue(
        folder,
        provider=PAIR % ("false", "false", more),
        caller="  consumes: [{api: provider/slow}, {api: provider/quick}]\n",
    )
    (calls,) = membership(design(settings("dev"), made), "caller").calls
    timeouts = {rule.name: rule.timeout_seconds for rule in calls.rules}
    assert timeouts == {"quick": 1.0, "slow": 9.0}
    assert calls.rules[0].requests, "the first rule would take the other API's requests"
    assert calls.rules[-1].requests == (), "what no rule names leads nowhere"


def test_who_may_ask_for_a_template_may_not_for_that_ask_for_what_is_named(folder: Path) -> None:
    offer = (
        OFFER.replace("a.yaml", "contracts/any.txt")
        + """\
        - {method: GET, path: /things/export, idempotent: true}
      route: {paths: [/things], auth: {type: none, reason: anybody may}}
    - api: inside
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
      operations: [{method: GET, path: /things/secrets, idempotent: true}]
      allow: []
"""
    )
    consume = '  consumes: [{api: provider/things, operations: ["GET /things/{id}", POST /things]}]\n'
    made = design(settings("dev"), catalogue(folder, provider=offer, caller=consume))
    found = {rule.name: rule.operations for rule in membership(made, "provider").authorization}
    assert [
        (operations.methods, operations.paths, operations.excluded) for operations in found["from.caller.things"]
    ] == [
        (("GET",), ("/things/{*}",), ("/things/export", "/things/secrets")),
        (("POST",), ("/things",), ()),
    ], "a template admits to what the caller does not consume"
    assert [(operations.paths, operations.excluded) for operations in found["public.things"]] == [
        (("/things/export",), ()),
        (("/things/{*}",), ("/things/secrets",)),
        (("/things",), ()),
    ], "the public route allows what no consumer may call"


def workload(folder: Path, more: str, stack: str = "dev") -> Workload:
    return design(settings(stack), catalogue(folder, one=more)).services["one"].workload


def test_a_container_without_a_cpu_limit_gets_four_times_its_request(folder: Path) -> None:
    (main,) = workload(folder, "").containers
    assert (main.amounts.cpu_request_millicores, main.amounts.cpu_limit_millicores) == (100, 400)


def test_a_service_that_listens_is_asked_for_a_connection(folder: Path) -> None:
    (main,) = workload(folder, "  service: {ports: {http: {port: 8080}}}\n").containers
    assert main.probes.liveness is not None
    assert main.probes.liveness.port == 8080, "an HTTP liveness probe kills busy pods; a connection does not"
    assert main.probes.readiness == main.probes.liveness
    (silent,) = workload(folder, "").containers
    assert silent.probes.liveness is None, "nothing to connect to"


def test_pods_are_scaled_only_where_the_owner_allows_more(folder: Path) -> None:
    fixed = workload(folder, "  scaling: {minReplicas: 3}\n")
    assert (fixed.replicas, fixed.autoscaler) == (3, None)
    free = workload(folder, "  scaling: {minReplicas: 2, maxReplicas: 6}\n")
    assert free.replicas is None, "two would write the same field"
    assert free.autoscaler is not None
    assert (free.autoscaler.least, free.autoscaler.most, free.autoscaler.cpu_percent) == (2, 6, 70)


def test_one_pod_has_nothing_to_keep_up_while_a_node_is_drained(folder: Path) -> None:
    assert not workload(folder, "  scaling: {minReplicas: 1}\n").disruptible, "it would block every drain"
    assert workload(folder, "").disruptible


@pytest.mark.parametrize(
    ("rollout", "pods"),
    [("rolling", 4 + 2 * 1), ("canary", 2 * 4 + 1), ("blueGreen", 2 * 4 + 1)],
)
def test_a_namespace_holds_both_versions_and_what_is_stopping(folder: Path, rollout: str, pods: int) -> None:
    more = (
        "  service: {ports: {http: {port: 8080}}}\n  scaling: {maxReplicas: 4}\n"
        f"  rollout: {{strategy: {rollout}}}\n"
    )
    made = design(settings("dev"), catalogue(folder, one=more))
    assert made.services["one"].namespace.quota.pods == pods
    proxy = sizes.PROXY["dev"]
    assert made.services["one"].namespace.quota.total.cpu_request_millicores == pods * (
        100 + proxy.cpu_request_millicores
    )


@pytest.mark.parametrize(
    ("ports", "mode", "active"),
    [
        ("http: {port: 8080}", "sidecar", "one-active"),
        ("http: {port: 8080}, raw: {port: 8081, appProtocol: tcp}", "sidecar", "one"),
        ("raw: {port: 8081, appProtocol: tls}", "sidecar", "one"),
        ("http: {port: 8080}", "none", "one"),
    ],
)
def test_the_waiting_version_gets_no_request_on_any_port(folder: Path, ports: str, mode: str, active: str) -> None:
    more = f"  service: {{ports: {{{ports}}}}}\n  rollout: {{strategy: blueGreen}}\n"
    made = design(settings("dev", mesh=Mesh.model_validate({"mode": mode})), catalogue(folder, one=more))
    delivery = made.services["one"].delivery
    assert isinstance(delivery, BlueGreen)
    assert delivery.active == active, "the Service of the service's own name would lead to both versions"
    part = made.services["one"].membership
    traffic = part.traffic if part else None
    assert traffic is None or traffic.target == names.address(active, "one"), "the routes lead past the active version"


def test_without_a_mesh_no_pod_is_sized_for_a_proxy(folder: Path) -> None:
    made = design(settings("dev", mesh=Mesh(mode="none")), catalogue(folder, one=""))
    assert made.services["one"].workload.proxy is None
    assert (
        made.services["one"].namespace.quota.total.cpu_request_millicores
        == made.services["one"].namespace.quota.pods * 100
    )
    assert not [kind for _, kind, _, _ in objects(made) if kind in ("Sidecar", "AuthorizationPolicy", "VirtualService")]


def test_a_changed_variable_restarts_the_pods_and_an_unchanged_one_does_not(folder: Path) -> None:
    more = "      variables: {A: one}\n"
    before, same = workload(folder, more).checksum, workload(folder, more).checksum
    assert before == same
    assert workload(folder, more.replace("one", "two")).checksum != before, "pods would keep the old value for weeks"


SECRETS = """\
  resources:
    db: {type: postgres}
    api: {type: secret, params: {keys: [DB_URL, token, TOKEN]}}
    api-db: {type: postgres}
"""


def read_by_kubernetes(main: Container) -> dict[str, str]:
    """The variables as a container gets them: a Secret's value is <secret/key>; `$$` is a dollar sign, `$(NAME)` the
    variable NAME if it came before, else itself (kubernetes.io, Define Dependent Environment Variables)."""
    found = dict(main.variables)
    for variable in main.environment:
        if isinstance(variable, FromSecret):
            found[variable.name] = f"<{variable.secret}/{variable.key}>"
        else:
            found[variable.name] = re.sub(
                r"\$\$|\$\(([^)]*)\)",
                lambda sign: "$" if sign[0] == "$$" else found.get(sign[1], sign[0]),
                variable.value,
            )
    return found


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("plain $(X) $$5 $", "plain $(X) $5 $"),
        ("${resources.db.password}", "<one-db/password>"),
        ("a:${resources.db.password}@${resources.db.host}", "a:<one-db/password>@db-rw.one-data.svc.cluster.local"),
        ("cost $$${resources.db.password}", "cost $<one-db/password>"),
        ("$$(OTHER) $(OTHER) $$$$(OTHER) ${resources.db.url}", "$(OTHER) $(OTHER) $$(OTHER) <one-db/url>"),
        ("${resources.db.url}$", "<one-db/url>$"),
        ("${resources.api.token}-${resources.api.TOKEN}", "<one-api/token>-<one-api/TOKEN>"),
        ("${resources.api.DB_URL} ${resources.api-db.url}", "<one-api/DB_URL> <one-api-db/url>"),
    ],
)
def test_a_variable_means_what_its_owner_wrote(folder: Path, written: str, means: str) -> None:
    more = f"      variables: {{OTHER: x, RESOURCE_DB_HOST: mine, V: '{written}'}}\n{SECRETS}"
    (main,) = workload(folder, more).containers
    got = read_by_kubernetes(main)
    assert got["V"] == means
    assert got["RESOURCE_DB_HOST"] == "mine", "a variable of the owner's was overwritten"


def test_an_init_container_counts_only_where_it_is_larger(folder: Path) -> None:
    resources = "resources: {requests: {cpu: 2, memory: 64Mi}, limits: {memory: 64Mi}}"
    more = f"  initContainers:\n    first: {{image: 'a:1', {resources}}}\n    then: {{image: 'a:1', {resources}}}\n"
    made = design(settings("dev", mesh=Mesh(mode="none")), catalogue(folder, one=more)).services["one"].namespace.quota
    assert made.total.cpu_request_millicores == made.pods * 2000, "they run one after another"
    assert made.total.memory_limit_mib == made.pods * 256, "the main container asks for more memory than they"


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("ghcr.io/acme/a:1.2.3", "1.2.3"),
        ("localhost:5000/a:v2@sha256:" + "a" * 64, "v2"),
        ("ghcr.io/acme/a@sha256:" + "b" * 64, "b" * 12),
        ("a:_x", "x"),
        ("a:1.0-", "1.0"),
        ("a:_@sha256:" + "c" * 64, "c" * 12),
        ("a:" + "t" * 100, "t" * 56 + "-" + names.fit("t" * 100)[-6:]),
    ],
)
def test_the_version_of_an_image_is_a_label(image: str, shown: str) -> None:
    assert version(image) == shown
    assert len(version(image)) <= 63


def test_a_long_name_keeps_its_beginning_and_two_long_names_stay_two() -> None:
    assert names.fit("a" * 63) == "a" * 63
    one, other = names.fit("a" * 63 + "b"), names.fit("a" * 63 + "c")
    assert len(one) == 63
    assert one != other, "the second would overwrite the first"
    assert one[:56] == "a" * 56


def test_words_that_join_to_the_same_letters_stay_two_names() -> None:
    assert names.from_("a-b", "c") != names.from_("a", "b-c"), "two edges would share one policy"


@pytest.mark.parametrize(
    ("path", "spelled"), [("/v1/users/{id}", "/v1/users/{*}"), ("/a/{b}/c/{d}", "/a/{*}/c/{*}"), ("/", "/")]
)
def test_a_parameter_is_one_segment_to_the_mesh(path: str, spelled: str) -> None:
    assert template(path) == spelled


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0.4, "400ms"), (1, "1s"), (90.0, "90s"), (0.333333, "333ms"), (2_592_000.0, "2592000s"), (0.0003, "1ms")],
)
def test_durations_are_spelled_as_istio_reads_them(seconds: float, spelled: str) -> None:
    assert duration(seconds) == spelled


@pytest.mark.parametrize(
    ("path", "prefix", "is_below"),
    [
        ("/v1/orders", "/v1/orders", True),
        ("/v1/orders/1", "/v1/orders", True),
        ("/v1/orders2", "/v1/orders", False),
        ("/x", "/", True),
    ],
)
def test_a_prefix_covers_whole_segments(path: str, prefix: str, is_below: bool) -> None:
    assert apis.below(path, prefix) is is_below


def test_a_public_key_is_what_openssl_says_it_is(tmp_path: Path) -> None:
    # openssl, not this program, reads the key back: a wrong length byte would be a key no token fits.
    key = settings("dev").identity.issuers["shop"].jwks.keys[0]
    file = tmp_path / "key.pem"
    file.write_text(pem(key))
    said = subprocess.run(
        ["openssl", "rsa", "-pubin", "-in", str(file), "-noout", "-modulus"], capture_output=True, text=True, check=True
    ).stdout
    modulus = base64.urlsafe_b64decode(key.n + "=" * (-len(key.n) % 4)).hex().upper()
    assert said.strip() == f"Modulus={modulus}"


def test_a_modulus_with_a_high_bit_is_a_positive_number() -> None:
    high = Jwk(kty="RSA", kid="k", n="_" * 343)
    body = base64.b64decode("".join(pem(high).splitlines()[1:-1]))
    assert b"\x00\xff\xff\xff" in body, "without the leading zero the number would be negative"


def problems(text: str) -> list[str]:
    return [re.sub(r"^services/", "", line) for line in text.splitlines()]


def test_settings_and_catalogue_that_do_not_fit_are_reported_together() -> None:
    stack = settings(
        "dev",
        identity=Identity(),
        gateway=GatewayText(hosts=("api.example.com",)),
        budget=Budget(cpu_cores=1, memory_gib=10_000, pods=10),
    )
    with pytest.raises(TextError) as caught:
        design(stack, shop(), "dev")
    reported = problems(str(caught.value))
    assert any("so every call is refused" in line and line.startswith("order-service.yaml:") for line in reported)
    assert any(line.startswith("Pulumi.dev.yaml:1: platform:settings.budget.cpuCores: is 1, but") for line in reported)
    assert any("budget.pods: is 10, but" in line for line in reported)
    assert not any("memoryGib" in line for line in reported), "that one holds"


def test_a_host_the_gateway_does_not_answer_for_is_refused(folder: Path) -> None:
    route = "      route: {paths: [/things], host: shop.example.org, auth: {type: none, reason: anybody may}}\n"
    made = catalogue(folder, one=offering() + route)
    with pytest.raises(
        TextError,
        match=r"one\.yaml:\d+: spec\.provides\.0\.route\.host: in the stack dev, the gateway does not answer for",
    ):
        design(settings("dev"), made, "dev")


def test_what_fits_no_stack_is_one_problem_with_the_cure_of_each(folder: Path) -> None:
    route = "      route: {paths: [/things], host: shop.example.org, auth: {type: none, reason: anybody may}}\n"
    stacks = {
        "dev": settings("dev"),
        "eu": settings("prod", gateway=GatewayText(hosts=("shops.example.org",))),
        "us": settings("prod", gateway=GatewayText(hosts=("shop.example.org",))),
    }
    with pytest.raises(TextError) as caught:
        check(stacks, catalogue(folder, one=offering() + route))
    (line,) = problems(str(caught.value))
    assert (
        "in the stacks dev and eu, the gateway does not answer for 'shop.example.org', which its setting gateway.hosts"
        in line
    )
    assert line.endswith("dev: Did you mean 'api.dev.shop.example.com'? eu: Did you mean 'shops.example.org'?")


def test_a_misfit_that_every_stack_mends_alike_has_one_cure() -> None:
    stacks = {stack: settings(stack, identity=Identity()) for stack in ("dev", "prod", "staging")}
    with pytest.raises(TextError) as caught:
        check(stacks, shop())
    lines = [line for line in problems(str(caught.value)) if line.startswith("order-service.yaml:")]
    assert lines
    assert all(": in the stacks dev, prod and staging, asks for a token" in line for line in lines)
    assert all(line.endswith("is refused. Add an issuer to the setting identity.issuers.") for line in lines)


def test_one_path_on_the_default_host_by_name_and_without_is_refused(folder: Path) -> None:
    route = "      route: {paths: [/things], auth: {type: none, reason: anybody may}%s}\n"
    named = ", host: api.dev.shop.example.com"
    made = catalogue(folder, one=offering() + route % "", two=offering() + route % named)
    with pytest.raises(TextError, match=r"two\.yaml:\d+: spec\.provides\.0\.route\.paths\.0: .* routed by one"):
        design(settings("dev"), made)
    design(settings("dev"), catalogue(folder, two=offering() + route.replace("/things", "/") % named))


def test_two_hosts_never_share_a_certificate(folder: Path) -> None:
    hosts = ("api.eu.example.com", "api-eu.example.com")
    made = design(settings("dev", gateway=GatewayText(hosts=hosts)), catalogue(folder, one=""))
    assert len({host.certificate for host in made.platform.gateway.hosts}) == 2, "the second would overwrite the first"


def test_an_empty_command_is_the_image_s_own(folder: Path) -> None:
    made = design(settings("dev"), catalogue(folder, one="      command: []\n      args: []\n"))
    (main,) = objects(made)["apps/v1", "Deployment", "one", "one"]["spec"]["template"]["spec"]["containers"]
    assert not {"command", "args"} & set(main), "Kubernetes drops an empty list"


def test_the_same_text_gives_the_same_value_and_every_service_has_a_plan() -> None:
    one, other = design(settings("prod"), shop()), design(settings("prod"), shop())
    assert one == other
    assert list(one.services) == sorted(service.name for service in shop().within("prod"))
    assert all(name == plan.name == plan.namespace.service for name, plan in one.services.items())


def test_network_rules_come_from_edges_alone(folder: Path) -> None:
    namespace = design(settings("dev"), catalogue(folder, alone="")).services["alone"].namespace
    assert {rule.name for rule in namespace.rules} == {
        "platform.dns",
        "platform.istiod",
        "platform.metrics",
        "platform.telemetry",
    }
    assert namespace.far_rules == ()
    assert namespace.data is None


@pytest.mark.parametrize("word", ["allow", "deny"])
def test_a_group_in_which_nobody_can_be_is_refused(folder: Path, word: str) -> None:
    routed = f"      route:\n        paths: [/things]\n        auth: {{type: jwt}}\n        acl: {{{word}: [suport]}}\n"
    made = catalogue(folder, one=offering() + routed)
    with pytest.raises(TextError, match=rf"acl\.{word}\.0: .* the group 'suport'.* Did you mean 'support'\?"):
        design(settings("dev"), made)
