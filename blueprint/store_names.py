"""The names of what is beside a store, in the namespace of a service's stores and in that of its restore drills. All
else is called by `blueprint.names`.

With a dot after the resource: no resource's name has one, so none of these is another store's.
"""

from typing import Final

from blueprint import names

DRILL: Final = f"{names.PREFIX}/drill"
"""On the pods that run a restore drill: of which resource. Network rules know them by it."""

COPIER: Final = f"{names.PREFIX}/copier"
"""On the pods that ask a store for a copy: of which resource. Network rules know them by it."""


def owner(resource: str) -> str:
    """The credentials of a store's owner: generator, ExternalSecret and Secret beside the store. With a dot: no
    resource's name has one."""
    return f"{resource}.owner"


def server(resource: str) -> str:
    """The certificate with which a store proves itself, and its Secret. With a dot, as above."""
    return f"{resource}.tls"


def peers(resource: str) -> str:
    """The password by which the pods of a store know each other: generator, ExternalSecret and Secret. With a dot, as
    above."""
    return f"{resource}.peers"


def system_users(resource: str) -> str:
    """The Secret with the accounts an operator has in a store: it draws them itself, or is given them. With a dot, as
    above."""
    return f"{resource}.system"


def store_account(resource: str) -> str:
    """The service account of a store's pods, where it is ours to make. With a dot, as above."""
    return f"{resource}.store"


def administrator(resource: str) -> str:
    """The credentials with which an operator changes a store's users: generator, ExternalSecret and Secret. With a dot,
    as above."""
    return f"{resource}.admin"


def administrator_certificate(resource: str) -> str:
    """The certificate with which an operator's Job changes what a store keeps about its users, and its Secret. With a
    dot, as above."""
    return f"{resource}.admin-tls"


def members_key(resource: str) -> str:
    """The Secret by which the members of a MongoDB know each other. It is also the name of a volume, so without dots;
    with the ending Percona's operator gives it by itself."""
    return f"{resource}-mongodb-keyfile"


def settings_of(resource: str) -> str:
    """The ConfigMap with a store's own settings, where its operator takes a file. With a dot, as above."""
    return f"{resource}.settings"


def drill_namespace(service: str, tenant: str | None = None) -> str:
    """Namespace in which copies of the stores of `service` are restored; out of the mesh. At most 63 characters."""
    return f"{names.namespace(service, tenant)}-drill"


def stores_of(namespace: str) -> str:
    """The service whose stores are in `namespace`, running or restored; `namespace` where its name says none."""
    return namespace.removesuffix(names.data_namespace("")).removesuffix(drill_namespace(""))


def drill(resource: str) -> str:
    """The account of the pods that run a store's restore drill, its rights, and what it restores. With a dot, as
    above."""
    return f"{resource}.drill"


def drill_run(resource: str, often: str) -> str:
    """The CronJob that restores a copy of a store as `often` as its owner asks: it says so to whoever reads only names,
    as the alert does. With a hyphen: a CronJob's name is part of its pods' host names."""
    return f"{resource}-{often}"


def drill_sweep(resource: str) -> str:
    """The CronJob that removes what such a run has left. No schedule is called so."""
    return f"{resource}-sweep"


def copier(resource: str) -> str:
    """Who asks a store for copies: the account of the pods, and the credentials by which the store knows them. With a
    dot, as above."""
    return f"{resource}.copier"


def copy_run(resource: str) -> str:
    """The CronJob that asks for them, and says so to whoever reads only names, as the alert does. With a hyphen: a
    CronJob's name is part of its pods' host names."""
    return f"{resource}-copy"


def authority_folder(resource: str) -> str:
    """The folder in a service's pods with the authority of its store's certificate."""
    return f"/var/run/secrets/platform/{resource}"
