"""What may be done at a broker is what the catalogue declares, for each service, and nothing by pattern beyond it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.rule import CRITICAL, Violation, sorts
from policies.core.world import World
from policies.intent.channels import Channels, Edges, channels
from policies.objects import Object
from policies.objects.values import View
from policies.rules.data.group import DATA, MESSAGING

KAFKA_USER: Final = "KafkaUser.kafka.strimzi.io"
ACL: Final = "gcp:managedkafka/acl:Acl"
PERMISSION: Final = "Permission.rabbitmq.com"
TOPIC_PERMISSION: Final = "TopicPermission.rabbitmq.com"
RABBIT_USER: Final = "User.rabbitmq.com"
RABBIT: Final = "RabbitmqCluster.rabbitmq.com"
GUEST: Final = "guest"
HARMLESS: Final = frozenset({"describe", "describeconfigs"})
"""Operations that tell a client what it must know of a channel it reads or writes."""
CLUSTER: Final = frozenset({"idempotentwrite", *HARMLESS})
"""What a service may do to the whole cluster: number its own messages."""
PATTERN: Final = re.compile(r"\^(?:\(((?:[\w|-]|\\\.)+)\)|((?:[\w-]|\\\.)+))(\$|\.\*\$?)?", re.ASCII)
"""RabbitMQ's patterns that can be bounded by reading them: `^name`, `^name$`, `^(one|other)$`, with \\. for a dot."""
OPEN: Final = re.compile(
    r"^[ \t]*(default_user[ \t]*=[ \t]*guest|loopback_users[ \t]*=[ \t]*none|loopback_users\.guest[ \t]*=[ \t]*false"
    r"|anonymous_login_user[ \t]*=(?![ \t]*none\b))",
    re.MULTILINE,
)
"""Lines of a rabbitmq.conf that let `guest` in from elsewhere, or anybody without a name."""
WHO: Final = re.compile(r"\b(loopback_users|default_user|anonymous_login_user)\b")
"""The same settings in the Erlang of advanced.config, which nobody here reads."""
ABOVE: Final = ("administrator", "policymaker")
"""Tags of RabbitMQ's users who change what others may, or where their messages go."""
KINDS: Final[Mapping[str, str]] = {
    "cluster": "cluster",
    "consumerGroup": "group",
    "topic": "topic",
    "transactionalId": "transactionalId",
}
"""What Google's ACLs are about, in Strimzi's words."""


@DATA.stack(
    "msg-acl-catalogue",
    "M/M/M",
    CRITICAL,
    sorts(KAFKA_USER, ACL, PERMISSION, TOPIC_PERMISSION, RABBIT_USER, RABBIT),
    why="A service that may read every channel reads every customer; one that may write them is every other service.",
    cure="Grant exactly the channels, groups and queues of services/<service>.yaml: events",
    where=MESSAGING,
    sources=("least privilege", "Kafka ACLs", "RabbitMQ access control"),
)
def acl_catalogue(thing: Object, world: World) -> Iterator[Violation]:
    yield from CHECKS[thing.sort](thing, world)


def _kafka_user(user: Object, world: World) -> Iterator[Violation]:
    catalogue = channels(world, "kafka")
    granted: set[tuple[str, str]] = set()
    for acl in user.spec.at("authorization", "acls"):
        if acl["type"].word == "deny":
            continue
        resource = acl["resource"]
        written = acl["operations"].words or ((acl["operation"].word,) if acl["operation"].is_set else ())
        operations = {each.casefold() for each in written or ("All",)}
        prefix = resource["patternType"].word.casefold() in ("prefix", "prefixed")
        name = resource["name"]
        if resource["type"].text == "topic" and not prefix:
            granted |= {(operation, name.word) for operation in operations}
        yield from _granted(
            resource["type"].word, name, operations, catalogue=catalogue, service=user.name, prefix=prefix
        )
    for verb in ("write", "read"):
        edges = catalogue.of.get(user.name, Edges())
        for channel in sorted(edges.may(verb)):
            # Its own dead letters it may read back or leave to somebody else.
            if (verb, channel) not in granted and not (verb == "read" and channel in edges.writes):
                yield Violation(
                    "spec.authorization.acls", f"do not let it {verb} {channel}, which its catalogue declares"
                )


def _granted(
    kind: str, name: View, operations: set[str], *, catalogue: Channels, service: str, prefix: bool
) -> Iterator[Violation]:
    edges = catalogue.of.get(service, Edges())
    if kind == "cluster":
        if operations - CLUSTER:
            yield Violation(name if name.is_set else name.path.rpartition(".")[0], "grants the cluster itself")
    elif name.word in ("", "*"):
        yield Violation(name, f"is every {kind}")
    elif kind == "topic":
        if operations - HARMLESS - {"read", "write"}:
            yield Violation(name, f"grants {', '.join(sorted(operations - HARMLESS - {'read', 'write'}))}")
        for verb in sorted(operations & {"read", "write"}):
            beyond = _beyond(name.word, edges.may(verb), edges, catalogue, prefix=prefix)
            if beyond:
                yield Violation(name, f"lets {service} {verb} {beyond}, which its catalogue does not declare")
    elif catalogue.of and not _is_own(name.word, edges.groups, service):
        yield Violation(name, f"is no {kind} of {service}")


