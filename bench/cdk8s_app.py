"""Objects written as YAML by cdk8s, the way a cdk8s program in Python does: one ApiObject each, then synth.

    python bench/cdk8s_app.py objects.json output-folder

Run by an interpreter that has cdk8s (`pip install cdk8s`, and node on the path); it is no requirement of ours.
"""

import json
import sys
from pathlib import Path

import cdk8s  # type: ignore[import-not-found]

SAID = frozenset({"apiVersion", "kind", "metadata"})
"""What an ApiObject takes by name; the rest is put into it."""


def main() -> None:
    """Writes every object."""
    objects, output = sys.argv[1:]
    app = cdk8s.App(outdir=output)
    chart = cdk8s.Chart(app, "objects")
    for number, manifest in enumerate(json.loads(Path(objects).read_text(encoding="utf-8"))):
        made = cdk8s.ApiObject(
            chart,
            f"object-{number}",
            api_version=manifest["apiVersion"],
            kind=manifest["kind"],
            metadata=cdk8s.ApiObjectMetadata(**_metadata(manifest["metadata"])),
        )
        rest = [cdk8s.JsonPatch.add(f"/{key}", value) for key, value in manifest.items() if key not in SAID]
        if rest:
            made.add_json_patch(*rest)
    app.synth()


def _metadata(written: dict[str, object]) -> dict[str, object]:
    return {key: written[key] for key in ("name", "namespace", "labels", "annotations") if key in written}


if __name__ == "__main__":
    main()
