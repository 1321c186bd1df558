"""Bindings: which accounts may be given a role."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, STACK, Violation, sorts
from policies.core.trust import OURS, may
from policies.core.world import World
from policies.kubernetes.grants import CLUSTER_ROLE, ROLE, ROLE_BINDING, USER, Account, Grant, accounts, effective
from policies.objects import Object
from policies.rules.rbac.group import BINDING, PLATFORM, RBAC
from policies.rules.rbac.handing import is_handed

EVERYONE: Final = frozenset(
    {
        "system:anonymous",
        "system:authenticated",
        "system:masters",
        "system:serviceaccounts",
        "system:unauthenticated",
    }
)
"""Users and groups that stand for more than one account."""


@RBAC.resource(
    "rbac-no-anonymous",
    "M/M/M",
    CRITICAL,
    BINDING,
    why="A right of every account is a right of any compromised pod, and one of anonymous is anyone's on the network.",
    cure="Bind one service account",
    where=PLATFORM,
    sources=("CIS-GKE 4.1.6/8/10", "Gatekeeper disallowanonymous", "Kyverno restrict-binding-system-groups"),
)
def no_anonymous(binding: Object, _: Facts) -> Iterator[Violation]:
    for subject in binding.root["subjects"]:
        name = subject["name"].word
        if name.casefold() in EVERYONE or name.startswith("system:serviceaccounts:"):
            yield Violation(subject["name"], f"is {name}")


SYSTEM: Final = "system:"
"""Begins the names of users and groups that belong to the cluster itself."""


@RBAC.stack(
    "rbac-subjects-known",
    "M/M/M",
    CRITICAL,
    BINDING,
    why="A role no run declares, or an account everybody in its namespace shares, gives rights that nobody has read.",
    cure="Bind one service account of its own to a role that is declared beside it",
    where=PLATFORM,
    sources=("CIS-EKS 4.1.5", "EKS best practices: least privileged access"),
)
def subjects_known(binding: Object, world: World) -> Iterator[Violation]:
    if may("rbac-subjects-known", binding, world.facts):
        return
    reference = binding.root["roleRef"]
    kind, name = reference["kind"].word, reference["name"].word
    sort, within = (ROLE, binding.namespace) if kind == "Role" else (CLUSTER_ROLE, "")
    declared = world.named(sort, within, name) is not None
    for subject in binding.root["subjects"]:
        who, what = subject["name"].word, subject["kind"].word
        if what == "ServiceAccount" or who.startswith(USER):
            account = next((each for at, each in accounts(binding) if at.path == subject.path), None)
            if account and account.name == "default":
                yield Violation(subject["name"], f"is {account}, which every pod there has that names none")
        elif who.startswith(SYSTEM):
            if who.casefold() not in EVERYONE and not who.startswith("system:serviceaccounts:"):
                yield Violation(subject["name"], f"is {who}, which is the cluster's own")
        elif not declared:
            role = f"{kind or 'ClusterRole'} {name}"
            yield Violation(subject["name"], f"is given {role}, which this run does not declare")


@RBAC.stack(
    "rbac-cross-namespace",
    "M/M/M",
    HIGH,
    sorts(ROLE_BINDING),
    why="An account of another namespace acts here, so anyone who may create pods there has its rights here.",
    cure="Bind an account of the same namespace",
    where=PLATFORM,
    sources=("EKS best practices: multi-tenancy",),
)
def cross_namespace(binding: Object, world: World) -> Iterator[Violation]:
    if may("rbac-cross-namespace", binding, world.facts):
        return
    for subject, account in accounts(binding):
        if subject["kind"].word == "ServiceAccount" and not subject["namespace"].word:
            yield Violation(subject["namespace"], "is not set, so the binding names no account")
        elif account.namespace != binding.namespace and not is_handed(account, binding, world):
            at = subject["namespace"] if subject["namespace"].is_set else subject["name"]
            yield Violation(at, f"is an account of {account.namespace}")


@RBAC.stack(
    "rbac-transitive",
    "M/M/M",
    CRITICAL,
    STACK,
    why="A service asks other services, never the Kubernetes API: a token with rights there serves only an"
    " attacker in the pod.",
    cure="Drop the binding",
    where=PLATFORM,
    sources=("Polaris rolebinding", "Kubescape workload-with-*"),
)
def transitive(_: None, world: World) -> Iterator[Violation]:
    # The catalogue has no word for access to the API, so what a service may do there is nothing.
    known = world.once(effective)
    for account, grants in known.of.items():
        if account.namespace in OURS:
            continue
        for grant in grants:
            if not grant.held.is_empty and not is_handed(account, grant.binding, world):
                yield Violation(grant.subject, _said(account, grant), on=grant.binding)
    for error in known.unread:
        raise error


def _said(account: Account, grant: Grant) -> str:
    rules = grant.held.rules
    if rules is None:
        return f"gives {account} whatever {grant.role} holds, which this run does not declare"
    if not any(rule.verbs for rule in rules):
        return f"gives {account} through {grant.role} whatever roles of the cluster it takes in"
    held = "; ".join(rule.words for rule in rules[:2] if rule.verbs)
    more = f"; and {len(rules) - 2} more rules" if len(rules) > 2 else ""
    return f"gives {account} through {grant.role}: {held}{more}"
