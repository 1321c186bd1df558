"""The questions of a mesh's proof about time: what fails is tried as often as declared, what hangs is ended in time,
and what goes on is left alone.

The numbers are the owners', from the catalogue: `timeout` and `retries` of a consumer with their documented defaults,
`timeout` of an API for the gateway. An application fails, waits or goes on because the question says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue.needing import Consume, Retries
from blueprint.catalogue.offering import Operation, Provide
from blueprint.quantities import seconds
from operations.laboratory.judging import request_of
from operations.laboratory.members import Member, Members
from operations.laboratory.questions import Answer, Question, denied, said
from operations.laboratory.wire import Wire, is_grpc
from policies.core.facts import Facts
from policies.intent.edges import Call, Entrance, intent

RETRIES: Final = "failing operations"
TIMEOUTS: Final = "hanging operations"
STREAMS: Final = "streams"

DEFAULT_ATTEMPTS: Final = 2
"""Tries after the first where an owner says nothing (`Consume.retries`)."""
_RETRIED_CALL: Final = frozenset({"unavailable"})
_RETRIED: Final = frozenset({"503", "5xx", "gateway-error", *_RETRIED_CALL})
"""Words of `retryOn` that mean how applications fail here. Envoy reads gRPC's status in answers to any request, so one
failure is retried by either kind of word."""
_EARLY: Final = 0.9
_LATE_SECONDS: Final = 2.0
"""A busy machine is late, and what it measures begins before the proxy does."""
_STREAM_LATE_SECONDS: Final = 10.0
"""For a stream to arrive on a busy machine: it may be late, and nothing but its own end may end it."""
_LONGER_SECONDS: Final = 4.0
"""For how long beyond the timeout an application hangs."""
_DEFAULT_SECONDS: Final = 15.0
"""What proxies end a request after where no route says anything (Envoy, RouteAction.timeout): a stream outlives it."""
_FAILS_CALL: Final = {"grpc": 14}
"""`unavailable`, in gRPC's words."""
_FAILS: Final = {"status": 503, **_FAILS_CALL}


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How a caller's requests for one operation behave."""

    timeout_seconds: float
    """Tries included."""
    attempts: int
    """Tries after the first."""
    per_try_seconds: float
    retry_on: frozenset[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Retried(Question):
    """The application fails, and is asked a known number of times."""

    tries: int

    def wrong(self, answer: Answer) -> str:
        found = len(answer["tries"])
        if denied(answer):  # which the question about the operation itself has said
            return ""
        return "" if found == self.tries else f"fails, and is tried {found} times; declared: {self.tries}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ended(Question):
    """The application hangs, and the caller is freed in time."""

    patience: Patience

    def wrong(self, answer: Answer) -> str:
        least, most = self.patience.per_try_seconds * _EARLY, self.patience.timeout_seconds + _LATE_SECONDS
        declared = f"declared: {self.patience.timeout_seconds:g} s"
        if denied(answer):
            return ""
        if answer["by"]:
            return f"hangs, and is waited for {answer['seconds']:.1f} s; {declared}"
        if not answer["status"]:
            return f"hangs, and the caller is not answered ({said(answer)}); {declared}"
        if not least <= answer["seconds"] <= most:
            return f"hangs, and is ended after {answer['seconds']:.1f} s; {declared}"
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lasting(Question):
    """The answer goes on, and nothing ends it."""

    stream_seconds: float

    def wrong(self, answer: Answer) -> str:
        if answer["by"] and not answer["error"] and answer["seconds"] >= self.stream_seconds:
            return ""
        words = answer["error"] or said(answer)
        return f"is ended after {answer['seconds']:.1f} s of {self.stream_seconds:g} s ({words})"


class Endurance:
    """Everything that is asked about time."""

    def __init__(self, members: Members, facts: Facts, wire: Wire) -> None:
        self._members, self._declared, self._wire = members, intent(facts), wire

    def questions(self) -> Iterator[Question]:
        """In a fixed order."""
        for call in self._declared.calls:
            source = self._members.services.get(call.caller.name)
            target = self._members.services.get(call.provider.name)
            if source and target:
                used = [each for each in call.provide.operations if _is_used(each, call.consume)]
                for operation in used:
                    patience = of_call(call, operation, used)
                    why = f"{call.caller.name} consumes {call.consume.api}"
                    yield from self._asked(source, target, call.provide, operation, patience, why)
        for entrance in self._declared.entrances:
            if target := self._members.services.get(entrance.service.name):
                patience = of_gateway(entrance, self._declared.entrances)
                why = f"{target.name}/{entrance.provide.api} has a public route"
                for operation in entrance.provide.operations:
                    yield from self._asked(self._members.gateway, target, entrance.provide, operation, patience, why)

    def _asked(
        self, source: Member, target: Member, provide: Provide, operation: Operation, patience: Patience, why: str
    ) -> Iterator[Question]:
        port = self._wire.judge.port(target, provide)
        request = request_of(operation)
        user = source is self._members.gateway
        if not self._wire.judge.allows(source, target, port.target, request, token=user and bool(self._wire.token)):
            return
        fields = {"why": why, **self._wire.fields(source, target, port, request, token=user)}
        if operation.streaming:
            lasting = max(patience.timeout_seconds, _DEFAULT_SECONDS) + _LONGER_SECONDS
            behaviour = {"stream_seconds": lasting}
            most = lasting + _STREAM_LATE_SECONDS
            yield Lasting(about=STREAMS, stream_seconds=lasting, behaviour=behaviour, patience_seconds=most, **fields)
            return
        calls = is_grpc(port, request)
        retried = bool(patience.retry_on & (_RETRIED_CALL if calls else _RETRIED))
        yield Retried(
            about=RETRIES,
            tries=1 + (patience.attempts if retried else 0),
            behaviour={"id": f"{source.name}/{target.name}/{operation.key}", **(_FAILS_CALL if calls else _FAILS)},
            **fields,
        )
        hangs = patience.timeout_seconds + _LONGER_SECONDS
        yield Ended(
            about=TIMEOUTS,
            patience=patience,
            behaviour={"wait_seconds": hangs},
            patience_seconds=hangs + _LATE_SECONDS,
            **fields,
        )


def of_gateway(entrance: Entrance, all_: Sequence[Entrance]) -> Patience:
    """How requests of the gateway behave: the longest any public API on the port may take, and no second try."""
    beside = [each for each in all_ if each.service is entrance.service and each.port == entrance.port]
    longest = max(seconds(each.provide.timeout) for each in beside)
    return Patience(timeout_seconds=longest, attempts=0, per_try_seconds=longest, retry_on=frozenset())


def of_call(call: Call, operation: Operation, used: list[Operation]) -> Patience:
    """How `call` behaves for `operation`, one of those it has `used`."""
    retries = call.consume.retries or _default(call.consume, call.provide, used)
    timeout = seconds(call.consume.timeout or call.provide.timeout)
    if call.consume.timeout is None:
        timeout *= retries.attempts + 1
    attempts = retries.attempts if operation.idempotent and not operation.streaming else 0
    share = seconds(retries.per_try_timeout) if retries.per_try_timeout else timeout / (retries.attempts + 1)
    return Patience(
        timeout_seconds=timeout,
        attempts=attempts,
        per_try_seconds=share if attempts else timeout,
        retry_on=frozenset(retries.retry_on),
    )


def _default(consume: Consume, provide: Provide, used: list[Operation]) -> Retries:
    """Twice for what may be repeated, where there is time for every try."""
    time = consume.timeout is None or seconds(consume.timeout) >= (DEFAULT_ATTEMPTS + 1) * seconds(provide.timeout)
    repeatable = any(each.idempotent and not each.streaming for each in used)
    return Retries(attempts=DEFAULT_ATTEMPTS if time and repeatable else 0)


def _is_used(operation: Operation, consume: Consume) -> bool:
    return not consume.operations or operation.key in consume.operations
