"""What is MongoDB's own of a restore drill: the replica set that is made, who restores into it, and who asks it.

Field by field checked against the definitions of Percona's operator 1.22.0. The operator itself restores nothing: its
own pod would have to read the bucket first, and has no right in any (v1.22.0, pkg/psmdb/backup/pbm.go:
ValidateBackupInStorage). So the drill asks the copier beside the restored member, through the database both know, and
that reads the bucket as the role of its account.

The bucket is a second place for copies, never the main one: in that the copier would write a file anew before it reads
(PBM 2.12.0, pbm/resync/rsync.go: Resync), and the role only reads. The main one is a folder of the pod.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import store_names
from blueprint.drills.mongodb import MongodbDrill
from blueprint.stores.edges import marks
from blueprint.stores.percona_mongodb import REPLICA_SET
from blueprint.vendors import STORE_PORTS
from manifests import restored
from manifests.credentials import drawn
from manifests.cron_jobs import AUTHORITY, TEMPORARY, file, mounted, step, variables
from manifests.manifest import Manifest
from manifests.percona_mongodb import BUCKET, bucket, copier, member
from manifests.percona_mongodb import beside as leaned_on
from manifests.percona_mongodb import replica_set as members
from manifests.restored import OWNER

HERE: Final = "here"
FOLDER: Final = "/tmp/copies"  # noqa: S108
"""The main place for copies, and the folder in which nothing is kept: of the copier's container, and of the drill's."""

SYSTEM: Final = "/var/run/secrets/platform/system"
"""Folder of what restores, with one file: the password of the copier."""

ACCOUNTS: Final[Mapping[str, str]] = {
    "BACKUP": "backup",
    "CLUSTER_ADMIN": "clusterAdmin",
    "CLUSTER_MONITOR": "clusterMonitor",
    "DATABASE_ADMIN": "databaseAdmin",
    "USER_ADMIN": "userAdmin",
}
"""How the operator calls its users' keys → their names, which are its own (v1.22.0, perconaservermongodb/secrets.go:
fillSecretData). Each is given: what is missing it adds, and then the Secret would be drawn anew."""

COPIER: Final = ACCOUNTS["BACKUP"]

# The place is there once the operator has told the copier of it. A copier that begins just then, or hears two such
# words in one second, answers nobody (PBM 2.12.0, pbm/ctrl/recv.go): it is asked again. In the ten seconds it looks
# through the main place, as the operator has asked it to. What is listed is only what this server can restore, by time.
FETCH: Final = f"""\
PASSWORD="$(cat {SYSTEM}/password)" || exit
export PBM_MONGODB_URI="mongodb://{COPIER}:$PASSWORD@$ADDRESS/?authSource=admin&$OPTIONS"
until pbm profile sync {BUCKET} --wait --wait-time=5m; do
  sleep 10
done
sleep 10
newest="$(pbm list | {{
  while read -r name kind _; do
    case "$kind" in ("<logical"*) newest="$name" ;; esac
  done
  echo "$newest"
}})"
if test -z "$newest"; then
  echo "no copy is listed that this server could restore"
  exit 1
fi
echo "restoring $newest"
exec pbm restore "$newest" --ns="$DATABASE.*" --num-parallel-collections="$COLLECTIONS" --wait
"""

ASK: Final = f"""\
PASSWORD="$(cat {OWNER}/password)" || exit
address="mongodb://$USERNAME:$PASSWORD@$ADDRESS/$DATABASE?authSource=$DATABASE&$OPTIONS"
""" + restored.asking('mongosh --quiet --norc --eval="$CHECK" "$address"', true="true")


def beside(of: MongodbDrill) -> Iterator[Manifest]:
    """What a live one leans on, its own, with the role that only reads; and the passwords of the operator's users, of
    which the drill needs one."""
    yield from leaned_on(of, of.role)
    data = {f"MONGODB_{key}_USER": name for key, name in ACCOUNTS.items()}
    data |= {f"MONGODB_{key}_PASSWORD": f"{{{name}}}" for key, name in ACCOUNTS.items()}
    yield from drawn(
        store_names.system_users(of.resource),
        of.namespace,
        kind="Opaque",
        data=dict(sorted(data.items())),
        labels=marks(of),
        watched={},
        keys=tuple(ACCOUNTS.values()),
    )


def replica_set(of: MongodbDrill) -> Manifest:
    """The replica set that is restored into: the live one's image, size and disk, and one member. Its own log is
    written nowhere."""
    backup = {
        **copier(of, of.restorer),
        "storages": {
            BUCKET: bucket(of.path, of.region),
            HERE: {"main": True, "type": "filesystem", "filesystem": {"path": FOLDER}},
        },
        "pitr": {"enabled": False},
    }
    return members(of, {"size": 1, **member(of)}, backup=backup)


def fetch(of: MongodbDrill) -> Manifest:
    """It waits until the copier answers, and has the newest copy read into the owner's database, in the time the owner
    promises."""
    plain = {**_address(of), "COLLECTIONS": str(of.collections)}
    return {
        **step("fetch", of.copier, of.step),
        "command": ["timeout", str(of.timing.restoring_seconds), "sh", "-c", FETCH],
        "env": variables(plain),
        "volumeMounts": [
            mounted("authority", AUTHORITY),
            mounted("system", SYSTEM),
            TEMPORARY,
        ],
    }


def check(of: MongodbDrill) -> Manifest:
    """It connects as the service does, and the answer must be true. mongosh writes to its home."""
    plain = {**_address(of), "HOME": TEMPORARY["mountPath"], "USERNAME": of.user}
    return restored.check(of, ASK, plain, TEMPORARY)


def _address(of: MongodbDrill) -> dict[str, str]:
    (port,) = STORE_PORTS["mongodb"]
    options = f"tls=true&tlsCAFile={AUTHORITY}/ca.crt&replicaSet={REPLICA_SET}"
    return {"ADDRESS": f"{of.host}:{port}", "DATABASE": of.database, "OPTIONS": options}


def nodes(of: MongodbDrill) -> dict[str, str]:
    """The copier and the server have images for one architecture."""
    return {"kubernetes.io/arch": of.architecture}


def volumes(of: MongodbDrill) -> list[Manifest]:
    """What the check mounts, and the password of what restores."""
    system = file("system", store_names.system_users(of.resource), "MONGODB_BACKUP_PASSWORD", "password")
    return [*restored.volumes(of, store_names.owner(of.resource), "password"), system]
