"""`plat explain`: every value of a service, who said it and on which line, and what would hold without it."""

import json
from pathlib import Path

import pytest

from blueprint.catalogue import ENVIRONMENTS, Environment
from blueprint.reading import TextError, read_catalogue
from operations import explained, explaining
from operations.console import Console
from operations.exits import RefusedError
from operations.explaining import Value, explain
from operations.project import Project
from tests.support.stacks import MINIMAL, ROOT, SERVICES, TODAY, shop
from tests.test_operations_cli_commands import plat

DEFAULTS = """\
apiVersion: catalog.platform/v1alpha1
kind: Defaults
systems:
  shop:
    everyContainer:
      resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {cpu: 40m, memory: 64Mi}}
    main:
      livenessProbe: {httpGet: {path: /live, port: 8080}}
    egress: [{host: mail.example.com}]
    tier: critical
"""
SILENT = MINIMAL.replace("      resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 256Mi}}}}\n", "")
LISTENS = "  service: {ports: {http: {port: 8080}}}\n"
LIMIT = "spec.containers.main.resources.limits.memory"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A catalogue of two services of one system: `own` says what the system shares as well, `silent` does not."""
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "_defaults.yaml").write_text(DEFAULTS)
    own = MINIMAL.format(name="own", kind="service") + "      livenessProbe: {tcpSocket: {port: 8080}}\n" + LISTENS
    (folder / "own.yaml").write_text(own + "  egress: []\n")
    (folder / "silent.yaml").write_text(SILENT.format(name="silent", kind="service") + LISTENS)
    return Project(root=ROOT, services=folder)


def append(project: Project, name: str, text: str) -> None:
    file = project.services / f"{name}.yaml"
    file.write_text(file.read_text() + text)


def one(project: Project, service: str, field: str, environment: Environment = "prod") -> Value:
    (value,) = explain(project, service, environment, [field]).values
    return value


def origin(value: Value) -> tuple[object, str, str | None]:
    """The value, who says it, and `file:line` without the folder."""
    return value.held, value.layer, f"{Path(value.file).name}:{value.line}" if value.file else None


def overridden(value: Value) -> list[tuple[object, str]]:
    return [(each.value, f"{Path(each.file).name}:{each.line}") for each in value.overrides]


def page(project: Project, service: str, *fields: str, environment: Environment = "prod", every: bool = False) -> str:
    """What a person reads, without the catalogue's folder."""
    said = explained.text(explain(project, service, environment, fields), Console(), every=every, more="plat --all")
    return said.replace(f"{project.shown(project.services)}/", "")


def test_a_value_of_the_service_comes_from_its_line(project: Project) -> None:
    assert origin(one(project, "own", "spec.owner")) == ("team-a", "file", "own.yaml:6")
    assert origin(one(project, "own", "metadata.name")) == ("own", "file", "own.yaml:3")


def test_a_value_of_the_system_comes_from_the_line_of_its_defaults(project: Project) -> None:
    assert origin(one(project, "silent", LIMIT)) == ("64Mi", "defaults", "_defaults.yaml:6")
    assert origin(one(project, "silent", "spec.tier")) == ("critical", "defaults", "_defaults.yaml:10")


def test_a_value_that_nobody_says_comes_from_the_model(project: Project) -> None:
    value = one(project, "own", "spec.terminationGracePeriodSeconds")
    assert origin(value) == (30, "model", None)
    assert "Kubernetes' default, 30" in value.about, "the source of the number is not named"


def test_a_value_of_the_service_says_which_default_it_overrides(project: Project) -> None:
    value = one(project, "own", LIMIT)
    assert (value.held, overridden(value)) == ("256Mi", [("64Mi", "_defaults.yaml:6")])
    assert overridden(one(project, "own", "spec.egress")) == [([{"host": "mail.example.com"}], "_defaults.yaml:9")]
    assert overridden(one(project, "silent", LIMIT)) == []


def test_what_a_default_said_and_a_service_leaves_out_is_overridden_too(project: Project) -> None:
    limit = one(project, "own", "spec.containers.main.resources.limits.cpu")
    assert (origin(limit), overridden(limit)) == ((None, "file", "own.yaml:11"), [("40m", "_defaults.yaml:6")])
    asked = one(project, "own", "spec.containers.main.livenessProbe.httpGet")
    assert overridden(asked) == [({"path": "/live", "port": 8080}, "_defaults.yaml:8")]


def test_a_patch_holds_in_its_environment_and_says_all_it_overrides(project: Project) -> None:
    append(project, "own", "  environments: {dev: {containers: {main: {resources: {limits: {memory: 512Mi}}}}}}\n")
    dev, prod = (one(project, "own", LIMIT, environment) for environment in ("dev", "prod"))
    assert (origin(dev), overridden(dev)) == (
        ("512Mi", "environment", "own.yaml:15"),
        [("256Mi", "own.yaml:11"), ("64Mi", "_defaults.yaml:6")],
    )
    assert origin(prod) == ("256Mi", "file", "own.yaml:11")


