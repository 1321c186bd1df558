"""What a decision about one service may look at besides the service: the stack, and the services around it."""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import names, store_names
from blueprint.catalogue import Environment, Service
from blueprint.clusters import Cluster
from blueprint.network import Network
from blueprint.network_rules import Pods
from blueprint.platform_rules import Surroundings
from blueprint.settings import Acme, Settings
from blueprint.settings_backups import COPIED


@dataclass(frozen=True, kw_only=True)
class Context:
    """The stack, as the decisions about its services see it."""

    settings: Settings
    cluster: Cluster
    services: Mapping[str, Service]
    """Every service of the catalogue as it is in this environment, by name."""
    network: Network

    @property
    def environment(self) -> Environment:
        """Which environment's patches and sizes hold."""
        return self.settings.environment

    @property
    def meshed(self) -> bool:
        """Whether pods get a proxy."""
        return self.settings.mesh.mode != "none"

    @property
    def stores_copied(self) -> bool:
        """Whether stores that ask for it are copied to a bucket."""
        return self.settings.backups.copies is not None and self.environment in COPIED

    @property
    def objects_copied(self) -> bool:
        """Whether the cluster's own objects are copied to a bucket."""
        backups = self.settings.backups
        return backups.role is not None and backups.bucket_of_objects(self.environment) is not None

    @property
    def surroundings(self) -> Surroundings:
        """What decides which platform edges there are."""
        return Surroundings(
            meshed=self.meshed,
            node_cidrs=self.cluster.node_cidrs,
            dns_caches=self.cluster.dns_caches,
            acme=isinstance(self.settings.gateway.certificates, Acme),
            streams=self.settings.gateway.streams,
            objects_copied=self.objects_copied,
            api_server_cidrs=self.cluster.api_server_cidrs,
        )

    def namespace(self, service: str) -> str:
        """Namespace of `service` in this stack."""
        return names.namespace(service, self.settings.tenant)

    def data_namespace(self, service: str) -> str:
        """Namespace of the stores of `service` in this stack."""
        return names.data_namespace(service, self.settings.tenant)

    def drill_namespace(self, service: str) -> str:
        """Namespace of the restore drills of `service` in this stack."""
        return store_names.drill_namespace(service, self.settings.tenant)

    def address(self, service: str) -> str:
        """DNS name of `service` in this stack."""
        return names.address(service, self.namespace(service))

    def pods(self, service: str) -> Pods:
        """The pods of `service`, as a network rule selects them."""
        return Pods(namespace=self.namespace(service), labels=names.selector(service))
