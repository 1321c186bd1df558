"""What going from one set of objects to another does to data: found, described, and refused where nobody can do it."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

import pytest

from blueprint import design
from manifests import Manifest, everything
from manifests.holdings import HOLDINGS, Holding, holding
from manifests.identity import kind
from manifests.keeping import goes, marked, retained
from manifests.losses import impossible, losses, major
from manifests.treatments import TREATMENTS, treatment
from tests.support.stacks import blueprint_of, settings, shop

CLUSTER: Final = "postgresql.cnpg.io/v1:Cluster"
SHOP: Final = tuple(everything(blueprint_of("prod")))
STORE: Final = ("order-service-data", "db")


def store(made: Sequence[Manifest] = SHOP, place: tuple[str, str] = STORE) -> Manifest:
    """The Cluster of `place`."""
    (found,) = [
        each
        for each in made
        if kind(each) == CLUSTER and (each["metadata"]["namespace"], each["metadata"]["name"]) == place
    ]
    return found


def changed(path: str, value: Any) -> list[Manifest]:
    """The shop with another `value` at `path` of one store."""
    made = deepcopy(list(SHOP))
    place: Any = store(made)
    *above, last = path.split(".")
    for step in above:
        place = place[step]
    place[last] = value
    return made


def found(new: Sequence[Manifest], old: Sequence[Manifest] = SHOP) -> list[tuple[str, tuple[str, ...]]]:
    """Namespace of each store that would be lost, and why."""
    return [(loss.old["metadata"]["namespace"], loss.replaced_by) for loss in losses(old, new)]


# ---- what would be lost


def test_nothing_is_lost_where_nothing_changes() -> None:
    assert found(SHOP) == []
    assert found(SHOP, old=()) == [], "a first run takes nothing"


def test_every_store_of_what_is_removed_is_lost() -> None:
    stores = [each["metadata"]["namespace"] for each in SHOP if treatment(each).holds_data]
    assert len(stores) > 5, "hardly a store: this test would prove nothing"
    assert found(()) == [(namespace, ()) for namespace in stores]


def test_a_service_that_leaves_takes_its_store_and_no_others() -> None:
    left = [each for each in SHOP if each["metadata"].get("namespace") != "order-service-data"]
    assert found(left) == [("order-service-data", ())]


@pytest.mark.parametrize("path", ["metadata.name", "metadata.namespace"])
def test_a_new_name_is_another_object_and_the_old_one_is_lost(path: str) -> None:
    assert found(changed(path, "renamed")) == [("order-service-data", ())]


@pytest.mark.parametrize(
    "path", ["spec.bootstrap", "spec.bootstrap.initdb", "spec.bootstrap.initdb.database", "spec.bootstrap.initdb.owner"]
)
def test_what_makes_another_object_of_a_store_loses_the_old_one(path: str) -> None:
    assert found(changed(path, "other")) == [("order-service-data", ("spec.bootstrap",))]


def test_another_version_of_the_same_kind_is_another_object_to_the_engine() -> None:
    assert found(changed("apiVersion", "postgresql.cnpg.io/v2")) == [("order-service-data", ())]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.instances", 1),
        ("spec.imageName", "ghcr.io/cloudnative-pg/postgresql:19.1@sha256:00"),
        ("spec.storage.size", "500Gi"),
        ("spec.postgresql", {}),
        ("metadata.labels", {}),
    ],
)
def test_a_change_in_place_loses_nothing(path: str, value: Any) -> None:
    assert found(changed(path, value)) == []


def test_what_holds_no_data_may_go() -> None:
    plain = [each for each in SHOP if not TREATMENTS[kind(each)].holds_data]
    assert found((), old=plain) == []


def test_a_kind_that_is_not_ours_is_no_store() -> None:
    stranger = {"apiVersion": "acme.example/v1", "kind": "Cluster", "metadata": {"name": "db", "namespace": "a"}}
    assert found((), old=[stranger]) == []


# ---- what nobody can do


def refused(path: str, value: Any, *, old: Any = None) -> list[str]:
    before = changed(path, old) if old is not None else SHOP
    return [f"{each.field}: {each.cause}" for each in impossible(before, changed(path, value))]


@pytest.mark.parametrize(
    ("old", "new"),
    [("100Gi", "99Gi"), ("1Ti", "1023Gi"), ("1Gi", "1023Mi"), ("2Gi", "2147483647"), ("1024Mi", "1000Mi")],
)
def test_a_smaller_disk_is_refused(old: str, new: str) -> None:
    said = [f"spec.storage.size: goes from {old} to {new}, and a disk never shrinks"]
    assert refused("spec.storage.size", new, old=old) == (said if new != "2147483647" else [])


@pytest.mark.parametrize(
    ("old", "new"), [("100Gi", "100Gi"), ("1Ti", "1024Gi"), ("1Gi", "2Gi"), ("1024Mi", "1Gi"), ("1G", "1Gi")]
)
def test_a_disk_of_the_same_size_or_more_is_not(old: str, new: str) -> None:
    assert refused("spec.storage.size", new, old=old) == []


def _image(version: str) -> str:
    return f"ghcr.io/cloudnative-pg/postgresql:{version}@sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("17.11-1-standard", "16.15-1-standard", "goes from version 17 back to 16, which cannot read what 17"),
        ("18", "15", "goes from version 18 back to 15, which cannot read what 18 has written"),
        ("16.15", "18.6", "goes from version 16 to 18 at once, over what 17 has changed"),
        ("15.19", "18.6", "goes from version 15 to 18 at once, over what 16 has changed"),
    ],
)
def test_an_older_version_and_one_over_two_are_refused(old: str, new: str, cause: str) -> None:
    (said,) = refused("spec.imageName", _image(new), old=_image(old))
    assert said.startswith(f"spec.imageName: {cause}")


@pytest.mark.parametrize(
    ("old", "new"), [("17.11", "17.12"), ("17.12", "17.11"), ("17.11", "18.6"), ("15.19", "16.15"), ("latest", "18")]
)
def test_one_version_up_or_another_build_of_the_same_is_not(old: str, new: str) -> None:
    assert refused("spec.imageName", _image(new), old=_image(old)) == []


def test_what_is_refused_says_what_would_be_valid() -> None:
    (shrunk,) = impossible(SHOP, changed("spec.storage.size", "1Gi"))
    assert "Keep the class it has" in shrunk.cure
    old, new = changed("spec.imageName", _image("15.1")), changed("spec.imageName", _image("18.6"))
    (jumped,) = impossible(old, new)
    assert jumped.cure.startswith('Go to params.version: "16" first')
    (back,) = impossible(new, old)
    assert back.cure.startswith('Keep params.version: "18"')


def test_what_goes_or_is_new_asks_nothing_of_its_disk() -> None:
    assert list(impossible(SHOP, ())) == []
    assert list(impossible((), SHOP)) == []


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("ghcr.io/cloudnative-pg/postgresql:18.6-202608170814-standard-trixie@sha256:77", 18),
        ("postgres:9.6", 9),
        ("docker.io/library/postgres:v17", 17),
        ("registry:5000/postgres:16-alpine", 16),
        ("registry:5000/postgres", None),
        ("postgres:latest", None),
        ("postgres@sha256:18", None),
        ("", None),
        (None, None),
    ],
)
def test_the_major_version_stands_at_the_beginning_of_the_tag(image: str | None, version: int | None) -> None:
    assert major(image) == version


# ---- in words


def test_a_store_is_described_with_the_place_of_its_copies() -> None:
    assert holding(store(), SHOP) == Holding(
        engine="PostgreSQL 16",
        what="database orders",
        disks="4 × 20Gi",
        copies="s3://shop-prod-copies/order-service/db, made at '0 2 * * *' (UTC), kept 30d",
    )


def test_a_mongodb_is_described_with_the_place_of_its_copies() -> None:
    stores = [each for each in SHOP if each["kind"] == "PerconaServerMongoDB"]
    assert stores, "the shop has no MongoDB: this test would prove nothing"
    for each in stores:
        place = f"s3://shop-prod-copies/{each['metadata']['namespace'].removesuffix('-data')}/"
        assert (holding(each, SHOP).copies or "").startswith(place)


def test_a_store_without_copies_says_that_there_are_none() -> None:
    made = tuple(everything(blueprint_of("dev")))
    assert holding(store(made), made).copies is None
    alone = [each for each in SHOP if each["kind"] != "ObjectStore"]
    assert holding(store(), alone).copies is None


def test_a_record_that_says_less_is_described_all_the_same() -> None:
    bare = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db", "namespace": "a"}}
    said = holding({**bare, "spec": {}}, ())
    assert (said.engine, said.what, said.disks) == (
        "PostgreSQL",
        "database of an unknown name",
        "1 × of an unknown size",
    )


def test_every_kind_that_holds_data_is_described_protected_and_measured() -> None:
    holders = {name: how for name, how in TREATMENTS.items() if how.holds_data}
    assert holders.keys() == HOLDINGS.keys()
    assert [name for name, how in holders.items() if not how.protected] == []
    assert [name for name, how in holders.items() if not how.grows] == []


# ---- what is left


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_a_store_says_what_is_left_of_it_on_all_that_stands_beside_it(stack: str) -> None:
    made = list(everything(blueprint_of(stack)))
    # A drill keeps nothing: what it restores is gone before it ends.
    words = {namespace: set[str]() for namespace in _data_namespaces(made) if not namespace.endswith("-drill")}
    for each in made:
        if each["metadata"].get("namespace") in words and each["kind"] in {"Cluster", "Database", "ObjectStore"}:
            words[each["metadata"]["namespace"]].add("retain" if retained(each) else "goes" if goes(each) else "?")
    assert {word for said in words.values() for word in said} == {"retain"}


def _data_namespaces(made: Sequence[Manifest]) -> list[str]:
    return [each["metadata"]["name"] for each in made if "catalog.platform/data-of" in each["metadata"]["labels"]]


def test_a_store_that_stays_keeps_everything_of_its_own_and_its_namespace() -> None:
    own = [each for each in SHOP if each["metadata"].get("namespace") == "order-service-data"]
    beside = {"LimitRange", "ResourceQuota"}
    unmarked = [each for each in own if not retained(each) and each["kind"] not in beside]
    assert [each["metadata"]["name"] for each in unmarked] == ["default-deny"], "it goes and stays with its namespace"
    (namespace,) = [each for each in SHOP if each["metadata"]["name"] == "order-service-data"]
    assert retained(namespace)


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_what_stays_is_in_a_namespace_that_stays(stack: str) -> None:
    made = list(everything(blueprint_of(stack)))
    staying = {each["metadata"]["name"] for each in made if each["kind"] == "Namespace" and retained(each)}
    inside = {each["metadata"].get("namespace") for each in made if retained(each)} - {None}
    assert inside, "nothing stays: this test would prove nothing"
    assert inside <= staying, "the namespace would be deleted with it"


@pytest.mark.parametrize(("stack", "times"), [("prod", 2), ("staging", 2), ("dev", 1)])
def test_where_a_store_may_stay_another_fits_in_beside_it(stack: str, times: int) -> None:
    (plan,) = [each for name, each in blueprint_of(stack).services.items() if name == "order-service"]
    assert plan.namespace.data is not None
    assert plan.namespace.data.quota is not None
    needed = [each.quota for each in plan.stores if each.quota]
    assert plan.namespace.data.quota.pods == times * sum(each.pods for each in needed)
    assert plan.namespace.data.quota.disk_gib == times * sum(each.disk_gib for each in needed)


def test_nothing_beside_the_service_itself_stays() -> None:
    assert [each["metadata"]["name"] for each in SHOP if _of_service(each) and retained(each)] == []


def _of_service(manifest: Manifest) -> bool:
    return "order-service" in (manifest["metadata"].get("namespace"), manifest["metadata"]["name"])


@pytest.mark.parametrize(
    ("stack", "changes"),
    [("dev", {}), ("staging", {"environment": "ephemeral"}), ("prod", {"environment": "ephemeral"})],
)
def test_where_nothing_is_lost_nothing_stays(stack: str, changes: dict[str, Any]) -> None:
    made = list(everything(design(settings(stack, **changes), shop(), stack)))
    assert any(kind(each) == CLUSTER for each in made), "no store at all: this test would prove nothing"
    assert [each["metadata"]["name"] for each in made if retained(each) or goes(each)] == []


def test_an_owner_may_let_a_store_go_on_a_dev_cluster_with_containers() -> None:
    cluster = settings("staging").cluster
    made = list(everything(design(settings("staging", environment="dev", cluster=cluster), shop(), "staging")))
    assert goes(store(made))
    (namespace,) = [each for each in made if each["metadata"]["name"] == "order-service-data"]
    assert goes(namespace)


def test_a_mark_changes_nothing_but_the_label() -> None:
    before = store()
    bare = deepcopy(before)
    del bare["metadata"]["labels"]["catalog.platform/deletion"]
    assert marked(bare, "retain") == before
    assert marked(bare, None) is bare
