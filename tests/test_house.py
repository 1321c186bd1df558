"""The house keeps its own rules: who imports whom, how things are called, what every component does."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

import blueprint.catalogue
import blueprint.settings
from blueprint import brokers, clusters, delivery, network_rules, secrets, stores
from blueprint.catalogue.balancing import Affinity
from blueprint.catalogue.delivering import Rollout
from blueprint.catalogue.storing import AnyStore
from blueprint.docstrings import docstrings, models
from blueprint.operators import Operator
from blueprint.secrets import places
from blueprint.settings import Acme, Brokers, Data, SelfSigned
from blueprint.settings_secrets import SecretSource
from blueprint.vendors import STORE_PORTS
from components.base import Component
from components.cluster import CONNECTIONS
from manifests import gateway as gateway_manifests
from manifests import mesh as mesh_manifests
from manifests import secrets as secret_manifests
from manifests.backing import OBJECTS
from manifests.delivery import QUERIES, SPELLINGS
from manifests.isolation import PEERS
from manifests.operators import SPELLINGS as OPERATOR_SPELLINGS
from operations.reaching import REACHED
from operations.stacks import DRIVERS
from tests.support import random_catalogues, reachability, standing

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = ("blueprint", "components", "manifests", "operations", "policies")

STANDARD: Final = frozenset(sys.stdlib_module_names)
READING: Final = (
    "blueprint.catalogue",
    "blueprint.names",
    "blueprint.quantities",
    "blueprint.reading",
    "blueprint.settings",
    "blueprint.store_names",
    "blueprint.text",
    "blueprint.vendors",
)

MAY_IMPORT: Final = {
    "blueprint": ("blueprint", "pydantic", "pydantic_core", "yaml"),
    "manifests": ("manifests", "blueprint"),
    "components": (
        "components",
        "manifests",
        "blueprint",
        "pulumi",
        "pulumi_kubernetes",
        "pulumi_aws",
        "pulumi_gcp",
        "pulumi_random",
    ),
    "policies": (
        "policies",
        *READING,
        "pydantic",
        "yaml",
        "pulumi",
        "pulumi_policy",
    ),
    "__main__.py": ("blueprint", "components", "operations.planning", "operations.reaching", "policies", "pulumi"),
}
"""Room → what it may import besides the standard library. `operations` may import anything but NOT_BY_OPERATIONS."""

NOT_BY_OPERATIONS: Final = (
    "components",
    "policies.__main__",
    "policies.adapters.crossguard",
    "policies.adapters.thawing",
)
"""What imports Pulumi, or blocks for ever: a command that needs no engine must not load it."""


def sources() -> list[Path]:
    """Every Python file of the program, sorted; tests and benchmarks are not the program."""
    return [ROOT / "__main__.py", *sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]


def every_file() -> list[Path]:
    """Every file git would commit, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return sorted(ROOT / name for name in listed if (ROOT / name).is_file())


