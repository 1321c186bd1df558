"""Google: who reaches the API server of GKE, what keeps it running, and who is who. Names: pulumi-gcp 10.2.0."""

import re
from collections.abc import Iterator
from typing import Final

from policies.cloud.capacity import ZONE
from policies.cloud.wants import Asked, Want, among, given, in_prod, off, on, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, Selector, Violation, sorts
from policies.objects import Object
from policies.objects.json_text import parsed
from policies.objects.values import View
from policies.rules.cloud.eks import ranges
from policies.rules.cloud.group import CLOUD, PROGRAM

CLUSTER: Final = "gcp:container/cluster:Cluster"


@CLOUD.resource(
    "gke-private",
    "A/M/M",
    CRITICAL,
    sorts(CLUSTER),
    why="An API server on the internet is one stolen token or one bug away from everybody.",
    cure="Give nodes private addresses, turn the public endpoint off in production, name who may reach it elsewhere",
    where=PROGRAM,
    sources=("CIS-GKE 5.6.3", "CIS-GKE 5.6.4", "CIS-GKE 5.6.5", "CKV_GCP_20", "CKV_GCP_25"),
)
def private(cluster: Object, facts: Facts) -> Iterator[Violation]:
    root = cluster.root
    network = root["privateClusterConfig"]
    if network["enablePrivateNodes"].flag is not True:
        yield Violation(network["enablePrivateNodes"], "is not true")
    addresses = root.at("controlPlaneEndpointsConfig", "ipEndpointsConfig", "enabled")
    if addresses.flag is False:
        return  # no endpoint has an address: IAM alone decides
    if facts.environment == "prod" and network["enablePrivateEndpoint"].flag is not True:
        yield Violation(network["enablePrivateEndpoint"], "is not true, and the API server has addresses")
    allowed = root["masterAuthorizedNetworksConfig"]
    if not allowed.is_set:
        yield Violation(allowed, "is not set, which lets every address reach the API server")
        return
    yield from ranges(tuple(each["cidrBlock"] for each in allowed["cidrBlocks"]))
    if allowed["gcpPublicCidrsAccessEnabled"].flag is not False:
        yield Violation(
            allowed["gcpPublicCidrsAccessEnabled"], "is not false, which lets every machine of Google's reach it"
        )


@CLOUD.resource(
    "gke-identity",
    "M/M/M",
    CRITICAL,
    wanted(
        {
            CLUSTER: (
                given(
                    "workloadIdentityConfig.workloadPool", only=lambda root: root["enableAutopilot"].flag is not True
                ),
                off("enableLegacyAbac"),
                off("masterAuth.clientCertificateConfig.issueClientCertificate"),
                among("anonymousAuthenticationConfig.mode", "LIMITED", default="ENABLED"),
                # Not set, GKE allows both.
                off("rbacBindingConfig.enableInsecureBindingSystemAuthenticated", default=True),
                off("rbacBindingConfig.enableInsecureBindingSystemUnauthenticated", default=True),
            )
        }
    ),
    why="Without identities of their own all pods are the node, and whoever is nobody is somebody to Kubernetes.",
    cure="Set a workload pool, and turn ABAC, client certificates, anonymous access and insecure bindings off",
    where=PROGRAM,
    sources=("CIS-GKE 5.2.2", "CIS-GKE 5.8.1", "CIS-GKE 5.8.3", "CKV_GCP_7", "CKV_GCP_13", "CKV_GCP_69"),
)
def identity(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


@CLOUD.resource(
    "gke-db-encryption",
    "A/M/M",
    HIGH,
    wanted(
        {
            CLUSTER: (
                among("databaseEncryption.state", "ENCRYPTED", default="DECRYPTED"),
                given("databaseEncryption.keyName"),
            )
        }
    ),
    why="With Google's own key nobody can say who decrypted a Secret, and nobody can stop it.",
    cure="Set databaseEncryption to ENCRYPTED with a key of ours",
    where=PROGRAM,
    sources=("CIS-GKE 5.3.1",),
)
def db_encryption(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


def _is_standard(root: View) -> bool:
    """Autopilot has its nodes, shields and add-ons by itself."""
    return root["enableAutopilot"].flag is not True


def _holds(path: str, *words: str) -> Want:
    return Want(
        path=path,
        accepts=lambda at, _, __: set(words) <= set(at.words),
        wanted="",
        only=_is_standard,
        says=f"does not hold {' and '.join(words)}",
    )


@CLOUD.resource(
    "gke-ops",
    "A/M/M",
    MEDIUM,
    wanted(
        {
            CLUSTER: (
                _holds("loggingConfig.enableComponents", "SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER"),
                _holds("monitoringConfig.enableComponents", "SYSTEM_COMPONENTS"),
                among("releaseChannel.channel", "REGULAR", "STABLE", "EXTENDED", "RAPID", default="UNSPECIFIED"),
                on("enableShieldedNodes", default=True),
                Want(
                    path="location",
                    accepts=lambda at, _, __: bool(at.word) and not ZONE.fullmatch(at.word),
                    wanted="a region",
                ),
                on("deletionProtection", default=True),
                in_prod(
                    Want(
                        path="binaryAuthorization.evaluationMode",
                        accepts=lambda at, _, __: at.word == "PROJECT_SINGLETON_POLICY_ENFORCE",
                        wanted="PROJECT_SINGLETON_POLICY_ENFORCE",
                        default="DISABLED",
                    )
                ),
                on("removeDefaultNodePool", only=_is_standard),
            )
        }
    ),
    why="A cluster of one zone, without logs or upgrades, fails on the worst day and cannot say why.",
    cure="Make it regional, protected and on a release channel, with logs, metrics and no default pool",
    where=PROGRAM,
    sources=("CIS-GKE 5.5", "CIS-GKE 5.7.1", "CIS-GKE 5.10.4", "CKV_GCP_1", "CKV_GCP_8", "CKV_GCP_66"),
)
def ops(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


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
def gcp_iam(grant: Object, _: Facts) -> Iterator[Violation]:
    root = grant.root
    if grant.sort.startswith(WHOLE):
        yield Violation("policyData", "is the whole policy, which takes away everybody it does not name")
    if root["policyData"].is_set:
        for binding in parsed(root["policyData"])["bindings"]:
            yield from _for_members(binding["role"], tuple(binding["members"]))
    else:
        yield from _for_members(root["role"], (root["member"],) if root["member"].is_set else tuple(root["members"]))


def _for_members(role: View, members: tuple[View, ...]) -> Iterator[Violation]:
    for member in members:
        if member.word in EVERYBODY:
            yield Violation(member, f"is {member.word}")
        elif role.word in BASIC and member.word.startswith(WORKLOADS):
            yield Violation(role, f"is {role.word}, for a {member.word.partition(':')[0]}")
