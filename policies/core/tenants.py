"""A tenant's copy of the services is judged as the base stack it copies.

Its namespaces carry the tenant before the service (`pr7--order-service`); everything a rule knows, and every exception
an owner wrote, is about `order-service`. So namespaces of the tenant get their plain names before the rules look, and
findings name the service. A namespace of the base stack, where one is meant (of an object, in an identity, an address,
a selector), becomes one that no catalogue has: what leads there, or lies there, is refused like anything foreign.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from blueprint.names import TENANT_MARK, data_namespace
from blueprint.store_names import drill_namespace
from policies.objects import Object

FOREIGN: Final = f"base{TENANT_MARK}"
"""Before the namespaces of the base stack, as the rules see them. No service's name holds the mark."""
_NAMESPACE_FIELDS: Final = frozenset({"kubernetes.io/metadata.name", "namespace", "namespaces", "remoteNamespace"})
"""Fields whose value is a namespace, or a list of them."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """How one tenant's namespaces, and the base stack's, are seen."""

    name: str
    services: Sequence[str]

    def as_base(self, thing: Object) -> Object:
        """`thing` as the base stack would have it."""
        props = {key: self._seen(value, str(key)) for key, value in thing.props.items()}
        metadata = props.get("metadata")
        if thing.sort == "Namespace" and isinstance(metadata, dict) and isinstance(metadata.get("name"), str):
            props["metadata"] = {**metadata, "name": self.namespace(metadata["name"])}
        return replace(thing, props=props)

    def namespace(self, name: str) -> str:
        """The namespace `name` as rules see it; anything else unchanged."""
        if name in self._of_base:
            return f"{FOREIGN}{name}"
        plain = name.removeprefix(f"{self.name}{TENANT_MARK}")
        return plain if plain in self._of_base else name

    def _seen(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {key: self._seen(part, str(key)) for key, part in value.items()}
        if isinstance(value, list):
            return [self._seen(part, field) for part in value]
        if not isinstance(value, str):
            return value
        if field in _NAMESPACE_FIELDS:
            return self.namespace(value)
        text = self._in_text.sub(lambda found: self.namespace(found.group()), value)
        scope, slash, rest = text.partition("/")
        return f"{self.namespace(scope)}/{rest}" if field == "hosts" and slash else text

    @cached_property
    def _of_base(self) -> frozenset[str]:
        return frozenset({*self.services, *map(data_namespace, self.services), *map(drill_namespace, self.services)})

    @cached_property
    def _in_text(self) -> re.Pattern[str]:
        """Where a text names a namespace: in an identity, an address, an account, a query."""
        some = "|".join(sorted(map(re.escape, self._of_base), key=len, reverse=True)) or r"(?!)"
        name = rf"(?:{re.escape(f'{self.name}{TENANT_MARK}')})?(?:{some})"
        places = ((r"/ns/", r"/"), (r"\.", r"\.svc\b"), (r"system:serviceaccount:", r":"), (r'namespace="', r'"'))
        return re.compile("|".join(rf"(?<={before}){name}(?={after})" for before, after in places))
