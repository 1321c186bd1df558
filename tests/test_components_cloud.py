"""What the engine hears of a cloud's resources: outputs in place of refs, dependencies, the provider that was given.

The program of these tests makes the pairs of `tests/support/cloud_pairs.py` and nothing else, in a process of its own.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pytest
from pulumi.runtime.rpc import UNKNOWN

from tests.support.cloud_pairs import AWS, COMPUTED, GCP, READER
from tests.support.counting_engine import Registration
from tests.support.program_run import Run, project, run, written_settings

PROGRAM: Final = """\
import pulumi

from components.base import Component
from components.cloud import make
from tests.support import cloud_pairs


class Stores(Component):
    token = "platform:test:Stores"

    def __init__(self, name, *, providers):
        super().__init__(name)
        made = make(self, (*cloud_pairs.AWS, *cloud_pairs.GCP, cloud_pairs.READER), providers=providers)
        self.register_outputs({"made": sorted(made)})


Stores("stores", providers={name: pulumi.ProviderResource(name, f"our-{name}", {}) for name in PACKAGES})
"""
STORE: Final = {"aws": AWS[0], "gcp": GCP[0]}
BELOW: Final = {"aws": AWS[1], "gcp": GCP[1]}

each_cloud = pytest.mark.parametrize("cloud", sorted(STORE))


@cache
def ran(*, preview: bool, packages: tuple[str, ...] = ("aws", "gcp")) -> Run:
    """The run of the program above with a provider for each of `packages`."""
    with project() as folder:
        (folder / "__main__.py").unlink()
        (folder / "__main__.py").write_text(f"PACKAGES = {packages!r}\n{PROGRAM}", encoding="utf-8")
        return run(folder, "prod", written_settings("prod"), preview=preview, computed=COMPUTED)


def reported(cloud: str, made: Mapping[str, Any], *, preview: bool) -> Registration:
    """How the engine heard of one of a pair."""
    done = ran(preview=preview)
    assert done.exit_code == 0, f"{done.reported} {done.refused} {done.printed}"
    (found,) = [each for each in done.registrations if (each.kind, each.name) == (made[cloud].type, made[cloud].name)]
    return found


def at(registration: Registration, cloud: str) -> Any:
    """The property of the store that refers to what it stands on."""
    if cloud == "aws":
        return registration.inputs["dbSubnetGroupName"]
    return registration.inputs["settings"]["ipConfiguration"]["privateNetwork"]


@each_cloud
def test_the_engine_is_told_the_output_where_a_ref_stood(cloud: str) -> None:
    store = reported(cloud, STORE, preview=False)
    assert at(store, cloud) == {"aws": "order-subnets-3f2a", "gcp": "projects/p/global/networks/stores-3f2a"}[cloud]


@each_cloud
def test_before_the_update_the_engine_is_told_that_it_is_unknown(cloud: str) -> None:
    assert at(reported(cloud, STORE, preview=True), cloud) == UNKNOWN


def test_a_ref_may_name_an_id_lead_into_an_output_and_stand_in_a_list() -> None:
    (reader,) = [each for each in ran(preview=False).registrations if each.name == READER.name]
    assert reader.inputs == {
        "policyArn": "arn:aws:secretsmanager:eu-west-1:1:secret:a",
        "roles": ["ops", "order-db-id"],
    }
    (before,) = [each for each in ran(preview=True).registrations if each.name == READER.name]
    assert before.inputs == {"policyArn": UNKNOWN, "roles": ["ops", UNKNOWN]}


@each_cloud
def test_all_else_is_told_as_it_was_spelled_and_outputs_are_no_properties(cloud: str) -> None:
    below = reported(cloud, BELOW, preview=False)
    assert below.inputs == dict(BELOW[cloud].props)
    store = reported(cloud, STORE, preview=False)
    assert store.inputs.keys() == STORE[cloud].props.keys()


@each_cloud
@pytest.mark.parametrize("preview", [True, False])
def test_a_resource_depends_on_what_it_refers_to_and_on_nothing_else(cloud: str, preview: bool) -> None:
    store, below = reported(cloud, STORE, preview=preview), reported(cloud, BELOW, preview=preview)
    prop = {"aws": "dbSubnetGroupName", "gcp": "settings"}[cloud]
    by_property = {key: list(each.urns) for key, each in store.request.propertyDependencies.items() if each.urns}
    assert by_property == {prop: [below.urn]}
    assert list(store.request.dependencies) == [below.urn]
    assert not below.edges


@each_cloud
def test_only_a_store_is_protected_and_each_is_made_by_the_provider_it_was_given(cloud: str) -> None:
    store, below = reported(cloud, STORE, preview=False), reported(cloud, BELOW, preview=False)
    assert (store.request.protect, below.request.protect) == (True, False)
    for each in (store, below):
        assert f"pulumi:providers:{cloud}::our-{cloud}::" in each.request.provider, each.request.provider
        assert "platform:test:Stores" in each.request.parent


def test_without_a_provider_nothing_is_made_where_the_machine_happens_to_be_logged_in() -> None:
    done = ran(preview=False, packages=("aws",))
    assert done.exit_code != 0
    (said,) = done.reported
    assert "gcp:compute/network:Network 'stores': there is no provider for 'gcp'" in said
    assert "Give one beside: aws." in said
    assert not [each for each in done.registrations if each.kind.startswith(("aws:", "gcp:"))]
