"""What objects and chart values point at by name, and what makes such things: for the proof that nothing is missing.

It walks every field of every object, so that a new kind is covered as far as it points in the ways of Kubernetes; ways
of a kind's own (`credentials` of a KongConsumer) are rows of `FIELDS`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

Reference = tuple[str, str, str]
"""Kind, namespace ("" for the cluster's own), name."""

HOST: Final = re.compile(r"(?<![a-z0-9.*-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9-]+)\.svc(?![a-z0-9-])")
"""A Service by its DNS name, wherever it stands in a text."""
OF_THE_CLUSTER: Final = frozenset({"ClusterIssuer", "GatewayClass", "IngressClass", "PriorityClass", "StorageClass"})


def _named(kind: str) -> Callable[[Any, str], Iterator[Reference]]:
    """The field is the name itself."""

    def found(value: Any, namespace: str) -> Iterator[Reference]:
        yield kind, "" if kind in OF_THE_CLUSTER else namespace, str(value)

    return found


def _ref(kind: str) -> Callable[[Any, str], Iterator[Reference]]:
    """The field is a map, or a list of maps, with the name and, where they say it, kind and namespace."""

    def found(value: Any, namespace: str) -> Iterator[Reference]:
        for each in value if isinstance(value, list) else [value]:
            of = str(each.get("kind", kind))
            yield of, "" if of in OF_THE_CLUSTER else str(each.get("namespace", namespace)), str(each["name"])

    return found


def _path(kind: str) -> Callable[[Any, str], Iterator[Reference]]:
    """The field is namespace/name."""

    def found(value: Any, _: str) -> Iterator[Reference]:
        namespace, _, name = str(value).partition("/")
        yield kind, namespace, name

    return found


def _each(kind: str, separator: str = ",") -> Callable[[Any, str], Iterator[Reference]]:
    """The field is several names, as a list or as one text."""

    def found(value: Any, namespace: str) -> Iterator[Reference]:
        for name in value.split(separator) if isinstance(value, str) else value:
            yield kind, namespace, str(name)

    return found


FIELDS: Final[Mapping[str, Callable[[Any, str], Iterator[Reference]]]] = {
    "activeService": _named("Service"),
    "backendRefs": _ref("Service"),
    "canaryService": _named("Service"),
    "cert-manager.io/inject-ca-from": _path("Certificate"),
    "certificateRefs": _ref("Secret"),
    "claimName": _named("PersistentVolumeClaim"),
    "configMapKeyRef": _ref("ConfigMap"),
    "configMapRef": _ref("ConfigMap"),
    "credentials": lambda value, namespace: _each("Secret")(value, namespace) if isinstance(value, list) else iter(()),
    "delegate": _ref("VirtualService"),
    "existingIssuer": _ref("Issuer"),
    "generatorRef": _ref("Password"),
    "gatewayClassName": _named("GatewayClass"),
    "imagePullSecrets": _ref("Secret"),
    "issuerRef": _ref("Issuer"),
    "kubernetes.io/ingress.class": _named("IngressClass"),
    "konghq.com/plugins": _each("KongPlugin"),
    "parentRefs": _ref("Gateway"),
    "previewService": _named("Service"),
    "priorityClassName": _named("PriorityClass"),
    "scaleTargetRef": _ref("Deployment"),
    "secretKeyRef": _ref("Secret"),
    "secretName": _named("Secret"),
    "secretRef": _ref("Secret"),
    "secretVolumes": _each("Secret"),
    "serviceAccountName": _named("ServiceAccount"),
    "stableService": _named("Service"),
    "storageClassName": _named("StorageClass"),
    "templates": lambda value, namespace: (
        ("AnalysisTemplate", namespace, each["templateName"]) for each in value if "templateName" in each
    ),
}
"""Field, wherever it stands → what it points at."""


def references(value: Any, namespace: str) -> Iterator[Reference]:
    """Everything `value`, an object or a part of one, points at, seen from `namespace`."""
    if isinstance(value, Mapping):
        for key, held in value.items():
            if key in FIELDS and held:
                yield from FIELDS[key](held, namespace)
            yield from references(held, namespace)
    elif isinstance(value, list):
        for held in value:
            yield from references(held, namespace)
    elif isinstance(value, str):
        for name, of in HOST.findall(value):
            yield "Service", of, name


def made(objects: Iterable[Mapping[str, Any]]) -> Iterator[Reference]:
    """What `objects` are, and what controllers make of them at once: Secrets of Certificates and ExternalSecrets."""
    for each in objects:
        metadata = each["metadata"]
        namespace = metadata.get("namespace", "")
        yield each["kind"], namespace, metadata["name"]
        if each["kind"] == "Certificate":
            yield "Secret", namespace, each["spec"]["secretName"]
        if each["kind"] == "ExternalSecret":
            yield "Secret", namespace, each["spec"]["target"]["name"]
