"""Who a cloud's resource belongs to: its own tags over those its provider puts on everything.

AWS and Google spell the same tag differently (`CostCenter`, `cost-center`, `cost_center`), and labels of Google are
lower case by law; here all of them are one name. A provider's settings arrive as JSON text, because the engine takes
only text for a provider (pulumi-aws 7.51.1 and pulumi-gcp 10.2.0, `provider.py`: `to_json`).
"""

from collections.abc import Mapping
from typing import Final

from policies.cloud.wants import places
from policies.objects import Object
from policies.objects.json_text import parsed
from policies.objects.values import View

PLACES: Final[Mapping[str, str]] = {
    "gcp:container/cluster:Cluster": "resourceLabels",
    "gcp:container/nodePool:NodePool": "nodeConfig.resourceLabels",
    "gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels",
}
"""Where a resource's labels are, if not in `labels` as Google's usually are; AWS' are in `tags`."""

_BY_PROVIDER: Final[Mapping[str, tuple[str, ...]]] = {"aws": ("defaultTags", "tags"), "gcp": ("defaultLabels",)}


def place(thing: Object) -> str:
    """Where the tags of `thing` are written; "" for what has none."""
    package = thing.type.partition(":")[0]
    return PLACES.get(thing.type, {"aws": "tags", "gcp": "labels"}.get(package, ""))


def tags(thing: Object) -> Mapping[str, View]:
    """The tags of `thing` by their name without case and dashes: its own, then its provider's.

    Raises UndeterminedError or MalformedError.
    """
    found = _defaults(thing)
    for own in places(thing.root, place(thing)) if place(thing) else ():
        found |= _read(own)
    return found


def normal(name: str) -> str:
    """`CostCenter`, `cost-center` and `cost_center` are one."""
    return name.replace("-", "").replace("_", "").casefold()


def service_of(thing: Object) -> str:
    """The service `thing` is tagged with; "" where it is not."""
    tag = tags(thing).get("service")
    return tag.word if tag else ""


def _defaults(thing: Object) -> dict[str, View]:
    if thing.provider is None:
        return {}
    first, *rest = _BY_PROVIDER.get(thing.type.partition(":")[0], ("",))
    written = View(thing.provider.props.get(first), f"provider.{first}")
    return _read(parsed(written).at(*rest))


def _read(written: View) -> dict[str, View]:
    return {normal(key): value for key, value in written.entries()}
