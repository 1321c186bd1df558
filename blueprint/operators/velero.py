"""Velero: copies the cluster's objects to a bucket, and brings them back when somebody asks.

Only where copies are made. Its node agent and its snapshots of disks are left out: they copy data, which the stores do
themselves. What it copies, and when, is `blueprint.object_copies`.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import amounts
from blueprint.pins import Chart, Image
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://vmware-tanzu.github.io/helm-charts",
    name="velero",
    # renovate: datasource=helm depName=velero registryUrl=https://vmware-tanzu.github.io/helm-charts
    version="12.1.0",
    app_version="1.18.1",
)

# Both digests are those of the multi-platform index, as they stand in public repositories that pin them.
IMAGE: Final = Image(
    repository="docker.io/velero/velero",
    # renovate: datasource=docker depName=velero/velero
    tag="v1.18.1@sha256:11459094b1b21ec7c817b08f8067d9e89380835547915cac9c4132ff05b55b90",
)

# What speaks to S3. Its README has a line for each of Velero's, 1.13 for 1.17; that 1.14 is for 1.18 follows from that.
PLUGIN_IMAGE: Final = Image(
    repository="docker.io/velero/velero-plugin-for-aws",
    # renovate: datasource=docker depName=velero/velero-plugin-for-aws
    tag="v1.14.0@sha256:7e82f717f44e89671212e0dfce7e061321c386ea84a33bca64a671670ca6c278",
)

SERVER: Final = amounts(100, 1000, 256, 512)
"""Limits: what `velero install` gives it (v1.18.1, pkg/install/resources.go). It works once a day, so that what it asks
for is less than there, and an unmeasured estimate."""
PLUGIN: Final = amounts(10, 100, 64, 128)
"""An unmeasured estimate: it copies one program, once."""

ACCOUNT: Final = "velero-server"
"""Its service account: the chart's under the release name `velero`."""
RIGHTS: Final = "velero-reads"
"""What it may do in the whole cluster, always: ClusterRole and ClusterRoleBinding."""


@dataclass(frozen=True, kw_only=True)
class Velero(Operator):
    """Copies the cluster's objects."""

    role: str | None
    """The role of AWS as which it writes, so that no key is anywhere. Settings without one ask for no Velero."""
    account: str
    rights: str
    image: Image
    plugin_image: Image
    server: Amounts
    plugin: Amounts


def _decide(context: Context) -> Velero:
    return Velero(
        name=names.VELERO,
        namespace=names.VELERO,
        chart=CHART,
        role=context.settings.backups.role,
        account=ACCOUNT,
        rights=RIGHTS,
        image=IMAGE,
        plugin_image=PLUGIN_IMAGE,
        server=SERVER,
        plugin=PLUGIN,
    )


INSTALLABLE: Final = Installable(
    decision=Velero,
    decide=_decide,
    asked=lambda context: context.objects_copied,
    after=("istiod",),  # the mesh first: whatever follows may be a part of it
    namespace=PlatformNamespace(name=names.VELERO, denied=True, purpose="copies the cluster's objects"),
    owns=("BackupStorageLocation.velero.io", "Schedule.velero.io"),
)
