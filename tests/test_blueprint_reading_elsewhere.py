"""Words of Kubernetes and compose lead to fields that exist, and hide none that does."""

import re

import pytest

from blueprint.catalogue import Service
from blueprint.docstrings import models
from blueprint.reading.elsewhere import ELSEWHERE
from blueprint.reading.places import fields

MODELS = {model.__name__: model for model in models(Service)}
KNOWN = {name for model in MODELS.values() for name in fields(model)}


@pytest.mark.parametrize(("model", "word"), sorted(ELSEWHERE))
def test_a_word_of_others_leads_to_fields_that_exist(model: str, word: str) -> None:
    assert word not in fields(MODELS[model]), "it is a field: this row would hide it"
    named = re.findall(r"`([a-zA-Z]+)`|((?:[a-z]+\.)+[a-zA-Z]+)", ELSEWHERE[model, word])
    parts = {part for pair in named for part in "".join(pair).split(".")} - {"spec", "main"}
    assert parts, "no field is named"
    assert parts <= KNOWN, f"no model has {parts - KNOWN}"
