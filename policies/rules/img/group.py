"""The group, and the images its rules read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.rule import Group, Selector
from policies.objects import Object
from policies.objects.fields import holders
from policies.objects.pods import Pod, pods
from policies.objects.values import View

IMG: Final = Group("IMG", "Where images and charts come from")

IMAGE: Final = "services/{service}.yaml: spec.containers.<name>.image; a chart's own value otherwise"

OPERATOR_FIELDS: Final = re.compile(r"image|imageName|[a-z][A-Za-z]*Image")
"""What operators call the image of the pods they make (CloudNativePG: imageName; Strimzi, RabbitMQ, Istio: image;
Percona: initImage; Zalando: dockerImage)."""


REPOSITORY: Final = "repository"
"""What an image in pieces has for its name, with registry, tag and digest beside it, as Helm's values do."""
REFERENCE: Final = "reference"
"""What a volume's image has for its name."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One place that names an image, read when a rule asks: what cannot be read costs one verdict."""

    holder: View
    field: str
    pull: str = "imagePullPolicy"
    """The field beside it that says when to pull."""
    optional: bool = False
    """Whether an operator fills in what is not written."""

    @property
    def view(self) -> View:
        """The image's name."""
        return self.holder[self.field]

    @property
    def text(self) -> str:
        """The image's name in one piece; "" where there is none."""
        if self.field != REPOSITORY:
            return self.view.word
        registry, tag, digest = (self.holder[key].quantity or "" for key in ("registry", "tag", "digest"))
        whole = "/".join(filter(None, (registry, self.view.word)))
        return whole and "".join((whole, f":{tag}" if tag else "", f"@{digest}" if digest else ""))

    @property
    def policy(self) -> View:
        """When it is pulled."""
        return self.holder[self.pull]

    @property
    def is_left_out(self) -> bool:
        """Whether nothing is written, and an operator decides."""
        return self.optional and not self.view.is_set


def references(thing: Object) -> Iterator[Reference]:
    """Every place in `thing` that names an image: containers, volumes, and the fields of an operator's object."""
    custom = thing.is_custom and thing.sort != "Rollout.argoproj.io"
    for pod in pods(thing):
        for container in pod.containers:
            yield Reference(holder=container.view, field="image", optional=custom)
        yield from _of_volumes(pod)
    if custom:
        for holder, field in holders(thing, OPERATOR_FIELDS.fullmatch):
            value = holder[field].value
            named = [key for key in (REPOSITORY, REFERENCE) if isinstance(value, dict) and key in value]
            for key in named:
                yield Reference(holder=holder[field], field=key, pull="pullPolicy", optional=True)
            # Any other mapping is some other field of that name.
            if not isinstance(value, dict | list | bool):
                yield Reference(holder=holder, field=field, optional=True)


def _of_volumes(pod: Pod) -> Iterator[Reference]:
    volumes = pod.spec["volumes"]
    if not volumes.is_known:
        yield Reference(holder=pod.spec, field="volumes", pull="")
    for index, volume in enumerate(volumes.value if isinstance(volumes.value, list) else ()):
        place = volumes.below(index, volume)
        image = volume.get("image") if isinstance(volume, dict) else None
        if isinstance(image, dict):
            yield Reference(holder=place["image"], field=REFERENCE, pull="pullPolicy")
        elif image is not None:
            yield Reference(holder=place, field="image", pull="")


IMAGES: Final = Selector[Reference](references, reads="images of containers, volumes and operators' objects")
