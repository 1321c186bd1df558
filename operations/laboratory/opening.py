"""The scene of open scopes: every proxy knows every host, so that nothing but authorization stands in the way.

Before it, a service that consumes nothing of another does not even know it: that one refuses it, too, was not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from operations.laboratory.copies import Copied, Manifest
from operations.laboratory.members import Member, Members
from operations.laboratory.questions import Forbidden, Question
from operations.laboratory.scenes import Scene
from operations.laboratory.wire import Wire

IDENTITY: Final = "another identity that knows the host"
_EVERYBODY: Final = [{"hosts": ["*/*"]}]


def scene(members: Members, copied: Copied, wire: Wire) -> Iterator[Scene]:
    """The last scene, as it takes nothing back; none where there is nobody to ask."""
    namespaces = {member.namespace for member in members.services.values()}
    opened = [_open(each) for each in copied.of("Sidecar") if each["metadata"]["namespace"] in namespaces]
    questions = [
        question
        for target in members.services.values()
        for source in members.services.values()
        if source is not target and not wire.judge.edges(source, target)
        for question in _questions(source, target, wire)
    ]
    if questions:
        yield Scene(replaced=opened, questions=questions)


def _open(sidecar: Manifest) -> Manifest:
    return {**sidecar, "spec": {**sidecar["spec"], "egress": _EVERYBODY}}


def _questions(source: Member, target: Member, wire: Wire) -> Iterator[Question]:
    for port in wire.judge.ports(target):
        for request in wire.judge.offered(target, port.target):
            fields = wire.fields(source, target, port, request)
            yield Forbidden(about=IDENTITY, why=f"{source.name} consumes nothing of {target.name}", **fields)
