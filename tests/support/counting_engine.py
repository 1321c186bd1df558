"""A Pulumi engine of a few lines that keeps what a program says to it.

It speaks the engine's own gRPC to a program in a process of its own, so it sees what no mock sees: the requests as
they are on the wire, with their secrets marked, their dependencies expanded and their true names. It refuses what the
engine refuses: a name twice, a dependency on something unknown. It makes nothing, diffs nothing and knows no
provider: an object comes back as it was sent, as from the Kubernetes provider in a preview, with the outputs a test
gives its type, and a chart comes back without its objects.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN, _special_output_value_sig, _special_secret_sig, _special_sig_key

STACK_TYPE: Final = "pulumi:pulumi:Stack"
BIGGEST_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""The engine's own limit (pulumi/pulumi, sdk/go/common/util/rpcutil)."""
THREADS: Final = 64
"""Calls answered at once; more than the program's own workers, so that the engine is never what is waited for."""

MARKS: Final = frozenset({_special_output_value_sig, _special_secret_sig})
"""Signatures under which the SDK wraps a value."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    request: resource_pb2.RegisterResourceRequest

    @property
    def kind(self) -> str:
        """Its type: kubernetes:apps/v1:Deployment."""
        return self.request.type

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.request.name

    @property
    def local_component(self) -> bool:
        """Whether it is a component of the program's own: a name for its children, with nothing behind it."""
        return not self.request.custom and not self.request.remote

    @cached_property
    def edges(self) -> tuple[str, ...]:
        """URNs it waits for, as often as they are written into the state: as a whole, and per property."""
        by_property = [urn for each in self.request.propertyDependencies.values() for urn in each.urns]
        return (*self.request.dependencies, *by_property)

    @property
    def size_bytes(self) -> int:
        """Of the whole message, stack trace included."""
        return int(self.request.ByteSize())

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Its properties, without the marks on secrets."""
        return {key: plain(value) for key, value in self.request.object.fields.items()}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Dot paths of the properties marked secret, sorted."""
        return tuple(sorted(_secrets(self.request.object, ())))

    @property
    def wire(self) -> bytes:
        """The message without where in the code it came from, and with its dependencies, which are a set, sorted."""
        bare = resource_pb2.RegisterResourceRequest()
        bare.CopyFrom(self.request)
        bare.ClearField("stackTrace")
        bare.ClearField("sourcePosition")
        bare.dependencies[:] = sorted(self.request.dependencies)
        return bytes(bare.SerializeToString(deterministic=True))


