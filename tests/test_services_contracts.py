"""The shop's contracts against the catalogue that names them.

A reader of `services/` may believe either: an operation, a version or an allowed call is the same in both. The own
grammar of the contracts is checked as far as the catalogue leans on it; it is no validator of OpenAPI or protobuf.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprint.catalogue import Service
from blueprint.catalogue.offering import GrpcOperation, HttpOperation, Provide
from blueprint.reading import read_catalogue

FOLDER = Path(__file__).parent.parent / "services"

SHOP: tuple[Service, ...] = read_catalogue(FOLDER, today=date(2026, 11, 20)).services

PROVIDED = {f"{service.name}/{provide.api}": provide for service in SHOP for provide in service.spec.provides}
HTTP = {name: provide for name, provide in PROVIDED.items() if provide.type == "openapi"}
GRPC = {name: provide for name, provide in PROVIDED.items() if provide.type == "grpc"}
SCHEMAS = {publish.schema_ for service in SHOP for publish in service.spec.events.publishes}

RPC = r"^  rpc (\w+)\(\w+\) returns \(\w+\)(?:;$| \{(.*?)^  \}$)"
"""One rpc of a protobuf service: its name, and its options if it has any."""
METHODS = ("get", "head", "post", "put", "patch", "delete")

each_http = pytest.mark.parametrize("provide", HTTP.values(), ids=HTTP)
each_grpc = pytest.mark.parametrize("provide", GRPC.values(), ids=GRPC)


@cache
def document(file: Path) -> Any:
    """`file` as YAML reads it."""
    return yaml.safe_load(file.read_text())


def contract(provide: Provide) -> Any:
    """The OpenAPI document of `provide`."""
    return document(FOLDER / provide.definition)


def proto(provide: Provide) -> str:
    """The protobuf file of `provide`."""
    return (FOLDER / provide.definition).read_text()


def operations(provide: Provide) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Every operation of an OpenAPI document: its key, itself, its parameters with those of its path."""
    for path, item in contract(provide)["paths"].items():
        for method in METHODS:
            if method in item:
                parameters = item.get("parameters", []) + item[method].get("parameters", [])
                yield f"{method.upper()} {path}", item[method], parameters


