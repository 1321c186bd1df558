"""The vocabulary: what each word of the catalogue and the settings takes and refuses, and what a quantity is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from blueprint import quantities, text
from blueprint.quantities import mebibytes, millicores, seconds

TAKEN: dict[str, tuple[Any, ...]] = {
    "ServiceName": ("a", "order-service", "a" * 40, "v2", "a-b-c"),
    "Slug": ("a", "team-orders", "a" * 30),
    "TenantName": ("abc", "pr7", "pr-7", "a" * 15),
    "PortName": ("http", "a" * 15, "0a", "grpc-2"),
    "Channel": ("orders", "orders.created", "orders.created.order-service.dlq", "a" * 200),
    "SecretName": ("a", "registry", "registry.eu", "0-a", "a" * 253),
    "Host": ("example.com", "a.b.c", "xn--bcher-kva.example", f"{'a' * 63}.com"),
    "Image": (
        "nginx:1.27",
        "ghcr.io/acme/shop:1.0.0",
        "localhost:5000/shop:v1",
        "shop:latest-ish",
        f"ghcr.io/acme/shop@sha256:{'0' * 64}",
        f"ghcr.io/acme/shop:1.0.0@sha256:{'a' * 64}",
    ),
    "IamRole": (
        "arn:aws:iam::111122223333:role/{service}",
        "arn:aws-cn:iam::111122223333:role/shop/copies-{service}-eu",
    ),
    "OwnIamRole": ("arn:aws:iam::111122223333:role/velero", "arn:aws-cn:iam::111122223333:role/shop/velero-eu"),
    "Statement": ("SELECT true", "select count(*) > 0 from orders", "WITH a AS (SELECT 1) SELECT true FROM a"),
    "ClientStatement": ("SELECT 1", "select count(*) > 0 from orders", "WITH a AS (SELECT 1) SELECT true FROM a"),
    "Expression": ("db.orders.countDocuments() > 0", "true"),
    "Version": ("0.0.1", "1.3.0", "10.20.30"),
    "PathTemplate": (
        "/",
        "/v1/orders",
        "/v1/orders/{id}",
        "/v1/{a}/b/{c}",
        "/v1/orders:batch",
        "/.well-known/jwks.json",
        "/a%20b",
    ),
    "Cron": ("0 2 * * *", "*/15 * * * *", "0 0 1,15 * MON-FRI", "5/15 23 31 jan,DEC ?", "0-59/2 * ? * 0-6"),
    "Duration": ("1ms", "400ms", "5s", "10m", "2h", "30d"),
    "Cpu": ("250m", "2", "0.5", 1, 0.25),
    "Memory": ("256Mi", "2Gi", "512Ki", "1Ti", "268435456", 1024),
    "PortNumber": (1, 8080, 65535),
}
REFUSED: dict[str, tuple[Any, ...]] = {
    "ServiceName": ("", "a--b", "a" * 41, "1a", "-a", "a-", "A", "a_b", "a.b", "a b", "\u043erder", "a\n", "\uff41"),
    "TenantName": ("", "xn", "a", "kube", "kube-a", "a" * 16, "pr--7", "7pr", "pr7-", "PR7", "a\n"),
    "Slug": ("", "a" * 31, "A", "a-", "9", "a.b"),
    "PortName": ("", "a" * 16, "8080", "HTTP", "a-", "-a", "a_b"),
    "Channel": ("", ".a", "a.", "a..b", "Orders.created", "orders/created", "a" * 201, "orders.*"),
    "SecretName": ("", "A", "a_b", "-a", "a-", ".a", "a..b", "a.-b", "a" * 254, "a\n"),
    "Host": ("localhost", "10.0.0.1", "*.example.com", "https://example.com", "Example.com", "a..b", f"{'a' * 64}.com"),
    "Image": ("nginx", "nginx:latest", "nginx:LATEST", "localhost:5000/nginx", "nginx:", "nginx@sha256:abc", "a b:1"),
    "IamRole": (
        "arn:aws:iam::111122223333:role/copies",
        "arn:aws:iam::1:role/{service}",
        "arn:aws:iam::111122223333:user/{service}",
        "copies-{service}",
    ),
    "OwnIamRole": (
        "arn:aws:iam::111122223333:role/velero-{service}",
        "arn:aws:iam::1:role/velero",
        "arn:aws:iam::111122223333:user/velero",
        "velero",
    ),
    "Statement": (
        "",
        "SELECT",
        "SELECT true; DROP TABLE orders",
        "DROP TABLE orders",
        "\\! true",
        f"SELECT {'a' * 1001}",
    ),
    "ClientStatement": (
        "",
        "SELECT",
        "SELECT 1; DROP TABLE orders",
        "DROP TABLE orders",
        "SELECT 1 \\g DROP TABLE orders",
        "SELECT 1 \\! true",
        f"SELECT {'a' * 1001}",
    ),
    "Expression": ("", " ", "true; db.orders.drop()", "true\ndb.orders.drop()", "a" * 1001),
    "Version": ("1", "1.3", "v1.3.0", "1.3.0-rc.1", "1.3.0.0"),
    "PathTemplate": (
        "",
        "v1",
        "/v1/",
        "//",
        "/v1//a",
        "/v1/a-{id}",
        "/v1/{}",
        "/v1/{id",
        "/v1/a b",
        "/v1?x=1",
        "/v1#a",
        "/v1/../admin",
        "/.",
        "/a/..",
        "/a%2Fb",
        "/a%2e",
        "/a%zz",
    ),
    "Cron": (
        "",
        "@daily",
        "0 2 * *",
        "0 2 * * * *",
        "nightly",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "9-5 * * * *",
        "*/0 * * * *",
        "- , / * *",
        "* * * * FEB",
        "*-5 * * * *",
        "1- * * * *",
    ),
    "Duration": ("", "0s", "5", "5 s", "5sec", "1.5h", "-5s", "5S", "1w", "P1D", "1h30m", "1000000s"),
    "Cpu": ("", "-1", "250M", "1e3", "0x1", "1,5", "0m", ".5", "1.0000", True, "0", 0, 0.0, "0.000"),
    "Memory": ("", "0", "256M", "1GB", "1.5Gi", "256mi", "-1", 1.5, True),
    "PortNumber": (0, 65536, -1, "80", True, 80.0),
}


def _words() -> dict[str, Any]:
    everything = {**vars(text), **vars(quantities)}
    return {name: kind for name, kind in everything.items() if name[0].isupper() and hasattr(kind, "__metadata__")}


def _read(word: str, value: Any) -> Any:
    return TypeAdapter(_words()[word], config={"strict": True}).validate_python(value)


@pytest.mark.parametrize(("word", "value"), [(word, value) for word, values in TAKEN.items() for value in values])
def test_a_word_takes_what_it_means(word: str, value: Any) -> None:
    assert str(_read(word, value)) == str(value), f"{word} changes what was written"


@pytest.mark.parametrize(("word", "value"), [(word, value) for word, values in REFUSED.items() for value in values])
def test_a_word_refuses_what_only_looks_like_it(word: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        _read(word, value)


def test_every_word_is_tested() -> None:
    assert set(_words()) == set(TAKEN) == set(REFUSED), "a word without a test may take anything"


def test_bytes_may_be_written_as_a_number() -> None:
    assert _read("Memory", 268_435_456) == "268435456", "256 MiB written in bytes is refused"


def test_a_version_is_of_ascii_digits() -> None:
    with pytest.raises(ValidationError):
        _read("Version", "\u0661.\u0662.\u0663")


def test_a_port_name_has_no_two_hyphens_in_a_row() -> None:
    with pytest.raises(ValidationError):
        _read("PortName", "http--2")


def test_a_character_that_looks_like_another_is_named_by_its_number() -> None:
    with pytest.raises(ValidationError) as caught:
        _read("ServiceName", "\u043erder")
    ((fault,),) = [error["ctx"]["faults"] for error in caught.value.errors()]
    assert fault.cause == "'\u043erder' (with U+043E) is not a service name"


@pytest.mark.parametrize(
    ("duration", "amount"),
    [("1ms", 0.001), ("400ms", 0.4), ("5s", 5), ("10m", 600), ("2h", 7200), ("30d", 2_592_000)],
)
def test_a_duration_is_a_number_of_seconds(duration: str, amount: float) -> None:
    assert seconds(duration) == pytest.approx(amount), f"{duration} is another time"


@pytest.mark.parametrize(("cpu", "amount"), [("250m", 250), ("0.5", 500), ("2", 2000), ("0.001", 1), ("0.333", 333)])
def test_cpu_is_a_number_of_thousandths_of_a_core(cpu: str, amount: int) -> None:
    assert millicores(cpu) == amount, f"{cpu} is another share"


@pytest.mark.parametrize(
    ("memory", "amount"),
    [("1", 1), ("1048576", 1), ("1048577", 2), ("1Ki", 1), ("256Mi", 256), ("2Gi", 2048), ("1Ti", 1_048_576)],
)
def test_memory_is_a_number_of_mebibytes_rounded_up(memory: str, amount: int) -> None:
    assert mebibytes(memory) == amount, f"{memory} is another size"


@given(number=st.integers(1, 999_999), unit=st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_every_duration_that_is_taken_is_longer_than_nothing(number: int, unit: str) -> None:
    assert seconds(_read("Duration", f"{number}{unit}")) > 0, "a timeout of nothing fails every call"


@given(value=st.text(max_size=60))
def test_a_service_name_that_is_taken_is_a_dns_label_with_room_to_grow(value: str) -> None:
    try:
        name = _read("ServiceName", value)
    except ValidationError:
        return
    assert name.isascii(), "a name that is no ASCII is no DNS label"
    assert len(name) <= 40, "too long for the names derived from it"
    assert name == name.lower().strip("-"), "a DNS label is lower case and has no hyphen at its ends"