def test_a_patch_overrides_a_default_of_the_system(project: Project) -> None:
    append(project, "silent", "  environments: {dev: {tier: standard}}\n")
    value = one(project, "silent", "spec.tier", "dev")
    assert (origin(value), overridden(value)) == (
        ("standard", "environment", "silent.yaml:12"),
        [("critical", "_defaults.yaml:10")],
    )


def test_a_container_that_a_patch_adds_says_which_default_it_overrides(project: Project) -> None:
    small = "{requests: {cpu: 1m, memory: 8Mi}, limits: {memory: 8Mi}}"
    debug = f"{{image: 'a.example/debug:1', resources: {small}}}"
    append(project, "silent", f"  environments: {{dev: {{containers: {{debug: {debug}}}}}}}\n")
    value = one(project, "silent", "spec.containers.debug.resources.limits.memory", "dev")
    assert (origin(value), overridden(value)) == (
        ("8Mi", "environment", "silent.yaml:12"),
        [("64Mi", "_defaults.yaml:6")],
    )


@pytest.mark.parametrize(
    ("text", "layer"), [("  tier: null\n", "file"), ("  environments: {prod: {tier: null}}\n", "environment")]
)
def test_null_restores_the_default_of_the_model_and_says_where(text: str, layer: str, project: Project) -> None:
    append(project, "silent", text)
    value = one(project, "silent", "spec.tier")
    assert origin(value) == ("standard", layer, "silent.yaml:12")
    assert (value.restored, overridden(value)) == (True, [("critical", "_defaults.yaml:10")])


def test_a_list_is_overridden_as_a_whole(project: Project) -> None:
    append(project, "silent", "  slos: [{name: a, indicator: availability, objective: 99.9}]\n")
    append(project, "silent", "  environments: {dev: {slos: [{name: b, indicator: availability, objective: 99}]}}\n")
    slos = one(project, "silent", "spec.slos", "dev")
    assert (slos.layer, overridden(slos)) == (
        "environment",
        [([{"name": "a", "indicator": "availability", "objective": 99.9}], "silent.yaml:12")],
    )
    assert overridden(one(project, "silent", "spec.slos.0.name", "dev")) == [], "two items are compared by position"


@pytest.mark.parametrize("folder", [SERVICES, ROOT / "tests" / "fixtures" / "every_field" / "services"], ids=str)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_values_are_those_that_every_other_command_reads(environment: Environment, folder: Path) -> None:
    project = Project(root=ROOT, services=folder)
    for service in read_catalogue(folder, today=TODAY).within(environment):
        metadata, spec = explain(project, service.name, environment, []).values
        expected = service.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert metadata.held == service.metadata.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert spec.held == expected
        expected.pop("environments")
        assert _rebuilt(spec) == expected, "the values below it say something else"


def _rebuilt(value: Value) -> object:
    """What the values below `value` say, without what holds nothing."""
    if not value.inner:
        return value.held
    if isinstance(value.held, list):
        return [_rebuilt(each) for each in value.inner]
    below = {str(each.place[-1]): _rebuilt(each) for each in value.inner}
    return {key: each for key, each in below.items() if each is not None}


def test_every_line_named_is_one_that_says_the_word() -> None:
    project = Project(root=ROOT, services=SERVICES)
    found = 0
    for service in shop().services:
        text = (SERVICES / f"{service.name}.yaml").read_text(encoding="utf-8").splitlines()
        for whole in explain(project, service.name, "dev", []).values:
            for leaf in whole.leaves:
                if leaf.line and not isinstance(leaf.place[-1], int):
                    found += 1
                    assert str(leaf.place[-1]) in text[leaf.line - 1], f"{leaf.field} is not on line {leaf.line}"
    assert found > 500


def test_the_page_shows_what_is_said_in_the_order_of_the_file_and_counts_the_rest(project: Project) -> None:
    every = page(project, "silent", every=True).splitlines()
    rest = len(every) - every.index("Defaults of the format (docs/catalogue.md)") - 1
    assert rest > 40
    assert page(project, "silent").splitlines() == [
        "silent in prod",
        "  metadata                                 {name: silent}                        silent.yaml:3",
        "  spec.type                                service                               silent.yaml:5",
        "  spec.owner                               team-a                                silent.yaml:6",
        "  spec.system                              shop                                  silent.yaml:7",
        "  spec.containers.main.image               ghcr.io/acme/silent:1.0.0             silent.yaml:10",
        "  spec.containers.main.resources.requests  {cpu: 10m, memory: 32Mi}              _defaults.yaml:6",
        "  spec.containers.main.resources.limits    {cpu: 40m, memory: 64Mi}              _defaults.yaml:6",
        "  spec.containers.main.livenessProbe       {httpGet: {path: /live, port: 8080}}  _defaults.yaml:8",
        "  spec.service                             {ports: {http: {port: 8080}}}         silent.yaml:11",
        "  spec.egress                              [{host: mail.example.com}]            _defaults.yaml:9",
        "  spec.tier                                critical                              _defaults.yaml:10",
        "",
        f"Not shown: {rest} defaults of the format. plat --all lists them as well.",
    ]


