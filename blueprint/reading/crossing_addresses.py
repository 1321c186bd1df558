"""Checks on addresses within the cluster that stand in variables and files as plain text: whether anything answers.

The network opens what `consumes` declares, and each service has a namespace of its own. So an address without its edge
is never reached, and a name without its namespace is never found. What is no address beyond doubt is left alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from blueprint import names as naming
from blueprint.apis import HTTP_PROTOCOLS, port, protocol
from blueprint.catalogue import Service
from blueprint.reading.crossing_places import held, texts
from blueprint.reading.problems import Problem
from blueprint.reading.view import View
from blueprint.references import OURS, Reference, parts

_REFERENCE: Final = "\0"
"""Stands for a `${...}`: a host that is half a reference is no plain text."""
_PORT: Final = r"(?::(?P<port>[0-9]{1,5})(?![0-9]))?"
_SCHEMES: Final = "amqps?|clickhouse|grpcs?|https?|kafka|mongodb|mqtts?|mysql|nats|postgres(?:ql)?|rediss?|tcp|tls|wss?"
"""What stands before `://` and a host that is connected to. After others is the name of a bucket, an image, a file."""
_URL: Final = re.compile(
    rf"(?<![\w+.-])(?:dns:///|(?P<scheme>{_SCHEMES})://)(?P<user>[^\s/@,]*@)?(?P<host>[a-z0-9.-]++)(?![\0$%({{<\[*\\_])"
    rf"{_PORT}",
    re.IGNORECASE,
)
"""The host of a URL, or of a target of gRPC (dns:///host:port)."""
_IN_CLUSTER: Final = re.compile(
    rf"(?<![\w.\0-])(?P<host>(?:[a-z0-9-]+\.)+[a-z0-9-]+\.svc(?:\.{re.escape(naming.DOMAIN)})?)(?!\.?[\w\0-]){_PORT}"
)
"""`<name>.<namespace>.svc`, with or without the cluster's domain, wherever it stands."""
_WITH_PORT: Final = re.compile(r"(?P<host>[a-z0-9.-]+):(?P<port>[0-9]{1,5})(?:/.*)?")
"""One of a list of addresses."""
_OWN_NAME: Final = re.compile(
    r"(?P<service>.+?)_(?:SERVICE_)?(?:HOST|HOSTNAME|ADDR|ADDRESS|URL|URI|ENDPOINT)", re.IGNORECASE
)
"""A variable that is called by a service: its value is an address even without a port."""
_COMMENT: Final = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)
_UPSTREAM: Final = re.compile(r"\bupstream\s+([\w.-]+)\s*\{")
"""nginx' word for a group of servers: `proxy_pass http://<name>` means the group."""
_NOT_CALLED: Final = re.compile(
    r"(?:.*_)?(?:NO_PROXY|NON_PROXY_HOSTS|ALLOWED_HOSTS|SERVER_NAME|ORIGINS?|CORS_.*)|CORS_.*", re.IGNORECASE
)
"""Variables that list hosts and call none: curl's NO_PROXY, Django's ALLOWED_HOSTS, the names of certificates, the
origins of CORS."""
_PASSED_BY: Final = re.compile(r"-Dhttps?\.nonProxyHosts=\S*")
"""Java's word for NO_PROXY, among others in one variable."""


