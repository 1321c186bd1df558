"""What a service account may do: the union of its grants, over bindings, roles, aggregation and groups.

Kubernetes' own matching (kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go): `*` is everything, `*/sub` that part of
every resource, and a rule with `resourceNames` holds for these alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import selects, texts
from policies.objects.values import MalformedError, UndeterminedError, View

GROUP: Final = "rbac.authorization.k8s.io"
ROLE, CLUSTER_ROLE = f"Role.{GROUP}", f"ClusterRole.{GROUP}"
ROLE_BINDING, CLUSTER_ROLE_BINDING = f"RoleBinding.{GROUP}", f"ClusterRoleBinding.{GROUP}"
ROLES: Final = (ROLE, CLUSTER_ROLE)
BINDINGS: Final = (ROLE_BINDING, CLUSTER_ROLE_BINDING)

VERBS: Final = frozenset({"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"})
"""All there are for an ordinary resource."""

READING: Final = frozenset({"get", "list", "watch"})
WRITING: Final = VERBS - READING

USER: Final = "system:serviceaccount:"
"""A service account's name as a user: system:serviceaccount:<namespace>:<name>."""


@dataclass(frozen=True)
class Account:
    """A service account."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Grants:
    """One rule of a role, as far as it is about resources. Words are compared as the API server does, but for case:
    what is spelled otherwise grants nothing, and is a mistake for something that would."""

    view: View
    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    names: tuple[str, ...]
    paths: tuple[str, ...]
    """nonResourceURLs."""

    def covers(self, group: str, resource: str) -> bool:
        """Whether it is about `resource` (`pods`, `pods/exec`) of `group`."""
        part = resource.partition("/")[2]
        asked = {resource, "*", *((f"*/{part}", "*/*", f"{resource.partition('/')[0]}/*") if part else ())}
        return bool(self.groups & {group, "*"}) and bool(self.resources & asked)

    def allows(self, *verbs: str) -> bool:
        """Whether it allows one of `verbs`."""
        return bool(self.verbs & {*verbs, "*"})

    @property
    def words(self) -> str:
        """`get, list configmaps`; for messages."""
        objects = sorted(self.resources) or list(self.paths)
        return f"{_few(sorted(self.verbs))} {_few(objects)}"


def _few(several: list[str]) -> str:
    return ", ".join(several[:3]) + (f" and {len(several) - 3} more" if len(several) > 3 else "")


def rules_of(role: Object) -> Iterator[Grants]:
    """The rules `role` spells itself. Raises UndeterminedError or MalformedError."""
    for rule in role.root["rules"]:
        yield Grants(
            rule,
            _lower(rule["apiGroups"]),
            _lower(rule["resources"]),
            _lower(rule["verbs"]),
            rule["resourceNames"].words,
            rule["nonResourceURLs"].words,
        )


def _lower(view: View) -> frozenset[str]:
    return frozenset(word.casefold() for word in view.words)


def accounts(binding: Object) -> Iterator[tuple[View, Account]]:
    """The service accounts a binding names, as such or as users. Raises UndeterminedError or MalformedError."""
    for subject in binding.root["subjects"]:
        name = subject["name"].word
        if subject["kind"].word == "ServiceAccount":
            yield subject, Account(subject["namespace"].word or binding.namespace, name)
        elif name.startswith(USER):
            namespace, _, account = name.removeprefix(USER).partition(":")
            yield subject, Account(namespace, account)


@dataclass(frozen=True)
class Grant:
    """What one binding gives to one account."""

    binding: Object
    subject: View
    rules: tuple[Grants, ...] | None
    """None where the run does not declare the role, so that what it grants is not known."""
    role: str
    """`ClusterRole view`."""
    aggregates: bool = False
    """Whether the role takes in roles of the cluster itself, which no run declares."""

    @property
    def is_empty(self) -> bool:
        """Whether it gives nothing."""
        return self.rules is not None and not self.aggregates and not any(rule.verbs for rule in self.rules)


@dataclass(frozen=True)
class Effective:
    """What all bindings of a run come to."""

    of: Mapping[Account, tuple[Grant, ...]]
    """Every account that is bound to anything, and everything it is bound to."""
    unread: tuple[MalformedError | UndeterminedError, ...]
    """Why a binding, or the role behind it, could not be read. A rule that reads `of` raises these in the end."""


def effective(world: World) -> Effective:
    """The union over all bindings. One that cannot be read costs no other."""
    found: dict[Account, list[Grant]] = {}
    unread: list[MalformedError | UndeterminedError] = []
    for binding in world.of(*BINDINGS):
        try:
            grants = [(account, _grant(binding, subject, world)) for subject, account in accounts(binding)]
        except (MalformedError, UndeterminedError) as error:
            unread.append(error)
            continue
        for account, grant in grants:
            found.setdefault(account, []).append(grant)
    return Effective({account: tuple(grants) for account, grants in found.items()}, tuple(unread))


def _grant(binding: Object, subject: View, world: World) -> Grant:
    kind, name = binding.root.at("roleRef", "kind").word, binding.root.at("roleRef", "name").word
    sort, namespace = (ROLE, binding.namespace) if kind == "Role" else (CLUSTER_ROLE, "")
    role = world.named(sort, namespace, name)
    whole = [] if role is None else list(_whole(role, world))
    rules = None if role is None else tuple(rule for one in whole for rule in rules_of(one))
    aggregates = any(takes_in(selector) for one in whole for selector in _selectors(one))
    return Grant(binding, subject, rules, f"{kind or 'ClusterRole'} {name}", aggregates)


def _whole(role: Object, world: World) -> Iterator[Object]:
    # The controller writes the rules of all selected ClusterRoles into this one, those of roles it aggregates too.
    seen, waiting = {id(role)}, [role]
    while waiting:
        one = waiting.pop()
        yield one
        for selector in _selectors(one):
            for other in world.of(CLUSTER_ROLE):
                if id(other) not in seen and selects(selector, texts(other.labels)):
                    seen.add(id(other))
                    waiting.append(other)


def _selectors(role: Object) -> Iterator[View]:
    yield from role.root.at("aggregationRule", "clusterRoleSelectors")


def takes_in(selector: View) -> str | None:
    """Whose roles `selector` aggregates beside those of a run; None where only a run's own could be meant."""
    return next((whose for labels, whose in STRANGERS if selects(selector, labels)), None)


STRANGERS: Final[tuple[tuple[Mapping[str, str], str], ...]] = (
    ({}, "every ClusterRole without a label"),
    ({"kubernetes.io/bootstrapping": "rbac-defaults"}, "cluster-admin and every other role of the cluster itself"),
    *(
        ({f"{GROUP}/aggregate-to-{role}": "true"}, f"what the cluster's own {role} is made of")
        for role in ("admin", "edit", "view")
    ),
)
"""Labels of roles no run declares, and whose they are (kubernetes, plugin/pkg/auth/authorizer/rbac/bootstrappolicy)."""
