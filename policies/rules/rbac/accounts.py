"""Service accounts: one for each workload, no token that is not needed, no key that never expires."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, PODS, Selector, Violation, sorts
from policies.core.trust import may
from policies.core.world import World
from policies.intent.drilling import drills
from policies.objects import Object
from policies.objects.pods import Pod, pods
from policies.objects.values import MalformedError, UndeterminedError
from policies.rules.rbac.group import PLATFORM, RBAC

NAME: Final = "app.kubernetes.io/name"

API: Final = re.compile(
    r"(?:https://)?(?:api|k3s|kubernetes(?:\.default(?:\.svc(?:\.cluster\.local)?)?)?)?(?::\d+)?/?"
    r"|https://container\.googleapis\.com/.*",
    re.IGNORECASE,
)
"""Audiences of the API server: Kubernetes' default (none said), how it is called inside the cluster, and what k3s and
GKE call theirs."""


@RBAC.stack(
    "sa-dedicated",
    "M/M/M",
    HIGH,
    PODS,
    why="The account is the identity in the mesh, in the cloud and at the API: two that share one are one.",
    cure="Give each service an account of its own and name it in serviceAccountName",
    where=PLATFORM,
    sources=("EKS best practices: dedicated service accounts", "CIS-EKS 4.1.5"),
)
def dedicated(pod: Pod, world: World) -> Iterator[Violation]:
    account, old = pod.spec["serviceAccountName"], pod.spec["serviceAccount"]
    if old.is_set:
        yield Violation(old, "is the deprecated name of serviceAccountName")
    if account.word in ("", "default"):
        yield Violation(account, "is default" if account.word else "is not set, so it is default")
        return
    if account.word == names.SECRET_READER:
        yield Violation(account, f"is {account.word}, as which only External Secrets reads the service's credentials")
        return
    users = world.once(_users).get((pod.object.namespace, account.word), frozenset())
    if len(users) > 1:
        yield Violation(account, f"is shared by {', '.join(sorted(users)[:3])}")


def _users(world: World) -> Mapping[tuple[str, str], frozenset[str]]:
    """Namespace and account to the services whose pods run as it; what has no name label is a service by itself."""
    found: dict[tuple[str, str], set[str]] = {}
    for thing in world.objects:
        for pod, account in _accounts(thing):
            found.setdefault((thing.namespace, account), set()).add(_label(pod) or thing.name)
    return {key: frozenset(users) for key, users in found.items()}


def _accounts(thing: Object) -> Iterator[tuple[Pod, str]]:
    # By shape, as every rule about pods: an operator's too. What cannot be read is left to the rules about it.
    try:
        for pod in pods(thing):
            if isinstance(account := pod.spec["serviceAccountName"].value, str):
                yield pod, account
    except (MalformedError, UndeterminedError):
        return


def _label(pod: Pod) -> str | None:
    metadata = pod.metadata.value
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    name = labels.get(NAME) if isinstance(labels, dict) else None
    return name if isinstance(name, str) else None


@RBAC.stack(
    "sa-exists",
    "M/M/M",
    MEDIUM,
    PODS,
    why="Without its account no pod is created: the old version stays, or nothing runs at all.",
    cure="Declare the ServiceAccount in the same namespace",
    where=PLATFORM,
    sources=("kube-linter non-existent-service-account",),
)
def exists(pod: Pod, world: World) -> Iterator[Violation]:
    namespace, account = pod.object.namespace, pod.spec["serviceAccountName"]
    if account.word in ("", "default") or not world.declares(namespace):
        return
    if world.named("ServiceAccount", namespace, account.word) is None:
        yield Violation(account, f"is {account.word}, which {namespace} does not have")


def _subjects(thing: Object) -> Iterator[Pod | Object]:
    if thing.sort == "ServiceAccount":
        yield thing
    else:
        yield from PODS.subjects(thing)


@RBAC.resource(
    "sa-automount-off",
    "M/M/M",
    HIGH,
    Selector[Pod | Object](_subjects, reads="every pod spec, ServiceAccount"),
    why="A token in the pod is the first thing an intruder looks for, and no service needs one.",
    cure="Set automountServiceAccountToken to false, in the account and in the pod",
    where=PLATFORM,
    sources=("CIS-EKS 4.1.6", "NSA C-0034", "OWASP K01"),
)
def automount_off(subject: Pod | Object, facts: Facts) -> Iterator[Violation]:
    thing, place = (subject, subject.root) if isinstance(subject, Object) else (subject.object, subject.spec)
    if may("sa-automount-off", thing, facts):
        return
    automount = place["automountServiceAccountToken"]
    if automount.flag is not False:
        yield Violation(automount, "is true" if automount.flag else "is not set, and the default is true")
    if isinstance(subject, Pod) and not drills(subject, facts):
        yield from _projected(subject)


def _projected(pod: Pod) -> Iterator[Violation]:
    for volume in pod.spec["volumes"]:
        for source in volume.at("projected", "sources"):
            token = source["serviceAccountToken"]
            if token.is_set and API.fullmatch(token["audience"].word):
                yield Violation(token, "is a token for the Kubernetes API")


TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "Secret": ("type",),
    "ClusterExternalSecret.external-secrets.io": ("spec", "externalSecretSpec", "target", "template", "type"),
    "ExternalSecret.external-secrets.io": ("spec", "target", "template", "type"),
    "SealedSecret.bitnami.com": ("spec", "template", "type"),
}
"""Sorts that are or become Secrets, to where they say of which type."""


@RBAC.resource(
    "sa-no-legacy-token",
    "M/M/M",
    CRITICAL,
    sorts(*TYPES),
    why="Such a token never expires and is bound to no pod: a copy of it works for good.",
    cure="Ask the TokenRequest API, or mount a projected token",
    where=PLATFORM,
    sources=("Kyverno deny-secret-service-account-token-type",),
)
def no_legacy_token(secret: Object, _: Facts) -> Iterator[Violation]:
    kind = secret.root.at(*TYPES[secret.sort])
    if kind.word == "kubernetes.io/service-account-token":
        yield Violation(kind, "is a service account's token")


@RBAC.resource(
    "sa-no-cloud-keys",
    "M/M/M",
    CRITICAL,
    sorts(
        "aws:iam/accessKey:AccessKey",
        "aws:iam/serviceSpecificCredential:ServiceSpecificCredential",
        "aws:iam/user:User",
        "aws:iam/userLoginProfile:UserLoginProfile",
        "gcp:serviceaccount/key:Key",
        "gcp:storage/hmacKey:HmacKey",
    ),
    why="A key never expires, lies in the state, and works from anywhere in the world.",
    cure="Use Pod Identity, IRSA or Workload Identity",
    where="components/",
    sources=("EKS best practices: IAM", "CIS-GKE 5.2.2"),
)
def no_cloud_keys(_: Object, __: Facts) -> Iterator[Violation]:
    yield Violation("", "is a user or a key instead of an identity")
