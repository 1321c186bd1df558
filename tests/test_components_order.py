"""What the real program makes before what, as the engine receives it: isolation before the pods it isolates.

Order is what a request says it depends on, directly or through others, never the order of arrival: the engine makes
everything at once that does not wait.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint.operators import OPERATORS
from manifests.operators import objects as beside_operators
from tests.support.counting_engine import Registration
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.program_variants import VARIANTS, decided, every_variant, objects, ran
from tests.support.stacks import STACKS, catalogue, key
from tests.support.standing import STORES

PREREQUISITES: Final = frozenset(
    {("LimitRange", ""), ("NetworkPolicy", "default-deny"), ("ResourceQuota", ""), ("ServiceAccount", "")}
)
"""Kind and name (nothing: of any name) of what stands in a namespace before the first pod starts there."""
OF_THE_PLATFORM: Final = {
    "kong": frozenset(
        {("NetworkPolicy", "kong-redis.dns"), ("NetworkPolicy", "kong-redis.limits"), ("ServiceAccount", "kong-redis")}
    )
}
"""The same for a namespace that our pods share with a chart's, which are open: what closes ours alone."""
OF_AN_OPERATOR: Final = PREREQUISITES - {("ServiceAccount", "")}
"""The same for pods that an operator makes in a namespace of stores, with an account that it makes too."""
MESH_RULES: Final = frozenset(
    {
        ("security.istio.io/v1", "AuthorizationPolicy", "istio-system", "deny-all"),
        ("security.istio.io/v1", "PeerAuthentication", "istio-system", "default"),
    }
)
"""What must hold in the whole mesh before a pod starts in it."""
CHART: Final = "kubernetes:helm.sh/v4:Chart"
FILE: Final = "kubernetes:yaml/v2:ConfigFile"
GATE: Final = ("v1", "ConfigMap", "kong", "platform")

whole = pytest.mark.parametrize("variant", [*STACKS, "without a mesh"])
installing = pytest.mark.parametrize("variant", ["prod", "staging", "without a mesh"])

pytestmark = pytest.mark.xdist_group("program")  # each variant of the program is run once, by one worker


def by_key(done: Run) -> Mapping[tuple[str, str, str, str], str]:
    """What an object is called in its cluster, to its URN."""
    return {key(each.inputs): each.urn for each in objects(done)}


def pods(done: Run) -> Iterator[Registration]:
    """Everything that starts pods."""
    for each in objects(done):
        spec = each.inputs.get("spec", {})
        template = spec.get("jobTemplate", spec).get("spec", spec).get("template", spec).get("spec", spec)
        if "containers" in template:
            yield each


def below(done: Run, token: str) -> list[Registration]:
    """Everything directly below the components with `token`."""
    parents = {each.urn for each in done.registrations if each.kind == token}
    return [each for each in done.registrations if each.request.parent in parents]


