"""What a mesh's proof changes in its copies before it asks again: a second version beside the first, a pod that fails.

A scene starts from the stack's objects, not from the scene before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from operations.laboratory.copies import Copied, Manifest
from operations.laboratory.judging import sample
from operations.laboratory.members import Member, Members
from operations.laboratory.questions import Question
from operations.laboratory.wire import Wire

SERVICE_NAME: Final = "kubernetes.io/service-name"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Objects, and what is asked once the proxies know them."""

    questions: Sequence[Question]
    created: Sequence[Manifest] = ()
    replaced: Sequence[Manifest] = ()

    def record(self, numbers: Mapping[Member, int]) -> Mapping[str, Any]:
        """For the sandbox, where members have numbers."""
        asked = [question.record(numbers[question.source]) for question in self.questions]
        return {"created": self.created, "replaced": self.replaced, "questions": asked}


def first_asks(target: Member, members: Members, wire: Wire) -> Iterator[dict[str, Any]]:
    """What a question holds that asks the first declared operation of a caller: one per caller and port that requests
    can be told apart on, for those who need no token or have one."""
    for source in (*members.services.values(), members.gateway):
        edges = wire.judge.edges(source, target) if source is not target else ()
        for port in wire.judge.ports(target):
            found = [edge for edge in edges if edge.port == port.target and edge.asks and edge.needed]
            usable = [edge for edge in found if not edge.token or wire.token]
            if usable and wire.judge.sees_requests(port):
                edge = usable[0]
                fields = wire.fields(source, target, port, sample(edge.asks[0]), token=edge.token)
                yield {"why": edge.why, **fields}


def endpoints_of(second: Member, service: str, copied: Copied) -> Iterator[Manifest]:
    """What puts `second` behind the Service `service`, beside the pod that is there."""
    for each in copied.of("EndpointSlice"):
        metadata = each["metadata"]
        if metadata["namespace"] == second.namespace and metadata.get("labels", {}).get(SERVICE_NAME) == service:
            assert second.pod is not None, "a second pod is a pod"  # noqa: S101
            reference = {"kind": "Pod", "name": second.pod["metadata"]["name"], "namespace": second.namespace}
            yield {
                "apiVersion": each["apiVersion"],
                "kind": each["kind"],
                "metadata": {
                    "name": f"{service}-laboratory",
                    "namespace": second.namespace,
                    "labels": {SERVICE_NAME: service},
                },
                "addressType": each["addressType"],
                "endpoints": [
                    {
                        "addresses": [second.address],
                        "conditions": {"ready": True, "serving": True},
                        "targetRef": reference,
                    }
                ],
                "ports": each["ports"],
            }
            return
