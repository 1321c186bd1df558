"""Checks on the edges between services: that both ends exist, agree, and cannot go in circles."""

from collections.abc import Iterator

from blueprint.apis import HTTP_PROTOCOLS
from blueprint.catalogue.needing import Consume
from blueprint.quantities import seconds
from blueprint.reading.problems import Problem, valid
from blueprint.reading.view import View


def dangling(view: View) -> Iterator[Problem]:
    """An edge leads to a service and an API that exist."""
    for caller, index, consume in view.edges():
        place = ("consumes", index, "api")
        if consume.provider in view.unread:
            continue
        provider = view.services.get(consume.provider)
        if provider is None:
            cause = f"consumes '{consume.provider}', which no file describes"
            yield view.problem(caller, place, cause, valid(consume.provider, view.others(caller)))
        elif consume.provider == caller:
            cure = "Drop it; a service needs no permission to call itself"
            yield view.problem(caller, place, "consumes itself", cure)
        elif consume.name not in (apis := [provide.api for provide in provider.spec.provides]):
            cause = f"'{consume.provider}' provides no '{consume.name}'"
            yield view.problem(caller, place, cause, valid(consume.name, apis, f"{consume.provider} provides"))


def consent(view: View) -> Iterator[Problem]:
    """A provider that names its callers names this one, and names only services."""
    for caller, index, consume, position, provide in view.answered():
        if provide.allow is not None and caller not in provide.allow:
            allowed = view.where(consume.provider, "provides", position, "allow")
            listed = f"only {', '.join(sorted(provide.allow))}" if provide.allow else "no service"
            cause = f"consumes {consume.api}, but {allowed} allows {listed}"
            cure = f"Ask {view.services[consume.provider].spec.owner} to add '{caller}' there, or drop the edge"
            yield view.problem(caller, ("consumes", index, "api"), cause, cure)
    for name, service in sorted(view.services.items()):
        for position, provide in enumerate(service.spec.provides):
            for entry, allowed in enumerate(provide.allow or ()):
                if allowed not in view.services and allowed not in view.unread:
                    cause = f"allows '{allowed}', which no file describes"
                    cure = valid(allowed, view.others(name))
                    yield view.problem(name, ("provides", position, "allow", entry), cause, cure)


def operations(view: View) -> Iterator[Problem]:
    """What is consumed is offered, over the protocol said, and is retried only where that does no harm."""
    for caller, index, consume, _, provide in view.answered():
        protocol = "grpc" if provide.type == "grpc" else "http"
        if consume.protocol not in (None, protocol):
            cause = f"says {consume.protocol}, but {consume.api} is {provide.type}"
            yield view.problem(caller, ("consumes", index, "protocol"), cause, f"Write {protocol} or drop the line")
        offered = {operation.key: operation for operation in provide.operations}
        for position, operation in enumerate(consume.operations):
            if operation not in offered:
                cause = f"{consume.api} offers no '{operation}'"
                place = ("consumes", index, "operations", position)
                yield view.problem(caller, place, cause, valid(operation, offered, f"{consume.api} offers"))
        used = [offered[key] for key in consume.operations or sorted(offered) if key in offered]
        harmful = [operation.key for operation in used if not operation.idempotent]
        if consume.retries and consume.retries.attempts and harmful:
            cause = f"retries '{harmful[0]}', which is not idempotent: a repeat would do it twice"
            cure = "Set attempts to 0, consume the idempotent operations only, or make it idempotent"
            yield view.problem(caller, ("consumes", index, "retries"), cause, cure)
        if consume.retries and consume.retries.attempts and not provide.operations:
            cause = f"retries calls to {consume.api}, which lists no operations: none is known to be idempotent"
            cure = f"Set attempts to 0, or ask {view.services[consume.provider].spec.owner} to list the operations"
            yield view.problem(caller, ("consumes", index, "retries"), cause, cure)


def timing(view: View) -> Iterator[Problem]:
    """A caller that cannot do without the answer waits at least as long as the provider may take."""
    for caller, index, consume, _, provide in view.answered():
        if consume.criticality == "hard" and consume.timeout and seconds(consume.timeout) < seconds(provide.timeout):
            cause = (
                f"waits {consume.timeout} for {consume.api}, which may take {provide.timeout}: good answers are lost"
            )
            cure = f"Raise timeout to {provide.timeout}, lower the provider's, or set criticality to soft"
            yield view.problem(caller, ("consumes", index, "timeout"), cause, cure)
        each = consume.retries and consume.retries.per_try_timeout
        if each and not consume.timeout and seconds(each) > seconds(provide.timeout):
            cause = f"waits {each} for each try of {consume.api}, which takes {provide.timeout} at most"
            cure = f"Lower perTryTimeout to {provide.timeout}, or set timeout"
            yield view.problem(caller, ("consumes", index, "retries"), cause, cure)


def listeners(view: View) -> Iterator[Problem]:
    """A host outside shares its port with no requests inside: of two protocols on a port, a proxy drops one."""
    for name, service in sorted(view.services.items()):
        known = [name, *sorted({consume.provider for consume in service.spec.consumes if consume.provider != name})]
        inside = {
            port.port: other
            for other in reversed(known)
            if other in view.services and (ports := view.services[other].spec.service)
            for port in ports.ports.values()
            if port.app_protocol in HTTP_PROTOCOLS
        }
        for index, egress in enumerate(service.spec.egress):
            if egress.protocol != "HTTP" and egress.port in inside:
                other = inside[egress.port]
                cause = (
                    f"is {egress.protocol} on {egress.port}, where {other} is asked over HTTP: one of the two is lost"
                )
                yield view.problem(name, ("egress", index, "port"), cause, "Let one of the two use another port")


def cycles(view: View) -> Iterator[Problem]:
    """No service waits for itself through others. A soft call can do without its answer, so nobody waits for it."""
    graph = {
        name: sorted({use.provider for use in service.spec.consumes if _is_waited_for(use, view)} - {name})
        for name, service in view.services.items()
    }
    done: set[str] = set()
    for start in sorted(graph):
        trail: list[tuple[str, Iterator[str]]] = [(start, iter(graph[start]))] if start not in done else []
        while trail:
            node, providers = trail[-1]
            step = next(providers, None)
            if step is None:
                done.add(node)
                trail.pop()
            elif step in (path := [name for name, _ in trail]):
                circle = [*path[path.index(step) :], step]
                caller, provider = circle[0], circle[1]
                index = next(
                    index
                    for index, use in enumerate(view.services[caller].spec.consumes)
                    if use.provider == provider and _is_waited_for(use, view)
                )
                cause = f"calls in a circle: {' → '.join(circle)}; one slow service would stop them all"
                cure = (
                    "Say criticality: soft where the caller can do without the answer, turn one of the calls into an"
                    " event, or move what both need into a service of its own"
                )
                yield view.problem(caller, ("consumes", index, "api"), cause, cure)
            elif step not in done:
                trail.append((step, iter(graph[step])))


def _is_waited_for(use: Consume, view: View) -> bool:
    return use.criticality == "hard" and use.provider in view.services
