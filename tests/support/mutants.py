"""Our own objects, each weakened at one place: a field removed, turned round, or opened wide.

What counts as a place is a table of regions per kind; how it is weakened follows from what stands there. One mutant
per kind and shape of path and value: the tenth NetworkPolicy without its port proves nothing the first did not.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.objects.values import step

DEFAULTS: Final[Mapping[str, Any]] = {
    "action": "ALLOW",
    "failurePolicy": "Fail",
    "from": "Same",
    "kind": "Secret",
    "imagePullPolicy": "IfNotPresent",
    "matchPolicy": "Equivalent",
    "protocol": "TCP",
    "scope": "*",
    "type": "ClusterIP",
}
"""Field to what it is when it is left out: removing that changes nothing. Of an image with a digest, IfNotPresent."""

ALONE: Final = "nothing else lives in this namespace (ns-one-service)"
CLOSED: Final = "the policy beside it then refuses every token"
LESS: Final = "there is less to reach or to say"
REQUIRED: Final = "the API server or Istio's webhook refuses the object"
TWICE: Final = "the other of two locks still holds it"
WIDER: Final = "a policy on more namespaces isolates more"

EQUIVALENT: Final[Mapping[str, str]] = {
    "AuthorizationPolicy spec.rules[].when[].values removed": REQUIRED,
    "AuthorizationPolicy spec.rules[].when[].values[] removed": REQUIRED,
    **{
        f"{kind} {selector} {how}": ALONE
        for kind, path in (
            ("AuthorizationPolicy", "spec.selector"),
            ("NetworkPolicy", "spec.podSelector"),
            ("RequestAuthentication", "spec.selector"),
        )
        for selector, how in (
            (path, "removed"),
            (path, "selects everything"),
            (f"{path}.matchLabels", "removed"),
            (f"{path}.matchLabels", "selects everything"),
            (f'{path}.matchLabels["app.kubernetes.io/name"]', "removed"),
        )
    },
    "Certificate spec.issuerRef removed": REQUIRED,
    "Certificate spec.issuerRef.group removed": "left out, it is cert-manager's own",
    "Certificate spec.issuerRef.kind removed": "left out, it is an Issuer, as it was",
    "Certificate spec.issuerRef.name removed": REQUIRED,
    **{
        f"{kind} spec.template.spec.{where} removed": why
        for kind in ("Deployment", "Rollout")
        for where, why in (
            ("containers[].securityContext.runAsNonRoot", TWICE),
            ("containers[].securityContext.seccompProfile", TWICE),
            ("containers[].securityContext.seccompProfile.type", TWICE),
            ("securityContext.runAsNonRoot", TWICE),
            ("securityContext.seccompProfile", TWICE),
            ("securityContext.seccompProfile.type", TWICE),
            ("securityContext.fsGroup", LESS),
        )
    },
    "Gateway spec.listeners[] removed": LESS,
    "Gateway spec.listeners[].allowedRoutes removed": LESS,
    "Gateway spec.listeners[].allowedRoutes.namespaces removed": LESS,
    "Gateway spec.listeners[].allowedRoutes.namespaces.selector.matchExpressions[].key removed": REQUIRED,
    "Gateway spec.listeners[].allowedRoutes.namespaces.selector.matchExpressions[].operator removed": REQUIRED,
    "Gateway spec.listeners[].allowedRoutes.namespaces.from removed": LESS,
    "Gateway spec.listeners[].name removed": REQUIRED,
    "Gateway spec.listeners[].port removed": REQUIRED,
    "Gateway spec.listeners[].tls.mode removed": "left out, it terminates",
    "HTTPRoute spec.rules[].backendRefs[].port removed": REQUIRED,
    "KongPlugin config.allow[] removed": LESS,
    "KongPlugin config.credentials True turned to False": LESS,
    "KongPlugin config.credentials removed": LESS,
    "KongPlugin plugin removed": REQUIRED,
    **{
        f"LimitRange spec.limits[].{field}.{what} a thousand times": REQUIRED
        for field in ("default", "defaultRequest")
        for what in ("cpu", "memory")
    },
    **{f"RequestAuthentication {path} removed": CLOSED for path in ("spec", "spec.jwtRules", "spec.jwtRules[]")},
    "RequestAuthentication spec.jwtRules[].forwardOriginalToken True turned to False": LESS,
    "RequestAuthentication spec.jwtRules[].forwardOriginalToken removed": LESS,
    "RequestAuthentication spec.jwtRules[].jwks removed": "the issuer itself is then asked for them",
    "Secret type removed": "left out, it is Opaque, as it was",
    "Service spec.ports removed": REQUIRED,
    "Service spec.ports[] removed": REQUIRED,
    "Service spec.ports[].appProtocol removed": TWICE,
    "Service spec.ports[].name removed": TWICE,
    "Service spec.ports[].port removed": REQUIRED,
    "Service spec.ports[].targetPort removed": "left out, it is the port",
    "ServiceEntry spec removed": REQUIRED,
    "ServiceEntry spec.hosts removed": REQUIRED,
    "ServiceEntry spec.hosts[] removed": REQUIRED,
    "ServiceEntry spec.location removed": "left out, it is outside the mesh",
    "ServiceEntry spec.ports[].name removed": REQUIRED,
    "Sidecar spec.egress[] removed": LESS,
    "Sidecar spec.egress[].hosts removed": REQUIRED,
    "Sidecar spec.egress[].hosts[] removed": LESS,
    "ValidatingAdmissionPolicy spec.validations[].reason removed": LESS,
    **{
        f"ValidatingAdmissionPolicyBinding spec.matchResources{below}": WIDER
        for below in (
            " removed",
            ".namespaceSelector removed",
            ".namespaceSelector selects everything",
            ".namespaceSelector.matchExpressions removed",
            ".namespaceSelector.matchExpressions[] removed",
            ".namespaceSelector.matchLabels removed",
            ".namespaceSelector.matchLabels selects everything",
            '.namespaceSelector.matchLabels["app.kubernetes.io/managed-by"] removed',
        )
    },
    "VirtualService spec.hosts removed": REQUIRED,
    "VirtualService spec.hosts[] removed": REQUIRED,
}
"""A mutant's shape to why nothing is weaker by it. These are not counted; what is not listed is."""

