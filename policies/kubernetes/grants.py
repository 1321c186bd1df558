"""What a service account may do: the union of its grants, over bindings, roles, aggregation and groups.

Kubernetes' own matching (kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go): `*` is everything, `*/sub` that part of
every resource, and a rule with `resourceNames` holds for these alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import Labels, Matcher, matcher, selects, texts
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
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


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
class Held:
    """What a role holds."""

    rules: tuple[Grants, ...] | None
    """None where the run does not declare the role. Of one that takes in others, and has no rules of its own, those of
    one of them: enough to show that it is not empty, and in what way."""
    aggregates: bool = False
    """Whether the role takes in roles of the cluster itself, which no run declares."""

    @property
    def is_empty(self) -> bool:
        """Whether it gives nothing."""
        return self.rules is not None and not self.aggregates and not any(rule.verbs for rule in self.rules)


@dataclass(frozen=True)
class Grant:
    """What one binding gives to one account."""

    binding: Object
    subject: View
    held: Held
    role: str
    """`ClusterRole view`."""


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
            held, role = _bound(binding, world)
            grants = [(account, Grant(binding, subject, held, role)) for subject, account in accounts(binding)]
        except (MalformedError, UndeterminedError) as error:
            unread.append(error)
            continue
        for account, grant in grants:
            found.setdefault(account, []).append(grant)
    return Effective({account: tuple(grants) for account, grants in found.items()}, tuple(unread))


def _bound(binding: Object, world: World) -> tuple[Held, str]:
    """What the role of `binding` holds, and how it is called."""
    kind, name = binding.root.at("roleRef", "kind").word, binding.root.at("roleRef", "name").word
    sort, namespace = (ROLE, binding.namespace) if kind == "Role" else (CLUSTER_ROLE, "")
    role = world.named(sort, namespace, name)
    shown = f"{kind or 'ClusterRole'} {name}"
    if role is None:
        return Held(None), shown
    held = world.once(_aggregated).get(id(role)) or role.once(_held)
    if isinstance(held, Exception):
        raise held
    return held, shown


def _held(role: Object) -> Held | MalformedError | UndeterminedError:
    """What `role` holds by itself, or why that is not known."""
    try:
        return Held(tuple(rules_of(role)), any(takes_in(selector) for selector in _selectors(role)))
    except (MalformedError, UndeterminedError) as error:
        return error


def _aggregated(world: World) -> Mapping[int, Held | MalformedError | UndeterminedError]:
    """By `id`, the ClusterRoles that hold something, those that only take it in among them.

    The controller writes the rules of all selected ClusterRoles into the one that aggregates, those of roles it
    aggregates too. Followed backwards, from what holds something to what takes it in, every role is met once; from
    role to role there is a way for every pair.
    """
    roles = world.of(CLUSTER_ROLE)
    found = {id(role): held for role in roles if isinstance(held := role.once(_held), Exception) or not held.is_empty}
    takers = _Takers(role for role in roles if id(role) not in found)
    unread = [role for role in roles if isinstance(found.get(id(role)), Exception)]
    holding = [role for role in roles if isinstance(found.get(id(role)), Held)]
    failure: MalformedError | UndeterminedError | None = None
    # What is known to be held is a finding, whatever else is not known: so that comes first.
    for waiting in (holding, unread):
        for role in waiting:
            try:
                labels = texts(role.labels)
            except (MalformedError, UndeterminedError) as error:
                failure = error
                continue
            for taker in takers.taken(labels):
                found.setdefault(id(taker), found[id(role)])
                waiting.append(taker)
    if failure:  # any that is left may take in what has these labels
        for role in takers:
            found.setdefault(id(role), failure)
    return found


class _Takers:
    """Roles by what their selectors ask for, each under the label that the fewest ask for."""

    def __init__(self, roles: Iterable[Object]) -> None:
        read = [(matcher(selector), role) for role in roles for selector in _selectors(role)]
        asked = Counter(label for one, _ in read for label in one.labels.items())
        self._by_label: dict[tuple[str, str] | None, list[tuple[Matcher, Object]]] = {}
        for one, role in read:
            label = min(one.labels.items(), key=lambda label: asked[label], default=None)
            self._by_label.setdefault(label, []).append((one, role))

    def __iter__(self) -> Iterator[Object]:
        return (role for several in self._by_label.values() for _, role in several)

    def taken(self, labels: Labels) -> Iterator[Object]:
        """The roles that take in what bears `labels`; each is given out once per selector."""
        for label in (*labels.items(), None):
            several = self._by_label.pop(label, [])
            yield from (role for one, role in several if one.selects(labels))
            if left := [each for each in several if not each[0].selects(labels)]:
                self._by_label[label] = left


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