@every_variant
def test_an_object_comes_after_its_namespace_and_goes_with_one_of_its_own_component(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    spaces = {each.inputs["metadata"]["name"]: each.urn for each in objects(done) if each.inputs["kind"] == "Namespace"}
    inside = [each for each in objects(done) if "namespace" in each.inputs["metadata"]]
    elsewhere = set()
    for each in inside:
        space = spaces.get(each.inputs["metadata"]["namespace"])
        if space is None:
            elsewhere.add(each.inputs["metadata"]["namespace"])
            assert not each.request.deletedWith, f"{each.urn} goes with a namespace that is not its own"
            continue
        assert space in before[each.urn], f"{each.urn} is asked for before there is a place for it"
        if each.request.parent == done.by_urn[space].request.parent:
            assert each.request.deletedWith == space, f"{each.urn} would be deleted one by one, finalizers and all"
        else:
            assert not each.request.deletedWith, f"{each.urn} would outlive what its component waited for"
    owned = "platform" in decided(variant).layers
    assert not elsewhere or not owned, f"no component makes {sorted(elsewhere)}"


@every_variant
def test_isolation_and_identity_exist_before_the_first_pod(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    if "services" in decided(variant).layers:
        assert list(pods(done)), "no pod at all: this test would prove nothing"
    for each in pods(done):
        behind = {
            (other.inputs["kind"], other.inputs["metadata"]["name"])
            for other in (done.by_urn[urn] for urn in before[each.urn])
            if other.kind.startswith("kubernetes:")
            and other.inputs.get("metadata", {}).get("namespace") == each.inputs["metadata"]["namespace"]
        }
        namespace = each.inputs["metadata"]["namespace"]
        needed = OF_AN_OPERATOR if namespace.endswith("-data") else PREREQUISITES
        missing = {
            kind
            for kind, name in OF_THE_PLATFORM.get(namespace, needed)
            if not any(kind == made and name in ("", named) for made, named in behind)
        }
        assert not missing, f"{each.urn} may start before its {', '.join(sorted(missing))}"


@whole
def test_the_rules_of_the_mesh_hold_before_the_first_pod(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    if decided(variant).platform.mesh is None:
        assert not MESH_RULES & by_key(done).keys(), "there is no mesh to rule"
        return
    rules = {by_key(done)[rule] for rule in MESH_RULES}
    for each in pods(done):
        assert rules <= before[each.urn], f"{each.urn} may start while everybody may still talk to it in the clear"


@whole
def test_services_come_after_everything_the_platform_waits_for(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    gate = by_key(done)[GATE]
    last = [
        *(each.urn for each in below(done, "platform:platform:Mesh")),
        *(each.urn for each in below(done, "platform:platform:Gateway") if each.inputs["kind"] == "Gateway"),
        *(each.urn for each in below(done, "platform:platform:Operators") if each.request.remote),
    ]
    assert last, "a platform of nothing: this test would prove nothing"
    early = sorted(urn for urn in last if urn not in before[gate])
    assert not early, f"PlatformReady does not wait for {early}"
    for each in below(done, "platform:service:Service"):
        assert gate in before[each.urn], f"{each.urn} does not wait for the platform"


@installing
def test_operators_are_installed_step_by_step(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    operators = decided(variant).platform.operators
    decided_on = [
        *((FILE, bundle.name) for bundle in operators.crds),
        *((CHART, operator.name) for operator in operators.charts),
    ]
    steps = [each for each in done.registrations if each.request.remote]
    assert [(each.kind, each.name) for each in steps] == decided_on, "installed in another order than decided"
    for earlier, later in pairwise(steps):
        assert earlier.urn in before[later.urn], f"{later.name} does not wait for {earlier.name}, on which it leans"


@installing
def test_certificates_of_the_operators_are_there_between_who_makes_and_who_mounts_them(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    operators = decided(variant).platform.operators
    charts = {each.name: each.urn for each in done.registrations if each.kind == CHART}
    made = {key(each): by_key(done)[key(each)] for each in beside_operators(operators)}
    assert made, "nothing beside the operators: this test would prove nothing"
    maker, mounter = charts[operators.foundation[-1].name], charts[operators.leaning[0].name]
    for name, urn in made.items():
        assert maker in before[urn], f"{name} is asked for before its definition and webhook are there"
        assert urn in before[mounter], f"{operators.leaning[0].name} starts before {name} is ready"


@installing
def test_the_gateway_starts_with_the_password_of_its_redis(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    charts = {each.name: each.urn for each in done.registrations if each.kind == CHART}
    secret = by_key(done)["external-secrets.io/v1", "ExternalSecret", "kong", "kong-redis"]
    assert charts["external-secrets"] in before[secret], "asked for before the API server knows its kind"
    assert secret in before[charts["kong"]], "Kong reads the variable when it starts, and would have none"


@installing
def test_objects_of_other_peoples_kinds_wait_for_their_definitions(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    last = [each.urn for each in done.registrations if each.request.remote][-1]
    for token in ("platform:platform:Mesh", "platform:platform:Gateway", "platform:platform:PlatformReady"):
        for each in below(done, token):
            assert last in before[each.urn], f"{each.urn} is asked for before the API server knows its kind"


def outlived_by(done: Run) -> set[str]:
    """The operators that have something to run in `done`, each of which outlives it.

    The engine deletes in the reverse order. It takes an object away by itself, or with the namespace it goes with:
    whichever it is must be gone before the operator that takes the finalizers off.
    """
    before = done.closures()
    charts = {each.name: each for each in done.registrations if each.kind == CHART}
    runner = {kind: charts[name] for name in charts for kind in OPERATORS[name].owns}
    busy = set()
    for each in objects(done):
        group = each.inputs["apiVersion"].rpartition("/")[0]
        operator = runner.get(f"{each.inputs['kind']}.{group}")
        if operator:
            gone = each.request.deletedWith or each.urn
            assert operator.urn in before[gone], f"{operator.name} would be gone before {each.urn}"
            busy.add(operator.name)
    return busy


def test_each_operator_outlives_the_finalizers_of_what_it_runs(tmp_path: Path) -> None:
    settings = {**written_settings("staging"), "environment": "dev"}
    del settings["backups"]
    services = tmp_path / "services"
    catalogue(services, shelf="  resources:\n" + "".join(f"    a-{each}: {{type: {each}}}\n" for each in STORES))
    with project(services) as folder:
        lead(folder, settings)
        each_engine = run(folder, "staging", settings)
    assert each_engine.exit_code == 0, each_engine.reported
    busy = outlived_by(each_engine) | outlived_by(ran("prod")) | outlived_by(ran("without a mesh"))
    assert busy == {name for name, operator in OPERATORS.items() if operator.owns}, "nothing is proven of the rest"


@whole
def test_a_chart_comes_after_its_namespace(variant: str) -> None:
    done, before = ran(variant), ran(variant).closures()
    spaces: dict[Any, str] = {
        each.inputs["metadata"]["name"]: each.urn for each in objects(done) if each.inputs["kind"] == "Namespace"
    }
    charts = [each for each in done.registrations if each.kind == CHART]
    assert bool(charts) == bool(decided(variant).platform.operators.charts), "undecided charts, or none of them"
    for each in charts:
        space = spaces.get(each.inputs["namespace"])
        assert space is None or space in before[each.urn], f"{each.urn}: its first object would be refused"


def test_every_variant_is_looked_at_whole_or_in_parts() -> None:
    assert {"only the platform", "only the services", "without a mesh", *STACKS} == VARIANTS.keys(), (
        "a new variant is in none of the lists of this file"
    )
