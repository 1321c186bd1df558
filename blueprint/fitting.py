"""What must hold between a stack's settings and the catalogue before anything is decided.

The catalogue alone is checked when it is read; here the two meet: hosts that are served, groups that an issuer knows,
tokens that an issuer signs, classes of disks, and whether it all fits the budget.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from blueprint import sizes
from blueprint.addresses import overlap
from blueprint.catalogue import Service
from blueprint.catalogue.keeping import Secret
from blueprint.catalogue.listening import opened
from blueprint.catalogue.owning import Volume
from blueprint.catalogue.storing import Store
from blueprint.delivery import peak_pods
from blueprint.gateway import hosts_of
from blueprint.reading import Catalogue, Problem, TextError, stack_file
from blueprint.reading.problems import ended, valid
from blueprint.secrets import checks as secret_checks
from blueprint.settings import Existing, Settings
from blueprint.stores import checks


def check(stacks: Mapping[str, Settings], catalogue: Catalogue) -> None:
    """Raises TextError with everything in which the settings of `stacks` and `catalogue` do not fit together.

    What is wrong in several stacks is one problem that names them, with the cure of each where those differ.
    """
    cures: dict[Problem, dict[str, str]] = {}
    for stack, settings in stacks.items():
        for problem in set(_misfits(settings, catalogue, stack)):
            cures.setdefault(replace(problem, cure=""), {})[stack] = problem.cure
    if cures:
        raise TextError(_named(problem, of_stack) for problem, of_stack in cures.items())


def _misfits(settings: Settings, catalogue: Catalogue, stack: str) -> Iterable[Problem]:
    services = catalogue.within(settings.environment)
    return chain(
        _routes(settings, catalogue, services),
        _twice(settings, catalogue, services),
        _openings(settings, catalogue, services),
        _ranges(settings, catalogue, services),
        _volumes(settings, catalogue, services),
        _secrets(settings, catalogue, services),
        _stores(settings, catalogue, services),
        _placements(settings, services, stack),
        _budget(settings, services, stack),
    )


def _named(problem: Problem, cures: Mapping[str, str]) -> Problem:
    """`problem` with the stacks it is one of, unless its file says that, and what helps in each."""
    stacks = sorted(cures)
    first = cures[stacks[0]]
    same = all(cures[stack] == first for stack in stacks)
    cure = first if same else " ".join(f"{stack}: {ended(cures[stack])}" for stack in stacks).removesuffix(".")
    if problem.file in {stack_file(stack) for stack in stacks}:
        return replace(problem, cure=cure)
    listed = " and ".join(filter(None, (", ".join(stacks[:-1]), stacks[-1])))
    cause = f"in the stack{'s' if len(stacks) > 1 else ''} {listed}, {problem.cause}"
    return replace(problem, cause=cause, cure=cure)


def _routes(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    hosts = hosts_of(settings)
    groups = {group for issuer in settings.identity.issuers.values() for group in issuer.groups}
    for service in services:
        for index, provide in enumerate(service.spec.provides):
            route = provide.route
            if route is None:
                continue
            place = ("provides", index, "route")

            def problem(
                field: tuple[str | int, ...],
                cause: str,
                cure: str,
                name: str = service.name,
                at: tuple[str | int, ...] = place,
            ) -> Problem:
                return catalogue.problem(name, settings.environment, (*at, *field), cause, cure)

            if route.host is not None and route.host not in hosts:
                cause = f"the gateway does not answer for '{route.host}', which its setting gateway.hosts lacks"
                yield problem(("host",), cause, valid(route.host, hosts, "It answers for"))
            if route.auth.type == "jwt" and not settings.identity.issuers:
                cause = "asks for a token, but the stack has no issuer, so every call is refused"
                yield problem(("auth",), cause, "Add an issuer to the setting identity.issuers")
            acl = route.acl if settings.identity.issuers else None
            asked = {"allow": acl.allow, "deny": acl.deny} if acl else {}
            for word, named in asked.items():
                for position, group in enumerate(named):
                    if group not in groups:
                        # Denied under a misspelt name, the group would pass.
                        verb = {"allow": "allows", "deny": "denies"}[word]
                        cause = f"{verb} the group '{group}', which no issuer of the stack lists"
                        yield problem(("acl", word, position), cause, valid(group, groups))


def _twice(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """A path routed on the default host by one and on the same host by its name by another."""
    default = hosts_of(settings)[0]
    owners: dict[tuple[str, str], tuple[str, str | None]] = {}
    for service in services:
        for position, provide in enumerate(service.spec.provides):
            for index, path in enumerate(provide.route.paths if provide.route else ()):
                said = provide.route.host if provide.route else None
                owner, host = owners.setdefault((said or default, path), (service.name, said))
                if said != host:  # where both said the same, reading has reported it
                    place = ("provides", position, "route", "paths", index)
                    cause = (
                        f"'{path}' is already routed by {owner}, for {default} is the default host; one would be lost"
                    )
                    cure = "Take another prefix or another host"
                    yield catalogue.problem(service.name, settings.environment, place, cause, cure)


def _openings(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """Public ports: the gateway opens them, for a host whose certificate it has, and each for one service."""
    hosts, streams = hosts_of(settings), settings.gateway.streams
    owners: dict[tuple[str, int], tuple[str, str | None]] = {}
    for service in services:
        for name, _, public in opened(service.spec.service):
            place, number, host = ("service", "ports", name, "public"), public.port, public.host
            if number not in streams:
                cause = f"the gateway opens no port {number}, which its setting gateway.streams lacks"
                cure = f"Add {number} to gateway.streams, or take one that it opens: {_listed(streams)}"
                yield catalogue.problem(service.name, settings.environment, (*place, "port"), cause, cure)
            if host is not None and host not in hosts:
                cause = f"the gateway has no certificate for '{host}', which its setting gateway.hosts lacks"
                cure = valid(host, hosts, "It has one for")
                yield catalogue.problem(service.name, settings.environment, (*place, "host"), cause, cure)
            owner, said = owners.setdefault((host or hosts[0], number), (service.name, host))
            if said != host:  # where both said the same, reading has reported it
                cause = f"port {number} is already {owner}'s, for {hosts[0]} is the default host; one would be lost"
                cure = "Take another port or another host"
                yield catalogue.problem(service.name, settings.environment, (*place, "port"), cause, cure)


def _listed(ports: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(ports))) or "none yet"


def _ranges(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """A host outside is not among the cluster's own addresses: to open those would go around every other rule."""
    if not isinstance(settings.cluster, Existing):
        return
    nodes, own = settings.cluster.node_cidrs, settings.cluster.cluster_cidrs
    taken = {**dict.fromkeys(own, "pods or Services"), **dict.fromkeys(nodes, "nodes")}
    for service in services:
        for index, egress in enumerate(service.spec.egress):
            place = ("egress", index, "cidrs")
            if egress.cidrs and not own:
                cause = "may hold the cluster's own pods and Services: the stack does not say where those are"
                cure = "Add clusterCidrs to the setting cluster: the ranges of its pods and Services"
                yield catalogue.problem(service.name, settings.environment, place, cause, cure)
            for position, cidr in enumerate(egress.cidrs or ()):
                if shared := sorted(each for each in taken if overlap(each, cidr)):
                    cause = f"'{cidr}' holds addresses of the cluster's own {taken[shared[0]]} ({shared[0]})"
                    cure = f"Name the subnets {egress.host} is in; what is in the cluster is named in consumes"
                    yield catalogue.problem(service.name, settings.environment, (*place, position), cause, cure)


