"""AWS' identities: what they may, who may take them, and one for each service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.cloud.iam import ACCOUNT, Statement, anywhere, is_every_action, is_everything, matches, statements
from policies.cloud.wants import places
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, STACK, Selector, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.cloud.group import CLOUD, PROGRAM

POLICIES: Final[Mapping[str, str]] = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/role:Role": "inlinePolicies[].policy",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}
"""Where policies of identities are written: what a principal may."""
OF_RESOURCES: Final[Mapping[str, str]] = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3/bucket:Bucket": "policy",
    "aws:s3/bucketV2:BucketV2": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:msk/clusterPolicy:ClusterPolicy": "policy",
}
"""Where policies of resources are written: who may come."""
ATTACHMENTS: Final[Mapping[str, str]] = {
    "aws:iam/role:Role": "managedPolicyArns[]",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
}
"""Where AWS' own policies are attached."""
ALL: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
"""AWS' policies that are everything, or the way to it."""
HANDS_OVER: Final = "iam:passrole"


@dataclass(frozen=True)
class Grant:
    """A policy, or one that is attached."""

    view: View
    kind: Literal["identity", "resource", "attached"]


def _grants(thing: Object) -> Iterator[Grant]:
    for kind, table in KINDS.items():
        for place in places(thing.root, table[thing.sort]) if thing.sort in table else ():
            if place.is_set:
                yield Grant(place, kind)


KINDS: Final[Mapping[Literal["identity", "resource", "attached"], Mapping[str, str]]] = {
    "identity": POLICIES,
    "resource": OF_RESOURCES,
    "attached": ATTACHMENTS,
}


@CLOUD.resource(
    "iam-no-wildcards",
    "M/M/M",
    CRITICAL,
    Selector[Grant](
        _grants, frozenset({*POLICIES, *OF_RESOURCES, *ATTACHMENTS}), "policies of IAM, buckets, keys, brokers"
    ),
    why="A role that may do everything is the account for whoever gets into its pod.",
    cure="Name the actions and the resources",
    where=PROGRAM,
    sources=("CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_107-111", "CKV_AWS_274", "EKS best practices: IAM"),
)
def no_wildcards(grant: Grant, _: Facts) -> Iterator[Violation]:
    if grant.kind == "attached":
        if grant.view.word.rpartition("/")[2] in ALL:
            yield Violation(grant.view, f"is {grant.view.word.rpartition('/')[2]}")
        return
    judge = _of_resource if grant.kind == "resource" else _of_identity
    for statement in statements(grant.view):
        if statement.allows:
            for element in ("NotAction", "NotResource", "NotPrincipal"):
                if statement.view[element].is_set:
                    yield Violation(statement.view[element], "allows everything but what it names")
            yield from judge(statement)


def _of_identity(statement: Statement) -> Iterator[Violation]:
    wide = [action for action in statement.actions if is_every_action(action)]
    for action in wide:
        if any(is_everything(resource, action.partition(":")[0]) for resource in statement.resources):
            yield Violation(statement.view["Action"], f"is {action} on everything")
    hands_over = any(matches(action, HANDS_OVER) for action in statement.actions)
    if (
        hands_over
        and not wide
        and any(matches(anywhere(each), f"arn:aws:iam::{ACCOUNT}:role/any") for each in statement.resources)
    ):
        yield Violation(statement.view["Action"], "may pass any role (iam:PassRole)")


def _of_resource(statement: Statement) -> Iterator[Violation]:
    """The owner's account may do everything with its own key: without that nobody could. Everybody may not."""
    if statement.is_open:
        yield Violation(statement.view["Principal"], "is everybody, without a condition that says who")
    if any(map(is_every_action, statement.actions)):
        for kind, name in statement.principals:
            if kind != "service" and name != "*" and not (name.endswith(":root") or name.isdecimal()):
                yield Violation(statement.view["Action"], "is everything, for more than the account itself")
                break


ROLE: Final = "aws:iam/role:Role"
PODS: Final = "pods.eks.amazonaws.com"
AUDIENCE: Final = "sts.amazonaws.com"
SUBJECT: Final = "system:serviceaccount:"
TAGS: Final = ("aws:requesttag/kubernetes-namespace", "aws:requesttag/kubernetes-service-account")
"""What EKS Pod Identity says of the pod."""


@CLOUD.resource(
    "iam-trust-scoped",
    "M/M/M",
    CRITICAL,
    sorts(ROLE),
    why="A role any service account may take is every service's role, and one anybody may take is the internet's.",
    cure="Name the namespace and the service account in the trust, with StringEquals",
    where=PROGRAM,
    sources=("EKS best practices: IAM roles for service accounts", "CKV_AWS_60", "CKV_AWS_61"),
)
def trust_scoped(role: Object, facts: Facts) -> Iterator[Violation]:
    for statement in statements(role.root["assumeRolePolicy"]):
        if statement.allows:
            yield from _trusts(statement, facts)