def test_what_one_file_overrides_of_another_is_shown_value_by_value(project: Project) -> None:
    append(project, "own", "  environments: {dev: {containers: {main: {resources: {limits: {memory: 512Mi}}}}}}\n")
    shown = page(project, "own", "spec.containers.main.resources", environment="dev")
    assert shown.replace("  spec.containers.main.resources", "").splitlines()[1:] == [
        ".requests.cpu     100m   own.yaml:11        overrides 10m of _defaults.yaml:6",
        ".requests.memory  128Mi  own.yaml:11        overrides 32Mi of _defaults.yaml:6",
        ".limits.memory    512Mi  own.yaml:15 (dev)  overrides 256Mi of own.yaml:11, which overrides 64Mi of"
        " _defaults.yaml:6",
        ".limits.cpu       unset  own.yaml:11        overrides 40m of _defaults.yaml:6",
    ]


def test_a_word_that_says_what_would_hold_without_it_is_called_a_repetition(project: Project) -> None:
    append(project, "silent", "  tier: critical\n")
    assert page(project, "silent", "tier").splitlines()[1].endswith("silent.yaml:12  repeats _defaults.yaml:10")


def test_one_value_comes_with_what_the_model_says_of_it(project: Project) -> None:
    assert page(project, "own", "spec.scaling.maxReplicas").splitlines() == [
        "own in prod",
        "  spec.scaling.maxReplicas  unset  default of the format (docs/catalogue.md)",
        "",
        "Pods at most; unset: minReplicas. Raising it raises the namespace's quota.",
    ]
    append(project, "silent", "  tier: null\n")
    assert "silent.yaml:12  null restores the default, overrides critical of" in page(project, "silent", "tier")


def test_the_defaults_of_the_model_are_listed_where_they_are_asked_for(project: Project) -> None:
    heading = "\nDefaults of the format (docs/catalogue.md)\n"
    listed = page(project, "own", every=True)
    assert heading in listed
    assert "  spec.scaling.minReplicas                                 3 " in listed
    assert "spec.observability.metrics " in listed, "what holds where it is unset is known"
    assert "spec.containers.main.livenessProbe.exec" not in listed, "nothing holds there"
    assert heading in page(project, "own", "spec.scaling")


def test_a_list_that_is_long_is_cut_and_divided_where_it_is_named(project: Project) -> None:
    hosts = ", ".join(f"{{host: {name}.example.com, port: 8443}}" for name in ("first", "second"))
    append(project, "silent", f"  egress: [{hosts}]\n")
    (row,) = (line for line in page(project, "silent").splitlines() if "egress" in line)
    assert "[{host: first.example.com, port: 8443}, {host: second..." in row
    divided = [" ".join(line.split()) for line in page(project, "silent", "spec.egress").splitlines()]
    assert divided[1].endswith("silent.yaml:12 overrides [{host: mail.example.com}] of _defaults.yaml:9")
    assert divided[3] == "spec.egress.1 {host: second.example.com, port: 8443} silent.yaml:12"
    assert any(line.startswith("spec.egress.1.protocol TLS ") for line in divided), "an item's defaults are missing"


def test_what_null_restores_is_one_row_and_divided_where_it_is_named(project: Project) -> None:
    append(project, "silent", "  resilience: {outlierDetection: {interval: 5s}}\n")
    append(project, "silent", "  environments: {dev: {resilience: null}}\n")
    (row,) = (line for line in page(project, "silent", environment="dev").splitlines() if "resilience" in line)
    assert "silent.yaml:13 (dev)  null restores the default, overrides {outlierDetection: {interval: 5s}} of" in row
    divided = " ".join(page(project, "silent", "spec.resilience", environment="dev").split())
    assert ".interval 30s silent.yaml:13 (dev) null restores the default, overrides 5s of silent.yaml:12 " in divided
    assert ".loadBalancer LEAST_REQUEST silent.yaml:13 (dev) null restores the default" in divided


