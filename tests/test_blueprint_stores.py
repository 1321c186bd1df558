"""Stores: what is refused before anything is decided, and what a PostgreSQL becomes where."""

from pathlib import Path
from typing import Final

import pytest

from blueprint import design, fitting, names
from blueprint.connection import Composed, Drawn, Known
from blueprint.reading import TextError, read_catalogue
from blueprint.reading.stacks import read_settings, settings_of
from blueprint.stores.cloudnative_pg import IMAGES, RESERVED, CloudNativePg
from blueprint.stores.sizes import POSTGRES
from tests.support.error_cases import NOTHING, Case, cases
from tests.support.stacks import TODAY, catalogue, objects, settings, shop


@pytest.mark.parametrize("case", cases("stores"), ids=lambda case: case.name)
def test_a_store_that_does_not_fit_is_refused_in_these_words(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case.place(tmp_path))

    def fitted() -> None:
        fitting.check({"one": read_settings(Path("Pulumi.one.yaml"))}, read_catalogue(Path("services"), today=TODAY))

    case.check(fitted)


def test_there_are_ten_cases_of_stores_or_more() -> None:
    assert len([case for case in cases("stores") if case.expected != NOTHING]) >= 10


def postgres(folder: Path, stack: str, text: str = "{type: postgres}") -> CloudNativePg:
    """The PostgreSQL of the service `one` in `stack`."""
    plans = design(settings(stack), catalogue(folder, one=f"  resources: {{db: {text}}}\n")).services
    (store,) = plans["one"].stores
    assert isinstance(store, CloudNativePg)
    return store


def test_three_words_are_a_postgresql_with_everything_around_it(tmp_path: Path) -> None:
    bare = objects(design(settings("prod"), catalogue(tmp_path / "bare", one="")))
    with_one = objects(
        design(settings("prod"), catalogue(tmp_path / "one", one="  resources: {db: {type: postgres}}\n"))
    )
    # What tries its copies has a namespace, and tests, of its own.
    kinds = sorted(kind for _, kind, where, name in set(with_one) - set(bare) if "one-drill" not in (where, name))
    assert kinds == sorted(
        [
            *("Cluster", "Database", "ObjectStore", "ScheduledBackup"),
            *("Certificate",) * 3,  # of the stack's authority, the store and the service
            *("ClusterIssuer", "Issuer"),
            *("ExternalSecret", "ExternalSecret", "Password", "SecretStore", "ServiceAccount"),
            *("Role", "Role", "RoleBinding", "RoleBinding"),
            *("LimitRange", "Namespace", "ResourceQuota"),
            "Namespace",  # of the operator
            *("NetworkPolicy",) * (1 + 1 + 9 + 1),  # default deny; at the service; at the store; at Prometheus
        ]
    )


@pytest.mark.parametrize(
    ("stack", "text", "pods"),
    [
        ("dev", "{type: postgres, highAvailability: true, readReplicas: 2}", 1),
        ("staging", "{type: postgres}", 1),
        ("staging", "{type: postgres, highAvailability: true}", 2),
        ("prod", "{type: postgres, readReplicas: 2}", 3),
        ("prod", "{type: postgres, highAvailability: true, readReplicas: 1}", 4),
    ],
)
def test_how_many_pods_follows_from_what_is_asked_and_where(stack: str, text: str, pods: int, tmp_path: Path) -> None:
    store = postgres(tmp_path, stack, text)
    assert store.instances == pods
    assert (store.quota.pods, store.quota.claims) == (pods + 1, pods + 1), "one more while it is replaced"


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_is_there_and_led_to_where_transactions_are_pooled(mode: str, tmp_path: Path) -> None:
    store = postgres(tmp_path, "prod", f"{{type: postgres, pool: {{mode: {mode}}}, highAvailability: true}}")
    host = store.connections["db"].keys["host"]
    service = "db-pooler" if mode == "transaction" else "db-rw"
    assert host == Known(text=f"{service}.one-data.svc.cluster.local")
    assert host.text in store.dns_names, "or nobody could verify who answers"
    assert (store.pooler is not None) == (mode == "transaction")
    if store.pooler:
        asked = store.pooler.instances * store.pooler.servers
        assert asked <= store.size.connections - RESERVED, "poolers together ask for no more than the store takes"


