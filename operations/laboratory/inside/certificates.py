"""cert-manager issues copies of a stack's Certificates; each is shown to a client that trusts their authority."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from operations.engine import Toolchain
from operations.laboratory.inside import cert_manager, handshake, loopback
from operations.laboratory.inside.api_server import ApiServer
from operations.laboratory.inside.client import Client, Manifest, Resource
from operations.laboratory.inside.events import Events, since
from operations.laboratory.inside.failing import FailedError, last_words
from operations.laboratory.inside.memory import held_bytes

CERTIFICATE: Final = Resource("cert-manager.io/v1", "Certificate")
REQUEST: Final = Resource("cert-manager.io/v1", "CertificateRequest")
SECRET: Final = Resource("v1", "Secret")
ISSUERS: Final = (Resource("cert-manager.io/v1", "ClusterIssuer"), Resource("cert-manager.io/v1", "Issuer"))
CLUSTER_SECRETS: Final = "cert-manager"
"""The namespace in which cert-manager looks for the Secrets of ClusterIssuers."""
READY_SECONDS: Final = 60.0
"""3 s measured for a chain of three."""
STILL_SECONDS: Final = 15.0
"""Nothing more is to be expected when so long nothing has become ready, since the controllers have first spoken of a
Certificate: cert-manager waits 5 s for an issuer."""
_POLL_SECONDS: Final = 0.2


def observe(job: Mapping[str, Any], events: Events) -> Mapping[str, Any]:
    """Does `job`: `objects`, `hosts`, `tools`. See `operations.laboratory.certificates`.

    Raises:
        FailedError: the laboratory does not work, so that nothing was observed.
    """
    folder, began = Path("/run/laboratory"), time.monotonic()
    loopback.begin(folder)
    tools = {name: Path(path) for name, path in job["tools"].items()}
    api = ApiServer(folder, Toolchain(tools=tools, origin={}))
    client = Client(api.kubeconfig)
    client.create([*cert_manager.definitions(), *job["objects"]])
    log = folder / "cert-manager.log"
    process = cert_manager.start(tools["cert-manager-controllers"], api.kubeconfig, log)
    events.fact(f"{len(job['objects'])} objects copied, and cert-manager started after {since(began)}")

    def alive() -> None:
        if process.poll() is not None:
            raise FailedError(f"cert-manager has ended:\n{last_words(log)}")

    ready = _await(client, alive, events, began)
    found = _Certificates(client, folder, job["hosts"])
    return {
        "certificates": [found.seen(each, ready=_key(each) in ready) for each in client.listed(CERTIFICATE)],
        "memory_bytes": held_bytes(),
        "seconds": round(time.monotonic() - began, 1),
    }


def _await(client: Client, alive: Callable[[], None], events: Events, began: float) -> set[tuple[str, str]]:
    """Returns when every Certificate is ready, or nothing more becomes so; the keys of those that are.

    Raises:
        FailedError: the controllers have said nothing of any Certificate, so that it is not the stack's fault.
    """
    started = time.monotonic()
    last: float | None = None
    ready = set[tuple[str, str]]()
    while True:
        alive()
        there = client.listed(CERTIFICATE)
        for each in there:
            if _ready(each) and _key(each) not in ready:
                ready.add(_key(each))
                last = time.monotonic()
                events.fact(f"{'/'.join(_key(each))} is issued after {since(began)}")
        now = time.monotonic()
        if last is None and any(each.get("status", {}).get("conditions") for each in there):
            last = now
        if len(ready) == len(there) or (last is not None and now - last > STILL_SECONDS):
            return ready
        if now - started > READY_SECONDS:
            if last is None:
                raise FailedError(f"cert-manager has said nothing of any Certificate in {READY_SECONDS:.0f} s")
            return ready
        time.sleep(_POLL_SECONDS)


class _Certificates:
    """What the Certificates have become."""

    def __init__(self, client: Client, folder: Path, hosts: Sequence[str]) -> None:
        self._client, self._folder, self._hosts = client, folder / "shown", hosts
        self._issuers = {(each["kind"], *_key(each)): each["spec"] for kind in ISSUERS for each in client.listed(kind)}

    def seen(self, certificate: Manifest, *, ready: bool) -> Mapping[str, Any]:
        """One of them: whether it is issued, what is in it, and who speaks to a server that shows it."""
        namespace, name = _key(certificate)
        names, reference = certificate["spec"].get("dnsNames", []), certificate["spec"]["issuerRef"]
        seen: dict[str, Any] = {
            "namespace": namespace,
            "name": name,
            "names": names,
            "authority": bool(certificate["spec"].get("isCA")),
            "issuer": f"{reference.get('kind', 'Issuer')} {reference['name']}",
            "ready": ready,
            "message": "" if ready else self._why(certificate),
        }
        secret = self._data(namespace, certificate["spec"]["secretName"])
        if not ready or "tls.crt" not in secret:
            return seen
        if seen["authority"]:
            return {**seen, "issued": handshake.described(secret["tls.crt"])}
        shown, authority = self._shown(secret, f"{namespace}.{name}"), self._authority(certificate, secret)
        issued = handshake.described_leaf(shown, authority, names[0]) if names else {}
        asked = sorted({*names, *self._hosts})
        return {
            **seen,
            "issued": issued,
            "refused": {host: handshake.refusal(shown, authority, host) for host in asked},
        }

    def _shown(self, secret: Mapping[str, str], name: str) -> handshake.Shown:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        chain, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        chain.write_text(secret["tls.crt"], encoding="ascii")
        key.write_text(secret["tls.key"], encoding="ascii")
        return handshake.Shown(chain=chain, key=key)

    def _authority(self, certificate: Manifest, own: Mapping[str, str]) -> str:
        """The certificate of its issuer as the issuer has it, not as it came with the certificate."""
        reference = certificate["spec"]["issuerRef"]
        cluster = reference.get("kind", "Issuer") == ISSUERS[0].name
        namespace = certificate["metadata"]["namespace"]
        issuer = self._issuers.get(
            (reference.get("kind", "Issuer"), "" if cluster else namespace, reference["name"]), {}
        )
        if "ca" not in issuer:
            return own["tls.crt"]  # it signs itself
        return self._data(CLUSTER_SECRETS if cluster else namespace, issuer["ca"]["secretName"]).get("tls.crt", "")

    def _data(self, namespace: str, name: str) -> Mapping[str, str]:
        found = self._client.get(SECRET, namespace, name) or {}
        return {key: base64.b64decode(value).decode() for key, value in found.get("data", {}).items()}

    def _why(self, certificate: Manifest) -> str:
        """What the controllers say: the request's words are nearer to the cause than the Certificate's."""
        namespace, name = _key(certificate)
        requests = [
            each
            for each in self._client.listed(REQUEST, namespace)
            if any(owner["name"] == name for owner in each["metadata"].get("ownerReferences", ()))
        ]
        words = [
            each["message"]
            for thing in (*requests, certificate)
            for each in thing.get("status", {}).get("conditions", ())
            if each["type"] == "Ready" and each.get("message")
        ]
        return words[0] if words else "its controllers say nothing of it"


def _key(thing: Manifest) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _ready(thing: Manifest) -> bool:
    conditions = thing.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
