"""docs/catalogue.md: every field of a service's file, written from the models themselves."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from blueprint.catalogue import Service, schema
from blueprint.docstrings import models
from blueprint.unmade.table import NOT_MADE, Row

SHOP: Final = Path(__file__).parent.parent / "services"
LONGEST: Final = 14
"""Lines of an example; what is longer is no example of one thing."""

Schema = Mapping[str, Any]

_ASKED: Final = {
    model.__name__: asked for model in models(Service) if isinstance(asked := getattr(model, "keys", None), tuple)
}
"""Type of resource → what a variable may ask of it."""

_INTRO: Final = """\
# A service's file, field by field

<!-- Made from the models of `blueprint/catalogue` by `make generate`; edit those. -->

One YAML file per service in `services/`. This page says what each field means and becomes; an editor that reads
`services/schema.json` says the same while you type, and `./plat validate` says what is wrong, with the line. Every
field can differ by environment: what stands below `spec.environments.<environment>` is merged over `spec` (RFC 7386),
lists are replaced, and `null` takes away. What a file leaves out is what `_defaults.yaml` says for its system, else the
default below; `./plat explain <service>` shows what holds in an environment, and the line that says it. Fields marked
*not made yet* are checked and kept, and have no effect so far; `./plat validate --verbose` says what to do meanwhile.

Examples are from this repository's own services.
"""


def page() -> str:
    """The page."""
    whole = schema()
    definitions: dict[str, Schema] = {"Service": {key: value for key, value in whole.items() if key != "$defs"}}
    definitions |= whole["$defs"]
    places = _places(definitions)
    missing = _not_made()
    parts = [_INTRO, *("\n".join(_section(name, definitions, places[name], missing)) for name in places)]
    return "\n".join(parts)


def _places(definitions: Mapping[str, Schema]) -> Mapping[str, list[str]]:
    """Model to the places it may stand at, in the order a reader of a file meets them."""
    found: dict[str, list[str]] = {"Service": [""]}
    waiting = [("Service", "")]
    for name, path in waiting:
        for field, of in definitions[name].get("properties", {}).items():
            for other, step in _held(of):
                place = f"{path}.{field}{step}".removeprefix(".")
                if other not in found:
                    waiting.append((other, place))
                if place not in found.setdefault(other, []):
                    found[other].append(place)
    return found


def _held(of: Schema) -> Iterator[tuple[str, str]]:
    """The models a field may hold, each with what is added to the field's path."""
    if "$ref" in of:
        yield of["$ref"].rpartition("/")[2], ""
    for several in ("anyOf", "oneOf", "allOf"):
        for each in of.get(several, ()):
            yield from _held(each)
    if isinstance(of.get("items"), Mapping):
        yield from ((name, f"[]{step}") for name, step in _held(of["items"]))
    if entry := _entry(of):
        yield from ((name, f".<name>{step}") for name, step in _held(entry))


def _entry(of: Schema) -> Schema | None:
    """What a mapping whose keys are names holds under each; None for any other."""
    held = [*of.get("patternProperties", {}).values(), of.get("additionalProperties")]
    return next((each for each in held if isinstance(each, Mapping)), None)


def _section(
    name: str, definitions: Mapping[str, Schema], places: list[str], missing: Mapping[tuple[str, str], Row]
) -> Iterator[str]:
    of = definitions[name]
    yield f"## {name}"
    yield ""
    yield from [of["description"], ""] if of.get("description") else []
    shown = [f"`{place}`" for place in places if place]
    yield from [f"Stands at {', '.join(shown[:4])}{' and others' if len(shown) > 4 else ''}.", ""] if shown else []
    yield "| field | type | default | what it is and becomes |"
    yield "|---|---|---|---|"
    required = of.get("required", ())
    for field, text in of.get("properties", {}).items():
        default = "required" if field in required else _default(text)
        # The schema says nothing of a field whose model says the same.
        referred = definitions.get(text.get("$ref", "").rpartition("/")[2], {})
        said = " ".join(text.get("description", referred.get("description", "")).split()).replace("|", "\\|")
        row = missing.get((name, field))
        late = f" *Not made yet: {row.planned}.*" if row else ""
        yield f"| `{field}` | {_type(text)} | {default} | {said}{late} |"
    yield ""
    if asked := _ASKED.get(name):
        yield from [f"A variable asks for its parts by `${{resources.<name>.<key>}}`: {', '.join(asked)}.", ""]
    if example := _example(of, places):
        yield from ["```yaml", *example, "```", ""]


def _default(of: Schema) -> str:
    value = of.get("default")
    if (not value and not isinstance(value, bool | int | float)) or isinstance(value, dict):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(of: Schema) -> str:
    """The type of a field, for people."""
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if several := [each for key in ("anyOf", "oneOf", "allOf") for each in of.get(key, ())]:
        return " or ".join(dict.fromkeys(_type(each) for each in several if each.get("type") != "null"))
    if "enum" in of or "const" in of:
        return ", ".join(f"`{each}`" for each in of.get("enum", [of.get("const")]))
    return _KINDS.get(str(of.get("type")), lambda _: "anything")(of)


def _number(of: Schema) -> str:
    least, most = (of.get("minimum", of.get("exclusiveMinimum")), of.get("maximum", of.get("exclusiveMaximum")))
    bounds = [f"{least} to {most}" if most is not None else f"{least} or more"] if least is not None else []
    return " ".join(["number", *bounds])


def _mapping(of: Schema) -> str:
    held = _entry(of)
    return f"names to {_type(held)}" if held and _type(held) != "mapping" else "mapping"


_KINDS: Final = {
    "string": lambda _: "text",
    "boolean": lambda _: "`true`, `false`",
    "integer": _number,
    "number": _number,
    "array": lambda of: f"list of {_type(of.get('items') or {})}",
    "object": _mapping,
}


def _not_made() -> Mapping[tuple[str, str], Row]:
    """Model and field, as the page has them, to what nothing makes of it yet."""
    shown = models(Service)
    return {
        (model.__name__, model.model_fields[field].alias or field): row
        for (model, field), row in NOT_MADE.items()
        if field is not None and model in shown
    }


def _example(of: Schema, places: list[str]) -> list[str]:
    """The first short thing of this form that stands at one of `places` in a service of this repository."""
    for file in sorted(SHOP.glob("*.yaml")):
        whole = yaml.safe_load(file.read_bytes())
        for place in filter(None, places):
            for value in _at(whole, place.replace("[]", ".[]").split(".")):
                lines = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).splitlines()
                if len(lines) <= LONGEST and _fits(value, of):
                    return [f"# {file.name}: {place}", *lines]
    return []


def _fits(value: Any, of: Schema) -> bool:
    """Whether `value` is a mapping of this form and not of another that may stand there too."""
    fields = of.get("properties", {})
    if not isinstance(value, Mapping) or not set(of.get("required", ())) <= value.keys() <= fields.keys():
        return False
    return bool(value) and all(fields[field].get("const", each) == each for field, each in value.items())


def _at(value: Any, steps: list[str]) -> Iterator[Any]:
    """What stands at `steps` below `value`."""
    if not steps:
        yield value
    elif steps[0] == "[]":
        for each in value if isinstance(value, list) else ():
            yield from _at(each, steps[1:])
    elif isinstance(value, Mapping):
        named = value.values() if steps[0] == "<name>" else [value[steps[0]]] if steps[0] in value else []
        for each in named:
            yield from _at(each, steps[1:])
