"""Secrets: what is refused before anything is decided, where values come from, and which pods follow them."""

from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import ServicePlan, design, names
from blueprint.connection import Fetched, Generated
from blueprint.operators.reloader import Reloader
from blueprint.reading import read_catalogue, read_settings
from blueprint.secrets import DrawnSecret, FetchedSecret, Secret
from blueprint.secrets.places import NAMES, GoogleSecretManager, KeyValueEngine, Place, SecretsManager
from blueprint.variables import FromSecret
from tests.support.error_cases import NOTHING, Case, cases
from tests.support.secret_stacks import known, with_secret
from tests.support.stacks import TODAY


def plan(folder: Path, params: str, **more: Any) -> ServicePlan:
    """The plan of a service with the secret `keys`."""
    return with_secret(folder, params, **more).services["one"]


def secret(folder: Path, params: str, **more: Any) -> Secret:
    """The one secret of such a plan."""
    owned = plan(folder, params, **more).secrets
    assert owned
    (found,) = owned.secrets
    return found


@pytest.mark.parametrize("case", cases("secrets"), ids=lambda case: case.name)
def test_a_secret_that_does_not_fit_is_refused_in_these_words(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case.place(tmp_path))
    case.check(
        lambda: design(read_settings(Path("Pulumi.dev.yaml")), read_catalogue(Path("services"), today=TODAY), "dev")
    )


def test_there_are_six_cases_of_secrets_or_more() -> None:
    assert len([case for case in cases("secrets") if case.expected != NOTHING]) >= 6


# Where values come from -----------------------------------------------------------------------------------------------


def test_generated_values_are_drawn_in_the_cluster_and_once_where_nothing_is_said(tmp_path: Path) -> None:
    drawn = secret(tmp_path, "keys: [API_KEY, PEPPER]")
    assert isinstance(drawn, DrawnSecret)
    assert drawn.rotation_seconds is None
    assert drawn.connection.secret == names.connection("one", "keys")
    assert drawn.connection.keys == {"API_KEY": Generated(), "PEPPER": Generated()}


def test_rotation_is_how_often_they_are_drawn_anew(tmp_path: Path) -> None:
    drawn = secret(tmp_path, "keys: [API_KEY], rotation: 90d")
    assert isinstance(drawn, DrawnSecret)
    assert drawn.rotation_seconds == 90 * 24 * 3600


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("aws", Fetched(name="shop/one", property="API_KEY")),
        ("gcp", Fetched(name="shop--one--API_KEY")),
        ("openbao", Fetched(name="shop/one", property="API_KEY")),
        ("vault", Fetched(name="shop/one", property="API_KEY")),
    ],
)
def test_a_store_outside_is_asked_for_what_the_service_keeps_there(source: str, found: Fetched, tmp_path: Path) -> None:
    said = secret(tmp_path / "said", f"keys: [API_KEY], source: {source}")
    unsaid = secret(tmp_path / "unsaid", "keys: [API_KEY]", secrets=known(source))
    for fetched in (said, unsaid):
        assert isinstance(fetched, FetchedSecret)
        assert (fetched.place, dict(fetched.connection.keys)) == (source, {"API_KEY": found})


@pytest.mark.parametrize(
    ("source", "name"),
    [("aws", "shop/one/mail"), ("gcp", "shop--one--mail--API_KEY")],
)
def test_a_path_leads_deeper(source: str, name: str, tmp_path: Path) -> None:
    fetched = secret(tmp_path, f"keys: [API_KEY], source: {source}, path: shop/one/mail")
    (value,) = fetched.connection.keys.values()
    assert isinstance(value, Fetched)
    assert value.name == name


def test_no_name_at_google_begins_like_another_services() -> None:
    """A right there is given by the beginning of a name."""
    begins = NAMES["gcp"]("shop/order", "KEY").name.removesuffix("KEY")
    for path in ("shop/order-service", "shop/orders", "shop/order-order"):
        assert not NAMES["gcp"](path, "KEY").name.startswith(begins), path


