"""What is looked for in every object is found by a walk of its own; here by the one that meets every place."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from policies.objects import Object
from policies.objects.glance import glance
from policies.objects.values import Unknown
from policies.objects.walking import marks, places

NAMES: Final = ("labels", "matchLabels", "annotations", "metadata", "key", "name", "a.b/c", 1, None, True)
VALUES: Final = st.recursive(
    st.one_of(st.text(max_size=2), st.integers(), st.booleans(), st.none(), st.just(Unknown("later"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4, dict_class=dict)
    ),
    max_leaves=20,
)
PROPS: Final = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)


@given(props=PROPS)
def test_every_mark_is_found_with_its_path(props: dict[Any, Any]) -> None:
    thing = Object(type="kubernetes:v1:ConfigMap", props=props)
    found = sorted(place.path for place in marks(thing))
    every = [place.view for place in places(thing.root) if place.key in ("labels", "matchLabels", "annotations")]
    assert found == sorted(view.path for view in every if isinstance(view.value, dict))


@given(props=PROPS)
def test_a_glance_meets_every_field_and_what_is_not_known_yet(props: dict[Any, Any]) -> None:
    thing = Object(type="kubernetes:v1:ConfigMap", props=props)
    every = list(places(thing.root))
    fields = {str(key) for place in every if isinstance(place.view.value, dict) for key in place.view.value}
    seen = glance(thing)
    assert seen.names == fields
    assert seen.unknown == any(isinstance(place.view.value, Unknown) for place in every)


def test_objects_that_look_alike_share_a_glance() -> None:
    alike = [Object(type="kubernetes:v1:ConfigMap", props={"data": {"a": text}}) for text in "xy"]
    other = Object(type="kubernetes:v1:ConfigMap", props={"data": {"b": "x"}})
    first, second, third = map(glance, (*alike, other))
    assert first is second, "what is known of one would be found out again for the other"
    assert first is not third
