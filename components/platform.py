"""The platform layer: namespaces and their network policies, other people's controllers, the mesh, the public edge.

Each subject is a component; each waits for one resource of the one before. The layer ends in `PlatformReady`.
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from blueprint.authority import Authority as AuthorityDecision
from blueprint.foundation import Foundation as FoundationDecision
from blueprint.gateway import Gateway as GatewayDecision
from blueprint.kong_redis import KongRedis as KongRedisDecision
from blueprint.mesh import Mesh as MeshDecision
from blueprint.object_copies import ObjectCopies as ObjectCopiesDecision
from blueprint.operators import Operator
from blueprint.operators import Operators as OperatorsDecision
from components.base import Component
from components.kubernetes import make
from manifests import certificates, foundation, gateway, kong_redis, mesh, object_copies, operators, platform_ready


class Foundation(Component):
    """The platform's namespaces with their network rules, and the priorities."""

    token = "platform:platform:Foundation"
    namespaces: Mapping[str, pulumi.Resource]
    """The namespaces, by name."""

    def __init__(self, name: str, decision: FoundationDecision, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        made = make(self, foundation.foundation(decision), namespaces={})
        self.namespaces = {of.name: made[f"Namespace/{of.name}"] for of in decision.namespaces}
        self.register_outputs({"namespaces": sorted(self.namespaces)})


class Operators(Component):
    """Other people's controllers, step by step: CRDs, charts, what of ours the others lean on, the charts that do.

    The password of Kong's Redis is among them: a gateway that starts before it has none until it starts again.
    """

    token = "platform:platform:Operators"
    ready: Sequence[pulumi.Resource]
    """The last step."""

    def __init__(
        self,
        name: str,
        decision: OperatorsDecision,
        redis: KongRedisDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self.ready = []
        for bundle in decision.crds:
            self.ready = [
                kubernetes.yaml.v2.ConfigFile(
                    bundle.name, file=bundle.url, opts=self.under(depends_on=list(self.ready))
                )
            ]
        for operator in decision.foundation:
            self.ready = [self._chart(operator, namespaces)]
        leaned_on = (*operators.objects(decision), *kong_redis.password(redis))
        self.ready = list(make(self, leaned_on, namespaces=namespaces, after=self.ready).values())
        for operator in decision.leaning:
            self.ready = [self._chart(operator, namespaces)]
        self.register_outputs({"charts": [operator.name for operator in decision.charts]})

    def _chart(self, operator: Operator, namespaces: Mapping[str, pulumi.Resource]) -> kubernetes.helm.v4.Chart:
        spaces = [namespaces[name] for name in operator.namespaces if name in namespaces]
        return kubernetes.helm.v4.Chart(
            operator.name,
            name=operator.name,
            chart=operator.chart.name,
            version=operator.chart.version,
            repository_opts=kubernetes.helm.v4.RepositoryOptsArgs(repo=operator.chart.repository),
            namespace=operator.namespace,
            skip_crds=operator.skip_crds,
            values=operators.values(operator),
            opts=self.under(depends_on=[*self.ready, *spaces]),
        )


class Mesh(Component):
    """What holds for the whole mesh."""

    token = "platform:platform:Mesh"
    ready: Sequence[pulumi.Resource]
    """The mesh-wide rules: nothing starts before they hold."""

    def __init__(
        self,
        name: str,
        decision: MeshDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        made = make(self, mesh.mesh(decision), namespaces=namespaces, after=after)
        self.ready = list(made.values())
        self.register_outputs({"trustDomain": decision.trust_domain})


class Gateway(Component):
    """The public edge."""

    token = "platform:platform:Gateway"
    ready: Sequence[pulumi.Resource]
    """The Gateway object, programmed."""

    def __init__(
        self,
        name: str,
        decision: GatewayDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        made = make(self, gateway.gateway(decision), namespaces=namespaces, after=after)
        self.ready = [resource for logical, resource in made.items() if "/Gateway/" in logical]
        self.register_outputs({"hosts": [host.name for host in decision.hosts]})


class KongRedis(Component):
    """Where the gateway counts rate limits. Nothing waits for it: without it requests pass."""

    token = "platform:platform:KongRedis"

    def __init__(
        self,
        name: str,
        decision: KongRedisDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        closed = make(self, kong_redis.isolation(decision), namespaces=namespaces, after=after)
        make(self, kong_redis.server(decision), namespaces=namespaces, after=list(closed.values()))
        self.register_outputs({"name": decision.name})


class StoreAuthority(Component):
    """Who signs the certificates of stores."""

    token = "platform:platform:StoreAuthority"
    ready: Sequence[pulumi.Resource]
    """The issuer, ready to sign."""

    def __init__(
        self,
        name: str,
        decision: AuthorityDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        made = make(self, certificates.authority(decision), namespaces=namespaces, after=after)
        self.ready = [resource for logical, resource in made.items() if logical.startswith("ClusterIssuer/")]
        self.register_outputs({"issuer": decision.name})


class ObjectCopies(Component):
    """Copies of the cluster's objects. Nothing waits for them."""

    token = "platform:platform:ObjectCopies"

    def __init__(
        self,
        name: str,
        decision: ObjectCopiesDecision,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        make(self, object_copies.copies(decision), namespaces=namespaces, after=after)
        self.register_outputs({"schedule": decision.schedule})


class PlatformReady(Component):
    """The end of the layer: one object that is there when everything before it is ready."""

    token = "platform:platform:PlatformReady"
    known_as = (pulumi.Alias(name="gate", type_="platform:platform:Gate"),)
    ready: pulumi.Resource
    """What the next layer waits for."""

    def __init__(
        self,
        name: str,
        decision: MeshDecision | None,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        (self.ready,) = make(self, [platform_ready(decision)], namespaces=namespaces, after=after).values()
        self.register_outputs({})
