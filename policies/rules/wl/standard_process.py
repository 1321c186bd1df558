"""What a process in a container may not be."""

from collections.abc import Iterator

from policies.core.facts import Facts
from policies.core.rule import CONTAINER_PARTS, HIGH, MEDIUM, POD_PARTS, Violation
from policies.objects.pods import Container, Pod
from policies.rules.wl.group import (
    APPARMOR_ANNOTATION,
    DEFAULT_CAPABILITIES,
    PLATFORM,
    PROFILES,
    RESTRICTED_CAPABILITIES,
    SELINUX_TYPES,
    WL,
    both,
)


@WL.resource(
    "wl-capabilities",
    "M/M/M",
    HIGH,
    CONTAINER_PARTS,
    why="Each capability is a piece of root; the default set lets a process forge packets and change owners.",
    cure='Set capabilities.drop to ["ALL"] and add nothing but NET_BIND_SERVICE',
    where=PLATFORM,
    sources=("PSS restricted", "NSA C-0046"),
)
def capabilities(container: Container, facts: Facts) -> Iterator[Violation]:
    restricted = facts.standard == "restricted"
    if restricted and container.pod.is_windows:
        return
    allowed = RESTRICTED_CAPABILITIES if restricted else DEFAULT_CAPABILITIES
    held = container.security["capabilities"]
    for added in held["add"]:
        if added.word not in allowed:
            yield Violation(added, f"adds {added.word}")
    if restricted and container.whole and "ALL" not in held["drop"].words:
        yield Violation(held["drop"], 'does not hold "ALL"')


@WL.resource(
    "wl-apparmor",
    "M/M/M",
    MEDIUM,
    POD_PARTS,
    why="Unconfined, a process may mount, trace and write where the runtime's profile would stop it.",
    cure="Set appArmorProfile.type to RuntimeDefault, or leave it to the default",
    where=PLATFORM,
    sources=("PSS baseline",),
)
def apparmor(pod: Pod, _: Facts) -> Iterator[Violation]:
    for security in both(pod):
        kind = security.at("appArmorProfile", "type")
        if kind.is_set and kind.word not in PROFILES:
            yield Violation(kind, f"is {kind.word or 'empty'}")
    for key, value in pod.annotations.entries():
        if not key.startswith(APPARMOR_ANNOTATION):
            continue
        if value.word not in ("", "runtime/default") and not value.word.startswith("localhost/"):
            yield Violation(value, f"is {value.word}")


@WL.resource(
    "wl-selinux",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Another SELinux type, user or role takes the label away that keeps containers apart.",
    cure="Remove seLinuxOptions",
    where=PLATFORM,
    sources=("PSS baseline",),
)
def selinux(pod: Pod, _: Facts) -> Iterator[Violation]:
    for security in both(pod):
        options = security["seLinuxOptions"]
        if options["type"].word not in SELINUX_TYPES:
            yield Violation(options["type"], f"is {options['type'].word}")
        for field in ("user", "role"):
            if options[field].word:
                yield Violation(options[field], "is set")


@WL.resource(
    "wl-seccomp",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Without a profile a process may make every system call there is, the rarely tested ones too.",
    cure="Set the pod's securityContext.seccompProfile.type to RuntimeDefault",
    where=PLATFORM,
    sources=("PSS restricted", "CIS-GKE 4.6.2"),
)
def seccomp(pod: Pod, facts: Facts) -> Iterator[Violation]:
    restricted = facts.standard == "restricted"
    if restricted and pod.is_windows:
        return
    whole = pod.security.at("seccompProfile", "type")
    for security in both(pod):
        kind = security.at("seccompProfile", "type")
        if kind.is_set and kind.word not in PROFILES:
            yield Violation(kind, f"is {kind.word or 'empty'}")
    for container in pod.containers:
        own = container.security.at("seccompProfile", "type")
        if restricted and container.whole and not own.is_set and not whole.is_set:
            yield Violation(own, "is not set, and the pod sets none")


@WL.resource(
    "wl-privilege-escalation",
    "M/M/M",
    HIGH,
    CONTAINER_PARTS,
    why="A setuid binary in the image would make any process root again.",
    cure="Set allowPrivilegeEscalation to false",
    where=PLATFORM,
    sources=("PSS restricted", "NSA C-0016"),
)
def privilege_escalation(container: Container, facts: Facts) -> Iterator[Violation]:
    if facts.standard == "baseline" or container.pod.is_windows:
        return
    allowed = container.security["allowPrivilegeEscalation"]
    if allowed.flag or (allowed.flag is None and container.whole):
        yield Violation(allowed, "is true" if allowed.flag else "is not set, and the default is true")


@WL.resource(
    "wl-run-as-non-root",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Root in a container is root on the node as soon as one kernel or runtime flaw lets it escape.",
    cure="Set the pod's securityContext.runAsNonRoot to true",
    where=PLATFORM,
    sources=("PSS restricted", "NSA C-0013"),
)
def run_as_non_root(pod: Pod, facts: Facts) -> Iterator[Violation]:
    if facts.standard == "restricted" and not pod.in_user_namespace:
        yield from may_be_root(pod)


def may_be_root(pod: Pod) -> Iterator[Violation]:
    """Where the pod lets a container's image decide that it is root."""
    whole = pod.security["runAsNonRoot"]
    if whole.flag is False:
        yield Violation(whole, "is false")
    for container in pod.containers:
        own = container.security["runAsNonRoot"]
        if own.flag is False:
            yield Violation(own, "is false")
        elif own.flag is None and container.whole and not whole.flag:
            yield Violation(own, "is not set, and the pod does not set it to true")


@WL.resource(
    "wl-run-as-user",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="User 0 is root.",
    cure="Set runAsUser to 10000 or above, or leave it to the image",
    where=PLATFORM,
    sources=("PSS restricted",),
)
def run_as_user(pod: Pod, facts: Facts) -> Iterator[Violation]:
    if facts.standard == "restricted" and not pod.in_user_namespace:
        yield from is_root(pod)


def is_root(pod: Pod) -> Iterator[Violation]:
    """Where the pod says outright that it runs as root."""
    for security in both(pod):
        if security["runAsUser"].number == 0:
            yield Violation(security["runAsUser"], "is 0")
