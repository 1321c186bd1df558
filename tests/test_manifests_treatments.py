"""What the engine hears about each kind: a row for every kind we make, and what a reviewer may ask of it."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.settings import Gateway
from manifests import Manifest, everything
from manifests.identity import kind
from manifests.operators import objects as beside_charts
from manifests.treatments import SPECIAL, TREATMENTS, annotated, follows, replaces, restarts, treatment
from tests.support.installations import EVERY_STACK, every_engine
from tests.support.program_run import Run
from tests.support.program_variants import objects as registered
from tests.support.program_variants import ran
from tests.support.stacks import STACKS, blueprint_of, catalogue, settings

FORCE: Final = "pulumi.com/patchForce"
NIGHTLY: Final = '  schedule: "0 3 * * *"\n'
KEEPS: Final = """\
  singleton: it alone writes the files
  resources: {files: {type: volume, params: {size: 1Gi, path: /srv/files}}}
"""
EACH: Final = "  resources: {files: {type: volume, params: {size: 1Gi, path: /srv/files, per: pod}}}\n"
OPEN: Final = "  service: {ports: {mqtt: {port: 1883, appProtocol: tcp, public: {port: 8883, reason: anybody may}}}}\n"
LEDGER: Final = "  resources: {db: {type: mysql, highAvailability: true, backup: {pitr: true, rpo: 1d}}}\n"


def made(folder: Path) -> list[Manifest]:
    """Every object of every stack, of the charts' companions, and of a catalogue with what the shop has none of."""
    edge = Gateway(streams=(8883,))
    others = design(
        settings("prod", gateway=edge),
        catalogue(folder, nightly=NIGHTLY, broker=OPEN, keeper=KEEPS, each=EACH, ledger=LEDGER),
    )
    stacks = [*(design(settings(stack), every_engine(), stack) for stack in STACKS), others]
    return [
        *(manifest for stack in stacks for manifest in everything(stack)),
        *(manifest for stack in EVERY_STACK.values() for manifest in beside_charts(stack)),
    ]


def test_every_kind_we_make_is_treated_and_no_other(tmp_path: Path) -> None:
    kinds = {kind(manifest) for manifest in made(tmp_path)}
    assert not kinds - TREATMENTS.keys(), f"{sorted(kinds - TREATMENTS.keys())} have no treatment"
    assert not TREATMENTS.keys() - kinds, f"{sorted(TREATMENTS.keys() - kinds)} are never made"
    assert TREATMENTS.keys() >= SPECIAL.keys()
    assert list(TREATMENTS) == sorted(TREATMENTS), "a sorted table is one in which a row is found"


def test_a_kind_without_a_treatment_is_refused_with_the_known_ones() -> None:
    stranger = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "all"}}
    with pytest.raises(LookupError, match=r"apps/v1:DaemonSet 'all' has no treatment.*beside: .*apps/v1:Deployment"):
        treatment(stranger)


def test_no_path_leads_into_a_list_or_beside_the_object(tmp_path: Path) -> None:
    known: dict[str, list[Manifest]] = {}
    for manifest in made(tmp_path):
        known.setdefault(kind(manifest), []).append(manifest)
    for name, how in (*TREATMENTS.items(), *((name, how) for name, (_, how) in SPECIAL.items())):
        for path in (*how.others_own, *how.replaced_by, *how.restarted_by):
            assert any(stands(manifest, path) for manifest in known[name]), f"{name}: nothing ever stands at {path}"


def stands(manifest: Manifest, path: str) -> bool:
    place: Any = manifest
    for step in path.split("."):
        if not isinstance(place, dict) or step not in place:
            return False
        place = place[step]
    return True


def one(sort: str, *, stack: str = "prod") -> Manifest:
    """Some object of `sort`."""
    return next(deepcopy(each) for each in everything(blueprint_of(stack)) if kind(each) == sort)


def changed(manifest: Manifest, path: str, value: Any) -> Manifest:
    new = deepcopy(manifest)
    *above, last = path.split(".")
    place = new
    for step in above:
        place = place[step]
    place[last] = value
    return new