def test_a_text_of_several_lines_is_its_first_one_without_control_characters(project: Project) -> None:
    (project.services / "web").mkdir()
    (project.services / "web" / "a.conf").write_text("user \x1b[31mweb;\nlisten 8080;\n")
    files = "{/etc/a.conf: {from: web/a.conf}, /etc/a: one}"  # the name of one begins that of the other
    container = f"  containers: {{main: {{image: 'a.example/a:1', files: {files}}}}}\n"
    file = project.services / "silent.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("  containers:")] + container)
    shown = page(project, "silent", "spec.containers.main.files./etc/a.conf")
    assert "  user \\u001b[31mweb; (2 lines)  silent.yaml:8\n" in shown


@pytest.mark.parametrize(
    ("field", "cure"),
    [
        ("spec.containers.main.resorces", "no field 'resorces' in spec.containers.main. Did you mean 'resources'?"),
        ("containers.side", "no field 'side' in spec.containers. Fields of spec.containers: main."),
        ("scalign", "no field 'scalign' in spec. Did you mean 'scaling'?"),
        ("spec.slos.0", "no field 'spec.slos.0': nothing is below spec.slos. Name spec.slos itself."),
        ("", "no field '' in spec. Fields of spec: affinity, consumes, containers, "),
        ("spec.environments", "no field 'environments' in spec. "),
    ],
)
def test_a_field_that_is_not_there_is_answered_with_those_that_are(field: str, cure: str, project: Project) -> None:
    with pytest.raises(RefusedError) as refused:
        explain(project, "silent", "prod", [field])
    assert cure in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("mistaken", [False, True])
def test_a_service_that_is_not_there_is_answered_with_those_that_are(mistaken: bool, project: Project) -> None:
    if mistaken:
        append(project, "own", "  tiger: critical\n")
    with pytest.raises(RefusedError, match=r"There is no service 'silnt' in the catalogue. Did you mean 'silent'\?"):
        explain(project, "silnt", "prod", [])


def test_mistakes_of_others_hide_nothing(project: Project) -> None:
    before = explain(project, "silent", "prod", [])
    append(project, "own", "  tiger: critical\n")
    append(project, "silent", "  consumes: [{api: nobody/nothing}]\n")
    found = explain(project, "silent", "prod", [])
    assert (before.mistakes, found.mistakes) == (0, 2)
    assert found.values[0] == before.values[0]
    assert origin(one(project, "silent", LIMIT)) == ("64Mi", "defaults", "_defaults.yaml:6")


def test_a_service_is_known_by_the_name_it_says_not_by_its_files(project: Project) -> None:
    (project.services / "silent.yaml").rename(project.services / "another.yaml")
    append(project, "own", "  tiger: critical\n")
    assert origin(one(project, "silent", "spec.owner"))[2] == "another.yaml:6"


@pytest.mark.parametrize(
    ("name", "mistake"), [("silent", "  tiger: critical\n"), ("_defaults", "    tiger: critical\n")]
)
def test_a_mistake_of_its_own_file_or_of_the_defaults_is_reported_alone(
    name: str, mistake: str, project: Project
) -> None:
    append(project, name, mistake)
    append(project, "own", "  owmer: team-b\n")
    with pytest.raises(TextError) as refused:
        explain(project, "silent", "prod", [])
    assert [Path(problem.file).stem for problem in refused.value.problems] == [name]


def test_the_environment_is_named_or_that_of_a_stack_or_production() -> None:
    project = Project(root=ROOT, services=SERVICES)
    assert explaining.environment_of(project, None, None) == "prod"
    assert explaining.environment_of(project, "ephemeral", None) == "ephemeral"
    assert explaining.environment_of(project, None, "staging") == "staging"
    with pytest.raises(RefusedError, match="Drop one of the two"):
        explaining.environment_of(project, "dev", "staging")


def test_the_command_prints_a_table_or_records_and_what_is_wrong_elsewhere_beside_it(project: Project) -> None:
    append(project, "own", "  tiger: critical\n")
    asked = ("explain", "silent", "-s", "dev", "--services", str(project.services))
    table = plat(*asked, LIMIT)
    assert (table.returncode, table.stdout.splitlines()[0]) == (0, "silent in dev")
    assert table.stderr.startswith(
        "The catalogue has 1 mistake, which changes nothing here: ./plat validate --services "
    )
    records = json.loads(plat(*asked, "--json").stdout)
    (found,) = [each for each in records["values"] if each["field"] == LIMIT]
    assert (found["value"], found["from"], found["line"]) == ("64Mi", "defaults", 6)
    assert {"field", "value", "from", "file", "line", "restored", "overrides", "about"} == found.keys()


@pytest.mark.parametrize(
    "arguments", [("ordre-service",), ("order-service", "scalign"), ("order-service", "-e", "x"), ()]
)
def test_a_wrong_word_ends_with_2_and_a_hint_and_no_traceback(arguments: tuple[str, ...]) -> None:
    done = plat("explain", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