def _volumes(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """A disk that several nodes mount is of a class that can be: of any other, the second pod would never start."""
    if settings.disks.shared_storage_class:
        return
    for service in services:
        for name, resource in sorted(service.spec.resources.items()):
            if isinstance(resource, Volume) and resource.params.access_mode == "ReadWriteMany":
                place = ("resources", name, "params", "accessMode")
                cause = "is ReadWriteMany, but the stack names no class of disks that several nodes can mount at once"
                cure = (
                    "Set platform:settings.disks.sharedStorageClass (EFS, Filestore, NFS), or write ReadWriteOnce and"
                    " say why there is one pod (singleton)"
                )
                yield catalogue.problem(service.name, settings.environment, place, cause, cure)


def _secrets(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """Each secret against the stores the stack knows."""
    for service in services:
        for name, resource in sorted(service.spec.resources.items()):
            if isinstance(resource, Secret):
                for fault in secret_checks.faults(service, resource, settings):
                    place = ("resources", name, *fault.field.split("."))
                    yield catalogue.problem(service.name, settings.environment, place, fault.cause, fault.cure)


def _stores(settings: Settings, catalogue: Catalogue, services: Sequence[Service]) -> Iterator[Problem]:
    """Each store against what the platform offers where it lives."""
    for service in services:
        for name, resource in sorted(service.spec.resources.items()):
            if isinstance(resource, Store):
                for fault in checks.faults(service, name, resource, settings):
                    place = (
                        "resources",
                        name,
                        *(int(step) if step.isdigit() else step for step in fault.field.split(".")),
                    )
                    yield catalogue.problem(service.name, settings.environment, place, fault.cause, fault.cure)


def _placements(settings: Settings, services: Sequence[Service], stack: str) -> Iterator[Problem]:
    """A cloud's store for an engine that the cluster itself has one of: nobody makes it, and pods would wait."""
    asked = {resource.type for service in services for resource in service.spec.resources.values()}
    for engine in sorted(asked & checks.CHECKS.keys()):
        if getattr(settings.data, engine) == "managed":
            yield Problem(
                file=stack_file(stack),
                line=1,
                field=f"platform:settings.data.{engine}",
                cause="is managed, which comes with clouds (0.6), so nothing would make the stores of that type",
                cure="Set it to operator, or drop it",
            )


_MILLI: Final = 1000
_KIBI: Final = 1024


def _budget(settings: Settings, services: Sequence[Service], stack: str) -> Iterator[Problem]:
    """Every service at its most pods, against the ceilings of the stack."""
    meshed = settings.mesh.mode != "none"
    proxy = sizes.PROXY[settings.environment] if meshed else None
    pods = {service.name: peak_pods(service.spec, meshed=meshed) for service in services}
    totals = [sizes.pod(service.spec, proxy).times(pods[service.name]) for service in services]
    asked = {
        "cpuCores": (sum(total.cpu_request_millicores for total in totals) / _MILLI, settings.budget.cpu_cores),
        "memoryGib": (sum(total.memory_request_mib for total in totals) / _KIBI, settings.budget.memory_gib),
        "pods": (sum(pods.values()), settings.budget.pods),
    }
    for field, (sum_, ceiling) in sorted(asked.items()):
        if ceiling is not None and sum_ > ceiling:
            yield Problem(
                file=stack_file(stack),
                line=1,
                field=f"platform:settings.budget.{field}",
                cause=f"is {ceiling}, but the services ask for {sum_:g} at their most pods",
                cure="Raise the budget, or lower maxReplicas or requests in the catalogue",
            )
