"""What a service needs from others: APIs it calls, hosts outside, events. What it keeps for itself is `owning`.

The consumer's `consumes` is the one declaration of an edge; every rule on either side follows from it.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.addresses import PRIVATE_ENDINGS, PrivateCidr
from blueprint.catalogue.promising import once
from blueprint.names import DOMAIN
from blueprint.quantities import Duration, seconds
from blueprint.text import Channel, Checked, Fault, Host, PortNumber, Slug, Text

RetryOn = Literal[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "refused-stream",
    "retriable-4xx",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
    "500",
    "502",
    "503",
    "504",
]
"""Envoy's words and the status codes worth a retry. A code is a string: quote it."""


ForeignTable = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*/[a-z_][a-z0-9_]{0,62}$")]
"""`service/table`."""


class Retries(Text):
    """What the caller's proxy does when a call fails. Only for calls whose operations are all idempotent."""

    attempts: Annotated[int, Field(ge=0, le=5)]
    """Tries after the first. 0: never again."""
    per_try_timeout: Duration | None = None
    """The longest one try may take. Unset: an equal share of the timeout."""
    retry_on: Annotated[tuple[RetryOn, ...], Field(min_length=1)] = ("connect-failure", "refused-stream", "unavailable")
    """When to try again. Never is `attempts: 0`; Istio takes an empty list for its own default."""


class Consume(Checked):
    """One edge: this service calls that API."""

    api: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$")]
    """`service/api`."""
    protocol: Literal["http", "grpc"] | None = None
    """For the reader; must fit the API's type. Unset: follows from it."""
    operations: tuple[str, ...] = ()
    """Which of the API's operations: "GET /v1/users/{id}" or package.Service/Method. Unset: all of them."""
    criticality: Literal["hard", "soft"] = "hard"
    """`soft` promises a fallback when the provider is down. Services that call each other in a circle need one such
    edge in it: where all wait for one another, one slow service stops them all."""
    timeout: Duration | None = None
    """The longest the caller waits, retries included. Unset: the API's own timeout times the tries."""
    retries: Retries | None = None
    """Unset: twice for idempotent operations with time for it, never for others."""

    @property
    def provider(self) -> str:
        """The service called."""
        return self.api.partition("/")[0]

    @property
    def name(self) -> str:
        """The API called, within its service."""
        return self.api.partition("/")[2]

    def faults(self) -> Iterator[Fault]:
        tries = self.retries
        if self.timeout and tries and tries.per_try_timeout:
            longest = (tries.attempts + 1) * seconds(tries.per_try_timeout)
            if longest > seconds(self.timeout):
                yield Fault(
                    "retries",
                    f"{tries.attempts + 1} tries of {tries.per_try_timeout} take {longest:g} s, over {self.timeout}",
                    "Raise timeout, or lower attempts or perTryTimeout",
                )


class Egress(Checked):
    """One host outside the platform."""

    host: Host
    """Its name; wildcards are not accepted."""
    port: PortNumber = 443
    """TCP port."""
    protocol: Literal["TLS", "HTTP", "TCP"] = "TLS"
    """What the mesh takes the bytes for. TLS: the service encrypts by itself."""
    cidrs: Annotated[tuple[PrivateCidr, ...], Field(max_length=16)] | None = None
    """Where a host in a private network has its addresses (a managed database, an on-premise host), such as its
    subnets: the port is open to these alone. Each at most a /16 (IPv6: a /48), at most 16, and none of the cluster's
    own. Unset or empty: the host is on the internet, to whose addresses alone the port is open; needed, even if empty,
    where the name looks private (.internal, .rds.amazonaws.com). Changes network policies in place."""

    def faults(self) -> Iterator[Fault]:
        if self.host.endswith((".svc", f".svc.{DOMAIN}")):
            cause = f"'{self.host}' is inside the cluster, where only what is consumed is reached"
            yield Fault("host", cause, "Name its API in consumes")
        elif self.cidrs is None and self.host.endswith(PRIVATE_ENDINGS):
            cause = f"'{self.host}' looks private, and only public addresses are open: every connection would time out"
            cure = "Add cidrs with the ranges it is in, such as [10.20.0.0/16], or `cidrs: []` if its address is public"
            yield Fault("host", cause, cure)
        yield from once("cidrs", self.cidrs or ())


class Identity(Checked):
    """Who the service is to the API of a cloud, without a key."""

    aws: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$")] | None = None
    """A role of AWS by its ARN; the one a cluster on EKS gives its pods."""
    gcp: (
        Annotated[
            str,
            Field(pattern=r"^[a-z0-9][a-z0-9-]{4,62}@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com$"),
        ]
        | None
    ) = None
    """A service account of Google Cloud by its address; the one a cluster on GKE gives its pods."""

    def faults(self) -> Iterator[Fault]:
        if not (self.aws or self.gcp):
            yield Fault("", "names no identity", "Say aws with a role's ARN, gcp with a service account, or drop it")


Broker = Literal["kafka", "nats", "rabbitmq"]


class Publish(Text):
    """One channel this service writes. A channel has one publisher: its owner."""

    channel: Channel
    """Name. Renaming it is a new channel; the old one's messages stay behind."""
    schema_: Annotated[str, Field(alias="schema", pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    """Schema file, below the catalogue's folder."""
    broker: Broker | None = None
    """Unset: the stack's default broker."""
    compatibility: Literal["BACKWARD", "FORWARD", "FULL", "NONE"] = "BACKWARD"
    """What a new version of the schema must keep (Confluent's words and default)."""
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")] | None = None
    """Message field that keeps order: messages with the same key stay in sequence."""
    partitions: Annotated[int, Field(ge=1, le=200)] = 3
    """Kafka partitions: the most pods of one group that share the work. May grow, never shrink."""
    retention: Duration = "7d"
    """How long messages stay (Kafka's default, 7 d)."""
    delivery: Literal["at-least-once", "exactly-once"] = "at-least-once"
    """What the publisher promises."""
    stream: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,30}$")] | None = None
    """NATS only: the JetStream stream. Unset: the channel's first word in capitals."""


class DeadLetter(Text):
    """Where messages go that cannot be handled."""

    channel: Channel
    """Name."""
    retention: Duration = "30d"
    """How long they stay; longer than the channel's own."""


class Subscribe(Text):
    """One channel this service reads."""

    channel: Channel
    """A channel another service publishes."""
    group: Slug
    """Consumer group (Kafka), durable (NATS) or queue (RabbitMQ): its members share the messages."""
    max_deliveries: Annotated[int, Field(ge=1, le=100)] = 5
    """Tries before a message is a dead letter."""
    dead_letter: DeadLetter | None = None
    """Unset: `<channel>.<group>.dlq`, kept 30 days."""
    idempotency: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$")] = "event_id"
    """The message field by which a repeat is recognised."""


class Events(Checked):
    """Channels written and read."""

    publishes: tuple[Publish, ...] = ()
    """Channels this service owns."""
    subscribes: tuple[Subscribe, ...] = ()
    """Channels this service reads."""

    def faults(self) -> Iterator[Fault]:
        for field, channels in (
            ("publishes", [publish.channel for publish in self.publishes]),
            ("subscribes", [f"{subscribe.channel} in {subscribe.group}" for subscribe in self.subscribes]),
        ):
            for index, channel in enumerate(channels):
                if channel in channels[:index]:
                    yield Fault(f"{field}.{index}", f"names {channel} twice", "Drop one of the two")