def _trusts(statement: Statement, facts: Facts) -> Iterator[Violation]:
    principal = statement.view["Principal"]
    equal = statement.conditions.get("stringequals", {})
    if statement.is_for_everybody or not statement.principals:
        yield Violation(principal, "is everybody")
    if any(kind == "federated" and ":saml-provider/" not in name for kind, name in statement.principals):
        yield from _federated(statement, equal)
    services = [name for kind, name in statement.principals if kind == "service"]
    if PODS in services:
        if len(statement.principals) > 1:
            yield Violation(principal, f"is {PODS} and somebody else")
        for tag in TAGS if facts.environment == "prod" else ():
            if len(equal.get(tag, ())) != 1:
                yield Violation(statement.view["Condition"], f"does not name one {tag.rpartition('/')[2]}")


def _federated(statement: Statement, equal: Mapping[str, tuple[str, ...]]) -> Iterator[Violation]:
    condition = statement.view["Condition"]
    subjects = [value for key, values in equal.items() if key.endswith(":sub") for value in values]
    audiences = [value for key, values in equal.items() if key.endswith(":aud") for value in values]
    if not subjects:
        yield Violation(condition, "does not name the subject with StringEquals")
    for subject in subjects:
        namespace, _, account = subject.removeprefix(SUBJECT).partition(":")
        # An issuer that is no cluster's (a CI's) has subjects of its own kind; they too are named in full.
        is_pods = any(kind == "federated" and "oidc.eks." in name for kind, name in statement.principals)
        whole = not is_pods or (subject.startswith(SUBJECT) and bool(namespace and account) and ":" not in account)
        if not whole or "*" in subject or "?" in subject:
            yield Violation(condition, f"names {subject or 'nobody'}, which is no single service account")
    if not audiences or any(audience != AUDIENCE for audience in audiences):
        yield Violation(condition, f"does not name the audience {AUDIENCE} with StringEquals")


ASSOCIATION: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
CNPG: Final = "Cluster.postgresql.cnpg.io"
ANNOTATIONS: Final = {"eks.amazonaws.com/role-arn": "AWS", "iam.gke.io/gcp-service-account": "Google"}
"""Annotation of a service account → the cloud in which it names a role."""


@dataclass(frozen=True)
class Taken:
    """One service account that takes one role, and where it says so."""

    object: Object
    view: View
    namespace: str
    account: str
    role: str
    cloud: str


@CLOUD.stack(
    "iam-one-role-per-service",
    "M/M/M",
    HIGH,
    STACK,
    why="Services that share a role share everything it may, and no log says which of them it was.",
    cure="Give each service a role of its own",
    where=PROGRAM,
    sources=("EKS best practices: use one IAM role per application",),
)
def one_role_per_service(_: None, world: World) -> Iterator[Violation]:
    first: dict[str, Taken] = {}
    roles: dict[tuple[str, str, str], Taken] = {}
    for taken in _taken(world):
        owner = first.setdefault(taken.role, taken)
        if owner.namespace != taken.namespace:
            yield Violation(taken.view, f"is the role of {owner.namespace}/{owner.account} too", on=taken.object)
        other = roles.setdefault((taken.namespace, taken.account, taken.cloud), taken)
        if other.role != taken.role:
            yield Violation(taken.view, f"is a second role of {taken.namespace}/{taken.account}", on=taken.object)
    for role in world.of(ROLE):
        yield from _shared_by_trust(role)


def _taken(world: World) -> Iterator[Taken]:
    """Every service account that takes a role whose name is known."""
    for each in world.of(ASSOCIATION):
        words = [each.root[key] for key in ("namespace", "serviceAccount", "roleArn")]
        if all(word.is_known for word in words):
            yield Taken(each, words[2], words[0].word, words[1].word, words[2].word, "AWS")
    for account in world.of("ServiceAccount", CNPG):
        written = account.annotations if account.kind == "ServiceAccount" else _of_account(account)
        for key, cloud in ANNOTATIONS.items():
            role = written[key] if written.is_known else View(None)
            if role.is_set and role.is_known:
                yield Taken(account, role, account.namespace, account.name, role.word, cloud)


def _of_account(cluster: Object) -> View:
    """What CloudNativePG writes at the service account it makes, which is called as the cluster."""
    template = cluster.spec["serviceAccountTemplate"]
    return template.at("metadata", "annotations") if template.is_known else View(None)


def _shared_by_trust(role: Object) -> Iterator[Violation]:
    policy = role.root["assumeRolePolicy"]
    namespaces = {
        value.removeprefix(SUBJECT).partition(":")[0]
        for statement in (statements(policy) if policy.is_known else ())
        if statement.allows
        for key, values in statement.conditions.get("stringequals", {}).items()
        if key.endswith(":sub")
        for value in values
        if value.startswith(SUBJECT)
    }
    if len(namespaces) > 1:
        yield Violation(policy, f"is taken by {' and '.join(sorted(namespaces))}", on=role)
