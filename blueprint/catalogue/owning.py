"""What a service keeps for itself: stores (`blueprint.catalogue.storing`), accounts, secrets, volumes, buckets.

One class per type of resource, each with only its own fields; Score's words `type`, `class` and `params`. What a
resource becomes (an operator's object, a managed instance) is decided per stack, elsewhere.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from blueprint.catalogue.keeping import Secret
from blueprint.catalogue.mounting import MountPath
from blueprint.catalogue.needing import Broker
from blueprint.catalogue.storing import AnyStore
from blueprint.quantities import Memory
from blueprint.text import Slug, Text


class Account(Text):
    """An account at a shared broker; channels come from `events`."""

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "username", "password", "url")
    broker: ClassVar[Broker]
    class_: Annotated[Literal["shared"], Field(alias="class")] = "shared"
    """Brokers are shared; what a service may do there follows from its events."""


class Kafka(Account):
    """An account at Kafka."""

    broker: ClassVar[Broker] = "kafka"
    type: Literal["kafka"]
    """kafka"""


class Nats(Account):
    """An account at NATS."""

    broker: ClassVar[Broker] = "nats"
    type: Literal["nats"]
    """nats"""


class Amqp(Account):
    """An account at RabbitMQ."""

    broker: ClassVar[Broker] = "rabbitmq"
    type: Literal["amqp"]
    """amqp"""


class VolumeParams(Text):
    """Settings of a volume."""

    size: Memory
    """Size, as Mi, Gi or Ti. It grows in place, and the pods stay. It never shrinks: a smaller one is refused."""
    path: MountPath
    """Where it is mounted. Changing it restarts the pods; the data stays."""
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteOnce"
    """Kubernetes' words. `ReadWriteOnce`: one node at a time mounts it, so it is for a singleton or a cronjob, or for
    each pod. `ReadWriteMany`: all pods share it; needs the setting disks.sharedStorageClass. Changing it makes another
    disk, empty."""
    per: Literal["service", "pod"] = "service"
    """`pod`: each pod has a disk of its own, which it finds again under its number (a StatefulSet); as many are made as
    pods may run at most. Changing it makes other disks, empty, and replaces the workload."""
    containers: tuple[Slug, ...] = ()
    """Names of the containers and init containers that mount it. Unset: all of them. Changing it restarts the pods."""


class Volume(Text):
    """A disk that outlives the pods and is mounted into them; the group of the service may write to it.

    Renaming the resource makes another disk, empty. Copies of it are nobody's: what must not be lost is in a store.
    """

    keys: ClassVar[tuple[str, ...]] = ("path",)
    type: Literal["volume"]
    """volume"""
    params: VolumeParams
    """Settings."""
    deletion: Literal["retain", "delete"] = "retain"
    """What happens to the data when the resource, or the service, leaves the catalogue. `retain`: claim and namespace
    stay in the cluster, and a resource that comes back under its name finds the data; in ephemeral stacks and on the
    embedded control plane it goes all the same. `delete`: it goes, after the last pod that uses it."""


class Bucket(Text):
    """An object store of the service's own."""

    keys: ClassVar[tuple[str, ...]] = ("bucket", "region", "url")
    type: Literal["s3"]
    """s3"""
    deletion: Literal["retain", "delete"] = "retain"
    """What happens to the data when the resource leaves the catalogue."""


Resource = Annotated[
    AnyStore | Kafka | Nats | Amqp | Secret | Volume | Bucket,
    Field(discriminator="type"),
]


def keys(resource: Resource) -> tuple[str, ...]:
    """What `${resources.<name>.<key>}` may ask of `resource`."""
    return resource.params.keys if isinstance(resource, Secret) else resource.keys