def test_every_address_of_a_connection_is_one_its_certificate_is_for(tmp_path: Path) -> None:
    for stack in ("dev", "prod"):
        store = postgres(tmp_path / stack, stack, "{type: postgres, readReplicas: 1}")
        keys = store.connections["db"].keys
        hosts = {source.text for key, source in keys.items() if key.endswith("host") and isinstance(source, Known)}
        assert hosts <= set(store.dns_names)
        for key in ("url", "read_url"):
            source = keys[key]
            assert isinstance(source, Composed)
            assert source.text.count("{password}") == 1
            assert "sslmode=verify-full" in source.text
        assert keys["password"] == Drawn(secret="db.owner", key="password")  # noqa: S106  (a name)


WHERE: Final = ("dev", "staging", "prod")


@pytest.mark.parametrize("stack", WHERE)
def test_copies_are_made_in_staging_and_production_alone(stack: str, tmp_path: Path) -> None:
    store = postgres(tmp_path, stack)
    assert (store.copies is not None) == (stack != "dev")
    if store.copies:
        assert store.copies.path.endswith("/one/db"), "a path of its own"
        assert store.copies.role.endswith("copies-one"), "an identity of its own"
        assert store.parameters["archive_timeout"] == "300s", "the default promise is five minutes"
    assert postgres(tmp_path / "none", stack, "{type: postgres, backup: none}").copies is None


def test_a_store_larger_than_another_is_larger_in_everything() -> None:
    for environment, classes in POSTGRES.items():
        small, medium, large = (classes[name] for name in ("small", "medium", "large"))
        for less, more in ((small, medium), (medium, large)):
            assert less.connections < more.connections, environment
            assert less.disk_gib < more.disk_gib, environment
            assert less.amounts.memory_limit_mib < more.amounts.memory_limit_mib, environment
            assert less.amounts.cpu_request_millicores < more.amounts.cpu_request_millicores, environment


def test_every_image_is_pinned_and_of_the_version_it_is_listed_under() -> None:
    for major, image in IMAGES.items():
        assert image.tag.startswith(f"{major}."), "the operator reads the version from the tag"
        assert "@sha256:" in image.tag


def test_no_two_services_share_a_namespace_a_role_or_a_path_of_copies() -> None:
    stores = [
        store
        for plan in design(settings("prod"), shop()).services.values()
        for store in plan.stores
        if isinstance(store, CloudNativePg)
    ]
    assert len(stores) >= 5, "the shop has some"
    for of in ("namespace", "user"):
        assert len({getattr(store, of) for store in stores}) == len(stores)
    assert len({store.copies.path for store in stores if store.copies}) == len(stores)
    assert len({store.copies.role for store in stores if store.copies}) == len(stores)


def test_a_role_that_all_services_would_share_is_refused() -> None:
    copies = {"kind": "s3", "bucket": "copies", "role": "arn:aws:iam::111122223333:role/copies"}
    text = {"environment": "prod", "domain": "example.com", "cluster": {"kind": "existing", "name": "shop"}}
    with pytest.raises(TextError, match=r"backups\.copies\.role"):
        settings_of({**text, "backups": {"copies": copies}}, "prod")


def test_the_longest_names_of_a_store_still_fit(tmp_path: Path) -> None:
    service, resource = "s" * 40, "r" * 30
    text = f"  resources: {{{resource}: {{type: postgres, pool: {{mode: transaction}}}}}}\n"
    made = objects(design(settings("prod"), catalogue(tmp_path, **{service: text})))
    for _, kind, _, name in made:
        assert len(name) <= names.NAME_LENGTH
        if kind in ("Cluster", "Pooler"):
            assert len(name) <= 50, "the most CloudNativePG takes (its webhook)"
