"""The three ways in which a service's namespaces may hold rights at the API server: credentials, who follows them, and
restore drills.

External Secrets reads the Secret of a service's store as an account of that service which no pod runs as. Two rights
make that: the account's, to get that one Secret in the namespace of the stores, and the controller's, to ask for a
token of that one account. Reloader starts the pods of a service anew whose Secrets change: it sees the Secrets of that
namespace, and no other's, and changes its workloads. The pods of a restore drill make one custom resource in a
namespace of their own, and remove it. Anything wider is a finding like any other.
"""

from collections.abc import Mapping
from typing import Final

from blueprint import names, store_names
from blueprint.catalogue.keeping import Secret
from blueprint.catalogue.storing import Store
from policies.core.facts import Facts
from policies.core.world import World
from policies.intent.drilling import drilled_in
from policies.kubernetes.grants import ROLE, Account, Grants, rules_of
from policies.objects import Object

CONTROLLER: Final = Account(names.EXTERNAL_SECRETS, names.EXTERNAL_SECRETS)
RELOADER: Final = Account(names.RELOADER, names.RELOADER)

RESTARTING: Final = (
    (frozenset({""}), frozenset({"secrets"}), frozenset({"list", "watch"})),
    (frozenset({""}), frozenset({"events"}), frozenset({"create", "patch"})),
    (frozenset({"apps"}), frozenset({"daemonsets"}), frozenset({"list"})),
    (frozenset({"apps"}), frozenset({"deployments", "statefulsets"}), frozenset({"get", "list", "patch"})),
    (frozenset({"argoproj.io"}), frozenset({"rollouts"}), frozenset({"get", "list", "patch"})),
)
"""Groups, resources and verbs of the one Role by which Reloader starts pods anew."""

RESTORED: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "mongodb": (frozenset({"psmdb.percona.com"}), frozenset({"perconaservermongodbs"})),
    "mysql": (frozenset({"k8s.mariadb.com"}), frozenset({"mariadbs"})),
    "postgres": (frozenset({"postgresql.cnpg.io"}), frozenset({"clusters"})),
}
"""Engine → group and resource of what a drill restores."""
CLAIMS: Final[Mapping[str, frozenset[str]]] = {
    "mongodb": frozenset({"mongod-data-{}-rs0-0"}),
    "mysql": frozenset({"storage-{}-0", "{}-bootstrap-staging"}),
    "postgres": frozenset({"{}-1"}),
}
"""Engine → what the disks of that are called; `{}` is the store."""
DISKS: Final = (frozenset({""}), frozenset({"persistentvolumeclaims"}))
FOLLOWING: Final = frozenset({"delete", "get", "list", "watch"})
"""What a drill may do with the one of its name."""


def reads_its_own(rule: Grants, namespace: str, facts: Facts) -> bool:
    """Whether `rule`, of a Role in `namespace`, only gets Secrets of stores the catalogue has there, by name."""
    service = facts.beside.get(namespace)
    resources = service.spec.resources.items() if service else ()
    theirs = {store_names.owner(name) for name, owned in resources if isinstance(owned, Store)}
    return _is_exactly(rule, "secrets", "get") and bool(rule.names) and set(rule.names) <= theirs


def asks_for_its_token(rule: Grants, namespace: str, facts: Facts) -> bool:
    """Whether `rule`, of a Role in `namespace`, only makes tokens of the account that reads a service's credentials."""
    return (
        namespace in facts.service
        and _is_exactly(rule, "serviceaccounts/token", "create")
        and rule.names == (names.SECRET_READER,)
    )


def restarts(rule: Grants, role: Object, facts: Facts) -> bool:
    """Whether `rule` is one of those by which Reloader starts pods of a service with secrets of its own anew, in the
    `role` that is called for it; or lets it see the Secrets of its own namespace, into which its chart has it look."""
    if role.sort != ROLE:
        return False
    if role.namespace == names.RELOADER:
        return _held(rule) == RESTARTING[0]
    service = facts.service.get(role.namespace)
    return (
        role.name == names.RESTARTS
        and service is not None
        and any(isinstance(owned, Secret) for owned in service.spec.resources.values())
        and _held(rule) in RESTARTING
    )


def restores(rule: Grants, account: Account, facts: Facts) -> bool:
    """Whether `rule` lets the `account` of a drill make what it restores, or follow and remove the one of its name or
    its disks."""
    for owned in drilled_in(account.namespace, facts):
        if account.name == store_names.drill(owned.name):
            what = RESTORED[owned.store.type]
            claims = frozenset(claim.format(owned.name) for claim in CLAIMS[owned.store.type])
            return (*_held(rule), frozenset(rule.names)) in (
                (*what, frozenset({"create"}), frozenset()),
                (*what, FOLLOWING, frozenset({owned.name})),
                (*DISKS, FOLLOWING, claims),
            )
    return False


def _held(rule: Grants) -> tuple[frozenset[str], ...]:
    return frozenset(rule.groups), frozenset(rule.resources), frozenset(rule.verbs)


def is_handed(account: Account, binding: Object, world: World) -> bool:
    """Whether `binding` gives `account` one of these rights and nothing else."""
    if binding.root.at("roleRef", "kind").word != "Role":
        return False
    role = world.named(ROLE, binding.namespace, binding.root.at("roleRef", "name").word)
    rules = tuple(rules_of(role)) if role else ()
    if not rules:
        return False
    if account == RELOADER:
        return role is not None and all(restarts(rule, role, world.facts) for rule in rules)
    if account == CONTROLLER:
        return all(asks_for_its_token(rule, binding.namespace, world.facts) for rule in rules)
    if all(restores(rule, account, world.facts) for rule in rules):
        return account.namespace == binding.namespace
    return (
        account.name == names.SECRET_READER
        and names.data_namespace(account.namespace) == binding.namespace
        and all(reads_its_own(rule, binding.namespace, world.facts) for rule in rules)
    )


def _is_exactly(rule: Grants, resource: str, verb: str) -> bool:
    return _held(rule) == (frozenset({""}), frozenset({resource}), frozenset({verb}))