POD: Final = (
    "spec.template.metadata.annotations.sidecar~1istio~1io/proxyCPU",
    "spec.template.metadata.annotations.sidecar~1istio~1io/proxyCPULimit",
    "spec.template.metadata.annotations.sidecar~1istio~1io/proxyMemory",
    "spec.template.metadata.annotations.sidecar~1istio~1io/proxyMemoryLimit",
    "spec.template.metadata.labels.app~1kubernetes~1io/name",
    "spec.template.spec.automountServiceAccountToken",
    "spec.template.spec.containers[].image",
    "spec.template.spec.containers[].imagePullPolicy",
    "spec.template.spec.containers[].resources",
    "spec.template.spec.containers[].securityContext",
    "spec.template.spec.priorityClassName",
    "spec.template.spec.securityContext",
    "spec.template.spec.serviceAccountName",
)

REGIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "AuthorizationPolicy": ("spec",),
    "Certificate": ("spec.dnsNames", "spec.issuerRef"),
    "Deployment": POD,
    "DestinationRule": ("spec.trafficPolicy.outlierDetection!", "spec.trafficPolicy.connectionPool!"),
    "Gateway": ("spec.listeners",),
    "HTTPRoute": (
        "metadata.annotations.konghq~1com/plugins",
        "metadata.annotations.konghq~1com/protocols",
        "spec.hostnames",
        "spec.rules[].backendRefs",
    ),
    "KongClusterPlugin": ("config.allowed_payload_size",),
    "KongPlugin": (
        "config.allow",
        "config.claims_to_verify",
        "config.credentials",
        "config.origins",
        "config.policy",
        "plugin",
    ),
    "LimitRange": ("spec",),
    "Namespace": (
        "metadata.labels.app~1kubernetes~1io/managed-by",
        "metadata.labels.catalog~1platform/cost-center",
        "metadata.labels.catalog~1platform/data-class",
        "metadata.labels.catalog~1platform/env",
        "metadata.labels.catalog~1platform/owner",
        "metadata.labels.catalog~1platform/service",
        "metadata.labels.istio-injection",
        "metadata.labels.pod-security~1kubernetes~1io/audit",
        "metadata.labels.pod-security~1kubernetes~1io/enforce",
        "metadata.labels.pod-security~1kubernetes~1io/warn",
    ),
    "NetworkPolicy": ("spec",),
    "PeerAuthentication": ("spec",),
    "RequestAuthentication": ("spec",),
    "ResourceQuota": ("spec",),
    "Rollout": POD,
    "Secret": ("type",),
    "Service": ("spec.type", "spec.selector", "spec.ports"),
    "ServiceAccount": ("automountServiceAccountToken",),
    "ServiceEntry": ("spec",),
    "Sidecar": ("spec",),
    "ValidatingAdmissionPolicy": ("spec.failurePolicy", "spec.matchConstraints", "spec.validations"),
    "ValidatingAdmissionPolicyBinding": ("spec",),
    "VirtualService": ("spec.hosts", "spec.gateways"),
}  # fmt: skip
"""Kind to the fields that guard something; `~1` is a dot in a key, `!` means the field as a whole."""

