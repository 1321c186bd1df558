"""What a system shares is taken where a service does not say it, and nowhere else."""

from pathlib import Path

import pytest

from blueprint.catalogue import Spec
from blueprint.catalogue.running import Container
from blueprint.catalogue.sharing import EveryContainer, Main, Shared
from blueprint.reading import Catalogue, read_catalogue
from blueprint.reading.sharing import unreached
from tests.support.stacks import MINIMAL, TODAY

DEFAULTS = """\
apiVersion: catalog.platform/v1alpha1
kind: Defaults
systems:
  shop:
    everyContainer:
      resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 64Mi}}
    main:
      livenessProbe: {httpGet: {path: /live, port: 8080}}
    egress: [{host: mail.example.com}]
    tier: critical
"""
SILENT = MINIMAL.replace("      resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 256Mi}}}}\n", "")
LISTENS = "  service: {ports: {http: {port: 8080}}}\n"


def read(folder: Path, text: str) -> Catalogue:
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    (folder / "a.yaml").write_text(text)
    return read_catalogue(folder, today=TODAY, called="services")


def spec(folder: Path, text: str) -> Spec:
    return read(folder, text).entries["a"].written.spec


def test_a_silent_service_has_what_its_system_shares(tmp_path: Path) -> None:
    found = spec(tmp_path, SILENT.format(name="a", kind="service") + LISTENS)
    main = found.containers["main"]
    assert (main.resources.requests.cpu, found.tier) == ("10m", "critical")
    assert [egress.host for egress in found.egress] == ["mail.example.com"]
    assert main.liveness_probe is not None
    assert main.readiness_probe is None, "what is not shared is left open"


def test_a_service_keeps_its_own_words(tmp_path: Path) -> None:
    own = "      livenessProbe: {tcpSocket: {port: 8080}}\n" + LISTENS + "  tier: best-effort\n  egress: []\n"
    found = spec(tmp_path, MINIMAL.format(name="a", kind="service") + own)
    main = found.containers["main"]
    assert (main.resources.requests.cpu, found.tier, found.egress) == ("100m", "best-effort", ())
    (probe,) = main.written_probes.values()
    assert (probe.http_get, probe.tcp_socket is not None) == (None, True), "half of the shared probe is left"


@pytest.mark.parametrize("kind", ["worker", "service"])
def test_a_service_that_does_not_listen_is_not_asked_by_a_shared_probe(kind: str, tmp_path: Path) -> None:
    assert spec(tmp_path, SILENT.format(name="a", kind=kind)).containers["main"].written_probes == {}


def test_a_patch_comes_after_what_is_shared(tmp_path: Path) -> None:
    patch = "  environments: {dev: {tier: null, containers: {main: {resources: {limits: {memory: 96Mi}}}}}}\n"
    entry = read(tmp_path, SILENT.format(name="a", kind="worker") + patch).entries["a"]
    dev, prod = entry.patched["dev"].spec, entry.patched["prod"].spec
    assert (dev.tier, prod.tier) == ("standard", "critical")
    resources = dev.containers["main"].resources
    assert (resources.requests.memory, resources.limits.memory) == ("32Mi", "96Mi")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (("tier",), "services/_defaults.yaml:10"),
        (("containers", "main", "resources", "limits"), "services/_defaults.yaml:6"),
        (("containers", "debug", "resources", "limits"), "services/_defaults.yaml:6"),
        (("owner",), "services/a.yaml:6"),
        (("egress",), "services/a.yaml:11"),
    ],
)
def test_a_finding_names_the_file_in_which_the_value_was_written(
    path: tuple[str, ...], where: str, tmp_path: Path
) -> None:
    patch = "  environments: {dev: {egress: [], containers: {debug: {image: 'a.example/debug:1'}}}}\n"
    found = read(tmp_path, SILENT.format(name="a", kind="worker") + patch).problem("a", "dev", path, "", "")
    assert f"{found.file}:{found.line}" == where


def test_whatever_is_shared_is_a_field_of_a_service_or_of_its_containers() -> None:
    apart = {"every_container", "main"}
    assert Shared.model_fields.keys() - apart <= Spec.model_fields.keys()
    held = {*EveryContainer.model_fields, *Main.model_fields}
    assert held <= Container.model_fields.keys(), "a word that no container knows would be refused in every service"


def test_a_default_that_reaches_no_service_is_named_with_its_line(tmp_path: Path) -> None:
    own = MINIMAL.format(name="a", kind="service") + LISTENS + "  tier: standard\n  egress: null\n"
    found = list(unreached([read(tmp_path, own).entries["a"].source]))
    assert [(problem.line, problem.field) for problem in found] == [
        (6, "systems.shop.everyContainer.resources"),
        (9, "systems.shop.egress"),
        (10, "systems.shop.tier"),
    ]
    deaf = read(tmp_path, SILENT.format(name="a", kind="worker"))
    assert [problem.field for problem in unreached([deaf.entries["a"].source])] == ["systems.shop.main.livenessProbe"]


def test_a_default_that_reaches_one_service_of_several_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(SILENT.format(name="b", kind="service") + LISTENS)
    entries = read(tmp_path, MINIMAL.format(name="a", kind="service") + "  tier: standard\n").entries
    assert list(unreached([entry.source for entry in entries.values()])) == []


def test_a_container_that_only_a_patch_adds_is_reached(tmp_path: Path) -> None:
    patch = "  environments: {dev: {containers: {debug: {image: 'a.example/debug:1'}}}}\n"
    found = unreached([read(tmp_path, MINIMAL.format(name="a", kind="worker") + patch).entries["a"].source])
    assert "systems.shop.everyContainer.resources" not in [problem.field for problem in found]
