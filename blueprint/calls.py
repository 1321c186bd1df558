"""How a caller's requests to others behave: timeouts and retries, by API and request.

A call's timeout and retries are the caller's, so they are decided with the caller and live in its namespace; the
weights are the provider's. A new caller therefore adds objects and changes none
(docs/decisions/0006-timeouts-and-retries-live-in-the-callers-namespace.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from blueprint.apis import HTTP_PROTOCOLS, Request
from blueprint.context import Context
from blueprint.network import Call
from blueprint.paths import within

ENDLESS: Final = None
"""The timeout of a stream."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How some requests of a caller to a provider behave."""

    name: str
    port: int
    requests: tuple[Request, ...]
    """Which; empty: all on the port."""
    timeout_seconds: float | None
    """None: nothing ends them but the two ends."""
    attempts: int
    per_try_seconds: float
    retry_on: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Calls:
    """All requests of one caller to one provider."""

    provider: str
    host: str
    namespace: str
    """The provider's, where the VirtualServices with the weights are: one per port."""
    rules: tuple[Rule, ...]
    """First match wins."""


def calls(provider: str, outgoing: Sequence[Call], context: Context) -> Calls:
    """How all requests of one caller to `provider` behave."""
    asked = [call for call in outgoing if call.provider == provider and call.protocol in HTTP_PROTOCOLS]
    ports = dict.fromkeys(call.port for call in asked)
    return Calls(
        provider=provider,
        host=context.address(provider),
        namespace=context.namespace(provider),
        rules=tuple(rule for port in ports for rule in _rules([call for call in asked if call.port == port])),
    )


def _rules(calls: Sequence[Call]) -> Iterator[Rule]:
    """The rules of the calls that share a port. What a pattern below would repeat or not end and may not, streams
    without a timeout, retries for what is idempotent, then the rest: each API's own requests, so that its timeout
    holds, and last whatever is left."""
    harmless = [request for call in calls if call.attempts for request in call.requests if request.repeatable]
    endless = [request for call in calls for request in call.requests if request.streaming]
    for call in calls:
        if endangered := tuple(asked for asked in call.requests if _is_endangered(asked, harmless, endless)):
            yield once(f"{call.api}-once", call.port, call.timeout_seconds, endangered)
    for call in calls:
        if streams := tuple(request for request in call.requests if request.streaming):
            yield once(f"{call.api}-streaming", call.port, ENDLESS, streams)
    for call in calls:
        idempotent = tuple(request for request in call.requests if request.repeatable)
        if call.attempts and idempotent:
            yield Rule(
                name=f"{call.api}-idempotent",
                port=call.port,
                requests=idempotent,
                timeout_seconds=call.timeout_seconds,
                attempts=call.attempts,
                per_try_seconds=call.per_try_seconds,
                retry_on=call.retry_on,
            )
    listed = [call for call in calls if call.requests]
    # Nothing tells apart what lists no operations: the most patient of them is believed.
    rest = max((call for call in calls if not call.requests), key=lambda call: call.timeout_seconds, default=None)
    last = rest or listed[-1]
    for call in listed:
        if call is not last:
            yield once(call.api, call.port, call.timeout_seconds, call.requests)
    yield once(last.api, last.port, last.timeout_seconds)


def _is_endangered(request: Request, harmless: Sequence[Request], endless: Sequence[Request]) -> bool:
    """Whether `request` would be retried for one of `harmless`, or left without a timeout for one of `endless`."""
    if request.streaming:
        return False
    repeated = not request.idempotent and any(taken_for(request, of) for of in harmless)
    return repeated or any(taken_for(request, of) for of in endless)


def taken_for(request: Request, other: Request) -> bool:
    """Whether something asked as `request` also fits the template of `other`. Where only `other` is a case of
    `request` (/a/{id} and /a/all) it is known for what it is: it is named."""
    return request.method == other.method and within(request.path, other.path)


def once(name: str, port: int, timeout_seconds: float | None, requests: tuple[Request, ...] = ()) -> Rule:
    """A rule that tries nothing twice; without `requests`, for all that no rule before took."""
    return Rule(
        name=name,
        port=port,
        requests=requests,
        timeout_seconds=timeout_seconds,
        attempts=0,
        per_try_seconds=0,
        retry_on=(),
    )
