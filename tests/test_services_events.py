"""The schemas of the shop's messages against the channels that carry them and the services that read them.

An event is a promise to readers its publisher may not know; what every reader relies on is checked here. The Avro
check looks at the shape only: whether a new version fits the old one is the registry's to say.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from blueprint.catalogue import Service
from blueprint.catalogue.needing import Publish
from blueprint.reading import read_catalogue

FOLDER = Path(__file__).parent.parent / "services"

SHOP: tuple[Service, ...] = read_catalogue(FOLDER, today=date(2026, 11, 20)).services

PUBLISHED = {publish.channel: publish for service in SHOP for publish in service.spec.events.publishes}

KAFKA = "kafka"  # the stacks' default broker, for channels that name none

each_event = pytest.mark.parametrize("publish", PUBLISHED.values(), ids=PUBLISHED)

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


def avro(schema: Any, place: str) -> None:
    """Fail where `schema` has not the shape of an Avro 1.12 schema (no references to named types are used)."""
    if isinstance(schema, list):
        assert schema, f"{place} is a union of nothing"
        for index, branch in enumerate(schema):
            avro(branch, f"{place}/{index}")
        return
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in ("record", "enum"):
        assert re.fullmatch(r"[A-Za-z_]\w*", schema["name"]), f"{place} has no name that Avro takes"
    if kind == "record":
        names = [field["name"] for field in schema["fields"]]
        assert len(names) == len(set(names)), f"{place} has a field twice"
        for field in schema["fields"]:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", field["name"]), f"{place}/{field['name']} is no field name"
            avro(field["type"], f"{place}/{field['name']}")
            if isinstance(field["type"], list) and "default" in field:
                fits = (field["default"] is None) == (field["type"][0] == "null")
                assert fits, f"{place}/{field['name']}: the default belongs to the union's first branch"
    elif kind == "enum":
        assert schema["default"] in schema["symbols"], f"{place}: an older reader fails at a new symbol"
    elif kind == "array":
        avro(schema["items"], f"{place}/items")
    else:
        assert kind in PRIMITIVES, f"{place} is of the unknown type {kind}"


def objects(schema: Any, place: str) -> None:
    """Fail where an object inside the JSON Schema `schema` asks for a property it does not describe."""
    if schema.get("type") == "object":
        assert set(schema["required"]) <= set(schema["properties"]), f"{place} asks for what it does not describe"
        for name, inner in schema["properties"].items():
            objects(inner, f"{place}/{name}")
    elif schema.get("type") == "array":
        objects(schema["items"], f"{place}/items")


def schema_of(publish: Publish) -> Any:
    """The schema of a channel."""
    return json.loads((FOLDER / publish.schema_).read_text())


def fields(publish: Publish) -> Mapping[str, bool]:
    """Field of a channel's messages → whether every message has it."""
    schema = schema_of(publish)
    if publish.schema_.endswith(".avsc"):
        return {field["name"]: "default" not in field for field in schema["fields"]}
    return {name: name in schema["required"] for name in schema["properties"]}


@each_event
def test_a_schema_has_the_name_of_its_channel_and_the_format_of_its_broker(publish: Publish) -> None:
    suffix = "avsc" if (publish.broker or KAFKA) == KAFKA else "json"
    assert publish.schema_ == f"schemas/{publish.channel}.{suffix}"


@each_event
def test_a_schema_is_what_its_format_asks(publish: Publish) -> None:
    schema = schema_of(publish)
    if publish.schema_.endswith(".avsc"):
        assert (schema["type"], schema["namespace"][:5]) == ("record", "shop."), "a topic carries records of the shop"
        avro(schema, "")
        return
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    objects(schema, "")


@each_event
def test_every_message_says_which_it_is_and_when_it_happened(publish: Publish) -> None:
    has = fields(publish)
    assert has.get("event_id"), "a repeat could not be distinguished from a new message"
    assert has.get("occurred_at"), "a replay would look like news"
    if publish.key is not None:
        assert has.get(publish.key), f"messages without {publish.key} would keep no order"


def test_every_subscriber_recognises_repeats_by_a_field_that_is_always_there() -> None:
    for service in SHOP:
        for subscribe in service.spec.events.subscribes:
            has = fields(PUBLISHED[subscribe.channel])
            assert has.get(subscribe.idempotency), f"{service.name} would handle {subscribe.channel} twice"


def test_every_domain_event_is_counted() -> None:
    domain = {channel for channel, publish in PUBLISHED.items() if (publish.broker or KAFKA) == KAFKA}
    (analytics,) = (service for service in SHOP if service.name == "analytics-service")
    counted = {subscribe.channel for subscribe in analytics.spec.events.subscribes}
    assert counted == domain, "analytics would miss an event, or read what is none"


def test_every_service_has_an_account_at_each_broker_it_talks_to_and_at_no_other() -> None:
    accounts = {"kafka": "kafka", "nats": "nats", "amqp": "rabbitmq"}
    for service in SHOP:
        events = service.spec.events
        channels = [publish.channel for publish in events.publishes]
        channels += [subscribe.channel for subscribe in events.subscribes]
        talks = {PUBLISHED[channel].broker or KAFKA for channel in channels}
        has = {accounts[entry.type] for entry in service.spec.resources.values() if entry.type in accounts}
        assert has == talks, f"{service.name} has an account it does not use, or none where it needs one"