@pytest.mark.parametrize(
    ("sort", "path"),
    [
        ("apps/v1:Deployment", "spec.selector"),
        ("argoproj.io/v1alpha1:Rollout", "spec.selector"),
        ("configuration.konghq.com/v1:KongPlugin", "plugin"),
        ("core/v1:Secret", "type"),
        ("core/v1:Namespace", "metadata.name"),
        ("networking.k8s.io/v1:NetworkPolicy", "metadata.namespace"),
        ("scheduling.k8s.io/v1:PriorityClass", "value"),
    ],
)
def test_a_change_of_an_immutable_field_makes_another_object(sort: str, path: str) -> None:
    old = one(sort)
    assert replaces(old, deepcopy(old)) == ()
    assert replaces(old, changed(old, path, "other")) == (path,)


@pytest.mark.parametrize("sort", ["apps/v1:Deployment", "argoproj.io/v1alpha1:Rollout"])
def test_a_change_of_the_pods_restarts_them_and_one_beside_them_does_not(sort: str) -> None:
    old = one(sort)
    image = deepcopy(old)
    image["spec"]["template"]["spec"]["containers"][0]["image"] += "1"
    assert (restarts(old, image), replaces(old, image)) == (("spec.template",), ())
    assert restarts(old, changed(old, "spec.strategy", {})) == ()


def test_a_change_of_a_mutable_config_replaces_nothing() -> None:
    old = one("core/v1:ConfigMap")
    assert replaces(old, changed(old, "data", {"other": "value"})) == ()


def test_an_objects_own_annotations_stay_beside_the_providers() -> None:
    service = changed(one("core/v1:Service"), "metadata.annotations", {"ours": "stays"})
    assert annotated(service)["metadata"]["annotations"] == {"ours": "stays", "pulumi.com/skipAwait": "true"}
    assert service["metadata"]["annotations"] == {"ours": "stays"}, "the manifest itself was changed"
    plain = one("core/v1:ServiceAccount")
    assert annotated(plain) is plain


def test_a_rollout_prevails_over_what_its_controller_has_written_in_other_words() -> None:
    forced = {
        kind(each)
        for each in everything(blueprint_of("prod"))
        if FORCE in annotated(each)["metadata"].get("annotations", {})
    }
    assert forced == {"argoproj.io/v1alpha1:Rollout"}, "a conflict with another controller would be silent"


def test_only_the_routes_of_a_canarys_delegate_belong_to_another_controller() -> None:
    delegates = [
        each for each in everything(blueprint_of("prod")) if kind(each) == "networking.istio.io/v1:VirtualService"
    ]
    owned = {each["metadata"]["name"] for each in delegates if treatment(each).others_own}
    assert owned, "no canary at all: this test would prove nothing"
    assert all(name.endswith("-weights") for name in owned), f"our own changes of {sorted(owned)} would never arrive"


def test_a_name_behind_a_kind_means_only_objects_whose_name_ends_so() -> None:
    how = TREATMENTS["argoproj.io/v1alpha1:Rollout"]
    policy = {"kind": "NetworkPolicy", "metadata": {"name": "default-deny"}}
    assert follows(how, policy, beside=True)
    assert not follows(how, policy, beside=False), "of another namespace"
    assert not follows(how, {**policy, "metadata": {"name": "from.order-service"}}, beside=True)
    assert follows(how, {"kind": "Cluster", "metadata": {"name": "db"}}, beside=False), "a store of another namespace"


@pytest.mark.xdist_group("program")
@pytest.mark.parametrize("stack", STACKS)
def test_the_engine_is_told_what_the_table_says(stack: str) -> None:
    done: Run = ran(stack)
    counted = 0
    for each in registered(done):
        how = treatment(each.inputs)
        assert tuple(each.request.ignoreChanges) == how.others_own, each.urn
        assert tuple(each.request.replaceOnChanges) == how.replaced_by, each.urn
        notes = each.inputs["metadata"].get("annotations", {})
        assert notes.get("pulumi.com/waitFor") == how.wait_for, each.urn
        assert not how.skip_await or notes["pulumi.com/skipAwait"] == "true", each.urn
        counted += 1
    assert counted > 300, "next to nothing was registered: this test would prove nothing"
