"""Channels: they survive the loss of a broker; messages nobody could handle; nobody at Kafka without a name."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.wants import Asked, Want, among, amount, either, given, least, off, on, unlike, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Selector, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.json_text import parsed
from policies.objects.values import View
from policies.rules.data.group import DATA, MESSAGING

COPIES: Final = 3
"""Copies of a message: one broker may be gone and another restarting."""
WRITTEN: Final = 2
"""Copies that must be written before a message counts."""
QUEUE: Final = "Queue.rabbitmq.com"
ISR: Final = "min.insync.replicas"


def _json(at: View, name: str) -> float:
    read = parsed(at)[name].quantity or ""
    return float(read) if read.isdecimal() and len(read) < 9 else 0


def _members(argument: str) -> Want:
    """How many nodes hold a queue: every argument of RabbitMQ's that says it may only say enough."""
    return least(("spec", "arguments", argument), COPIES, default=COPIES)


_ON_DISK: Final = (least("spec.replicas", COPIES, default=1), among("spec.storage", "file", default="memory"))

DURABLE: Final[Mapping[str, tuple[Want, ...]]] = {
    "KafkaTopic.kafka.strimzi.io": (
        # Not set, the topic has the broker's own, which data-multi-az asks to be as good.
        least("spec.replicas", COPIES, default=COPIES),
        least(("spec", "config", ISR), WRITTEN, default=WRITTEN),
    ),
    "KafkaNodePool.kafka.strimzi.io": tuple(
        Want(
            path=path,
            accepts=lambda at, _, __: at.word != "ephemeral",
            wanted="",
            says="is ephemeral, so a broker that restarts has forgotten everything",
        )
        for path in ("spec.storage.type", "spec.storage.volumes[].type")
    ),
    "aws:msk/topic:Topic": (
        least("replicationFactor", COPIES),
        Want(
            path="configs",
            accepts=lambda at, _, __: not at.is_set or not parsed(at)[ISR].is_set or _json(at, ISR) >= WRITTEN,
            wanted="",
            says=f"has a {ISR} below {WRITTEN}",
        ),
    ),
    "gcp:managedkafka/topic:Topic": (
        least("replicationFactor", COPIES),
        least(("configs", ISR), WRITTEN, default=WRITTEN),
    ),
    "Stream.jetstream.nats.io": (*_ON_DISK, off("spec.noAck")),
    "KeyValue.jetstream.nats.io": _ON_DISK,
    "ObjectStore.jetstream.nats.io": _ON_DISK,
    "Consumer.jetstream.nats.io": (
        among("spec.ackPolicy", "explicit", default="none"),
        least("spec.maxDeliver", 1, default=-1),
        unlike("spec.ackWait", "", "1ns"),
        off("spec.memStorage"),
        Want(
            # 0 is as many as the stream has.
            path="spec.replicas",
            accepts=lambda at, _, __: at.number in (None, 0) or amount(at) >= COPIES,
            wanted=f"at least {COPIES}",
        ),
    ),
    QUEUE: (
        among("spec.type", "quorum", "stream", default="classic"),
        on("spec.durable"),
        off("spec.autoDelete"),
        _members("x-quorum-initial-group-size"),
        _members("x-initial-cluster-size"),
    ),
    "Exchange.rabbitmq.com": (on("spec.durable"), off("spec.autoDelete")),
    "Vhost.rabbitmq.com": (among("spec.defaultQueueType", "quorum", "stream", default="classic"),),
}
_DURABLE: Final = wanted(DURABLE)


