"""The environment of a container: every `${...}` of its owner answered.

What a name is enough for (the address of a service, the name of the environment) becomes plain text; what only a
Secret knows becomes a reference to its key, so that this program never sees a value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from blueprint import names
from blueprint.apis import HTTP_PROTOCOLS, api, port, protocol
from blueprint.catalogue import Service
from blueprint.connection import Connection, Known
from blueprint.context import Context
from blueprint.references import OURS, Reference, parts


@dataclass(frozen=True, kw_only=True)
class FromSecret:
    """A variable whose value this program never sees."""

    name: str
    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A variable made of text and of variables before it, in Kubernetes' $(NAME)."""

    name: str
    value: str


def version(image: str) -> str:
    """The version an image names: its tag as a label value, or twelve digits of its digest.

    A tag may begin with '_' and end with any of '._-'; a label value may not.
    """
    name, _, digest = image.partition("@sha256:")
    tag = name.rsplit("/", 1)[-1].partition(":")[2].strip("._-")
    return names.fit(tag) or digest[:12]


def is_pinned(image: str) -> bool:
    """Whether `image` can only ever be one: it is named by its digest. A tag may be another tomorrow, and a node that
    has it would not ask."""
    return "@sha256:" in image


def telemetry(service: Service, context: Context) -> Mapping[str, str]:
    """OpenTelemetry's own variables (opentelemetry.io, SDK environment variables); the owner's word wins."""
    spec = service.spec
    attributes = {
        "deployment.environment.name": context.environment,
        "service.namespace": spec.system,
        "service.version": version(spec.containers["main"].image),
        **({f"{names.PREFIX}.tenant": context.settings.tenant} if context.settings.tenant else {}),
    }
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{names.address('otel-collector', names.OBSERVABILITY)}:4317",
        "OTEL_PROPAGATORS": ",".join(spec.observability.tracing.propagators),
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={value}" for key, value in sorted(attributes.items())),
        "OTEL_SERVICE_NAME": service.name,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": f"{spec.observability.tracing.sampling:g}",
    }


def resolve(
    written: Mapping[str, str], service: Service, context: Context, connections: Mapping[str, Connection]
) -> tuple[Mapping[str, str], tuple[FromSecret | Composed, ...]]:
    """`written` as plain variables, and those that need a Secret in the order Kubernetes must read them.

    `connections` says how each store, broker and secret is reached; what is none of these has a Secret of its own.
    """
    plain: dict[str, str] = {}
    made: list[FromSecret | Composed] = []
    for variable, value in sorted(written.items()):
        resolved = list(_resolved(value, service, context, connections))
        if all(isinstance(part, str) for part in resolved):
            plain[variable] = "".join(map(str, resolved))
        else:
            made += _composed(variable, resolved)
    return plain, tuple(dict.fromkeys(made))


def filled(text: str, service: Service, context: Context) -> str:
    """The `text` of a file with its references answered; every other `${...}` stays, for nginx and shells have them."""
    return OURS.sub(lambda found: "".join(map(str, _resolved(found[0], service, context, {}))), text)


def _resolved(
    value: str, service: Service, context: Context, connections: Mapping[str, Connection]
) -> Iterator[str | FromSecret]:
    """`value` with every reference answered: by text where a name is enough, by a Secret's key where it is not."""
    for part in parts(value):
        if isinstance(part, str):
            yield part
            continue
        words = part.words
        if words == ("environment",):
            yield context.environment
        elif words == ("metadata", "name"):
            yield service.name
        elif words[0] == "consumes":
            yield _consumed(part, service, context)
        else:
            yield _owned(part, service, connections)


def _consumed(reference: Reference, service: Service, context: Context) -> str:
    provider, *middle, key = reference.words[1:]
    consume = next(
        consume
        for consume in service.spec.consumes
        if consume.provider == provider and (not middle or consume.name == middle[0])
    )
    provide = api(consume, context.services)
    number, host = port(context.services[provider], provide), context.address(provider)
    spoken = protocol(context.services[provider], provide)
    scheme = "http" if spoken in HTTP_PROTOCOLS else spoken
    return {"host": host, "port": str(number), "url": f"{scheme}://{host}:{number}"}[key]


def _owned(reference: Reference, service: Service, connections: Mapping[str, Connection]) -> str | FromSecret:
    _, resource, key = reference.words
    owned = service.spec.resources[resource]
    if owned.type == "volume":
        return owned.params.path
    connection = connections.get(resource)
    if connection and isinstance(known := connection.keys[key], Known):
        return known.text
    secret = connection.secret if connection else names.connection(service.name, resource)
    # Named as it was asked for: with dots no owner's variable can be called so, nor two keys alike.
    return FromSecret(name=".".join(reference.words), secret=secret, key=key)


def _composed(variable: str, resolved: Sequence[str | FromSecret]) -> list[FromSecret | Composed]:
    """`variable` as Kubernetes spells it: straight from the Secret, or from variables put before it."""
    if len(resolved) == 1 and isinstance(resolved[0], FromSecret):
        return [FromSecret(name=variable, secret=resolved[0].secret, key=resolved[0].key)]
    # Every dollar sign of the owner's is doubled: Kubernetes reads `$$` as one, and `$(` only after an even number.
    value = "".join(f"$({part.name})" if isinstance(part, FromSecret) else part.replace("$", "$$") for part in resolved)
    return [*(part for part in resolved if isinstance(part, FromSecret)), Composed(name=variable, value=value)]
