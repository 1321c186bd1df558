"""Roles: which rights one may hold."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Violation, sorts
from policies.core.trust import may
from policies.kubernetes.grants import (
    CLUSTER_ROLE,
    ROLE,
    ROLE_BINDING,
    VERBS,
    Grants,
    rules_of,
    takes_in,
)
from policies.kubernetes.grants import GROUP as RBAC_GROUP
from policies.objects import Object
from policies.rules.rbac import group
from policies.rules.rbac.dangers import DANGEROUS
from policies.rules.rbac.group import PLATFORM, RBAC
from policies.rules.rbac.handing import asks_for_its_token, reads_its_own, restarts

CLUSTER_ROLES: Final = sorts(CLUSTER_ROLE)
ANY: Final = sorts(ROLE, CLUSTER_ROLE, ROLE_BINDING, f"ClusterRoleBinding.{RBAC_GROUP}")

BUILT_IN: Final = frozenset({"cluster-admin", "admin", "edit"})
"""ClusterRoles every cluster has, for the people who run it."""


@RBAC.resource(
    "rbac-no-cluster-admin",
    "M/M/M",
    CRITICAL,
    ANY,
    why="A pod that holds cluster-admin is the cluster, and so is everyone who gets into the pod.",
    cure="Bind a role of its own that lists what is needed",
    where=PLATFORM,
    sources=("Kyverno restrict-binding-clusteradmin", "NSA C-0035", "CIS-EKS 4.1.1"),
)
def no_cluster_admin(thing: Object, facts: Facts) -> Iterator[Violation]:
    if may("rbac-no-cluster-admin", thing, facts):
        return
    reference = thing.root["roleRef"]
    name = reference["name"].word
    # Whatever does not say that it means a Role is taken for a ClusterRole.
    if reference["kind"].word != "Role" and (name in BUILT_IN or name.startswith("system:")):
        yield Violation(reference["name"], f"is {name}")
    for rule in rules_of(thing):
        if "*" in rule.verbs and "*" in rule.groups and rule.resources & {"*", "*/*"}:
            yield Violation(rule.view, "is cluster-admin by another name")


LISTS: Final = ("apiGroups", "resources", "verbs", "nonResourceURLs")


@RBAC.resource(
    "rbac-no-wildcards",
    "M/M/M",
    CRITICAL,
    group.ROLE,
    why="A wildcard also grants what is installed later, without a review.",
    cure="List the groups, resources and verbs that are needed",
    where=PLATFORM,
    sources=("CKV_K8S_49", "Kyverno restrict-wildcard-verbs, restrict-wildcard-resources", "CIS-EKS 4.1.3"),
)
def no_wildcards(role: Object, facts: Facts) -> Iterator[Violation]:
    if may("rbac-no-wildcards", role, facts):
        return
    for rule in role.root["rules"]:
        for field in LISTS:
            for item in rule[field]:
                if "*" in item.word:
                    yield Violation(item, "is a wildcard" if item.word == "*" else "holds a wildcard")
    yield from _every_verb(role)


MAX_PLACES: Final = 100_000
"""Pairs of a group and a resource that are looked at; those that stand in the same rules count once. A role that needs
more was made to keep a judge busy."""


def _every_verb(role: Object) -> Iterator[Violation]:
    # All eight verbs are a wildcard written out, in one rule or in several.
    rules = [rule for rule in rules_of(role) if rule.verbs & VERBS and not rule.names]
    groups, resources = _alike(rule.groups for rule in rules), _alike(rule.resources for rule in rules)
    if sum(len(one) * len(other) for one, other in zip(groups, resources, strict=True)) > MAX_PLACES:
        yield Violation(role.root["rules"], f"combines over {MAX_PLACES:,} groups and resources, too many to judge")
        return
    granted: dict[tuple[int, int], frozenset[str]] = {}
    for rule, places in zip(rules, map(product, groups, resources), strict=True):
        full = False
        for place in places:
            before = granted.get(place, frozenset())
            granted[place] = before | (rule.verbs & VERBS)
            full |= granted[place] >= VERBS and not before >= VERBS
        if full:
            yield Violation(rule.view["verbs"], "completes all eight verbs there are")


def _alike(lists: Iterable[Iterable[str]]) -> list[set[int]]:
    """The words of each list by number, the same for those that are in the same lists: no rule tells these apart."""
    holders: dict[str, list[int]] = {}
    several = list(lists)
    for index, words in enumerate(several):
        for word in words:
            holders.setdefault(word, []).append(index)
    numbers: dict[tuple[int, ...], int] = {}
    found: list[set[int]] = [set() for _ in several]
    for lists_of_word in holders.values():
        number = numbers.setdefault(tuple(lists_of_word), len(numbers))
        for index in lists_of_word:
            found[index].add(number)
    return found


@RBAC.resource(
    "rbac-no-escalation-verbs",
    "M/M/M",
    CRITICAL,
    group.ROLE,
    why="An account that may escalate, bind or impersonate can give itself every right.",
    cure="Remove escalate, bind and impersonate",
    where=PLATFORM,
    sources=("CIS-EKS 4.1.8", "CKV_K8S_157", "CKV_K8S_158", "CKV2_K8S_1", "CKV2_K8S_3"),
)
def no_escalation_verbs(role: Object, _: Facts) -> Iterator[Violation]:
    for rule in role.root["rules"]:
        for verb in rule["verbs"]:
            # Constrained impersonation (KEP-5284) spells it impersonate:user-info, impersonate-on:user-info:list.
            if verb.word.casefold() in ("escalate", "bind") or verb.word.casefold().startswith("impersonate"):
                yield Violation(verb, f"is {verb.word}")


SHOWING: Final = VERBS - {"create"}
"""Verbs that answer with the object: a patch of nothing, and a deletion too."""


@RBAC.resource(
    "rbac-no-secret-read",
    "M/M/M",
    CRITICAL,
    group.ROLE,
    why="Every verb but create answers with what it read or removed, so every credential of the namespace is readable.",
    cure="Mount the Secret into the pod instead; a controller's Role may get single Secrets by name",
    where=PLATFORM,
    sources=("CIS-EKS 4.1.2", "OWASP K02", "CKV2_K8S_5"),
)
def no_secret_read(role: Object, facts: Facts) -> Iterator[Violation]:
    if may("rbac-no-secret-read", role, facts):
        return
    for rule in rules_of(role):
        is_ours = reads_its_own(rule, role.namespace, facts) or restarts(rule, role, facts)
        if rule.covers("", "secrets") and rule.allows(*SHOWING) and not is_ours:
            yield Violation(rule.view, f"reads {'named' if rule.names else 'all'} Secrets")


@RBAC.resource(
    "rbac-no-dangerous-resources",
    "M/M/M",
    CRITICAL,
    group.ROLE,
    why="Each of these leads to other rights: another pod's, another account's, the API server's.",
    cure="Remove the resource from the role",
    where=PLATFORM,
    sources=("CIS-EKS 4.1.4, 4.1.9-12", "CKV2_K8S_2", "CKV2_K8S_4", "CKV_K8S_155", "CKV_K8S_156", "OWASP K02"),
)
def no_dangerous_resources(role: Object, facts: Facts) -> Iterator[Violation]:
    if may("rbac-no-dangerous-resources", role, facts):
        return
    for rule in rules_of(role):
        if asks_for_its_token(rule, role.namespace, facts) or restarts(rule, role, facts):
            continue
        for said in dict.fromkeys(_dangers(rule)):
            yield Violation(rule.view, said)


def _dangers(rule: Grants) -> Iterator[str]:
    for name, resources, verbs, danger in DANGEROUS:
        held = [resource for resource in resources if rule.covers(name, resource)]
        if held and rule.allows(*verbs):
            yield f"{danger} ({', '.join(held)})"


@RBAC.resource(
    "rbac-no-aggregation",
    "M/M/M",
    HIGH,
    CLUSTER_ROLES,
    why="An aggregated role grows when a label is added to another role; no binding of it shows that.",
    cure="Remove the label or the wide selector and bind the role itself",
    where=PLATFORM,
    sources=("OWASP K02",),
)
def no_aggregation(role: Object, facts: Facts) -> Iterator[Violation]:
    if may("rbac-no-aggregation", role, facts):
        return
    for key, value in role.labels.entries():
        if key.casefold().startswith(f"{RBAC_GROUP}/aggregate-to-") and value.is_set:
            yield Violation(value, "adds these rules to a role other people are bound to")
    aggregation = role.root["aggregationRule"]
    if aggregation.is_set and aggregation["clusterRoleSelectors"].is_empty:
        yield Violation(aggregation, "selects nothing by name")
    for selector in aggregation["clusterRoleSelectors"]:
        if taken := takes_in(selector):
            yield Violation(selector, f"takes in {taken}")
