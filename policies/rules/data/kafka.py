"""Kafka: nobody without TLS, a name and a permission."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.wants import Asked, Want, among, either, given, off, on, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Breach
from policies.objects import Object
from policies.objects.values import View
from policies.rules.data.group import DATA

MAY: Final = "allow.everyone.if.no.acl.found"
"""Kafka's switch that makes a topic nobody thought of everybody's; MSK ships it on."""


def _property(text: View, name: str) -> str | None:
    """The value of `name` in a server.properties; the last one counts, and a space divides like = and :, as in
    java.util.Properties."""
    found: str | None = None
    for line in text.word.replace("\\\n", "").splitlines():
        key, *value = re.split(r"\s*[=:\s]\s*", line.strip(), maxsplit=1)
        if key == name:
            found = "".join(value)
    return found


def _said_no(at: View, _: Object, __: Facts) -> bool:
    return (_property(at, MAY) or "true").casefold() == "false"


KAFKA: Final[Mapping[str, tuple[Want, ...]]] = {
    "Kafka.kafka.strimzi.io": (
        given("spec.kafka.listeners"),
        on("spec.kafka.listeners[].tls"),
        among("spec.kafka.listeners[].authentication.type", "tls", "scram-sha-512"),
        among("spec.kafka.authorization.type", "simple"),
        Want(
            path=("spec", "kafka", "config", MAY),
            accepts=lambda at, _, __: at.value in (None, False) or at.value == "false",
            wanted="false",
        ),
        Want(
            path="spec.kafka.authorization.superUsers[]",
            accepts=lambda at, _, __: at.word not in ("User:*", "*", "User:ANONYMOUS", "ANONYMOUS"),
            wanted="somebody",
        ),
    ),
    "aws:msk/cluster:Cluster": (
        off("clientAuthentication.unauthenticated"),
        either(
            on("clientAuthentication.sasl.iam"),
            on("clientAuthentication.sasl.scram"),
            given("clientAuthentication.tls.certificateAuthorityArns"),
        ),
        given("configurationInfo.arn"),
    ),
    "aws:msk/configuration:Configuration": (
        Want(path="serverProperties", accepts=_said_no, wanted="", says=f"does not say {MAY} = false"),
    ),
    "aws:msk/serverlessCluster:ServerlessCluster": (on("clientAuthentication.sasl.iam.enabled"),),
}


@DATA.resource(
    "msg-kafka-secure",
    "M/M/M",
    CRITICAL,
    wanted(KAFKA),
    why="One listener without a password reads every channel of every service, and writes to it.",
    cure="Give every listener TLS, authentication and the peers that may reach it, and authorize by ACL",
    where="manifests/ or components/: the broker",
    sources=("Strimzi: securing access", "CKV_AWS_81", "CKV_AWS_291"),
)
def kafka_secure(asked: Asked, facts: Facts) -> Iterator[Breach]:
    yield from asked.unmet(facts)