def imports(file: Path) -> Iterator[str]:
    """What `file` imports, anywhere in it: modules, and the names taken from one (`blueprint.names`)."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{file.relative_to(ROOT)}:{node.lineno}: a relative import hides which room it enters"
            )
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def within(module: str, allowed: tuple[str, ...]) -> bool:
    return module.split(".", maxsplit=1)[0] in STANDARD or inside(module, allowed)


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may(file: Path) -> None:
    room = file.relative_to(ROOT).parts[0]
    if room == "operations":
        wrong = [module for module in imports(file) if inside(module, NOT_BY_OPERATIONS)]
    else:
        wrong = [module for module in imports(file) if not within(module, MAY_IMPORT[room])]
    assert not wrong, f"{file.relative_to(ROOT)} imports {wrong}: rooms would grow together, or a command load Pulumi"


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_one_subject(file: Path) -> None:
    text = file.read_text()
    lines = len(text.splitlines())
    assert lines <= 300, f"{file.relative_to(ROOT)} has {lines} lines: are they two subjects?"
    assert ast.get_docstring(ast.parse(text)), f"{file.relative_to(ROOT)} does not say what it is"
    banned = {"utils", "helpers", "common", "manager", "misc"}
    assert file.stem not in banned, f"{file.relative_to(ROOT)} is named after no subject"


def test_nothing_on_the_path_shadows_the_standard_library() -> None:
    # Only what lands on sys.path can shadow: the project's root, and `policies`, which the pack runs from.
    exposed = [
        *ROOT.glob("*.py"),
        *(path for path in ROOT.iterdir() if path.is_dir()),
        *(ROOT / "policies").glob("*.py"),
    ]
    shadows = [path.name for path in exposed if path.stem in STANDARD and not path.stem.startswith("__")]
    assert not shadows, f"{shadows} would be imported instead of the standard library"


def test_the_pure_rooms_ask_neither_clock_nor_environment_nor_chance() -> None:
    impure = {"os", "time", "random", "secrets", "subprocess", "socket", "uuid", "tempfile", "platform"}
    found = {
        f"{file.relative_to(ROOT)}: {module}"
        for file in sources()
        if file.relative_to(ROOT).parts[0] in ("blueprint", "manifests")
        for module in imports(file)
        if module.split(".")[0] in impure
    }
    assert not found, f"the same input would not always give the same blueprint: {sorted(found)}"


def components() -> list[type[Component]]:
    import components.platform  # noqa: PLC0415
    import components.service  # noqa: F401, PLC0415

    return sorted(Component.__subclasses__(), key=lambda kind: kind.__name__)


def test_the_tokens_are_those_that_running_stacks_know() -> None:
    written = (ROOT / "tests" / "golden" / "tokens.txt").read_text().split()
    tokens = sorted(kind.token for kind in components())
    assert tokens == sorted(written), (
        "a token is part of the URN of everything below it. If one was renamed or removed, add an alias to the "
        "component, or every object under it is replaced; then list it in tests/golden/tokens.txt"
    )
    assert all(len(token.split(":")) == 3 and token.startswith("platform:") for token in tokens)


@pytest.mark.parametrize("kind", components(), ids=lambda kind: kind.__name__)
def test_a_component_keeps_the_contract(kind: type[Component]) -> None:
    file = Path(sys.modules[kind.__module__].__file__ or "")
    (made,) = [
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    (init,) = [node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    calls = [ast.unparse(node.func) for node in ast.walk(init) if isinstance(node, ast.Call)]
    assert calls.count("self.register_outputs") == 1, "outputs are registered once, or the engine waits for ever"
    last = init.body[-1]
    assert ast.unparse(last).startswith("self.register_outputs("), "outputs are registered last"
    assert [argument.arg for argument in init.args.args][:2] == ["self", "name"], "the name comes first"
    live = [argument.arg for argument in init.args.kwonlyargs]
    assert live[-1:] == ["opts"], "the options are keyword-only and last"
    assert len(live) <= 5, f"{live}: more than four live inputs mean a missing dataclass"
    assert not [call for call in calls if call.endswith((".merge", ".apply"))], (
        "options are not merged, nothing hides in apply"
    )


def placements(text: type[BaseModel]) -> set[tuple[str, str]]:
    """Every pair of a field of `text` that says a placement, and a value it may have."""
    values = {name: get_args(field.annotation) for name, field in text.model_fields.items() if name != "default"}
    return {(name, value) for name, allowed in values.items() for value in allowed}


def engines() -> set[str]:
    """Every type of store an owner may name."""
    return {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(AnyStore)}


def kind_of(text: type[BaseModel]) -> str:
    """The one word by which a stack's file says that it means `text`."""
    (kind,) = get_args(text.model_fields["kind"].annotation)
    return str(kind)


