"""What an owner may say about a service: one YAML file, one `Service`.

The envelope is Backstage's and Kubernetes'; the parts live in one module per subject. Models hold what was written
and refuse what cannot be meant; they derive nothing. Checks that need a second file are in `blueprint.reading`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from blueprint import docstrings
from blueprint.catalogue import attaching, balancing, listening
from blueprint.catalogue.delivering import Rollout
from blueprint.catalogue.describing import Metadata
from blueprint.catalogue.listening import Ports
from blueprint.catalogue.needing import Consume, Egress, Events, ForeignTable, Identity
from blueprint.catalogue.offering import Provide
from blueprint.catalogue.owning import Resource
from blueprint.catalogue.promising import Promises, QueueLag, SlowNetwork, once
from blueprint.catalogue.running import Containers, InitContainers, LagMetric, Scaling, Singleton
from blueprint.catalogue.scheduling import Job
from blueprint.text import Cron, Fault, PortName, PortNumber, Slug, Text

__all__ = ["API_VERSION", "ENVIRONMENTS", "Environment", "Metadata", "Service", "Spec", "merge", "schema"]

API_VERSION: Final = "catalog.platform/v1alpha1"

Environment = Literal["dev", "staging", "prod", "ephemeral"]
ENVIRONMENTS: Final[tuple[Environment, ...]] = ("dev", "ephemeral", "prod", "staging")
"""Every environment, sorted. A stack says which one it is; a file patches itself per environment."""


UserId = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A user or a group that is not root's."""
USER: Final = 10001
"""User and group where an owner names none: above the ten thousand that hosts give to people and system accounts."""


