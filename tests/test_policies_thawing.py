"""What the SDK hands to a policy, as the data that was written."""

import math
from typing import Any, Final

import pulumi
import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from policies.adapters.thawing import DEEPEST, SENTINELS, Opaque, thaw
from policies.objects.values import Unknown

VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def served(props: dict[str, Any]) -> Any:
    """`props` as a policy gets them: over the wire and through the SDK's proxies."""
    struct = struct_pb2.Struct()
    struct.update(props)
    plain = json_format.MessageToDict(struct)
    return unknown_checking_proxy(deserialize_properties(plain))


def typed(value: Any) -> Any:
    """`value` with the type beside every number: 3.0 is not 3 for who prints it, and True is not 1."""
    if isinstance(value, dict):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    return (type(value).__name__, value)


@given(st.dictionaries(st.text(), VALUES))
def test_what_was_written_comes_back(props: dict[str, Any]) -> None:
    assert typed(thaw(served(props))) == typed(props)


@pytest.mark.parametrize("sentinel", sorted(SENTINELS))
def test_an_unknown_value_is_one_wherever_it_is_and_knows_where(sentinel: str) -> None:
    thawed = thaw(served({"spec": {"containers": [{"image": sentinel, "name": "main"}], "a.b/c": {"d": sentinel}}}))
    image = thawed["spec"]["containers"][0]["image"]
    assert (type(image), image.path) == (Unknown, "spec.containers[0].image")
    assert thawed["spec"]["a.b/c"]["d"].path == 'spec["a.b/c"].d'
    assert thawed["spec"]["containers"][0]["name"] == "main"


def test_a_key_of_the_proxies_own_is_a_key_like_any_other() -> None:
    assert thaw(served({"__target": {"__target": [1]}})) == {"__target": {"__target": [1]}}


def test_what_is_no_data_becomes_something_no_rule_can_take_for_data() -> None:
    asset = pulumi.StringAsset("hunter2")
    for value in (asset, pulumi.AssetArchive({"a": asset}), object(), {1, 2}, b"bytes"):
        thawed = thaw({"value": value})["value"]
        assert isinstance(thawed, Opaque)
        assert thawed.what == type(value).__name__
        assert "hunter2" not in repr(thawed)


def test_no_data_is_too_odd() -> None:
    deep: list[Any] = []
    for _ in range(100 * DEEPEST):
        deep = [deep]
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    assert thaw(ring)["ring"]["ring"] != {}
    assert isinstance(thaw(deep), list)
    assert thaw({1: {None: 2.0}}) == {1: {None: 2}}
    assert thaw((1.0, 1.5)) == [1, 1.5]
    assert math.isinf(thaw(math.inf))
    assert math.isnan(thaw(math.nan))
    assert thaw(1e300) == 1e300
    assert isinstance(thaw(1e300), float), "a number with three hundred digits nobody wrote"
