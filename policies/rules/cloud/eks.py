"""EKS: who reaches the API server, who is asked there, and what is written down about it."""

import re
from collections.abc import Iterator
from typing import Final

from policies.cloud.wants import Asked, Want, among, off, on, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, Violation, sorts
from policies.core.trust import OURS
from policies.network.addresses import EVERYBODY_IPV4, EVERYBODY_IPV6, cidr_at, is_wider_than, space
from policies.objects import Object
from policies.objects.values import View
from policies.rules.cloud.group import CLOUD, PROGRAM

CLUSTER: Final = "aws:eks/cluster:Cluster"
ASSOCIATION: Final = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ENTRY: Final = "aws:eks/accessEntry:AccessEntry"
CLUSTERS: Final = sorts(CLUSTER)
WIDEST: Final = 16
"""Prefix of the widest range that may reach an API server: an office or a NAT is far smaller (65,536 addresses)."""


def ranges(written: tuple[View, ...]) -> Iterator[Violation]:
    """What is wrong with the ranges that may reach an API server."""
    for each in written:
        if is_wider_than([cidr_at(each)], WIDEST):
            yield Violation(each, f"is {each.word}, wider than /{WIDEST}")
    all_of_them = space(cidr_at(each) for each in written)
    if written and (all_of_them.holds(EVERYBODY_IPV4) or all_of_them.holds(EVERYBODY_IPV6)):
        yield Violation(written[0].path.rpartition("[")[0], "are everybody together")


@CLOUD.resource(
    "eks-private-endpoint",
    "A/M/M",
    CRITICAL,
    CLUSTERS,
    why="An API server on the internet is one stolen token or one bug away from everybody.",
    cure="Turn the private endpoint on; in production turn the public one off, elsewhere name who may reach it",
    where=PROGRAM,
    sources=("CIS-EKS 5.4.1", "CIS-EKS 5.4.2", "CKV_AWS_38", "CKV_AWS_39"),
)
def private_endpoint(cluster: Object, facts: Facts) -> Iterator[Violation]:
    network = cluster.root["vpcConfig"]
    if network["endpointPrivateAccess"].flag is not True:
        yield Violation(network["endpointPrivateAccess"], "is not true")
    public = network["endpointPublicAccess"]
    if public.flag is False:
        return
    if facts.environment == "prod":
        yield Violation(public, "is not false")
    cidrs = tuple(network["publicAccessCidrs"])
    if not cidrs:
        yield Violation(network["publicAccessCidrs"], "is not set, which is 0.0.0.0/0")
    yield from ranges(cidrs)


LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that EKS writes."""


@CLOUD.resource(
    "eks-audit-logs",
    "A/M/M",
    HIGH,
    CLUSTERS,
    why="Without its audit log nobody can say who read a Secret, or that nobody did.",
    cure=f"Set enabledClusterLogTypes to {', '.join(LOGS)}",
    where=PROGRAM,
    sources=("CIS-EKS 2.1.1", "CKV_AWS_37"),
)
def audit_logs(cluster: Object, _: Facts) -> Iterator[Violation]:
    enabled = cluster.root["enabledClusterLogTypes"]
    missing = [each for each in LOGS if each not in enabled.words]
    if missing:
        yield Violation(enabled, f"lacks {', '.join(missing)}")


@CLOUD.resource(
    "eks-secrets-kms",
    "A/M/M",
    HIGH,
    CLUSTERS,
    why="With AWS' own key nobody can say who decrypted a Secret, and nobody can stop it.",
    cure="Set encryptionConfig to a key of ours, for secrets",
    where=PROGRAM,
    sources=("CIS-EKS 5.3.1", "CKV_AWS_58"),
)
def secrets_kms(cluster: Object, _: Facts) -> Iterator[Violation]:
    encryption = cluster.root["encryptionConfig"]
    if "secrets" not in encryption["resources"].words:
        yield Violation(encryption["resources"], "does not hold secrets")
    if not encryption.at("provider", "keyArn").is_set:
        yield Violation(encryption.at("provider", "keyArn"), "is not set")


ADMINISTRATORS: Final = ("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy")
"""Access policies that are everything, in the cluster or in a namespace."""
ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/")


def _is_break_glass(principal: View, _: Object, facts: Facts) -> bool:
    """Whether it is that role, not a user or anything else that is called so."""
    named, slash, role = principal.word.rpartition("/")
    return role == facts.limits.cloud.break_glass_role and ROLE.match(named + slash) is not None


def _is_administrators(root: View) -> bool:
    """Whether it is everything: of the cluster, of namespaces by a pattern, or of one that holds the cluster up."""
    scope = root["accessScope"]
    among = scope["namespaces"].words
    everything = scope["type"].text != "namespace" or any("*" in each or each in OURS for each in among)
    return everything and root["policyArn"].word.rpartition("/")[2] in ADMINISTRATORS


@CLOUD.resource(
    "eks-auth-mode",
    "M/M/M",
    CRITICAL,
    wanted(
        {
            CLUSTER: (
                among("accessConfig.authenticationMode", "API", default="CONFIG_MAP"),
                off("accessConfig.bootstrapClusterCreatorAdminPermissions", default=True),
            ),
            ASSOCIATION: (
                Want(
                    path="principalArn",
                    accepts=_is_break_glass,
                    wanted="",
                    only=_is_administrators,
                    says="is administrator of the whole cluster, and is not policies/config: cloud.breakGlassRole",
                ),
            ),
            ENTRY: (
                Want(
                    path="kubernetesGroups",
                    accepts=lambda at, _, __: not any(each.startswith("system:") for each in at.words),
                    wanted="",
                    says="holds a group of Kubernetes' own",
                ),
            ),
            "ConfigMap": (
                Want(
                    path="metadata.name",
                    accepts=lambda at, thing, _: (thing.namespace, at.text) != ("kube-system", "aws-auth"),
                    wanted="",
                    says="is aws-auth, in which one wrong line locks everybody out or lets anybody in",
                ),
            ),
        }
    ),
    why="Whoever made the cluster, or edits one ConfigMap, is its administrator for ever, and no list shows it.",
    cure="Use access entries alone, and the administrator's policy for the break-glass role alone",
    where=PROGRAM,
    sources=("EKS best practices: cluster access management", "CIS-EKS 4.1.7"),
)
def auth_mode(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


def _is_supported(version: View, _: Object, facts: Facts) -> bool:
    major, _dot, minor = version.word.partition(".")
    return major == "1" and minor.isdecimal() and len(minor) < 4 and int(minor) >= facts.limits.minor


@CLOUD.resource(
    "eks-protection",
    "–/A/M",
    MEDIUM,
    wanted(
        {
            CLUSTER: (
                on("deletionProtection"),
                Want(path="version", accepts=_is_supported, wanted="at least policies/config: minor"),
                among("upgradePolicy.supportType", "STANDARD", default="EXTENDED"),
                on("zonalShiftConfig.enabled"),
            )
        }
    ),
    why="A cluster that is deleted by accident, or falls out of support, takes every service with it.",
    cure="Protect it from deletion, name a supported version, and let it leave a zone that fails",
    where=PROGRAM,
    sources=("pulumi-aws 7.51.1",),
)
def protection(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
