"""The gateway's certificates are issued by cert-manager's own controllers, and OpenSSL accepts them for their hosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from blueprint.settings import Gateway
from operations import engine
from operations.console import Console
from operations.laboratory.certificates import CERTIFICATES, Issued, prove
from policies.core.facts import Facts
from tests.support.declared_shop import declared_shop
from tests.support.engine_fixtures import say

pytestmark = [pytest.mark.engine, pytest.mark.laboratory]

Manifest = dict[str, Any]
HOST: Final = "api.dev.shop.example.com"
LEAF: Final = f"{HOST}-tls"
ACME: Final = {
    "server": "https://authority.invalid/directory",
    "privateKeySecretRef": {"name": "platform-account"},
    "solvers": [{"http01": {"ingress": {}}}],
}


@pytest.fixture(scope="session")
def tools() -> engine.Toolchain:
    """The tools of the part; built when there is no other way (two minutes the first time)."""
    return engine.provide(progress=say, only=CERTIFICATES.groups)


def issued(objects: list[Manifest], facts: Facts, tools: engine.Toolchain) -> Issued:
    with Console().phase("certificates") as phase:
        return prove(objects, facts, tools, phase)


def said(found: Issued) -> str:
    return "\n".join(map(str, found.differences))


def test_every_certificate_of_the_shop_is_issued_and_accepted_for_its_host_alone(tools: engine.Toolchain) -> None:
    found = issued(*declared_shop(), tools)
    assert not found.differences, said(found)
    seen = {each["name"]: each for each in found.certificates}
    assert set(seen) == {"platform-authority", LEAF}
    assert seen[LEAF]["issued"]["names"] == [HOST]
    assert seen[LEAF]["refused"] == {
        "a-stranger.invalid": "Hostname mismatch, certificate is not valid for 'a-stranger.invalid'.",
        HOST: "",
    }
    assert (seen[LEAF]["issued"]["ends"] - seen[LEAF]["issued"]["begins"]) / 86_400 == 90


def test_each_of_several_hosts_has_a_certificate_of_its_own(tools: engine.Toolchain) -> None:
    hosts = ("api.dev.shop.example.com", "partners.dev.shop.example.com")
    found = issued(*declared_shop(gateway=Gateway.model_validate({"hosts": hosts})), tools)
    assert not found.differences, said(found)
    accepted = {
        each["name"]: [host for host, why in each.get("refused", {}).items() if not why] for each in found.certificates
    }
    assert accepted == {"platform-authority": [], **{f"{host}-tls": [host] for host in hosts}}


def test_a_public_authority_is_not_observed_and_said(tools: engine.Toolchain) -> None:
    certificates = {"kind": "acme", "email": "ops@example.com"}
    found = issued(*declared_shop(gateway=Gateway.model_validate({"certificates": certificates})), tools)
    assert not found.differences, said(found)
    assert f"not observed: a public authority, which is to issue Certificate kong/{LEAF}" in found.lines()
    assert not [line for line in found.lines() if "shown to a client" in line], "nothing was shown to anybody"


def test_a_private_authority_in_the_place_of_a_public_one_is_named(tools: engine.Toolchain) -> None:
    objects, _ = declared_shop()
    certificates = {"kind": "acme", "email": "ops@example.com"}
    _, facts = declared_shop(gateway=Gateway.model_validate({"certificates": certificates}))
    assert said(issued(objects, facts, tools)) == (
        f"Certificate kong/{LEAF} is signed by ClusterIssuer platform; declared for {HOST} is a public authority"
    )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A mistake in one object, and what must be said of it."""

    sentence: str
    kind: str
    name: str
    edit: Callable[[Manifest], object] | None
    """None: it is taken away."""
    words: str


FAULTS: Final = (
    Fault(
        sentence="a certificate for another host",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"].update(dnsNames=["api.shop.example.com"]),
        words=f"Certificate kong/{LEAF} is refused by a client of {HOST}: Hostname mismatch",
    ),
    Fault(
        sentence="a certificate for a second host",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"]["dnsNames"].append("admin.shop.example.com"),
        words=f"Certificate kong/{LEAF} is for admin.shop.example.com, {HOST}; the gateway's host is {HOST}",
    ),
    Fault(
        sentence="a certificate that is not for servers",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"].update(usages=["digital signature", "client auth"]),
        words=f"Certificate kong/{LEAF} is refused by a client of {HOST}: ",
    ),
    Fault(
        sentence="a certificate that lives for years",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"].update(duration="43800h0m0s"),
        words=f"Certificate kong/{LEAF} lives 1825 days; clients take 200",
    ),
    Fault(
        sentence="a certificate that may sign others",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"].update(isCA=True),
        words=f"Certificate kong/{LEAF} may sign others (isCA), and is for the gateway's host {HOST}",
    ),
    Fault(
        sentence="a certificate that signs itself",
        kind="Certificate",
        name=LEAF,
        edit=lambda made: made["spec"]["issuerRef"].update(name="platform-root"),
        words=f"Certificate kong/{LEAF} is signed by ClusterIssuer platform-root;"
        " clients of the gateway trust ClusterIssuer platform",
    ),
    Fault(
        sentence="an authority that nobody here can ask",
        kind="ClusterIssuer",
        name="platform",
        edit=lambda made: made.update(spec={"acme": ACME}),
        words=f"Certificate kong/{LEAF} is left to a public authority (ClusterIssuer platform);"
        " declared is one of the platform's own",
    ),
    Fault(
        sentence="an authority that may not sign",
        kind="Certificate",
        name="platform-authority",
        edit=lambda made: made["spec"].update(isCA=False),
        words=f"Certificate kong/{LEAF} is ",
    ),
    Fault(
        sentence="an issuer that is not there",
        kind="ClusterIssuer",
        name="platform",
        edit=None,
        words=f'Certificate kong/{LEAF} is not issued: Referenced "ClusterIssuer" not found: ',
    ),
    Fault(
        sentence="a certificate that is not there",
        kind="Certificate",
        name=LEAF,
        edit=None,
        words=f"Certificate kong/{LEAF} does not exist, so nobody can speak to {HOST}",
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_observed_and_its_object_named(fault: Fault, tools: engine.Toolchain) -> None:
    objects, facts = declared_shop()
    (found,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (fault.kind, fault.name)]
    if fault.edit:
        fault.edit(found)
    else:
        objects.remove(found)
    words = said(issued(objects, facts, tools))
    assert fault.words in words, f"{fault.sentence} went unnoticed, or was said otherwise:\n{words}"