@pytest.mark.parametrize(
    ("rotation", "seconds"), [("", 3600), (", rotation: 90d", 3600), (", rotation: 10m", 600), (", rotation: 60s", 60)]
)
def test_a_store_outside_is_asked_every_hour_or_more_often(rotation: str, seconds: int, tmp_path: Path) -> None:
    fetched = secret(tmp_path, f"keys: [API_KEY], source: vault{rotation}")
    assert isinstance(fetched, FetchedSecret)
    assert fetched.reread_seconds == seconds


# As whom --------------------------------------------------------------------------------------------------------------


def places(folder: Path, params: str) -> tuple[Place, ...]:
    """The stores outside that a service with such a secret reads from."""
    reader = plan(folder, params).reader
    return reader.places if reader else ()


def test_each_store_knows_a_service_by_an_identity_of_its_own(tmp_path: Path) -> None:
    found = {}
    for source in ("aws", "gcp", "openbao", "vault"):
        (found[source],) = places(tmp_path / source, f"keys: [API_KEY], source: {source}")
    assert found == {
        "aws": SecretsManager(name="aws", region="eu-central-1", role="arn:aws:iam::111122223333:role/secrets-one"),
        "gcp": GoogleSecretManager(
            name="gcp",
            project="acme-shop",
            service_account="acme-one@acme-shop.iam.gserviceaccount.com",
            cluster_project="acme-gke",
            cluster_location="europe-west1",
            cluster_name="prod",
        ),
        "openbao": KeyValueEngine(
            name="openbao",
            address="https://bao.example.com",
            mount="secret",
            namespace=None,
            auth_mount="kubernetes",
            role="shop-one",
            ca=None,
        ),
        "vault": KeyValueEngine(
            name="vault",
            address="https://vault.example.com:8200",
            mount="secret",
            namespace=None,
            auth_mount="kubernetes",
            role="one",
            ca=None,
        ),
    }


def test_nobody_reads_for_a_service_whose_values_are_drawn(tmp_path: Path) -> None:
    assert plan(tmp_path, "keys: [API_KEY]").reader is None


# Who follows ----------------------------------------------------------------------------------------------------------

USED: Final = "{KEY: '${resources.keys.API_KEY}'}"


@pytest.mark.parametrize(
    ("params", "restarts"),
    [
        ("keys: [API_KEY]", False),
        ("keys: [API_KEY], rotation: 30d", True),
        ("keys: [API_KEY], source: aws", True),
    ],
)
def test_pods_follow_what_can_change_and_reloader_is_there_for_them(
    params: str, restarts: bool, tmp_path: Path
) -> None:
    blueprint = with_secret(tmp_path, params, variables=USED)
    one = blueprint.services["one"]
    assert one.workload.restarted_by == (("one-keys",) if restarts else ())
    assert one.secrets
    assert one.secrets.watched is restarts
    installed = [each for each in blueprint.platform.operators.charts if isinstance(each, Reloader)]
    assert [each.watches for each in installed] == ([("one",)] if restarts else [])
    spaces = {namespace.name for namespace in blueprint.platform.foundation.namespaces}
    assert (names.RELOADER in spaces) is restarts


def test_pods_that_use_no_value_follow_none(tmp_path: Path) -> None:
    assert plan(tmp_path, "keys: [API_KEY], rotation: 30d", variables="{KEY: plain}").workload.restarted_by == ()


def test_a_second_copy_of_the_services_follows_nothing(tmp_path: Path) -> None:
    one = plan(tmp_path, "keys: [API_KEY], rotation: 30d", variables=USED, tenant="pr7", layers=("services",))
    assert one.secrets
    assert (one.workload.restarted_by, one.secrets.watched, one.secrets.namespace) == ((), False, "pr7--one")


def test_a_variable_names_the_secret_and_its_key(tmp_path: Path) -> None:
    (container,) = plan(tmp_path, "keys: [API_KEY]", variables=USED).workload.containers
    assert container.environment == (FromSecret(name="KEY", secret="one-keys", key="API_KEY"),)  # noqa: S106
