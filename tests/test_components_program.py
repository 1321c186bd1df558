"""The real program in a process of its own, against an engine that counts: what every stack keeps to.

That an API server takes the objects is proven elsewhere, and that the objects are right, too. Here it is how they are
given: each once, as its manifest spells it, small, with few dependencies, and nothing where anything is wrong.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from manifests import Manifest, everything
from tests.support.catalogue_factory import write_shops
from tests.support.counting_engine import STACK_TYPE
from tests.support.program_run import lead, project, run, written_settings
from tests.support.program_variants import decided, every_variant, objects, ran
from tests.support.stacks import ROOT, SERVICES, key

MOST_EDGES_PER_RESOURCE: Final = 3
MOST_BYTES_PER_RESOURCE: Final = 2_400
MOST_BEFORE: Final = 200
"""Resources that anything others wait for may itself come after."""
DEEPEST: Final = 2
"""Components between the stack and an object."""
PROVIDER: Final = "pulumi:providers:kubernetes"
NO_KEY: Final = re.compile(rb"PRIVATE KEY")

# ---- small, and each thing once

pytestmark = pytest.mark.xdist_group("program")  # each variant of the program is run once, by one worker


@every_variant
def test_a_run_is_quiet_and_looks_nothing_up(variant: str) -> None:
    done = ran(variant)
    assert done.reported == (), "a warning at every run is not read"
    assert done.printed == "", "what a program prints is lost between the engine's lines"
    assert done.asked == (), "a look-up makes a preview depend on what is there already"
    assert done.refused == (), "the engine would have stopped here"
    assert done.debugged < len(done.registrations) / 10, "each resource writes to the debug log, a call per message"


@every_variant
def test_there_are_at_most_three_dependencies_per_resource(variant: str) -> None:
    done = ran(variant)
    assert done.edges <= MOST_EDGES_PER_RESOURCE * len(done.registrations), (
        f"{done.edges} edges among {len(done.registrations)} resources: state and preview grow with their number"
    )


@every_variant
def test_a_registration_is_2400_bytes_on_the_wire_at_most(variant: str) -> None:
    done = ran(variant)
    each = done.size_bytes / len(done.registrations)
    assert each <= MOST_BYTES_PER_RESOURCE, f"{each:.0f} bytes each, most of them {done.largest_kinds}"


@every_variant
def test_nothing_depends_on_a_component_of_ours(variant: str) -> None:
    done = ran(variant)
    components = {each.urn for each in done.registrations if each.local_component}
    assert len(components) > 1, "no component at all: this test would prove nothing"
    # The SDK puts a component's children in its place, so that a dependency on one shows as one on all of them. To wait
    # for all of a few is what the mesh's rules are for; no object means to wait for more than eight.
    children = {urn: {each.urn for each in done.registrations if each.request.parent == urn} for urn in components}
    for each in done.registrations:
        named = components.intersection(each.edges)
        assert not named, f"{each.urn} waits for {named}"
        swallowed = [urn for urn, below in children.items() if len(below) > 8 and below <= set(each.edges)]
        assert not swallowed, f"{each.urn} waits for everything below {swallowed}: growth with the cube of the program"


@every_variant
def test_what_others_wait_for_comes_after_two_hundred_at_most(variant: str) -> None:
    done = ran(variant)
    before = done.closures()
    waited_for = {urn for each in done.registrations for urn in each.edges}
    longest = max(waited_for, key=lambda urn: len(before[urn]), default="")
    assert waited_for, "nothing waits for anything: this test would prove nothing"
    assert len(before[longest]) <= MOST_BEFORE, f"{longest} comes after {len(before[longest])} resources"


@every_variant
def test_no_kubernetes_object_is_registered_under_two_names(variant: str) -> None:
    keys = [key(each.inputs) for each in objects(ran(variant))]
    twice = sorted({each for each in keys if keys.count(each) > 1})
    assert not twice, f"{twice}: two resources would fight over each"


@every_variant
def test_a_component_says_once_that_it_is_complete(variant: str) -> None:
    done = ran(variant)
    finished = [urn for urn, _ in done.outputs]
    ours = sorted(each.urn for each in done.registrations if each.local_component)
    assert sorted(finished) == ours, "the engine shows a component without outputs as unfinished, and refuses two"


@every_variant
def test_no_object_lies_deeper_than_two_components(variant: str) -> None:
    done = ran(variant)
    for each in done.registrations:
        above, depth = done.by_urn.get(each.request.parent), 0
        while above is not None and above.kind != STACK_TYPE:
            above, depth = done.by_urn.get(above.request.parent), depth + 1
        assert depth <= DEEPEST, f"{each.urn} lies {depth} components deep; each level costs every registration"
        assert depth or each.kind in {STACK_TYPE, PROVIDER} or each.local_component, f"{each.urn} belongs to nothing"


# ---- as spelled


@every_variant
def test_what_is_registered_is_what_was_spelled_and_nothing_else(variant: str) -> None:
    registered = {key(each.inputs): _canonical(each.inputs) for each in objects(ran(variant))}
    spelled = {key(each): _canonical(each) for each in everything(decided(variant))}
    assert registered.keys() - spelled.keys() == set(), "`plat render` and the policies would not see these"
    assert spelled.keys() - registered.keys() == set(), "these are rendered and checked, but never made"
    different = sorted(name for name in spelled if spelled[name] != registered[name])
    assert not different, f"{different} are not made as they are rendered and checked"


def _canonical(manifest: Manifest) -> str:
    """`manifest` without what is said to the provider only."""
    notes = manifest["metadata"].get("annotations", {})
    kept = {name: text for name, text in notes.items() if not name.startswith("pulumi.com/")}
    metadata = {name: field for name, field in manifest["metadata"].items() if name != "annotations"}
    return json.dumps({**manifest, "metadata": {**metadata, **({"annotations": kept} if kept else {})}}, sort_keys=True)


@every_variant
def test_the_type_of_a_resource_is_its_manifests(variant: str) -> None:
    for each in objects(ran(variant)):
        version = each.inputs["apiVersion"]
        expected = f"kubernetes:{version if '/' in version else f'core/{version}'}:{each.inputs['kind']}"
        assert each.kind == expected, f"{each.urn}: the provider goes by the type, not by what is inside"


@every_variant
def test_every_resource_names_its_provider(variant: str) -> None:
    done = ran(variant)
    (provider,) = [each for each in done.registrations if each.kind == PROVIDER]
    assert provider.inputs["clusterIdentifier"] == decided(variant).cluster.name, (
        "a new certificate of the cluster would replace everything in it"
    )
    for each in done.registrations:
        if each.local_component or each is provider:
            continue
        named = {each.request.provider, *each.request.providers.values()} - {""}
        assert {name.rpartition("::")[0] for name in named} == {provider.urn}, (
            f"{each.urn} would go to whatever cluster somebody's current context names"
        )


@every_variant
def test_a_changed_variable_or_key_is_written_over_the_old_one(variant: str) -> None:
    (provider,) = [each for each in ran(variant).registrations if each.kind == PROVIDER]
    for flag in ("enableConfigMapMutable", "enableSecretMutable"):
        assert provider.inputs[flag] in (True, "true"), f"{flag}: it would be deleted first, and a pod find none"


@every_variant
def test_secret_values_are_marked_and_private_keys_are_nowhere(variant: str) -> None:
    done = ran(variant)
    secrets = [each for each in objects(done) if each.kind == "kubernetes:core/v1:Secret"]
    assert secrets or variant == "only the services", "no Secret at all: this test would prove nothing"
    for each in secrets:
        assert each.secrets == ("stringData",), f"{each.urn}: its values would be in the state for everybody to read"
        assert "data" not in each.inputs, f"{each.urn}: encoded is not encrypted"
    for each in done.registrations:
        assert not NO_KEY.search(each.wire), f"{each.urn} carries a private key into the state"


@every_variant
def test_only_whole_fields_are_left_to_others(variant: str) -> None:
    done = ran(variant)
    left = {path for each in done.registrations for path in each.request.ignoreChanges}
    for path in left:
        assert re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", path), (
            f"{path}: server-side apply does not know paths into lists, and would write the value again"
        )
    if decided(variant).platform.mesh and "services" in decided(variant).layers:
        assert left == {"spec.http", "spec.subsets"}, "the weights of a canary would be reset by the next update"


@every_variant
def test_a_plugin_of_another_kind_is_another_object(variant: str) -> None:
    for each in objects(ran(variant)):
        if each.inputs["kind"] in {"KongClusterPlugin", "KongPlugin"}:
            assert list(each.request.replaceOnChanges) == ["plugin"], f"{each.urn}: Kong's webhook refuses the change"


# ---- the parts of a stack


def test_the_layers_together_are_the_whole() -> None:
    whole, platform, services = (ran(name) for name in ("dev", "only the platform", "only the services"))
    tokens = [{each.kind for each in part.registrations if each.local_component} for part in (platform, services)]
    assert "platform:service:Service" not in tokens[0], "the platform's stack would own somebody's service"
    assert tokens[1] == {STACK_TYPE, "platform:service:Service"}, "a stack of services would own the platform"
    assert platform.by_urn.keys() | services.by_urn.keys() == whole.by_urn.keys(), "split, the stack is another one"
    shared = platform.by_urn.keys() & services.by_urn.keys()
    assert {whole.by_urn[urn].kind for urn in shared} == {STACK_TYPE, PROVIDER}, "two stacks would fight over these"
    for part in (platform, services):
        different = [each.urn for each in part.registrations if each.inputs != whole.by_urn[each.urn].inputs]
        assert not different, f"{different} change when the stack is split"


def test_without_a_mesh_nothing_of_it_is_made() -> None:
    done = ran("without a mesh")
    meshed = sorted(each.urn for each in done.registrations if "istio" in f"{each.kind} {each.name}")
    assert not meshed, f"{meshed} need a mesh that is not there"


# ---- the same each time


def test_the_order_of_sets_changes_nothing_on_the_wire() -> None:
    one, other = (sorted(each.wire for each in ran("dev", seed=seed).registrations) for seed in (0, 4_711))
    assert one == other, "two previews of the same commit would differ"


def test_an_update_registers_what_its_preview_did() -> None:
    preview, update = ran("dev"), ran("dev", preview=False)
    assert {each.urn: each.inputs for each in preview.registrations} == {
        each.urn: each.inputs for each in update.registrations
    }, "what was approved is not what is made"
    assert {each.urn: sorted(each.edges) for each in preview.registrations} == {
        each.urn: sorted(each.edges) for each in update.registrations
    }, "an order that only the update has was never looked at"


def test_twice_the_services_are_twice_the_work(tmp_path: Path) -> None:
    settings = written_settings("dev")
    with project(write_shops(tmp_path / "shops", 2)) as folder:
        lead(folder, settings)
        double = run(folder, "dev", settings)
    assert double.exit_code == 0, f"{double.reported} {double.printed}"
    single = ran("dev")
    of_services = [each for each in single.registrations if "platform:service:Service" in each.urn]
    edges = sum(len(each.edges) for each in of_services)
    assert len(double.registrations) == len(single.registrations) + len(of_services), "more resources per service"
    assert double.edges == single.edges + edges, "services wait for each other, so that their order grows with them"
    assert double.size_bytes < 2 * single.size_bytes, "a registration gets larger where there are more of them"


COUNTING: Final = """\
import asyncio, atexit

