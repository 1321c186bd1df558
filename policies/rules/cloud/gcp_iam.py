"""Google's identities: no basic roles for workloads, nothing for everybody, no policy that forgets the others."""

import re
from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Breach, Selector
from policies.objects import Object
from policies.objects.json_text import parsed
from policies.objects.values import View
from policies.rules.cloud.group import CLOUD, PROGRAM

TYPE: Final = re.compile(r"gcp:[a-z0-9]+/\w*iam(member|binding|policy):\w+", re.IGNORECASE)
"""Every resource that grants: `gcp:projects/iAMMember:IAMMember`, `gcp:storage/bucketIAMBinding:BucketIAMBinding`."""
WHOLE: Final = ("gcp:projects/iAMPolicy:", "gcp:folder/iAMPolicy:", "gcp:organizations/iAMPolicy:")
BASIC: Final = (
    "roles/owner",
    "roles/editor",
    "roles/viewer",
    "roles/admin",
    "roles/writer",
    "roles/reader",
)
"""The old three and the three that take their place (IAM documentation, "Role types")."""
EVERYBODY: Final = ("allUsers", "allAuthenticatedUsers")
WORKLOADS: Final = ("serviceAccount:", "principal:", "principalSet:")
"""How members begin that are programs. People and their groups are none of a platform's business."""


def _is_grant(thing: Object) -> tuple[Object, ...]:
    return (thing,) if TYPE.fullmatch(thing.sort) else ()


@CLOUD.resource(
    "gcp-iam",
    "M/M/M",
    CRITICAL,
    Selector[Object](_is_grant, reads="every IAMMember, IAMBinding and IAMPolicy"),
    why="A basic role is thousands of permissions; a project's whole policy takes away everybody it does not name.",
    cure="Grant a narrow role to one account, with an IAMMember",
    where=PROGRAM,
    sources=("CKV_GCP_41", "CKV_GCP_42", "CKV_GCP_45-49", "CKV_GCP_28"),
)
def gcp_iam(grant: Object, _: Facts) -> Iterator[Breach]:
    root = grant.root
    if grant.sort.startswith(WHOLE):
        yield Breach("policyData", "is the whole policy, which takes away everybody it does not name")
    if root["policyData"].is_set:
        for binding in parsed(root["policyData"])["bindings"]:
            yield from _for_members(binding["role"], tuple(binding["members"]))
    else:
        yield from _for_members(root["role"], (root["member"],) if root["member"].is_set else tuple(root["members"]))


def _for_members(role: View, members: tuple[View, ...]) -> Iterator[Breach]:
    for member in members:
        if member.word in EVERYBODY:
            yield Breach(member, f"is {member.word}")
        elif role.word in BASIC and member.word.startswith(WORKLOADS):
            yield Breach(role, f"is {role.word}, for a {member.word.partition(':')[0]}")
