"""What may be written where: the allowlists, ceilings and exceptions of an environment.

Read from `policies/config/<environment>.json`, strictly: a misspelt list is an error, not an empty one. Numbers and
names only; what a rule *is* does not change per environment, only its level (with the rule) and its limits (here).
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from blueprint.catalogue import Environment
from blueprint.text import Slug, Text

FOLDER: Final = Path(__file__).parent.parent / "config"
CHARTS: Final = "charts.json"
"""In the same folder: what the pinned charts make, found by rendering each with this program's values (helm 3.18.6) for
every environment, mesh and platform."""

Prefix = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$")]
"""A registry host, with port and path: ghcr.io/acme."""

ChartObject = Annotated[str, Field(pattern=r"^[A-Za-z]+(\.[a-z0-9.-]+)? [a-z0-9-]+/[a-z0-9:.-]+$")]
"""`Kind.group namespace/name`: exactly one object, no pattern."""


class ObjectException(Text):
    """A rule one object may break for a while."""

    rule: Slug
    """Identifier of the rule."""
    object: Annotated[str, Field(pattern=r"^[A-Za-z]+ [^\s*]+$|^urn:pulumi:[^*]+$")]
    """`Kind namespace/name`, `Kind name`, a URN, or `the stack` as a whole: exactly one object, no pattern."""
    reason: Annotated[str, Field(min_length=10, max_length=300)]
    """Why."""
    owner: Slug
    """Who asks again when it ends."""
    expires: date
    """The last day it holds; at most 90 days ahead."""


class Images(Text):
    """Where images may come from."""

    registries: tuple[Prefix, ...]
    """Hosts, or hosts with the beginning of a path; a path matches on a / boundary."""
    charts: tuple[Prefix, ...] = ()
    """Chart repositories, spelled like registries: without https:// or oci://."""


class Containers(Text):
    """How much one container may ask."""

    cpu: Annotated[str, Field(pattern=r"^[0-9]+m?$")]
    """The largest limit."""
    memory: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi)$")]
    """The largest limit."""
    ephemeral_storage: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi)$")]
    """The largest limit."""
    cpu_ratio: Annotated[int, Field(ge=1)]
    """Limit over request: a busy container may take an idle one's share, not a node's."""
    memory_ratio: Annotated[int, Field(ge=1)]
    """Limit over request: memory cannot be taken back, so what is not requested may be missing."""


class Namespaces(Text):
    """The largest quota of a namespace; without a ceiling a quota could be too large to bound anything."""

    cpu: Annotated[str, Field(pattern=r"^[0-9]+m?$")]
    """Requests and limits each."""
    memory: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi)$")]
    """Requests and limits each."""
    ephemeral_storage: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi)$")]
    """Requests and limits each."""
    pods: Annotated[int, Field(ge=1)]
    """Pods."""
    claims: Annotated[int, Field(ge=0)] = 10
    """PersistentVolumeClaims."""
    disk: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi|Ti)$")]
    """All their disks together."""


class Workloads(Text):
    """What pods may name."""

    runtime_classes: tuple[str, ...] = ()
    """Pod Security can be switched off per runtime class, so each one is named."""
    priority_classes: tuple[str, ...] = ()
    """The platform's tiers."""
    csi_drivers: tuple[str, ...] = ()
    """Drivers of inline volumes."""
    provisioners: tuple[str, ...] = ()
    """Provisioners of StorageClasses."""
    uid: Annotated[int, Field(ge=1)] = 10_000
    """The lowest user and group: below are the node's own (Kubescape C-0013; kube-score)."""


class Cloud(Text):
    """What may be bought."""

    instance_classes: tuple[str, ...] = ()
    """Of nodes, databases, caches and brokers; exact names."""
    disk_gib: Annotated[int, Field(ge=1)] = 100
    """The largest disk of one store."""
    nodes: Annotated[int, Field(ge=1)] = 3
    """Nodes of all node groups at their most."""
    load_balancers: Annotated[int, Field(ge=0)] = 1
    """Load balancers."""
    nat_gateways: Annotated[int, Field(ge=0)] = 1
    """NAT gateways."""
    public_ips: Annotated[int, Field(ge=0)] = 1
    """Public addresses."""
    replicas: Annotated[int, Field(ge=1)] = 100
    """Pods of all workloads at their most."""
    backup_days: Annotated[int, Field(ge=0)] = 0
    """The least retention of a store's backups."""
    multi_zone: bool = False
    """Whether stores may stand in several zones; data-multi-az says whether they must."""
    break_glass_role: str = "break-glass"
    """Name of the one IAM role that may be administrator of a cluster; who takes it is written down elsewhere."""