futures, wait = [], asyncio.wait
async def counting(several, **options):
    several = list(several)
    futures.append(len(several))
    return await wait(several, **options)
asyncio.wait = counting
atexit.register(lambda: print("waited", sum(futures)))
"""
"""Goes before the program, and prints how many futures the SDK has looked at while it waited for several at once."""


def test_no_output_is_waited_for_over_and_over() -> None:
    settings = written_settings("dev")
    with project() as folder:
        lead(folder, settings)
        (folder / "__main__.py").unlink()
        (folder / "__main__.py").write_text(COUNTING + (ROOT / "__main__.py").read_text("utf-8"), encoding="utf-8")
        done = run(folder, "dev", settings)
    assert done.exit_code == 0, f"{done.reported} {done.printed}"
    waited = int(done.printed.removeprefix("waited "))
    assert waited < 10 * len(done.registrations), (
        f"the SDK looked at {waited} futures for {len(done.registrations)} resources: minutes at 800 services"
    )


# ---- or nothing at all


BROKEN: Final[Mapping[str, tuple[dict[str, Any], str | None, str | None, str]]] = {
    # what is wrong: settings otherwise, cluster the kubeconfig leads to, text added to a service, what is said
    "an unknown field in the catalogue": (
        {},
        None,
        "  colour: red\n",
        r"services/cart-service\.yaml:\d+: spec\.colour: ",
    ),
    "an unknown field in the settings": ({"colour": "red"}, None, None, r"Pulumi\.dev\.yaml:1: colour: "),
    "a kubeconfig that leads elsewhere": (
        {},
        "prod",
        None,
        r"leads to the cluster 'prod', but the stack is for 'embedded'",
    ),
    "no kubeconfig": ({}, "", None, r"\.embedded/kubeconfig:1: "),
    "a budget that is too small": ({"budget": {"pods": 1}}, None, None, r"budget"),
}


@pytest.mark.parametrize("wrong", sorted(BROKEN))
def test_where_anything_is_wrong_nothing_is_touched(wrong: str, tmp_path: Path) -> None:
    changes, leads_to, addition, said = BROKEN[wrong]
    settings = {**written_settings("dev"), **changes}
    services = write_shops(tmp_path / "shop", 1)
    if addition:
        with (services / "cart-service.yaml").open("a", encoding="utf-8") as file:
            file.write(addition)
    with project(services) as folder:
        (folder / "services").unlink()
        services.rename(folder / "services")
        if leads_to != "":
            lead(folder, settings, to=leads_to)
        done = run(folder, "dev", settings)
    assert done.exit_code != 0, "a failure that looks like a success is deployed"
    assert [each.kind for each in done.registrations] == [STACK_TYPE], "half a stack was made before it was refused"
    assert len(done.reported) == 1, f"one mistake is reported once: {done.reported}"
    assert "nothing was touched" in done.reported[0], "whoever reads this must know whether to clean up"
    assert re.search(said, done.reported[0]), f"the cause is missing: {done.reported[0]}"
    assert "Traceback" not in done.reported[0] + done.printed, "a mistake of the user's is no crash of the program's"


def test_the_shop_is_what_is_run_here() -> None:
    assert {each.name for each in ran("dev").registrations if each.kind == "platform:service:Service"} == {
        file.stem for file in SERVICES.glob("*.yaml")
    }, "these tests would prove something about other services"