class Spec(Promises):
    """Everything about the service."""

    type: Literal["service", "worker", "cronjob", "gateway"]
    """`service` answers requests, `worker` handles events, `cronjob` runs on a schedule, `gateway` fronts others."""
    lifecycle: Literal["experimental", "production", "deprecated"] = "production"
    """Backstage's words."""
    owner: Slug
    """The team that is called at night."""
    system: Slug
    """The product it belongs to."""
    domain: Slug | None = None
    """Its bounded context. Unset: the system."""
    cost_center: Slug | None = None
    """Whose budget it is on; part of every namespace and cloud resource. Unset: the system."""
    data_class: Literal["public", "internal", "confidential", "restricted"] = "internal"
    """The most sensitive data it holds: `confidential` about people, `restricted` what the law names (payments)."""
    tier: Literal["critical", "standard", "best-effort"] = "standard"
    """How much it matters: priority, spread over nodes, whom an alert wakes."""
    schedule: Cron | None = None
    """When a cronjob runs, in the time zone of `job`; for no other type."""
    job: Job = Job()
    """How the runs of a cronjob follow one another; for no other type."""
    containers: Containers
    """By name; `main` is the service itself."""
    init_containers: InitContainers = {}
    """By name; each runs to its end before the next, in the order written."""
    user: UserId = USER
    """The user every container runs as: one the image has, where its files belong to it. Never root; production takes
    10000 or above, because below are the node's own users (wl-high-uid). 10001: the platform's. Changing it restarts
    the pods."""
    group: UserId = USER
    """The group every container runs in, to which its writable folders belong. Changing it restarts the pods."""
    service: Ports | None = None
    """Where it listens. Unset: nowhere (a worker or cronjob that only calls)."""
    termination_grace_period_seconds: Annotated[int, Field(ge=15, le=600)] = 30
    """Seconds to finish work when asked to stop (Kubernetes' default, 30): the longest request or message handling."""
    scaling: Scaling = Scaling()
    """How many."""
    singleton: Singleton | None = None
    """Why two pods of it must never run at once, for the reviewer. There is one pod then, which is stopped before its
    next version starts: every update, drained node and crash is an outage of seconds. Setting it restarts the pods."""
    provides: tuple[Provide, ...] = ()
    """APIs it offers."""
    consumes: tuple[Consume, ...] = ()
    """APIs it calls: the one declaration of each edge."""
    reads: tuple[ForeignTable, ...] = ()
    """Tables of other services that it reads past their APIs, as `service/table`. A table is its owner's alone, so each
    is refused unless an exception holds: policy data-foreign-read, object `Table service/table`."""
    egress: tuple[Egress, ...] = ()
    """Hosts outside the platform it may reach."""
    identity: Identity | None = None
    """Who it is to a cloud's API. Unset: nobody."""
    events: Events = Events()
    """Channels it writes and reads."""
    resources: dict[Slug, Resource] = {}
    """Stores, accounts, secrets and volumes of its own, by name."""
    rollout: Rollout = Rollout()
    """How a new version replaces the old one."""
    environments: dict[Environment, dict[str, Any]] = {}
    """RFC 7386 merge patches on this spec, by environment; validated after merging."""

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from self._is_whole()
        yield from self._listens_where_it_says()
        yield from self._is_alone()
        alone = self.singleton or self.schedule
        yield from attaching.faults(self.resources, self.containers, self.init_containers, alone, self.rollout.strategy)
        yield from self._ends_if_it_is_a_job()
        yield from self._reaches_hosts_apart()
        yield from self._names_each_thing_once()
        yield from self._speaks_of_its_own_edges()

    @property
    def pods(self) -> Scaling:
        """How many run: one of a singleton, and of all others what `scaling` says."""
        return Scaling(min_replicas=1) if self.singleton else self.scaling

    @property
    def is_public(self) -> bool:
        """Whether the gateway leads to it, with requests or with bytes."""
        return any(provide.route for provide in self.provides) or bool(listening.opened(self.service))

    def pod_port(self, port: PortNumber | PortName) -> int:
        """The number of `port`: of one that is named, what the pods listen on."""
        if isinstance(port, int):
            return port
        assert self.service is not None, "a port that is named is the service's"  # noqa: S101
        return self.service.ports[port].target

    def _is_whole(self) -> Iterator[Fault]:
        if "main" not in self.containers:
            known = ", ".join(sorted(self.containers)) or "none"
            yield Fault(
                "containers", f"has no 'main' (found: {known})", "Name the container that is the service 'main'"
            )
        for name in sorted(set(self.containers) & set(self.init_containers)):
            yield Fault(f"initContainers.{name}", "has the name of a container", "Rename one of the two")
        if (self.type == "cronjob") != (self.schedule is not None):
            need = (
                "is missing: without it a cronjob never runs"
                if self.type == "cronjob"
                else f"is for cronjobs, but type is {self.type}"
            )
            yield Fault(
                "schedule", need, 'Set schedule to five cron fields such as "0 2 * * *" on a cronjob and nowhere else'
            )
        if "job" in self.model_fields_set and self.type != "cronjob":
            cause = f"is about the runs of a cronjob, but type is {self.type}"
            yield Fault("job", cause, "Drop it, or set type to cronjob")

    def _listens_where_it_says(self) -> Iterator[Fault]:
        ports = self.service.ports if self.service else {}
        yield from listening.offered(self.provides, ports)
        yield from listening.asked(self.containers, ports)
        yield from listening.measured(self.observability.metrics, ports)
        switches = self.rollout.strategy == "blueGreen"
        yield from listening.carried(self.service, runs_to_its_end=self.type == "cronjob", switches=switches)
        if self.rollout.strategy != "rolling" and not ports:
            cause = f"moves requests between versions ({self.rollout.strategy}), but the service has no port"
            yield Fault("rollout.strategy", cause, "Set strategy to rolling, or give the service ports")
        if self.affinity:
            yield from balancing.faults(
                self.affinity,
                {port.app_protocol for port in ports.values()},
                self.provides,
                public=self.is_public,
                balanced="load_balancer" in self.resilience.model_fields_set,
            )

    def _is_alone(self) -> Iterator[Fault]:
        if self.singleton is None:
            return
        if self.type == "cronjob":
            yield Fault("singleton", "is for services that run all the time", "Drop it: a cronjob runs once at a time")
        if "scaling" in self.model_fields_set:
            yield Fault("scaling", "is for several pods, but singleton keeps one", "Drop one of the two")
        if self.rollout.strategy != "rolling":
            cause = f"runs two versions side by side ({self.rollout.strategy}), but singleton allows one pod"
            yield Fault("rollout.strategy", cause, "Drop rollout, or singleton")

    def _ends_if_it_is_a_job(self) -> Iterator[Fault]:
        if self.type != "cronjob":
            return
        for index, _ in enumerate(self.provides):
            cause = "is offered by a cronjob, which cannot be reached between its runs"
            yield Fault(f"provides.{index}", cause, "Offer it from a service of type service")
        if "scaling" in self.model_fields_set:
            cause = "is for services that run all the time, and a cronjob runs once at a time"
            yield Fault("scaling", cause, "Drop it")
        for name in sorted(self.containers.keys() - {"main"}):
            cause = "keeps running beside a cronjob's main container, so no run ever ends"
            yield Fault(f"containers.{name}", cause, "Make it an init container, or part of main")
        if self.rollout.strategy != "rolling":
            cause = f"moves requests between versions ({self.rollout.strategy}), but a cronjob runs to its end"
            yield Fault("rollout.strategy", cause, "Drop rollout; the next run is the new version")

    def _reaches_hosts_apart(self) -> Iterator[Fault]:
        """The mesh tells hosts on one port apart by what is said in HTTP or TLS; in plain TCP nothing is said."""
        first: dict[int, Egress] = {}
        for index, egress in enumerate(self.egress):
            other = first.setdefault(egress.port, egress)
            if other.host != egress.host and "TCP" in (other.protocol, egress.protocol):
                cause = f"shares port {egress.port} with {other.host}, and in TCP the mesh cannot tell the two apart"
                cure = "Say TLS for both if they encrypt from the first byte, or reach one of them on another port"
                yield Fault(f"egress.{index}.port", cause, cure)
            elif other.protocol != egress.protocol:
                cause = (
                    f"is {egress.protocol}, but port {egress.port} is {other.protocol} for {other.host}: one is lost"
                )
                yield Fault(f"egress.{index}.protocol", cause, "Say the same for both, or use another port")

    def _names_each_thing_once(self) -> Iterator[Fault]:
        yield from once("provides", tuple(provide.api for provide in self.provides))
        yield from once("consumes", tuple(consume.api for consume in self.consumes))
        yield from once("reads", self.reads)
        yield from once("egress", tuple(f"{egress.host}:{egress.port}" for egress in self.egress))

    def _speaks_of_its_own_edges(self) -> Iterator[Fault]:
        called = sorted({consume.provider for consume in self.consumes})
        for index, fault in enumerate(self.tests.chaos):
            if isinstance(fault, SlowNetwork) and fault.latency.target not in called:
                cause = f"slows '{fault.latency.target}', which this service does not consume"
                yield Fault(f"tests.chaos.{index}.latency.target", cause, f"Known: {', '.join(called) or 'none'}")
        channels = sorted({subscribe.channel for subscribe in self.events.subscribes})
        for index, slo in enumerate(self.slos):
            if isinstance(slo, QueueLag) and slo.channel not in channels:
                cause = f"is about '{slo.channel}', which this service does not subscribe to"
                yield Fault(f"slos.{index}.channel", cause, f"Known: {', '.join(channels) or 'none'}")
        read = {(subscribe.channel, subscribe.group) for subscribe in self.events.subscribes}
        for index, metric in enumerate(self.scaling.metrics):
            if isinstance(metric, LagMetric) and (metric.channel, metric.group) not in read:
                yield Fault(
                    f"scaling.metrics.{index}",
                    f"waits for {metric.channel} in {metric.group}, which this service does not subscribe to",
                    f"Known: {', '.join(f'{channel} in {group}' for channel, group in sorted(read)) or 'none'}",
                )


class Service(Text):
    """One file of the catalogue."""

    api_version: Literal["catalog.platform/v1alpha1"]
    """Version of this format."""
    kind: Literal["Service"]
    """Always Service."""
    metadata: Metadata
    """Who this is."""
    spec: Spec
    """Everything about it."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name


def schema() -> dict[str, Any]:
    """The JSON Schema of a file of the catalogue, for editors. Checks between files are not in it.

    `resources` may be in `_defaults.yaml`, which an editor does not see; reading asks for them in one of the two.
    """
    made = docstrings.schema(Service)
    for container in ("Container", "InitContainer"):
        made["$defs"][container]["required"].remove("resources")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def merge(target: Any, patch: Any) -> Any:
    """`target` with the RFC 7386 `patch` applied: null removes, maps merge, everything else replaces.

    What was there keeps its place and what is new comes after it: init containers run in the order written, and the
    first port is the one that is probed.
    """
    if not isinstance(patch, Mapping):
        return patch
    base = target if isinstance(target, Mapping) else {}
    merged = {key: merge(value, patch[key]) if key in patch else value for key, value in base.items()}
    merged |= {key: merge(None, value) for key, value in patch.items() if key not in base}
    return {key: value for key, value in merged.items() if key not in patch or patch[key] is not None}
