"""A blueprint as text: written a part at a time, it is what PyYAML writes of the whole."""

from typing import Any

import pytest
import yaml

from blueprint.printing import Unaliased, plain, printed
from tests.support.stacks import STACKS, blueprint_of

STRANGE = {
    "text": {
        "on": "x\n\n  y\n",
        "12": "\u2028 a\x85 b\n c",
        "quotes": "'\"\n",
        "tabs": "tab\t\n" * 3,
        "long": "word " * 80,
    },
    "lists": {"of": ["l " * 100, {"m": "w " * 200}, [], {}], "none": []},
    "empty": {},
    "plain": [1, {"e": "f\n"}],
    "yes": {"true": None, "null": 1.5},
}


@pytest.mark.parametrize("value", [*map(blueprint_of, STACKS), STRANGE, [STRANGE], "a word", {}])
def test_parts_read_as_the_whole(value: Any) -> None:
    whole = yaml.dump(plain(value), Dumper=Unaliased, sort_keys=False, width=120, allow_unicode=True)
    assert printed(value) == whole
