"""How an image is referred to: its registry, its digest, and when it is pulled."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, Violation
from policies.kubernetes.images import Image, parse, within
from policies.rules.img.group import IMAGE, IMAGES, IMG, Reference

MOVING: Final = "latest"


def _read(reference: Reference) -> Image | None:
    return parse(reference.text)


@IMG.resource(
    "img-digest",
    "A/M/M",
    HIGH,
    IMAGES,
    why="A tag is whatever the registry says today; only a digest is the image that was tested.",
    cure="Write the image as name:tag@sha256:<64 hex digits>",
    where=IMAGE,
    sources=("CKV_K8S_43", "Gatekeeper imagedigests", "Kyverno require-image-checksum"),
)
def digest(reference: Reference, facts: Facts) -> Iterator[Violation]:
    image = _read(reference)
    if not reference.is_left_out and not (image and image.digest) and not _is_operators_own(reference, facts):
        yield Violation(reference.view, "has no digest" if reference.view.word else "names no image")


def _is_operators_own(reference: Reference, facts: Facts) -> bool:
    """Whether an operator is told to run, beside what it runs, the very image its pinned chart runs it by."""
    return reference.optional and any(reference.text in images for images in facts.limits.chart_objects.values())


@IMG.resource(
    "img-no-latest",
    "M/M/M",
    HIGH,
    IMAGES,
    why="What `latest` is changes between two pods of one service, and no rollback brings the old one back.",
    cure="Name a version, and its digest",
    where=IMAGE,
    sources=("Kyverno disallow-latest-tag", "CKV_K8S_14"),
)
def no_latest(reference: Reference, _: Facts) -> Iterator[Violation]:
    image = _read(reference)
    if reference.is_left_out:
        return
    if not image:
        yield Violation(reference.view, "is no image reference" if reference.view.word else "names no image")
    elif not image.digest and image.tag.lower() in ("", MOVING):
        yield Violation(reference.view, "is tagged latest" if image.tag else "has no tag, which means latest")


@IMG.resource(
    "img-registry",
    "M/M/M",
    CRITICAL,
    IMAGES,
    why="Anyone may push to a public registry under a name that looks like ours.",
    cure="Mirror the image to a listed registry, or list yours: policies/config/<environment>.json: images.registries",
    where=IMAGE,
    sources=("CIS-EKS 5.1.4", "Gatekeeper allowedreposv2"),
)
def registry(reference: Reference, facts: Facts) -> Iterator[Violation]:
    image = _read(reference)
    if reference.is_left_out:
        return
    if not image:
        yield Violation(reference.view, "is no image reference" if reference.view.word else "names no image")
    elif not within(image.repository, facts.limits.images.registries):
        yield Violation(reference.view, f"comes from {image.repository}, which is not on the list")


ALWAYS: Final = "Always"
IF_NOT_PRESENT: Final = "IfNotPresent"


@IMG.resource(
    "img-pull-policy",
    "A/M/M",
    MEDIUM,
    IMAGES,
    why="A node that keeps an image by its tag runs an old one, and runs it for pods that may not pull it.",
    cure="Pin the digest, or set imagePullPolicy to Always",
    where=IMAGE,
    sources=("CKV_K8S_15", "Polaris pullPolicyNotAlways"),
)
def pull_policy(reference: Reference, _: Facts) -> Iterator[Violation]:
    if reference.optional and not reference.policy.is_set:
        return  # The operator decides when it pulls.
    image = _read(reference)
    pinned = bool(image and image.digest)
    # What the API server writes where nothing is written.
    default = ALWAYS if image and not pinned and image.tag in ("", MOVING) else IF_NOT_PRESENT
    policy = reference.policy.text or default
    if policy == ALWAYS or (policy == IF_NOT_PRESENT and pinned):
        return
    if policy == IF_NOT_PRESENT:
        said = f"is {policy}" if reference.policy.is_set else f"is not set, which means {policy}"
        yield Violation(reference.policy, f"{said}, and the image has no digest")
    else:
        yield Violation(reference.policy, f"is {policy}")
