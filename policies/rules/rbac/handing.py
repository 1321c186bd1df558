"""The one way in which a service's namespace may hold rights at the API server: to be handed its own credentials.

External Secrets reads the Secret of a service's store as an account of that service which no pod runs as. Two rights
make that: the account's, to get that one Secret in the namespace of the stores, and the controller's, to ask for a
token of that one account. Anything wider is a finding like any other.
"""

from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.world import World
from policies.intent.edges import intent
from policies.kubernetes.grants import ROLE, Account, Grants, rules_of
from policies.objects import Object

CONTROLLER: Final = Account(names.EXTERNAL_SECRETS, names.EXTERNAL_SECRETS)


def reads_its_own(rule: Grants, namespace: str, facts: Facts) -> bool:
    """Whether `rule`, of a Role in `namespace`, only gets Secrets of stores the catalogue has there, by name."""
    theirs = {
        names.owner(owned.name)
        for owned in intent(facts).stores
        if names.data_namespace(owned.service.name) == namespace
    }
    return _is_exactly(rule, "secrets", "get") and bool(rule.names) and set(rule.names) <= theirs


def asks_for_its_token(rule: Grants, namespace: str, facts: Facts) -> bool:
    """Whether `rule`, of a Role in `namespace`, only makes tokens of the account that reads a service's credentials."""
    return (
        namespace in facts.service
        and _is_exactly(rule, "serviceaccounts/token", "create")
        and rule.names == (names.SECRET_READER,)
    )


def is_handed(account: Account, binding: Object, world: World) -> bool:
    """Whether `binding` gives `account` one of the two rights and nothing else."""
    if binding.root.at("roleRef", "kind").word != "Role":
        return False
    role = world.named(ROLE, binding.namespace, binding.root.at("roleRef", "name").word)
    rules = tuple(rules_of(role)) if role else ()
    if not rules:
        return False
    if account == CONTROLLER:
        return all(asks_for_its_token(rule, binding.namespace, world.facts) for rule in rules)
    return (
        account.name == names.SECRET_READER
        and names.data_namespace(account.namespace) == binding.namespace
        and all(reads_its_own(rule, binding.namespace, world.facts) for rule in rules)
    )


def _is_exactly(rule: Grants, resource: str, verb: str) -> bool:
    return (rule.groups, rule.resources, rule.verbs) == ({""}, {resource}, {verb})