def _beyond(name: str, may: frozenset[str], edges: Edges, catalogue: Channels, *, prefix: bool) -> str:
    """A channel that is granted and not declared; "" where there is none."""
    if not catalogue.of:
        return ""  # loose files: nobody knows what is declared
    if not prefix:
        return "" if name in may or (name.startswith(edges.below) and name not in catalogue.known) else name
    others = sorted(channel for channel in catalogue.known - may if channel.startswith(name))
    if others:
        return others[0]
    return "" if name.startswith(edges.below) or any(each.startswith(name) for each in may) else f"{name}*"


def _is_own(name: str, groups: frozenset[str], service: str) -> bool:
    return name in groups or name == service or name.startswith((f"{service}-", f"{service}."))


def _managed_acl(acl: Object, world: World) -> Iterator[Violation]:
    kind, _, name = acl.root["aclId"].word.partition("/")
    catalogue = channels(world, "kafka")
    if kind.startswith("all"):
        yield Violation(acl.root["aclId"], f"is {kind}")
    for entry in acl.root["aclEntries"]:
        who = entry["principal"].word.removeprefix("User:")
        operations = {entry["operation"].word.casefold().replace("_", "")}
        if who in ("", "*"):
            yield Violation(entry["principal"], "is everybody")
        elif entry["permissionType"].word != "DENY" and (about := KINDS.get(kind.removesuffix("Prefixed"))):
            place = View(name or None, "aclId")
            yield from _granted(
                about,
                place,
                operations,
                catalogue=catalogue,
                service=who.partition("@")[0],
                prefix=kind.endswith("Prefixed"),
            )


def _permission(permission: Object, world: World) -> Iterator[Violation]:
    spec = permission.spec
    who = spec["user"].word or spec.at("userReference", "name").word
    if who == GUEST:
        yield Violation(spec["user"] if spec["user"].is_set else spec.at("userReference", "name"), "is guest")
    catalogue = channels(world, "rabbitmq")
    edges = catalogue.of.get(who, Edges())
    for verb, may in (("configure", frozenset[str]()), ("write", edges.writes), ("read", edges.reads)):
        yield from _bounded(spec.at("permissions", verb), who, may | edges.groups, catalogue)


def _topic_permission(permission: Object, _: World) -> Iterator[Violation]:
    for verb in ("write", "read"):
        pattern = permission.spec.at("permissions", verb)
        if pattern.word not in ("", "^$") and not PATTERN.fullmatch(pattern.word):
            yield Violation(pattern, "is a pattern nobody can bound")


def _bounded(pattern: View, who: str, may: frozenset[str], catalogue: Channels) -> Iterator[Violation]:
    if pattern.word in ("", "^$"):
        return
    read = PATTERN.fullmatch(pattern.word) if len(pattern.word) < 2000 else None
    if read is None:
        yield Violation(pattern, "is a pattern nobody can bound")
        return
    edges, prefix = catalogue.of.get(who, Edges()), read[3] != "$"
    for name in (read[1] or read[2]).replace("\\.", ".").split("|"):
        own = name.startswith((f"{who}.", f"{who}-")) and who in catalogue.of
        if not name or (not own and _beyond(name, may, edges, catalogue, prefix=prefix)):
            yield Violation(
                pattern, f"lets {who or 'somebody'} at {name or 'everything'}, which its catalogue does not declare"
            )


def _user(user: Object, _: World) -> Iterator[Violation]:
    if user.name == GUEST:
        yield Violation("metadata.name", "is guest, whom every RabbitMQ knows")
    for tag in user.spec["tags"]:
        if tag.word in ABOVE:
            yield Violation(tag, f"is {tag.word}, who is bound by no permission")


def _cluster(cluster: Object, _: World) -> Iterator[Violation]:
    config = cluster.spec.at("rabbitmq", "additionalConfig")
    if OPEN.search(config.word):
        yield Violation(config, "lets guest in from elsewhere, or anybody without a name")
    advanced = cluster.spec.at("rabbitmq", "advancedConfig")
    if WHO.search(advanced.word):
        yield Violation(
            advanced, "says who may come in without a password where no rule reads it; say it in additionalConfig"
        )


CHECKS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    KAFKA_USER: _kafka_user,
    ACL: _managed_acl,
    PERMISSION: _permission,
    TOPIC_PERMISSION: _topic_permission,
    RABBIT_USER: _user,
    RABBIT: _cluster,
}
