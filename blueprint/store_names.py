"""The names of what is beside a store, in the namespace of a service's stores. All else is called by `blueprint.names`.

With a dot after the resource: no resource's name has one, so none of these is another store's.
"""


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


def authority_folder(resource: str) -> str:
    """The folder in a service's pods with the authority of its store's certificate."""
    return f"/var/run/secrets/platform/{resource}"