@DATA.stack(
    "msg-durability",
    "–/A/M",
    HIGH,
    Selector[Asked | Object](
        lambda thing: (*_DURABLE.subjects(thing), *((thing,) if thing.sort == QUEUE else ())),
        _DURABLE.sorts,
        _DURABLE.reads,
    ),
    why="A message on one broker is gone with its disk; one nobody can handle comes back for ever or vanishes.",
    cure="Keep 3 copies, 2 of them written, on disk, and declare where dead letters go",
    where=MESSAGING,
    sources=("Kafka: replication", "NATS JetStream", "RabbitMQ quorum queues"),
)
def durability(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
    elif not _is_dead_letters(subject) and not _has_dead_letters(subject, world):
        yield Violation(
            subject.spec["arguments"], "declares no x-dead-letter-exchange, and no Policy of this virtual host does"
        )


def _is_dead_letters(queue: Object) -> bool:
    """Whether it is where dead letters end; those have nowhere further to go."""
    name = queue.spec["name"].word or queue.name
    return queue.spec["type"].text == "stream" or name.endswith((".dlq", "-dlq", ".dead", ".dead-letters"))


def _has_dead_letters(queue: Object, world: World) -> bool:
    if queue.spec["arguments"]["x-dead-letter-exchange"].is_set:
        return True
    name = queue.spec["name"].word or queue.name
    return any(
        policy.spec["vhost"].word == queue.spec["vhost"].word
        and policy.spec["applyTo"].word in ("", "all", "queues", f"{queue.spec['type'].word}_queues")
        and policy.spec["definition"]["dead-letter-exchange"].is_set
        and _may_be_meant(policy.spec["pattern"].word, name)
        for policy in world.of("Policy.rabbitmq.com")
    )


def _may_be_meant(pattern: str, name: str) -> bool:
    """Whether `pattern` begins as `name` does: what comes after its first letters is not looked at, but for an end."""
    text = pattern.removeprefix("^").replace("\\.", ":")
    letters = re.match(r"[A-Za-z0-9_:-]*", text)
    beginning = letters[0] if letters else ""
    plain = beginning.replace(":", ".")
    return name == plain if text == f"{beginning}$" else name.startswith(plain)


MAY: Final = "allow.everyone.if.no.acl.found"
"""Kafka's switch that makes a topic nobody thought of everybody's; MSK ships it on."""


def _property(text: View, name: str) -> str | None:
    """The value of `name` in a server.properties; the last one counts, and a space divides like = and :, as in
    java.util.Properties."""
    found: str | None = None
    for line in text.word.replace("\\\n", "").splitlines():
        key, *value = re.split(r"\s*[=:\s]\s*", line.strip(), maxsplit=1)
        if key == name:
            found = "".join(value)
    return found


def _said_no(at: View, _: Object, __: Facts) -> bool:
    return (_property(at, MAY) or "true").casefold() == "false"


KAFKA: Final[Mapping[str, tuple[Want, ...]]] = {
    "Kafka.kafka.strimzi.io": (
        given("spec.kafka.listeners"),
        on("spec.kafka.listeners[].tls"),
        among("spec.kafka.listeners[].authentication.type", "tls", "scram-sha-512"),
        among("spec.kafka.authorization.type", "simple"),
        Want(
            path=("spec", "kafka", "config", MAY),
            accepts=lambda at, _, __: at.value in (None, False) or at.value == "false",
            wanted="false",
        ),
        Want(
            path="spec.kafka.authorization.superUsers[]",
            accepts=lambda at, _, __: at.word not in ("User:*", "*", "User:ANONYMOUS", "ANONYMOUS"),
            wanted="somebody",
        ),
    ),
    "aws:msk/cluster:Cluster": (
        off("clientAuthentication.unauthenticated"),
        either(
            on("clientAuthentication.sasl.iam"),
            on("clientAuthentication.sasl.scram"),
            given("clientAuthentication.tls.certificateAuthorityArns"),
        ),
        given("configurationInfo.arn"),
    ),
    "aws:msk/configuration:Configuration": (
        Want(path="serverProperties", accepts=_said_no, wanted="", says=f"does not say {MAY} = false"),
    ),
}


@DATA.resource(
    "msg-kafka-secure",
    "M/M/M",
    CRITICAL,
    wanted(KAFKA),
    why="One listener without a password reads every channel of every service, and writes to it.",
    cure="Give every listener TLS, authentication and the peers that may reach it, and authorize by ACL",
    where="manifests/ or components/: the broker",
    sources=("Strimzi: securing access", "CKV_AWS_81", "CKV_AWS_291"),
)
def kafka_secure(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