TURNED: Final[Mapping[Any, Any]] = {
    True: False,
    "ALL": "NET_RAW",
    "ALLOW": "AUDIT",
    "Deny": "Audit",
    "Fail": "Ignore",
    "HTTPS": "HTTP",
    "ISTIO_MUTUAL": "DISABLE",
    "MESH_EXTERNAL": "MESH_INTERNAL",
    "RuntimeDefault": "Unconfined",
    "STRICT": "PERMISSIVE",
    "ClusterIP": "LoadBalancer",
    "REGISTRY_ONLY": "ALLOW_ANY",
    "Terminate": "Passthrough",
    "enabled": "disabled",
    "jwt": "cors",
    "redis": "local",
    "restricted": "privileged",
}
"""A word that guards to its opposite."""

WIDE: Final[Mapping[str, Any]] = {
    "cidr": "0.0.0.0/0",
    "hostname": "*",
    "hostnames": "*",
    "hosts": "*",
    "methods": "*",
    "names": "*",
    "namespaces": "*",
    "paths": "/*",
    "principals": "*",
    "requestPrincipals": "*",
    "origins": "*",
    "dnsNames": "*",
}
"""Field to what opens it; an item is added to a list."""

ADDED: Final[Mapping[str, tuple[tuple[str, Any], ...]]] = {
    kind: (
        ("spec.template.spec.hostNetwork", True),
        ("spec.template.spec.hostPID", True),
        ("spec.template.spec.hostIPC", True),
        ("spec.template.spec.shareProcessNamespace", True),
        ("spec.template.spec.containers[0].securityContext.privileged", True),
        ("spec.template.spec.containers[0].securityContext.capabilities.add", ["SYS_ADMIN"]),
        ("spec.template.spec.containers[0].securityContext.procMount", "Unmasked"),
        ("spec.template.spec.containers[0].securityContext.runAsUser", 0),
        ("spec.template.spec.containers[0].securityContext.seccompProfile", {"type": "Unconfined"}),
        ("spec.template.spec.containers[0].ports[0].hostPort", 80),
        ("spec.template.spec.volumes", [{"name": "node", "hostPath": {"path": "/"}}]),
        ("spec.template.metadata.annotations.sidecar~1istio~1io/inject", "false"),
        ("spec.template.metadata.labels.sidecar~1istio~1io/inject", "false"),
        ("spec.template.metadata.annotations.traffic~1sidecar~1istio~1io/excludeInboundPorts", "8003"),
        ("spec.template.spec.nodeName", "control-plane"),
    )
    for kind in ("Deployment", "Rollout")
} | {
    "AuthorizationPolicy": (("spec.rules", [{}]),),
    "NetworkPolicy": (("spec.ingress", [{}]), ("spec.egress", [{}])),
    "PeerAuthentication": (("spec.portLevelMtls", {"8003": {"mode": "DISABLE"}}),),
    "Service": (("spec.externalIPs", ["192.0.2.1"]), ("spec.type", "NodePort")),
    "KongPlugin": (("disabled", True),),
}
"""Kind to fields that should not be there; `~1` is a dot in a key."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One object, weakened once."""

    kind: str
    path: str
    how: str
    index: int
    """Which object of the run it replaces."""
    object: dict[str, Any]

    @property
    def title(self) -> str:
        metadata = self.object["metadata"]
        return f"{self.kind} {metadata.get('namespace', '')}/{metadata['name']} {self.path}: {self.how}"


