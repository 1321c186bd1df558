"""What must hold between a secret and its stack before anything is decided.

What a file can be wrong about by itself is found when the catalogue is read; here the owner's words meet the stores the
stack knows, and how often pods may start anew.
"""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.keeping import Secret
from blueprint.quantities import seconds
from blueprint.secrets import source_of
from blueprint.settings import Settings
from blueprint.settings_secrets import GcpSecrets
from blueprint.text import Fault

LEAST_ROTATION_SECONDS: Final = 3600
"""Values drawn more often would start pods anew before the last start has settled: a canary's steps take 40 minutes."""
LEAST_REREAD_SECONDS: Final = 60
"""A store is asked once per Secret and time; clouds count and charge every request."""
ACCOUNT_ID: Final = range(6, 31)
"""Characters before the @ of a service account of Google's (cloud.google.com/iam, service accounts)."""


def faults(service: Service, text: Secret, settings: Settings) -> Iterator[Fault]:
    """What is wrong with a secret of `service` in this stack; fields are below the resource."""
    kind = source_of(text, settings)
    source = settings.secrets.source(kind)
    if kind != "generated" and source is None:
        known = ", ".join(("generated", *sorted(each.kind for each in settings.secrets.sources)))
        yield Fault(
            "params.source",
            f"is '{kind}', and the stack does not say where that is, so its values would never come",
            f"Add one of kind {kind} to platform:settings.secrets.sources, or use one it knows: {known}",
        )
    if isinstance(source, GcpSecrets):
        yield from _named_at_google(service, source)
    yield from _path(service, text)
    yield from _rotation(text, kind)


def _path(service: Service, text: Secret) -> Iterator[Fault]:
    own = f"{service.spec.system}/{service.name}"
    path = text.params.path
    if path is not None and path != own and not path.startswith(f"{own}/"):
        yield Fault(
            "params.path",
            f"'{path}' lies outside {own}, where the secrets of {service.name} are: what is there is somebody else's",
            f"Use {own} or a path below it, or drop it for {own}; what two services need, each keeps for itself",
        )


def _rotation(text: Secret, kind: str) -> Iterator[Fault]:
    rotation = text.params.rotation
    if rotation is None:
        return
    if kind == "generated" and seconds(rotation) < LEAST_ROTATION_SECONDS:
        yield Fault(
            "params.rotation",
            f"is {rotation}, and each new value starts the pods anew: at less than {LEAST_ROTATION_SECONDS // 60} min"
            " the next would come before they have settled",
            f"Set it to {LEAST_ROTATION_SECONDS // 3600}h or more",
        )
    elif seconds(rotation) < LEAST_REREAD_SECONDS:
        yield Fault(
            "params.rotation",
            f"is {rotation}, so {kind} would be asked more than once in {LEAST_REREAD_SECONDS} s for every Secret",
            f"Set it to {LEAST_REREAD_SECONDS}s or more; unset, it is asked every hour",
        )


def _named_at_google(service: Service, source: GcpSecrets) -> Iterator[Fault]:
    account = source.service_account.format(service=service.name).partition("@")[0]
    if len(account) not in ACCOUNT_ID:
        yield Fault(
            "params.source",
            f"is gcp, where {service.name} would act as '{account}', which has {len(account)} characters: Google takes"
            f" {ACCOUNT_ID.start} to {ACCOUNT_ID.stop - 1}, so there can be no such account",
            "Shorten what stands around {service} in platform:settings.secrets.sources (serviceAccount), or the"
            " service's name",
        )
    if "--" in service.spec.system:
        yield Fault(
            "params.source",
            f"is gcp, where two hyphens stand between the system, the service and the key, and the system"
            f" '{service.spec.system}' has two of its own: another service's secrets could have the same names",
            "Call the system otherwise, or keep the secrets in another store",
        )