def nodes(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Everything inside `value`, with its place."""
    yield place, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nodes(inner, f"{place}/{index}")


def resolved(file: Path, value: Any) -> Any:
    """`value`, or what its `$ref` leads to, from `file`.

    Raises KeyError or FileNotFoundError where it leads nowhere.
    """
    while isinstance(value, dict) and "$ref" in value:
        name, _, pointer = value["$ref"].partition("#")
        file = file.parent / name if name else file
        value = document(file)
        for key in pointer.strip("/").split("/"):
            value = value[key]
    return value


def references(file: Path) -> set[Path]:
    """The files that `file` refers to."""
    if file.suffix != ".yaml":
        return set()
    found = (value["$ref"] for _, value in nodes(document(file)) if isinstance(value, dict) and "$ref" in value)
    return {file.parent / name for name in (text.partition("#")[0] for text in found) if name}


def test_every_contract_and_schema_belongs_to_the_catalogue() -> None:
    named = {FOLDER / provide.definition for provide in PROVIDED.values()}
    named |= {FOLDER / schema for schema in SCHEMAS}
    named |= {file for contract_file in tuple(named) for file in references(contract_file)}
    there = {file for folder in ("contracts", "schemas") for file in (FOLDER / folder).iterdir()}
    assert there - named == set(), "no service offers these: delete them or name them in a service"
    assert named - there == set(), "the catalogue names these, and they are not there"


def test_two_apis_never_share_a_contract() -> None:
    files = [provide.definition for provide in PROVIDED.values()]
    assert len(files) == len(set(files)), "a change for one API would change the other"


@each_http
def test_an_http_contract_offers_what_the_catalogue_says(provide: Provide) -> None:
    assert {key for key, _, _ in operations(provide)} == {operation.key for operation in provide.operations}, (
        "the mesh would refuse a documented operation, or admit one that is not documented"
    )


@each_http
def test_an_http_contract_has_the_name_and_version_of_the_catalogue(provide: Provide) -> None:
    document = contract(provide)
    assert document["openapi"] == "3.1.0"
    assert (document["info"]["title"], document["info"]["version"]) == (provide.api, provide.version)


@each_http
def test_a_contract_asks_for_a_token_where_the_gateway_does(provide: Provide) -> None:
    wanted: list[dict[str, list[str]]] = [{"bearer": []}] if provide.route and provide.route.auth.type == "jwt" else []
    assert contract(provide)["security"] == wanted, "a client would send no token, or one that is not checked"
    schemes = contract(provide).get("components", {}).get("securitySchemes", {})
    assert set(schemes) == {name for scheme in wanted for name in scheme}, "a scheme is missing, or asked for nowhere"


@each_http
def test_every_public_path_leads_to_operations(provide: Provide) -> None:
    paths = [operation.path for operation in provide.operations if isinstance(operation, HttpOperation)]
    prefixes = provide.route.paths if provide.route else ()
    for path in paths if prefixes else ():
        assert any(f"{path}/".startswith(f"{prefix}/") for prefix in prefixes), f"{path} is public and out of reach"
    for prefix in prefixes:
        assert any(f"{path}/".startswith(f"{prefix}/") for path in paths), f"{prefix} is open and leads nowhere"


def test_no_public_path_lies_inside_another() -> None:
    routes = [provide.route for provide in PROVIDED.values() if provide.route]
    paths = [(route.host, f"{path}/") for route in routes for path in route.paths]
    for host, path in paths:
        inside = [other for beside, other in paths if beside == host and other.startswith(path)]
        assert inside == [path], "which of the two is asked would depend on the gateway's order of routes"


@each_http
def test_every_operation_of_a_contract_is_whole(provide: Provide) -> None:
    file = FOLDER / provide.definition
    names: list[str] = []
    for key, operation, given in operations(provide):
        names.append(operation["operationId"])
        parameters = [resolved(file, parameter) for parameter in given]
        asked = set(re.findall(r"\{(\w+)\}", key))
        assert {parameter["name"] for parameter in parameters if parameter["in"] == "path"} == asked, key
        assert operation["summary"], f"{key} does not say what it does"
        problem = resolved(file, operation["responses"]["default"])
        assert list(problem["content"]) == ["application/problem+json"], f"{key} has errors of its own shape"
        assert any(status.startswith("2") for status in operation["responses"]), f"{key} never succeeds"
        body = resolved(file, operation.get("requestBody"))
        bodiless = key.split()[0] in ("GET", "HEAD", "DELETE")
        assert (body is None) == bodiless, f"{key} needs a body, or has one that its method cannot have"
    assert len(names) == len(set(names)), "generated clients would have two functions of one name"


@each_http
def test_an_idempotency_key_is_a_header_of_the_contract(provide: Provide) -> None:
    file = FOLDER / provide.definition
    headers = {
        key: {
            parameter["name"]: parameter["required"]
            for parameter in (resolved(file, parameter) for parameter in given)
            if parameter["in"] == "header"
        }
        for key, _, given in operations(provide)
    }
    for operation in provide.operations:
        assert isinstance(operation, HttpOperation)
        key = operation.idempotency_key
        assert headers[operation.key] == ({key: True} if key else {}), operation.key


def test_no_operation_denies_what_its_method_means() -> None:
    kept = {"GET", "HEAD", "PUT", "DELETE"}
    denied = [
        f"{name} {operation.key}"
        for name, provide in HTTP.items()
        for operation in provide.operations
        if isinstance(operation, HttpOperation) and operation.method in kept and not operation.idempotent
    ]
    assert denied == [], "RFC 9110 §9.2.2 lets any client repeat these"


@pytest.mark.parametrize("file", sorted((FOLDER / "contracts").glob("*.yaml")), ids=lambda file: file.name)
def test_a_contract_says_only_what_was_meant(file: Path) -> None:
    for place, value in nodes(document(file)):
        assert value is not None, f"{place} is empty: a comma in an unquoted text of a flow map makes a key of the rest"
        if isinstance(value, dict) and "$ref" in value:
            assert list(value) == ["$ref"], f"{place}: what stands beside a $ref is ignored"
            assert resolved(file, value) is not None, place


@each_grpc
def test_a_grpc_contract_offers_what_the_catalogue_says(provide: Provide) -> None:
    text = proto(provide)
    package = re.search(r"^package ([\w.]+);$", text, re.MULTILINE)
    assert package, "without a package the path of a call has no version"
    offered: dict[str, bool] = {}
    for service, body in re.findall(r"^service (\w+) \{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL):
        for rpc, options in re.findall(RPC, body, re.MULTILINE | re.DOTALL):
            offered[f"{package[1]}.{service}/{rpc}"] = "idempotency_level" in options
    said = {operation.key: operation.idempotent for operation in provide.operations}
    assert offered == said, "a proxy would retry what must not be, or refuse what is documented"
    assert all(isinstance(operation, GrpcOperation) for operation in provide.operations)


@each_grpc
def test_a_grpc_contract_has_the_name_and_version_of_the_catalogue(provide: Provide) -> None:
    assert proto(provide).startswith(f"// {provide.api} {provide.version}: ")


@each_grpc
def test_every_message_of_a_grpc_contract_is_defined_and_numbered_once(provide: Provide) -> None:
    text = proto(provide)
    messages = dict(re.findall(r"^message (\w+) \{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL))
    known = {*messages, *re.findall(r"^enum (\w+) ", text, re.MULTILINE), "string", "int32", "int64", "bool"}
    known |= {"google.protobuf.Timestamp"} if 'import "google/protobuf/timestamp.proto";' in text else set()
    spoken = {name for pair in re.findall(r"rpc \w+\((\w+)\) returns \((\w+)\)", text) for name in pair}
    assert spoken <= set(messages), "an rpc speaks of a message that is not there"
    for message, body in messages.items():
        fields = re.findall(r"^  (?:repeated )?([\w.]+) \w+ = (\d+);", body, re.MULTILINE)
        assert {kind for kind, _ in fields} <= known, f"{message} has a field of an unknown type"
        assert [int(number) for _, number in fields] == list(range(1, len(fields) + 1)), f"{message} is numbered badly"
