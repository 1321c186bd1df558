"""The process in a container: its user, its files, its environment."""

import re
from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CONTAINERS, HIGH, LOW, MEDIUM, POD_PARTS, Violation
from policies.objects.pods import Container, Pod
from policies.objects.values import View
from policies.rules.wl.group import IMAGES, PLATFORM, WL_PLUS
from policies.rules.wl.standard_process import is_root, may_be_root


@WL_PLUS.resource(
    "wl-non-root-strict",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Pod Security allows root inside a user namespace, which leaves that namespace as the only protection.",
    cure="Set runAsNonRoot to true and no user 0, with hostUsers false too",
    where=PLATFORM,
    sources=("PSS restricted, without the exception of 1.35",),
)
def non_root_strict(pod: Pod, _: Facts) -> Iterator[Violation]:
    if pod.in_user_namespace:
        yield from may_be_root(pod)
        yield from is_root(pod)


@WL_PLUS.resource(
    "wl-read-only-root-fs",
    "A/M/M",
    MEDIUM,
    CONTAINERS,
    why="An attacker who breaks into a process that can write to its own files can leave a program there.",
    cure="Set readOnlyRootFilesystem to true and mount an emptyDir where the process writes",
    where=PLATFORM,
    sources=("NSA C-0017", "CKV_K8S_22"),
)
def read_only_root_fs(container: Container, _: Facts) -> Iterator[Violation]:
    read_only = container.security["readOnlyRootFilesystem"]
    if read_only.flag is not True:
        yield Violation(read_only, "is false" if read_only.is_set else "is not set, and the default is false")


@WL_PLUS.resource(
    "wl-high-uid",
    "A/A/M",
    MEDIUM,
    CONTAINERS,
    why="Below 10000 are the node's own users and groups, and an image that names none runs in group 0.",
    cure="Set runAsUser and runAsGroup to 10000 or above, and no group 0",
    where=PLATFORM,
    sources=("CKV_K8S_40", "kube-score container-security-context-user-group-id", "Kyverno require-non-root-groups"),
)
def high_uid(container: Container, facts: Facts) -> Iterator[Violation]:
    least, whole = facts.limits.workloads.uid, container.pod.security
    for field in ("runAsUser", "runAsGroup"):
        own = container.security[field]
        if not own.is_set and not whole[field].is_set:
            yield Violation(own, "is not set, and the pod sets none, so the image decides")
        # The pod's own number is judged even where this container has another: injected containers take it.
        for place in (whole[field], own):
            if place.number is not None and not place.number >= least:  # NaN is no user either
                yield Violation(place, f"is {place.quantity}, below {least}")
    for group in (whole["fsGroup"], *whole["supplementalGroups"]):
        if group.number == 0:
            yield Violation(group, "is 0, root's group")


@WL_PLUS.resource(
    "wl-share-pid",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="With one process tree a container reads the others' memory, environment and files through /proc.",
    cure="Remove shareProcessNamespace",
    where=PLATFORM,
    sources=("Gatekeeper hostnamespaces",),
)
def share_pid(pod: Pod, _: Facts) -> Iterator[Violation]:
    if pod.spec["shareProcessNamespace"].flag:
        yield Violation(pod.spec["shareProcessNamespace"], "is true")


@WL_PLUS.resource(
    "wl-no-tty",
    "A/M/M",
    LOW,
    CONTAINERS,
    why="A terminal is for a person who attaches to the container; no service reads from one.",
    cure="Remove stdin and tty",
    where=IMAGES,
    sources=("Gatekeeper disallowinteractive",),
)
def no_tty(container: Container, _: Facts) -> Iterator[Violation]:
    for field in ("stdin", "tty"):
        if container.view[field].flag:
            yield Violation(container.view[field], "is true")


@WL_PLUS.resource(
    "wl-duplicate-env",
    "A/M/M",
    LOW,
    CONTAINERS,
    why="Of two variables with one name the last counts, so an edit of the first silently changes nothing.",
    cure="Remove one of the two",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("KubeLinter duplicate-env-var",),
)
def duplicate_env(container: Container, _: Facts) -> Iterator[Violation]:
    seen: set[str] = set()
    for variable in container.view["env"]:
        name = variable["name"].word
        if name in seen:
            yield Violation(variable["name"], f"is {name} a second time")
        seen.add(name)


_RAISES: Final = re.compile(
    r"(?:^|[;&|(`\n])\s*(?:(?:exec|env|nohup|time|nice)\s+)*(?:\S*/)?(?:sudo|su|doas|runuser)(?:\s|$)"
)
"""A command that starts with sudo or one of its kind, alone or within a shell's script."""


@WL_PLUS.resource(
    "wl-no-sudo",
    "A/A/M",
    MEDIUM,
    CONTAINERS,
    why="A process that changes its user needs the privileges every other rule takes away.",
    cure="Start the program itself and let securityContext say as whom",
    where="services/{service}.yaml: spec.containers.<name>.command",
    sources=("Kubescape sudo-in-container-entrypoint",),
)
def no_sudo(container: Container, _: Facts) -> Iterator[Violation]:
    for item in _started(container):
        if _RAISES.search(item.word):
            yield Violation(item, "starts with sudo, su or the like")


def _started(container: Container) -> Iterator[View]:
    """What is run: the first word of command and of args, and any script given to a shell."""
    after = ""
    for field in ("command", "args"):
        for index, item in enumerate(container.view[field]):
            if index == 0 or re.fullmatch(r"-[a-z]*c", after):
                yield item
            after = item.word
