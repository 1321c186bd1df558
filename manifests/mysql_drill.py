"""What is MySQL's own of a restore drill: the MariaDB that is restored, what it leans on, and who asks it.

Field by field checked against the definitions of mariadb-operator 26.6.0. A copy holds the server's own tables as well,
and with them passwords of the live store that nobody here knows: so the server sets those of its root and of the owner
when it starts, before anybody comes in (`init_file`). Of the copies below `path` the operator's Job takes the newest.
"""

from collections.abc import Iterator
from typing import Final

from blueprint import store_names
from blueprint.drills.mysql import MysqlDrill
from blueprint.stores.edges import marks
from blueprint.vendors import STORE_PORTS
from manifests import restored
from manifests.credentials import drawn
from manifests.cron_jobs import AUTHORITY, mounted
from manifests.manifest import Manifest, manifest
from manifests.mariadb_server import (
    COPIES,
    MARIADB,
    WATCHED,
    bucket,
    configuration,
    disk,
    identity,
    proof,
    serving,
    staging,
)
from manifests.resources import resources
from manifests.restored import OWNER

FOLDER: Final = "/var/run/secrets/platform/passwords"
FILE: Final = "passwords.sql"
"""What the server runs when it starts, of the Secret with the passwords."""

# A copy made before the owner's user was has none: then the check is refused, and the server starts all the same.
PASSWORDS: Final = """\
ALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY '{{root}}';
ALTER USER IF EXISTS 'root'@'%' IDENTIFIED BY '{{root}}';
ALTER USER IF EXISTS '{user}'@'%' IDENTIFIED BY '{{owner}}';
"""

ASK: Final = f"""\
MYSQL_PWD="$(cat {OWNER}/password)" || exit
export MYSQL_PWD
""" + restored.asking(
    f"mariadb --no-defaults --batch --skip-column-names --connect-timeout=10 --ssl-ca={AUTHORITY}/ca.crt"
    ' --ssl-verify-server-cert --user="$USERNAME" --execute="$CHECK" "$DATABASE"',
    true="1",
)


def beside(of: MysqlDrill) -> Iterator[Manifest]:
    """An identity that reads the copies, a certificate, and passwords: its own, since the live store's are not for
    others."""
    yield identity(of, of.role)
    yield proof(of)
    yield from drawn(
        store_names.system_users(of.resource),
        of.namespace,
        kind="Opaque",
        data={"root": "{root}", "owner": "{owner}", FILE: PASSWORDS.format(user=of.user)},
        labels=marks(of),
        watched=WATCHED,
        keys=("owner", "root"),
    )


def server(of: MysqlDrill) -> Manifest:
    """The restored MariaDB: the live one's image, size, disk and settings, and one pod."""
    passwords = store_names.system_users(of.resource)
    spec = {
        **serving(of),
        "replicas": 1,
        "myCnf": f"{configuration(of)}init_file={FOLDER}/{FILE}\n",
        "storage": disk(of, kept=False),
        "volumes": [{"name": "passwords", "secret": {"secretName": passwords, "defaultMode": 0o440}}],
        "volumeMounts": [mounted("passwords", FOLDER)],
        "bootstrapFrom": {
            # Without a moment: the newest copy. What reads it takes the role of the account.
            "s3": bucket(of.path, of.region, COPIES),
            "backupContentType": "Physical",
            "stagingStorage": {"persistentVolumeClaim": staging(of.staging_gib, of.storage_class)},
            "restoreJob": {"resources": resources(of.restorer)},
        },
    }
    return manifest(MARIADB, "MariaDB", of.resource, of.namespace, labels=marks(of), spec=spec)


def check(of: MysqlDrill) -> Manifest:
    """It connects as the owner of the database does, and the answer must be 1."""
    (port,) = STORE_PORTS["mysql"]
    plain = {"DATABASE": of.database, "MYSQL_HOST": of.host, "MYSQL_TCP_PORT": str(port), "USERNAME": of.user}
    return restored.check(of, ASK, plain)


def volumes(of: MysqlDrill) -> list[Manifest]:
    """What the check mounts."""
    return restored.volumes(of, store_names.system_users(of.resource), "owner")
