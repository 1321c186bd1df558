"""What is PostgreSQL's own of a restore drill: the Cluster that is restored, what it leans on, and who asks it.

Field by field checked against the definitions of CloudNativePG 1.30.0. The restored Cluster archives nothing: it names
the copies as those of another cluster, so that its own log goes nowhere (plugin-barman-cloud v0.13.0,
internal/cnpgi/operator/lifecycle.go).
"""

from collections.abc import Iterator
from typing import Final

from blueprint import names, store_names
from blueprint.drills.postgres import PostgresDrill
from blueprint.stores.edges import marks
from blueprint.vendors import STORE_PORTS
from manifests import restored
from manifests.certificates import server
from manifests.cloudnative_pg import BARMAN, CNPG, PLUGIN, WATCHED, host_rules
from manifests.credentials import drawn
from manifests.cron_jobs import AUTHORITY
from manifests.manifest import Manifest, given, manifest
from manifests.resources import resources
from manifests.restored import OWNER

ORIGIN: Final = "origin"
"""The live Cluster, as the restored one calls it."""

ASK: Final = f"""\
PGPASSWORD="$(cat {OWNER}/password)" || exit
export PGPASSWORD
""" + restored.asking('psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$CHECK"', true="t")


def beside(of: PostgresDrill) -> Iterator[Manifest]:
    """A certificate, a password and a way to the copies: its own, since the live store's are not for others."""
    yield server(of.resource, of.namespace, of.dns_names, of.certificate_hours, labels=marks(of), watched=WATCHED)
    yield from drawn(
        store_names.owner(of.resource),
        of.namespace,
        kind="kubernetes.io/basic-auth",
        data={"username": of.user, "password": "{password}"},
        labels=marks(of),
        watched=WATCHED,
    )
    # Without a retention: whoever restores deletes no copy.
    spec = {
        "configuration": {"destinationPath": of.path, "s3Credentials": {"inheritFromIAMRole": True}},
        "instanceSidecarConfiguration": {"resources": resources(of.restorer)},
    }
    yield manifest(BARMAN, "ObjectStore", of.resource, of.namespace, labels=marks(of), spec=spec)


def cluster(of: PostgresDrill) -> Manifest:
    """The restored Cluster: the live one's image, size, disk and settings, and one pod."""
    tls = store_names.server(of.resource)
    apart = {"istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    spec = {
        "description": f"restore drill of {of.service} {of.resource}",
        "instances": 1,
        "imageName": f"{of.image.repository}:{of.image.tag}",
        "enableSuperuserAccess": False,
        "enablePDB": False,
        "inheritedMetadata": {"labels": dict(sorted({**names.MANAGED, **marks(of), **apart}.items()))},
        "priorityClassName": names.priority(of.tier),
        "bootstrap": {
            "recovery": {
                "source": ORIGIN,
                "database": of.database,
                "owner": of.user,
                "secret": {"name": store_names.owner(of.resource)},
            }
        },
        "externalClusters": [
            {
                "name": ORIGIN,
                "plugin": {
                    "name": PLUGIN,
                    "parameters": {"barmanObjectName": of.resource, "serverName": of.resource},
                },
            }
        ],
        "certificates": {"serverCASecret": tls, "serverTLSSecret": tls},
        "postgresql": {
            "parameters": dict(sorted(of.parameters.items())),
            "pg_hba": host_rules(of.database, of.user),
        },
        "storage": {"size": f"{of.size.disk_gib}Gi", **given(storageClass=of.storage_class)},
        "resources": resources(of.size.amounts),
        "serviceAccountTemplate": {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": of.role}}},
    }
    return manifest(CNPG, "Cluster", of.resource, of.namespace, labels=marks(of), spec=spec)


def check(of: PostgresDrill) -> Manifest:
    """It connects as the owner of the database does, and the answer must be true."""
    (port,) = STORE_PORTS["postgres"]
    return restored.check(
        of,
        ASK,
        {
            "PGCONNECT_TIMEOUT": "10",
            "PGDATABASE": of.database,
            "PGHOST": of.host,
            "PGPORT": str(port),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{AUTHORITY}/ca.crt",
            "PGUSER": of.user,
        },
    )


def volumes(of: PostgresDrill) -> list[Manifest]:
    """What the check mounts."""
    return restored.volumes(of, store_names.owner(of.resource), "password")