@dataclass(kw_only=True)
class CountingEngine:
    """What has been said so far."""

    project: str
    stack: str
    preview: bool
    computed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Type → outputs its provider would add. In a preview each is a value nobody knows yet."""
    failing: frozenset[str] = frozenset()
    """Types of resources that are asked for, and fail."""
    registered: dict[str, Registration] = field(default_factory=dict)
    """By URN, in order of arrival."""
    outputs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """URN and values of each RegisterResourceOutputs."""
    refused: list[str] = field(default_factory=list)
    """What the engine would not have, each with its reason."""
    asked: list[str] = field(default_factory=list)
    """Look-ups: functions of providers, and types of resources that were read."""
    reported: list[str] = field(default_factory=list)
    """Messages to the user, warnings and worse."""
    debugged: int = 0
    """Messages of the SDK's debug log."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def urn(self, request: resource_pb2.RegisterResourceRequest) -> str:
        """The engine's name of a resource: with the types of all its ancestors but the stack."""
        above = request.parent.split("::")[2] if request.parent else STACK_TYPE
        kind = request.type if above == STACK_TYPE else f"{above}${request.type}"
        return f"urn:pulumi:{self.stack}::{self.project}::{kind}::{request.name}"

    def register(self, request: resource_pb2.RegisterResourceRequest) -> str:
        """The new resource's URN. Raises ValueError with the reason where the engine would refuse."""
        urn = self.urn(request)
        provider = request.provider.rpartition("::")[0]
        by_property = {urn for each in request.propertyDependencies.values() for urn in each.urns}
        named = {request.parent, provider, request.deletedWith, *request.dependencies, *by_property} - {""}
        with self._lock:
            if urn in self.registered:
                raise ValueError(f"{urn} is registered twice")
            if unknown := sorted(named - self.registered.keys()):
                raise ValueError(f"{urn} names what is not there: {', '.join(unknown)}")
            self.registered[urn] = Registration(urn=urn, request=request)
        return urn

    def answer(self, request: resource_pb2.RegisterResourceRequest) -> struct_pb2.Struct:
        """What the program learns of a resource: its properties, and what its provider adds."""
        reported = struct_pb2.Struct()
        reported.CopyFrom(request.object)
        for key, value in self.computed.get(request.type, {}).items():
            reported.update({key: UNKNOWN if self.preview else value})
        return reported

    def finish(self, urn: str, outputs: Any) -> None:
        """Keeps the outputs of a component, as often as they come."""
        with self._lock:
            self.outputs.append((urn, {key: plain(value) for key, value in outputs.fields.items()}))

    @contextmanager
    def listening(self) -> Iterator[str]:
        """The address at which a program finds this engine, on this machine only."""
        limits = [(f"grpc.max_{way}_message_length", BIGGEST_MESSAGE_BYTES) for way in ("receive", "send")]
        with ThreadPoolExecutor(max_workers=THREADS) as threads:
            server = grpc.server(threads, options=limits)
            resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(self), server)
            engine_pb2_grpc.add_EngineServicer_to_server(_Messages(self), server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                yield f"127.0.0.1:{port}"
            finally:
                server.stop(None).wait()


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """The half of the engine with which resources are registered. Every call it does not know ends in UNIMPLEMENTED."""

    def __init__(self, engine: CountingEngine) -> None:
        self._engine = engine

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802  (the protocol's names)
        del request, context
        return resource_pb2.DeploymentInfo(supportedFeatures=resource_pb2.ResourceMonitorFeature.values())

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return resource_pb2.SupportsFeatureResponse(hasSupport=True)

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        try:
            urn = self._engine.register(request)
        except ValueError as error:
            self._engine.refused.append(str(error))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        if request.type in self._engine.failing:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{request.name} failed")
        # In a preview nothing has an id yet.
        known = f"{request.name}-id" if request.custom and not self._engine.preview else ""
        return resource_pb2.RegisterResourceResponse(urn=urn, id=known, object=self._engine.answer(request))

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self._engine.finish(request.urn, request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self._engine.asked.append(request.tok)
        return resource_pb2.ResourceInvokeResponse()

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._engine.asked.append(request.type)
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "nothing is there to be read")

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()


class _Messages(engine_pb2_grpc.EngineServicer):
    """The half of the engine that talks to the user."""

    def __init__(self, engine: CountingEngine) -> None:
        self._engine = engine

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        if request.severity >= engine_pb2.WARNING:
            self._engine.reported.append(request.message)
        self._engine.debugged += request.severity == engine_pb2.DEBUG
        return empty_pb2.Empty()


def plain(value: struct_pb2.Value) -> Any:
    """`value` as JSON has it, without marks: whole numbers are int, as every other reader of them sees them."""
    return _PLAIN[value.WhichOneof("kind") or "null_value"](value)


def _plain_map(value: struct_pb2.Value) -> Any:
    fields = value.struct_value.fields
    if _mark(fields):
        return plain(fields["value"])
    return {key: plain(inner) for key, inner in fields.items()}


def _plain_number(value: struct_pb2.Value) -> float:
    return int(value.number_value) if value.number_value.is_integer() else value.number_value


_PLAIN: Final[Mapping[str, Any]] = {
    "bool_value": lambda value: value.bool_value,
    "list_value": lambda value: [plain(inner) for inner in value.list_value.values],
    "null_value": lambda _: None,
    "number_value": _plain_number,
    "string_value": lambda value: value.string_value,
    "struct_value": _plain_map,
}
"""Kind of protobuf value to what it is in Python."""


def _mark(fields: Mapping[str, struct_pb2.Value]) -> str:
    """The signature of a wrapped value, or nothing."""
    signature = fields[_special_sig_key].string_value if _special_sig_key in fields else ""
    return signature if signature in MARKS else ""


def _secrets(struct: struct_pb2.Struct, path: tuple[str, ...]) -> Iterator[str]:
    mark = _mark(struct.fields)
    if mark == _special_secret_sig or (mark and struct.fields["secret"].bool_value):
        yield ".".join(path)
    elif not mark:
        for key, value in struct.fields.items():
            yield from _secrets_in(value, (*path, key))


def _secrets_in(value: struct_pb2.Value, path: tuple[str, ...]) -> Iterator[str]:
    if value.HasField("struct_value"):
        yield from _secrets(value.struct_value, path)
    for index, inner in enumerate(value.list_value.values):
        yield from _secrets_in(inner, (*path, str(index)))
