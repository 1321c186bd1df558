"""An operation that streams is cut by nobody: not by the caller's route, the gateway's, or the gateway itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blueprint import design
from manifests import everything
from tests.support.stacks import catalogue, settings

FEED = """\
  service: {ports: {http: {port: 8080}, grpc: {port: 50051, appProtocol: grpc}}}
  provides:
    - api: feed-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
      operations:
        - {method: GET, path: "/feed/{topic}", idempotent: true, streaming: true}
        - {method: GET, path: /feed/all, idempotent: true}
        - {method: POST, path: /feed, idempotent: false}
      route: {paths: [/feed], auth: {type: none, reason: anybody may read the feed}}
    - api: feed-grpc-v1
      type: grpc
      version: "1.0.0"
      definition: contracts/any.txt
      port: grpc
      operations:
        - {rpc: feed.v1.Feed/Watch, idempotent: true, streaming: true}
        - {rpc: feed.v1.Feed/Get, idempotent: true}
"""
READER = "  consumes: [{api: feed/feed-v1}, {api: feed/feed-grpc-v1}]\n"


def made(folder: Path, feed: str = FEED) -> Mapping[tuple[str, str], Any]:
    """Every object, by kind and namespace/name."""
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    (folder / "contracts" / "any.txt").write_text("any\n")
    objects = everything(design(settings(), catalogue(folder, feed=feed, reader=READER)))
    return {
        (each["kind"], f"{each['metadata'].get('namespace', '')}/{each['metadata']['name']}"): each for each in objects
    }


def first(route: Any, port: int, path: str, method: str) -> Any:
    """The rule that a request meets, as Istio chooses it: the first that matches."""
    for rule in route["spec"]["http"]:
        for match in rule["match"]:
            uri = match.get("uri", {})
            exact = uri.get("exact") in (None, path)
            template = "regex" not in uri or uri["regex"].partition("[")[0] == path.rpartition("/")[0] + "/"
            if match["port"] == port and exact and template and match.get("method", {}).get("exact") in (None, method):
                return rule
    raise AssertionError(path)


def test_a_callers_route_ends_no_stream_and_retries_none(tmp_path: Path) -> None:
    route = made(tmp_path)["VirtualService", "reader/to.feed"]
    for port, path, method in ((8080, "/feed/news", "GET"), (50051, "/feed.v1.Feed/Watch", "POST")):
        rule = first(route, port, path, method)
        assert ("timeout" in rule, rule["retries"]) == (False, {"attempts": 0}), path


def test_what_does_not_stream_keeps_its_timeout(tmp_path: Path) -> None:
    route = made(tmp_path)["VirtualService", "reader/to.feed"]
    for port, path, method in (
        (8080, "/feed/all", "GET"),
        (8080, "/feed", "POST"),
        (50051, "/feed.v1.Feed/Get", "POST"),
    ):
        assert first(route, port, path, method)["timeout"] in ("5s", "15s"), f"{path} would hang for ever"


def test_the_gateways_route_ends_no_stream(tmp_path: Path) -> None:
    route = made(tmp_path)["VirtualService", "feed/feed"]
    assert "timeout" not in first(route, 8080, "/feed/news", "GET")
    assert first(route, 8080, "/feed/all", "GET")["timeout"] == "5s"
    assert first(route, 8080, "/feed", "POST")["timeout"] == "5s"


def test_the_gateway_bears_an_hour_of_silence_and_holds_no_event_back(tmp_path: Path) -> None:
    objects = made(tmp_path)
    service = objects["Service", "feed/feed"]["metadata"]["annotations"]
    assert (service["konghq.com/read-timeout"], service["konghq.com/write-timeout"]) == ("3600000", "3600000")
    (route,) = [
        each for (kind, _), each in objects.items() if kind == "HTTPRoute" and "feed" in each["metadata"]["name"]
    ]
    assert route["metadata"]["annotations"]["konghq.com/response-buffering"] == "false"


def test_nothing_changes_where_nothing_streams(tmp_path: Path) -> None:
    objects = made(tmp_path, FEED.replace(", streaming: true", ""))
    service = objects["Service", "feed/feed"]["metadata"]["annotations"]
    assert service["konghq.com/read-timeout"] == "60000"
    assert "konghq.com/write-timeout" not in service
    roots = [objects["VirtualService", name] for name in ("reader/to.feed", "feed/feed")]
    assert all("timeout" in rule for root in roots for rule in root["spec"]["http"])
