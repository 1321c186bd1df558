"""docs/catalogue.md holds every field a service's file may have, with what it is, and examples that are valid."""

import json
import re

import pytest
import yaml
from pydantic import BaseModel

from blueprint.catalogue import Service
from blueprint.docstrings import docstrings, models
from blueprint.unmade.table import NOT_MADE
from operations.catalogue_page import page

PAGE = page()
MODELS = {model.__name__: model for model in models(Service)}
SECTIONS = {section.partition("\n")[0]: section for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}


def test_every_model_has_its_section() -> None:
    assert SECTIONS.keys() == MODELS.keys()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_field_has_its_row_with_its_docstring(name: str) -> None:
    rows = dict(re.findall(r"^\| `([A-Za-z0-9]+)` \| (.*) \|$", SECTIONS[name], flags=re.MULTILINE))
    model = MODELS[name]
    assert rows.keys() == {field.alias or key for key, field in model.model_fields.items()}
    for field, text in docstrings(model).items():
        assert " ".join(text.split()).replace("|", "\\|") in rows[field], f"{name}.{field}: the row says something else"


def test_what_is_not_made_yet_is_marked_and_nothing_else() -> None:
    marked = {
        (name, field)
        for name, section in SECTIONS.items()
        for field in re.findall(r"^\| `([A-Za-z0-9]+)` .*\*Not made yet: ", section, flags=re.MULTILINE)
    }
    fields = {
        (model.__name__, model.model_fields[field].alias or field)
        for model, field in NOT_MADE
        if field is not None and model.__name__ in MODELS
    }
    assert marked == fields != set()


def test_every_link_leads_to_a_section() -> None:
    anchors = {name.lower() for name in SECTIONS}
    assert set(re.findall(r"\(#([a-z]+)\)", PAGE)) <= anchors


@pytest.mark.parametrize("name", sorted(name for name, section in SECTIONS.items() if "```yaml" in section))
def test_an_example_is_valid(name: str) -> None:
    text = SECTIONS[name].partition("```yaml\n")[2].partition("```")[0]
    model: type[BaseModel] = MODELS[name]
    assert model.model_validate_json(json.dumps(yaml.safe_load(text)), by_name=False) is not None


def test_most_models_have_an_example() -> None:
    shown = sum("```yaml" in section for section in SECTIONS.values())
    assert shown > 2 * len(SECTIONS) / 3, f"only {shown} of {len(SECTIONS)} are shown as they are used"
