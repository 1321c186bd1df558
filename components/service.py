"""Everything of one service inside the cluster."""

from collections.abc import Mapping, Sequence

import pulumi

from blueprint import ServicePlan
from components.base import Component
from components.kubernetes import make
from manifests import service


class Service(Component):
    """Everything of one service; its network policies and limits are there before its first pod."""

    token = "platform:service:Service"

    def __init__(
        self,
        name: str,
        plan: ServicePlan,
        *,
        namespaces: Mapping[str, pulumi.Resource],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        make(self, service(plan), namespaces=namespaces, after=after)
        self.register_outputs({"namespace": plan.namespace.namespace})