class _Address(NamedTuple):
    """A host that a variable names, and what of its address was written beside it."""

    host: str
    port: int | None
    certain: bool
    """Whether it can be nothing else; `name:number` may be an image, a queue or a partition."""
    key: str
    """What to ask of `${consumes.<service>}` instead: url, host, or host:port."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def addresses(view: View) -> Iterator[Problem]:
    """What a variable or a file names within the cluster is consumed, and is found under that name."""
    for name, service in sorted(view.services.items()):
        for place, text in texts(service.spec):
            for problem in _of(_named(str(place[-1]), text), service, view):
                yield view.problem(name, place, *problem)
        for place, text in held(service.spec):
            for problem in _of(_held(text), service, view):
                yield view.problem(name, place, *problem)


def _of(named: Iterable[_Address], service: Service, view: View) -> Iterator[tuple[str, str]]:
    """Cause and cure for each service, or other host, that is `named` in vain; each once."""
    met: set[str] = set()
    outside = {each.host for each in service.spec.egress}
    for address in named:
        callee = _service(address.host, view) if address.host not in outside else None
        if callee and not address.certain and address.port not in _numbers(view.services[callee]):
            continue
        subject = callee or address.host
        if subject in met or callee == service.name:
            continue
        met.add(subject)
        if callee is not None:
            problem = _unreached(address, service, view.services[callee])
        else:
            problem = _unknown(address, service, view)
        if problem:
            yield problem


def _named(variable: str, text: str) -> Iterator[_Address]:
    """Every address in the `text` of a variable that is one beyond doubt."""
    if _NOT_CALLED.fullmatch(variable):
        return
    called = _OWN_NAME.fullmatch(variable)
    if ":" not in text and ".svc" not in text and not called:
        return
    try:
        pieces = parts(_PASSED_BY.sub("", text))
        plain = "".join(part if isinstance(part, str) else _REFERENCE for part in pieces)
    except ValueError:  # reported by `crossing_places.references`
        return
    yield from _written(plain)
    if called and called["service"].upper() == plain.upper().replace("-", "_").removesuffix("_SERVICE"):
        key = "url" if variable.upper().endswith(("URL", "URI")) else "host"
        yield _Address(host=plain, port=None, certain=True, key=key)


def _held(text: str) -> Iterator[_Address]:
    """Every address in the `text` of a file that is one beyond doubt: in no comment, and no name that nginx was given
    for a group of servers."""
    plain = OURS.sub(_REFERENCE, _COMMENT.sub("", text))
    groups = {found[1].lower() for found in _UPSTREAM.finditer(plain)}
    yield from (address for address in _written(plain) if address.port or address.host not in groups)


def _written(plain: str) -> Iterator[_Address]:
    """Every address in `plain`, by its form."""
    for found in _URL.finditer(plain):
        is_http = (found["scheme"] or "").lower() in ("http", "https") and not found["user"]
        yield _address(found, "url" if is_http else "host:port")
    for found in _IN_CLUSTER.finditer(plain):
        yield _address(found, "host:port" if found["port"] else "host")
    for item in re.split(r"[\s,;]+", plain):
        if written := _WITH_PORT.fullmatch(item):
            yield _address(written, "host:port", certain=False)


def _address(found: re.Match[str], key: str, *, certain: bool = True) -> _Address:
    port = int(found["port"]) if found["port"] else None
    return _Address(host=found["host"].lower().rstrip("."), port=port, certain=certain, key=key)


def _numbers(service: Service) -> set[int]:
    """Every number that a port of `service` has, at its Service or in its pods."""
    ports = service.spec.service.ports.values() if service.spec.service else ()
    return {number for port in ports for number in (port.port, port.target)}


def _service(host: str, view: View) -> str | None:
    """The service whose address `host` is, or was in another cluster; None: it is none's. Without `.svc`, two words are
    one only where they are alike, as a service and its namespace are: `acme.shop` is on the internet."""
    name, *rest = host.removesuffix(f".{naming.DOMAIN}").removesuffix(".svc").split(".")
    if _IN_CLUSTER.fullmatch(host):
        return next((each for each in (rest[-1], name) if each in view.services), None)
    return name if name in view.services and rest in ([], [name]) else None


def _unreached(address: _Address, caller: Service, callee: Service) -> tuple[str, str] | None:
    """Why `caller` does not reach `callee` at `address`, or None."""
    ports = {provide.api: port(callee, provide) for provide in callee.spec.provides}
    consumed = [each.name for each in caller.spec.consumes if each.provider == callee.name]
    meant = sorted(api for api, number in ports.items() if address.port in (None, number)) or sorted(ports)
    is_opened = address.port is None or address.port in (ports[api] for api in consumed if api in ports)
    if not ports:
        cause = f"'{address}' leads to {callee.name}, which provides nothing to consume: its connections are dropped"
        return cause, f"Let {callee.name} name its API in provides, consume that, and write {_asked(address, callee)}"
    if not set(meant) & set(consumed):
        apis = " or ".join(f"`{{api: {callee.name}/{api}}}`" for api in meant)
        asked = _asked(address, callee, meant, several=len({*consumed, *meant}) > 1)
        cause = f"'{address}' leads to an API of {callee.name} that is not consumed, so its connections are dropped"
        return cause, f"Add {apis} to consumes, and write {asked} here"
    if f".{callee.name}" not in address.host:
        cause = f"'{address}' is never found: {callee.name} is in a namespace of its own, which it does not name"
    elif not is_opened:
        numbers = ", ".join(str(ports[api]) for api in consumed if api in ports)
        cause = f"'{address}' leads to a port that no API is on, so its connections are dropped; consumed is {numbers}"
    else:
        return None
    return (
        cause,
        f"Write {_asked(address, callee, [api for api in meant if api in consumed], several=len(consumed) > 1)}",
    )


def _asked(address: _Address, callee: Service, apis: Sequence[str] = (), *, several: bool = False) -> str:
    """The references to write in place of `address`."""
    api = next(iter(apis), None)
    subject = f"consumes.{callee.name}" + (f".{api}" if several and api else "")
    spoken = next((protocol(callee, each) for each in callee.spec.provides if each.api == api), "http")
    key = "host:port" if address.key == "url" and spoken not in HTTP_PROTOCOLS else address.key
    return ":".join(str(Reference(words=(*subject.split("."), word))) for word in key.split(":"))


def _unknown(address: _Address, service: Service, view: View) -> tuple[str, str] | None:
    """Why `service` does not reach a host within the cluster that is no service's, or None."""
    if not _IN_CLUSTER.fullmatch(address.host):
        return None
    name, *_, namespace = address.host.removesuffix(f".{naming.DOMAIN}").removesuffix(".svc").split(".")
    own = (*naming.PLATFORM_NAMESPACES, naming.data_namespace(service.name, None))
    if namespace in own or any(each in (name, namespace, namespace.removesuffix("-data")) for each in view.unread):
        return None
    if owner := next((each for each in view.services if namespace == naming.data_namespace(each, None)), None):
        cause = f"'{address}' is a store of {owner}, which {owner} alone reaches, so its connections are dropped"
        return cause, f"Ask {owner} through its API or its events"
    cause = f"'{address}' is no service of the catalogue, so its connections are dropped"
    return cause, "Describe it in a file of its own, and name its API in consumes"
