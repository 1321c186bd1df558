"""The commands beside the least that could do the same work, and how they grow."""

import json
import sys
from pathlib import Path

import yaml

from bench.pairs import cpu_seconds, exponent, ratio
from bench.workplace import Workplace

LOAD = """
import json, sys
from pathlib import Path
import yaml
from pydantic import TypeAdapter
from blueprint.catalogue import Service
files = sorted(Path(sys.argv[1]).glob("*.yaml"))
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
read = [yaml.load(file.read_bytes(), Loader=loader) for file in files]
TypeAdapter(list[Service]).validate_json(json.dumps(read, default=str), by_name=False)
"""
"""The bare loader and the models: what reading cannot do without."""

CDK8S = """
import json, sys
from cdk8s import ApiObject, ApiObjectMetadata, App, Chart, JsonPatch, YamlOutputType
app = App(outdir=sys.argv[2], yaml_output_type=YamlOutputType.FILE_PER_RESOURCE)
chart = Chart(app, "stack")
for number, each in enumerate(json.load(open(sys.argv[1]))):
    metadata = each["metadata"]
    rest = {key: value for key, value in each.items() if key not in ("apiVersion", "kind", "metadata")}
    made = ApiObject(chart, f"o{number}", api_version=each["apiVersion"], kind=each["kind"], metadata=ApiObjectMetadata(
        name=metadata["name"], namespace=metadata.get("namespace"), labels=metadata.get("labels"),
        annotations=metadata.get("annotations")))
    made.add_json_patch(*[JsonPatch.add("/" + key, value) for key, value in rest.items()])
app.synth()
"""
"""cdk8s making files of the very same objects."""

GROWING = ("validate", "blueprint", "render", "judge")


def _plat(command: str, services: Path) -> list[str | Path]:
    stack: list[str | Path] = [] if command == "validate" else ["-s", "dev"]
    out: list[str | Path] = ["-o", services.parent / "rendered"] if command == "render" else []
    return [sys.executable, "-m", "operations", command, *stack, *out, "--services", services]


def seconds(command: str, place: Workplace, size: int) -> float:
    """CPU seconds of `plat <command>` over `size` services."""
    return cpu_seconds(_plat(command, place.services(size)), cwd=place.project)


def validate_to_bare(place: Workplace, size: int, pairs: int) -> tuple[float, float]:
    """`plat validate` ÷ the bare loader and models."""
    bare: list[str | Path] = [sys.executable, "-c", LOAD, place.services(size)]
    return ratio(pairs, lambda: seconds("validate", place, size), lambda: cpu_seconds(bare, cwd=place.project))


def render_to_cdk8s(place: Workplace, size: int, pairs: int, python: Path) -> tuple[float, float]:
    """`plat render` ÷ cdk8s, by the interpreter `python`, over the objects `render` makes."""
    seconds("render", place, size)
    rendered = sorted((place.services(size).parent / "rendered").rglob("*.yaml"))
    listed = place.services(size).parent / "objects.json"
    listed.write_text(json.dumps([yaml.safe_load(file.read_bytes()) for file in rendered]), encoding="utf-8")
    theirs: list[str | Path] = [python, "-c", CDK8S, listed, listed.parent / "synthesized"]
    return ratio(pairs, lambda: seconds("render", place, size), lambda: cpu_seconds(theirs, cwd=place.folder))


def growth(command: str, place: Workplace, smaller: int, larger: int, pairs: int) -> tuple[float, float]:
    """The growth exponent of `plat <command>` between two sizes, and its CPU seconds at the larger; best of runs."""
    least = {size: min(seconds(command, place, size) for _ in range(pairs)) for size in (smaller, larger)}
    return exponent((smaller, least[smaller]), (larger, least[larger])), least[larger]
