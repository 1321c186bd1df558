"""Who answers in the laboratory: applications, asked by gRPC's own client and the standard library's, and names."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from operations.laboratory.inside.applications import BEHAVIOUR, Applications
from operations.laboratory.inside.hpack import Decoder, encoded
from operations.laboratory.inside.names import answer
from operations.laboratory.inside.proxies import await_quiet
from operations.laboratory.inside.requesting import ask

POD = "order-service"
CREATE = "/orders.v1.Orders/CreateOrder"
QUESTION = {"address": "127.0.0.1", "host": "order-service", "method": "GET", "path": "/", "headers": {}}


class Here:
    """This machine as a host of the laboratory."""

    address = "127.0.0.1"

    @contextmanager
    def entered(self) -> Iterator[None]:
        yield


@pytest.fixture
def listening() -> tuple[Applications, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    applications = Applications()
    applications.listen(Here(), POD, [port])  # type: ignore[arg-type]
    return applications, port


def called(port: int, times: int = 1, **behaviour: Any) -> dict[str, str]:
    """The first headers of the last of `times` answers to gRPC's own client."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary(CREATE, request_serializer=bytes, response_deserializer=bytes)
        for number in range(times):
            headers = ((BEHAVIOUR, json.dumps(behaviour)), ("x-odd", "A{}|\\<>~^ z"), ("x-long", "y" * 300))
            _, call = method.with_call(b"x" * number, metadata=headers, timeout=10)
    return {key: str(value) for key, value in call.initial_metadata()}


def test_grpcs_own_client_is_answered_and_counted(listening: tuple[Applications, int]) -> None:
    applications, port = listening
    headers = called(port, times=3, id="one")
    assert (headers["x-laboratory-by"], headers["x-laboratory-seen"]) == (POD, CREATE)
    assert applications.tries("one") == [POD] * 3


def test_a_failure_of_grpc_is_one_to_its_own_client(listening: tuple[Applications, int]) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        called(listening[1], grpc=14)
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE


def test_an_application_says_the_path_as_it_came(listening: tuple[Applications, int]) -> None:
    found = ask(Here(), {**QUESTION, "port": listening[1], "path": "//v1///a/%37"})  # type: ignore[arg-type]
    assert (found["by"], found["at"], found["seen"]) == (POD, listening[1], "//v1///a/%37")


def test_an_answer_that_goes_on_is_read_to_its_end(listening: tuple[Applications, int]) -> None:
    behaviour = {"stream_seconds": 0.6}
    found = ask(Here(), {**QUESTION, "port": listening[1], "behaviour": behaviour})  # type: ignore[arg-type]
    assert found["seconds"] >= 0.6
    assert not found["error"]


def test_bytes_are_answered_with_bytes(listening: tuple[Applications, int]) -> None:
    assert ask(Here(), {**QUESTION, "port": listening[1], "method": ""})["by"] == "somebody"  # type: ignore[arg-type]


def test_what_is_encoded_is_decoded_again() -> None:
    fields = [(":path", "/" + "a" * 400), ("x", "")]
    assert Decoder().fields(encoded(fields)) == fields


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        # RFC 7541, C.4: three requests of one connection, with Huffman's code and the dynamic table.
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", {":method": "GET", ":path": "/"}),
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", {"custom-key": "custom-header"}),
        ("408825a849e95ba97d7f8925a849e95bb8e8b4bf", {"custom-key": "custom-value"}),
    ],
)
def test_header_blocks_of_the_standard_are_read(block: str, fields: dict[str, str]) -> None:
    found = dict(Decoder().fields(bytes.fromhex(block)))
    assert fields.items() <= found.items()


def test_a_field_that_was_kept_is_found_by_its_index() -> None:
    decoder = Decoder()
    first = decoder.fields(bytes.fromhex("400a637573746f6d2d6b65790d637573746f6d2d686561646572"))
    assert decoder.fields(b"\xbe") == first


QUERY = bytes.fromhex("beef01000001000000000000") + b"\x03pay\x07example\x03com\0" + bytes.fromhex("00010001")
"""A question for the address of pay.example.com."""


def test_a_name_that_is_known_has_its_address() -> None:
    found = answer(QUERY, {"pay.example.com": "8.8.8.8"})
    assert found[:2] == QUERY[:2]
    assert found[3] & 0xF == 0
    assert found[-4:] == bytes([8, 8, 8, 8])


def test_of_a_name_that_is_not_known_that_is_said_at_once() -> None:
    assert answer(QUERY, {})[3] & 0xF == 3


def test_a_change_is_waited_for_however_late_the_first_proxy_hears_of_it() -> None:
    started = time.monotonic()
    await_quiet(lambda: 7 if time.monotonic() < started + 3.0 else 8, before=7)
    assert time.monotonic() > started + 3.0
