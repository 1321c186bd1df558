"""A cloud's resources before they exist: refs that lead somewhere, and rules that judge them all the same."""

import pickle
from collections.abc import Iterable
from dataclasses import FrozenInstanceError

import pytest

from manifests.cloud import CloudResource, Ref, RefError, check_refs, ordered, refs
from policies.adapters.preflight import PreflightError, preflight
from policies.core.finding import Report
from tests.support.cloud_pairs import AWS, GCP, changed
from tests.support.stacks import TODAY, settings, shop

PAIRS = {"aws": AWS, "gcp": GCP}

each_cloud = pytest.mark.parametrize("cloud", sorted(PAIRS))


def judged(resources: Iterable[CloudResource]) -> Report:
    return preflight([], cloud=resources, settings=settings("prod"), catalogue=shop(), today=TODAY)


def made(name: str, *outputs: str, **props: object) -> CloudResource:
    return CloudResource(type="aws:sqs/queue:Queue", name=name, props=props, outputs=outputs)


@each_cloud
def test_a_resource_comes_after_what_it_refers_to_however_they_are_given(cloud: str) -> None:
    store, below = PAIRS[cloud]
    assert [each.name for each in ordered((store, below))] == [below.name, store.name]
    assert [each.name for each in ordered((below, store))] == [below.name, store.name]


def test_resources_that_refer_to_nothing_are_sorted() -> None:
    assert [each.name for each in ordered((made("b"), made("c"), made("a")))] == ["a", "b", "c"]


def test_a_ref_is_found_wherever_a_value_may_stand() -> None:
    a, b, c = Ref(resource="a"), Ref(resource="b"), Ref(resource="c")
    assert list(refs({"z": a, "list": [1, {"deep": b}], "tuple": (c,)})) == [
        ("list[1].deep", b),
        ("tuple[0]", c),
        ("z", a),
    ]


def test_the_id_of_every_resource_may_be_referred_to() -> None:
    assert set(check_refs((made("a"), made("b", queue=Ref(resource="a"))))) == {"a", "b"}


def test_a_ref_further_into_an_output_needs_that_output() -> None:
    into = Ref(resource="a", path="endpoints.0.port")
    assert check_refs((made("a", "endpoints"), made("b", port=into)))
    with pytest.raises(RefError, match=r"the output 'endpoints' of aws:sqs/queue:Queue 'a'"):
        check_refs((made("a"), made("b", port=into)))


def test_a_ref_to_a_resource_that_is_not_made_is_refused_with_those_there_are() -> None:
    with pytest.raises(RefError) as caught:
        check_refs(AWS[:1])
    assert str(caught.value) == (
        "aws:rds/instance:Instance 'order-db': dbSubnetGroupName refers to 'order-subnets', which is not made here, so"
        " it would stay empty. Refer to one of: order-db."
    )


def test_a_ref_to_an_undeclared_output_is_refused_with_those_there_are() -> None:
    with pytest.raises(RefError) as caught:
        ordered(changed(AWS, dbSubnetGroupName=Ref(resource="order-subnets", path="nmae")))
    assert str(caught.value) == (
        "aws:rds/instance:Instance 'order-db': dbSubnetGroupName refers to the output 'nmae' of"
        " aws:rds/subnetGroup:SubnetGroup 'order-subnets', which declares none of that name, so it would stay empty."
        " Refer to one of: arn, id, name; or add it to the outputs there."
    )


def test_a_circle_is_refused_in_the_order_in_which_it_refers() -> None:
    circle = (made("a", x=Ref(resource="b")), made("b", x=Ref(resource="c")), made("c", x=Ref(resource="a")))
    with pytest.raises(RefError, match=r"^(a → b → c → a|b → c → a → b|c → a → b → c): each refers to an output of"):
        ordered(circle)
    with pytest.raises(RefError, match=r"^a → a: "):
        check_refs((made("a", x=Ref(resource="a")),))


def test_two_resources_of_one_name_are_refused() -> None:
    with pytest.raises(RefError, match=r"order-db.*aws:rds/instance:Instance is called so too"):
        check_refs((*AWS, made("order-db")))


def test_a_resource_is_a_value_that_does_not_change() -> None:
    assert pickle.loads(pickle.dumps(AWS)) == AWS  # noqa: S301  (our own)
    with pytest.raises(FrozenInstanceError):
        AWS[0].name = "other"  # type: ignore[misc]


@each_cloud
def test_a_store_as_it_should_be_passes_and_its_ref_stops_no_rule(cloud: str) -> None:
    report = judged(PAIRS[cloud])
    assert (report.objects, report.findings, report.undecided) == (2, [], [])


WEAK = {
    "aws": (changed(AWS, publiclyAccessible=True), "data-no-public: Instance order-db publiclyAccessible"),
    "gcp": (
        changed(GCP, settings={**GCP[0].props["settings"], "retainBackupsOnDelete": False}),
        "data-backups: DatabaseInstance user-db settings.retainBackupsOnDelete",
    ),
}


@each_cloud
def test_a_weak_store_is_refused_by_its_clouds_rules_before_anything_is_made(cloud: str) -> None:
    resources, found = WEAK[cloud]
    with pytest.raises(PreflightError) as caught:
        judged(resources)
    assert str(caught.value).startswith(f"1 rule is broken in 1 place:\n  {found}"), str(caught.value)


@each_cloud
def test_a_store_that_may_be_deleted_by_mistake_is_refused(cloud: str) -> None:
    store, below = PAIRS[cloud]
    loose = CloudResource(type=store.type, name=store.name, props=store.props, outputs=store.outputs)
    with pytest.raises(PreflightError, match="eng-protect"):
        judged((loose, below))


UNKNOWN = {
    "aws": (
        changed(AWS, publiclyAccessible=Ref(resource="order-subnets", path="name")),
        "Instance order-db publiclyAccessible: is not known before the update, so data-no-public could not decide",
    ),
    "gcp": (
        changed(
            GCP, settings={**GCP[0].props["settings"], "retainBackupsOnDelete": Ref(resource="stores", path="selfLink")}
        ),
        "DatabaseInstance user-db settings.retainBackupsOnDelete: is not known before the update, so data-backups",
    ),
}


@each_cloud
def test_a_rule_that_would_decide_by_a_ref_says_that_it_cannot_know(cloud: str) -> None:
    resources, said = UNKNOWN[cloud]
    with pytest.raises(PreflightError) as caught:
        judged(resources)
    assert f"eng-unknown-values: {said}" in str(caught.value)
