"""Which port is asked for numbers: one that speaks HTTP, or none."""

from pathlib import Path
from typing import Any

import pytest

from blueprint import design
from manifests import everything
from tests.support.stacks import catalogue, settings, workload

PORTS = {
    "http": "http: {port: 8080}",
    "grpc": "grpc: {port: 50051, appProtocol: grpc}",
    "tcp": "raw: {port: 6379, appProtocol: tcp}",
    "named": "metrics: {port: 9090}",
    "named-grpc": "metrics: {port: 9090, appProtocol: grpc}",
}


def scraped(folder: Path, ports: list[str], more: str = "") -> tuple[str | None, set[int]]:
    """What the pod's annotations say a scraper shall ask, and, in a stack without a mesh, what Prometheus may reach."""
    listens = f"  service: {{ports: {{{', '.join(PORTS[port] for port in ports)}}}}}\n"
    read = catalogue(folder, one=f"{listens}{more}")
    made = workload(everything(design(settings(), read)))
    annotations: dict[str, Any] = made["spec"]["template"]["metadata"]["annotations"]
    assert ("prometheus.io/scrape" in annotations) is ("prometheus.io/port" in annotations)
    plain = design(settings("staging", mesh={"mode": "none"}), read).services["one"].namespace
    allowed = {port for rule in plain.rules if rule.name == "platform.metrics" for port in map(_number, rule.ports)}
    return annotations.get("prometheus.io/port"), allowed


def _number(port: Any) -> int:
    return int(getattr(port, "number", getattr(port, "port", port)))


@pytest.mark.parametrize(
    ("ports", "asked"),
    [
        (["http"], 8080),
        (["grpc", "http"], 8080),
        (["tcp", "grpc", "http", "named"], 9090),
        (["named-grpc", "http"], 8080),
        (["grpc"], None),
        (["tcp"], None),
        (["named-grpc"], None),
    ],
)
def test_only_a_port_that_speaks_http_is_scraped_by_default(
    tmp_path: Path, ports: list[str], asked: int | None
) -> None:
    assert scraped(tmp_path, ports) == (str(asked) if asked else None, {asked} if asked else set())


@pytest.mark.parametrize("word", ["none", "null"])
def test_numbers_are_switched_off_by_name(tmp_path: Path, word: str) -> None:
    assert scraped(tmp_path, ["http", "named"], f"  observability: {{metrics: {word}}}\n") == (None, set())


def test_the_owners_port_wins(tmp_path: Path) -> None:
    said = "  observability: {metrics: {port: raw, path: /numbers}}\n"
    assert scraped(tmp_path, ["http", "tcp"], said) == ("6379", {6379})