class Mesh(Text):
    """What may stand aside in the mesh."""

    unmeshed: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")], ...] = ()
    """`namespace/name` of workloads of meshed namespaces that run without a proxy."""
    annotations: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+ [a-z.]+/[A-Za-z]+=[^*]*$")], ...] = ()
    """`namespace/name annotation=value`: proxy annotations of single workloads, with their exact value."""
    extensions: tuple[Annotated[str, Field(pattern=r"^[A-Za-z]+ [a-z0-9-]+/[a-z0-9.-]+$")], ...] = ()
    """`Kind namespace/name` of the EnvoyFilters, WasmPlugins and ProxyConfigs the platform owns."""


class Access(Text):
    """Who is trusted with the Kubernetes API."""

    operators: dict[Annotated[str, Field(pattern=r"^[A-Za-z]+ [^\s*]+$")], tuple[Slug, ...]] = {}  # noqa: RUF012
    """`Kind namespace/name` or `Kind name` of an object of a controller, and the rules of RBAC, SEC and ENG it may
    break because that is its work. Each needs a reason in the review; it does not end."""


class Chart(Text):
    """What one pinned chart makes in namespaces. Cluster-wide objects are judged like ours, so none is listed."""

    version: Annotated[str, Field(pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+$")]
    """The chart's version that was rendered; a test compares it with the one that is installed."""
    objects: Mapping[ChartObject, tuple[str, ...]]
    """`Kind.group namespace/name` to the images its containers may have, as the chart spells them, without digest."""


class Limits(Text):
    """The limits of one environment."""

    images: Images
    """Images."""
    containers: Containers
    """Containers."""
    namespaces: Namespaces
    """Quotas."""
    workloads: Workloads
    """Pods."""
    cloud: Cloud
    """The cloud."""
    minor: Annotated[int, Field(ge=25, le=60)]
    """Minor version of the Kubernetes API the environment's clusters serve at least: 1.<minor>."""
    mesh: Mesh = Mesh()
    """The mesh."""
    access: Access = Access()
    """The Kubernetes API."""
    namespace_labels: tuple[Slug, ...] = ()
    """Labels below our prefix that say of a service's namespace whose it is, what it costs whom and what it holds."""
    charts: Mapping[Slug, Chart] = {}
    """Installation to what its pinned chart makes; `policies/config/charts.json`, the same in every environment."""
    privileged_namespaces: tuple[Slug, ...] = ()
    """Platform namespaces that may lack Pod Security *restricted*; each sets up nodes."""
    exceptions: tuple[ObjectException, ...] = ()
    """Rules single objects may break for a while."""

    @cached_property
    def chart_objects(self) -> Mapping[str, frozenset[str]]:
        """All objects of `charts` with their images."""
        return {name: frozenset(images) for chart in self.charts.values() for name, images in chart.objects.items()}


class LimitsError(Exception):
    """The limits of an environment cannot be read; the text names file, cause and cure."""


def file_of(environment: Environment) -> str:
    """The file the limits of `environment` are in; an ephemeral stack has those of dev."""
    return f"{'dev' if environment == 'ephemeral' else environment}.json"


@cache
def limits_of(environment: Environment) -> Limits:
    """The limits of `environment`.

    Raises LimitsError.
    """
    own, charts = FOLDER / file_of(environment), FOLDER / CHARTS
    try:
        of_charts = json.loads(charts.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise _unreadable(charts, error) from None
    try:
        written = json.loads(own.read_text(encoding="utf-8"))
        return Limits.model_validate_json(json.dumps({**written, "charts": of_charts}))
    except (OSError, ValidationError, ValueError, TypeError) as error:
        raise _unreadable(own, error) from None


def _unreadable(file: Path, error: Exception) -> LimitsError:
    first = str(error).strip().splitlines()
    return LimitsError(
        f"policies/config/{file.name}: cannot be read, so nothing can be judged: {' '.join(first[:4])}. Mend it."
    )