def mutants(objects: Sequence[dict[str, Any]]) -> Iterator[Mutant]:
    """Every mutant of `objects`, one per kind, shape of path and way of weakening."""
    seen: set[tuple[str, str, str]] = set()
    for index, written in enumerate(objects):
        kind = written["kind"]
        for path, how, mutated in _of(written):
            shape = (kind, _shape(path), how)
            if mutated != written and shape not in seen and " ".join(shape) not in EQUIVALENT:
                seen.add(shape)
                yield Mutant(kind=kind, path=path, how=how, index=index, object=mutated)


def _shape(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def _of(written: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    kind = written["kind"]
    for region in REGIONS.get(kind, ()):
        for keys in _places(written, region.rstrip("!").replace("[]", ".[]").split(".")):
            for inner in [keys] if region.endswith("!") else _below(_value(written, keys), keys):
                yield from _weakened(written, inner)
    for path, value in ADDED.get(kind, ()):
        steps = [
            int(part) if part.isdigit() else part.replace("~1", ".") for part in re.split(r"[.\[\]]+", path) if part
        ]
        if _holds(written, steps[:-1]):
            yield _text(steps), f"is {value!r}", _put(written, steps, value)


def _places(value: Any, parts: Sequence[str]) -> Iterator[list[str | int]]:
    if not parts:
        yield []
    elif parts[0] == "[]":
        for index, item in enumerate(value or []):
            yield from ([index, *rest] for rest in _places(item, parts[1:]))
    elif isinstance(value, dict) and (key := parts[0].replace("~1", ".")) in value:
        yield from ([key, *rest] for rest in _places(value[key], parts[1:]))


def _below(value: Any, keys: list[str | int]) -> Iterator[list[str | int]]:
    yield keys
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _below(part, [*keys, key])
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _below(part, [*keys, index])


def _weakened(written: dict[str, Any], keys: list[str | int]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    value, path = _value(written, keys), _text(keys)
    if not isinstance(value, str) or DEFAULTS.get(str(keys[-1])) != value:
        yield path, "removed", _drop(written, keys)
    if isinstance(value, str | bool) and value in TURNED:
        yield path, f"{value} turned to {TURNED[value]}", _put(written, keys, TURNED[value])
    field = next((key for key in reversed(keys) if isinstance(key, str)), "")
    if field in WIDE and keys[-1] == field:
        wide = [*value, WIDE[field]] if isinstance(value, list) else WIDE[field]
        yield path, "opened wide", _put(written, keys, wide)
    if (
        isinstance(value, dict)
        and keys[-1] in ("matchLabels", "podSelector", "namespaceSelector", "selector")
        and value
    ):
        yield path, "selects everything", _put(written, keys, {})
    if isinstance(value, str) and "@sha256:" in value:
        yield path, "without its digest", _put(written, keys, value.partition("@")[0])
        yield path, "from another registry", _put(written, keys, f"docker.io/somebody/{value.rpartition('/')[2]}")
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(m|Mi|Gi)?", value) and {"limits", "hard", "max"} & set(keys):
        yield (
            path,
            "a thousand times",
            _put(written, keys, re.sub(r"^\d+", lambda found: f"{int(found[0]) or 1}000", value)),
        )


def _value(of: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        of = of[key]
    return of


def _holds(of: Any, keys: Sequence[str | int]) -> bool:
    try:
        _value(of, keys)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _put(written: dict[str, Any], keys: Sequence[str | int], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(written)
    _value(made, keys[:-1])[keys[-1]] = value
    return made


def _drop(written: dict[str, Any], keys: Sequence[str | int]) -> dict[str, Any]:
    made = copy.deepcopy(written)
    del _value(made, keys[:-1])[keys[-1]]
    return made


def _text(keys: Sequence[str | int]) -> str:
    path = ""
    for key in keys:
        path = step(path, key)
    return path