TABLES: Final[dict[str, tuple[set[Any], set[Any]]]] = {
    "cluster settings to decision": (set(clusters.MAKERS), set(get_args(get_args(blueprint.settings.Cluster)[0]))),
    "cluster decision to connection": (set(CONNECTIONS), {clusters.Attached}),
    "cluster decision to question": (set(REACHED), {clusters.Attached}),
    "cluster settings to driver": (set(DRIVERS), set(get_args(get_args(blueprint.settings.Cluster)[0]))),
    "rollout strategy to decision": (set(delivery.MAKERS), set(get_args(Rollout.model_fields["strategy"].annotation))),
    "delivery decision to objects": (set(SPELLINGS), set(get_args(delivery.Delivery))),
    "store engine and placement to decision": (set(stores.MAKERS), placements(Data)),
    "broker and placement to decision": (set(brokers.MAKERS), placements(Brokers)),
    "store or broker decision to objects": (set(OBJECTS), {*get_args(stores.Store), brokers.Account}),
    "store engine to ports": (set(STORE_PORTS), engines()),
    "store engine to ports, for the proofs": (set(reachability.STORE_PORTS), engines()),
    "store engine of random catalogues": (set(random_catalogues.STORES), engines()),
    "store engine with a stand-in": (set(standing.STORES), engines()),
    "affinity to hash": (set(mesh_manifests.HASHES), set(get_args(get_args(Affinity)[0]))),
    "secret source to decision": (set(places.MAKERS), {kind_of(source) for source in get_args(SecretSource)}),
    "secret source to names": (set(places.NAMES), {kind_of(source) for source in get_args(SecretSource)}),
    "secret decision to objects": (set(secret_manifests.OBJECTS), set(get_args(secrets.Secret))),
    "store of secrets to provider": (set(secret_manifests.PROVIDERS), set(get_args(places.Place))),
    "peer to spelling": (set(PEERS), set(get_args(network_rules.Peer))),
    "certificates to issuers": (set(gateway_manifests.ISSUERS), {Acme, SelfSigned}),
    "operator to spelling": (set(OPERATOR_SPELLINGS), set(Operator.__subclasses__())),
}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_table_has_a_row_for_every_type(table: str) -> None:
    rows, types = TABLES[table]
    assert rows == types, f"{table}: no row makes {types - rows}, no type needs {rows - types}"


def test_every_measurement_an_owner_can_name_has_a_query() -> None:
    named = get_args(get_args(delivering_templates())[0])
    assert set(named) == set(QUERIES), "an owner could ask for a measurement that no AnalysisTemplate makes"


def delivering_templates() -> Any:
    from blueprint.catalogue.delivering import Analysis  # noqa: PLC0415

    return Analysis.model_fields["templates"].annotation


@pytest.mark.parametrize(
    "root", [blueprint.catalogue.Service, blueprint.settings.Settings], ids=lambda root: root.__name__
)
def test_every_field_an_owner_can_write_says_what_it_means(root: type[BaseModel]) -> None:
    silent = [
        f"{model.__name__}.{name}"
        for model in sorted(models(root), key=lambda model: model.__name__)
        for name, field in model.model_fields.items()
        if not docstrings(model).get(field.alias or name)
    ]
    assert not silent, f"{silent} have no docstring, so an editor shows nothing"


def test_every_model_is_strict_frozen_and_closed() -> None:
    for root in (blueprint.catalogue.Service, blueprint.settings.Settings):
        for model in models(root):
            config = model.model_config
            assert config.get("extra") == "forbid", f"{model.__name__} swallows a misspelt field"
            assert config.get("frozen"), f"{model.__name__} can change"
            assert config.get("strict"), f"{model.__name__} guesses what was meant"


def test_no_commit_holds_a_machine_path_or_a_session() -> None:
    import re  # noqa: PLC0415

    # Written apart, so that this file does not find itself.
    paths = re.compile("|".join(f"/{top}/[a-z]" for top in ("root", "work", "home/[a-z]+")))
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in every_file()
        if file.suffix in {".py", ".md", ".yaml", ".toml", ".txt", ".json", ""} and file.stat().st_size < 1_000_000
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1)
        if paths.search(line)
    ]
    assert not found, f"machine paths at {found}"
