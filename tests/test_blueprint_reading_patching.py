"""A patched service is the one that validating the whole patched text gives, or the whole is validated."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from blueprint.catalogue import Service, merge
from blueprint.reading.patching import revalidated
from blueprint.reading.source import read_source
from tests.support.stacks import SERVICES

FILES = {file.stem: read_source(file, file.name).data for file in sorted(SERVICES.glob("*.yaml"))}
PATCHED = tuple(
    (name, environment) for name, data in FILES.items() for environment in sorted(data["spec"].get("environments", ()))
)
TOPS = tuple(sorted({field for data in FILES.values() for field in data["spec"]}))
STRANGE: st.SearchStrategy[Any] = st.sampled_from(
    (*(None, True, 0, -1, 30, "30", 1.5, "", "x", "10s", [], [None], {}, {"x": 1}), {"minReplicas": 2}, {"main": {}})
)


def validated(data: Any) -> Service:
    return Service.model_validate_json(json.dumps(data), by_name=False)


def whole(data: Any, spec: Any) -> Service | None:
    """The service of `data` with `spec` in place of its own, or None where it is refused."""
    try:
        return validated({**data, "spec": spec})
    except ValidationError:
        return None


def alike(one: Service, other: Service) -> bool:
    """Whether the two say the same, what they leave unsaid included."""
    return one == other and one.model_dump_json(exclude_unset=True) == other.model_dump_json(exclude_unset=True)


@pytest.mark.parametrize(("name", "environment"), PATCHED)
def test_a_patch_of_the_shop_is_validated_alone_and_gives_the_same_service(name: str, environment: str) -> None:
    data = FILES[name]
    patch = data["spec"]["environments"][environment]
    spec, written = merge(data["spec"], patch), validated(data)
    found, expected = revalidated(written, spec, patch), whole(data, spec)
    assert found is not None, "the whole is validated, which takes four times as long"
    assert expected is not None, "the shop's patch is refused"
    assert alike(found, expected), "the patch alone gives another service"


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(sorted(FILES)),
    patch=st.one_of(
        st.dictionaries(st.sampled_from(TOPS), STRANGE, min_size=1, max_size=2),
        st.tuples(st.sampled_from(sorted(FILES)), st.lists(st.sampled_from(TOPS), min_size=1, max_size=4)).map(
            lambda of: {field: FILES[of[0]]["spec"].get(field) for field in of[1]}
        ),
    ),
)
def test_any_patch_gives_the_service_that_the_whole_gives_or_none(name: str, patch: dict[str, Any]) -> None:
    data = FILES[name]
    spec = merge(data["spec"], patch)
    found, expected = revalidated(validated(data), spec, patch), whole(data, spec)
    if found is not None:
        assert expected is not None, "a patch was taken that the whole refuses"
        assert alike(found, expected), "the patch alone gives another service"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"schedule": "0 2 * * *"}, "the fields do not fit together"),
        ({"terminationGracePeriodSeconds": "30"}, "a text is no number"),
        ({"termination_grace_period_seconds": 30}, "Python's name is not the owner's"),
        ({"terminationGracePeriodSeconds": None}, "a field is taken away"),
        ({"nothing": 1}, "there is no such field"),
    ],
)
def test_what_may_be_wrong_is_left_to_the_whole(patch: dict[str, Any], why: str) -> None:
    data = FILES["order-service"]
    assert revalidated(validated(data), merge(data["spec"], patch), patch) is None, why
