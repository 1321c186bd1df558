"""Whole random catalogues: folders of services with their contracts and schemas, and a stack's settings.

The same seed gives the same files. They are text, so that a proof goes the whole way an owner's words go. What they
vary is what decides who may reach whom; sizes, objectives and the like stay at their defaults. Names are chosen to
run into each other (`pay`, `pay-b`, `pay-b-b`), because policies are distinguished by their names.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

NAMES: Final = (
    "a",
    "a-b",
    "data",
    "gateway",
    "internet",
    "order",
    "order-order",
    "pay",
    "pay-b",
    "pay-b-b",
    "platform",
    "x1",
    "a-service-with-a-name-of-forty-letters-x",
)
"""Forty characters are the most a service may have."""
APIS: Final = ("api", "b-api", "v1", "b")
"""Short, so that `pay` with `b-api` and `pay-b` with `api` are both there."""
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HTTP: Final = ("http", "http2", "grpc")
RAW: Final = ("tcp", "tls")
ENVIRONMENTS: Final = ("dev", "staging", "prod", "ephemeral")
STORES: Final = ("clickhouse", "elasticsearch", "mongodb", "mysql", "opensearch", "postgres", "redis", "valkey")
SHAPED: Final = ("clickhouse", "elasticsearch", "mongodb", "mysql", "opensearch", "postgres")
"""Those whose migrations are made."""
BROKERS: Final = ("kafka", "nats", "rabbitmq")
CIDRS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"cidrs": []},
    {"cidrs": ["10.60.0.0/16"]},
    {"cidrs": ["192.168.77.0/24", "10.60.0.0/16", "fd12:3456:789a::/48"]},
)
"""Where a host is: on the internet, or in networks the proof knows (`tests.support.stack_text`)."""
MIGRATIONS: Final = {"image": "example.com/migrations:1.0.0", "command": ["migrate"]}
HOSTS: Final = ("api.example.com", "mail.example.net", "pay.example.org")

Text = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What lies on disk."""

    services: Path
    settings: Path
    """A Pulumi.<stack>.yaml."""
    meshed: bool


def written(seed: int, folder: Path) -> Written:
    """The catalogue and settings of `seed`, in `folder`."""
    chance = Random(seed)  # noqa: S311  (a proof is repeated, not guessed)
    names = chance.sample(NAMES, chance.randint(2, 8))
    specs: dict[str, Text] = {}
    for name in names:  # who comes later may call who came before: no circles
        specs[name] = _spec(chance, name, specs)
    _events(chance, specs)
    for spec in specs.values():
        if chance.random() < 0.5:
            spec["environments"] = _patches(chance, spec)
    streams = _open(Random(f"{seed}, public ports"), specs)  # noqa: S311
    services = folder / "services"
    services.mkdir(parents=True)
    for name, spec in specs.items():
        file = {"apiVersion": "catalog.platform/v1alpha1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        plain = json.loads(json.dumps(file))  # what two places share would become an alias, which nobody may write
        (services / f"{name}.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
        for provide in spec.get("provides", ()):
            _put(services / provide["definition"], CONTRACTS[provide["type"]])
        for publish in spec.get("events", {}).get("publishes", ()):
            _put(services / publish["schema"], '{"type": "object"}\n')
    meshed = chance.random() < 0.7
    settings = folder / "Pulumi.random.yaml"
    settings.write_text(yaml.safe_dump({"config": {"platform:settings": _settings(chance, meshed) | streams}}))
    return Written(services=services, settings=settings, meshed=meshed)


CONTRACTS: Final = {
    "asyncapi": "asyncapi: 3.0.0\ninfo: {title: x, version: 1.0.0}\n",
    "graphql": "type Query { x: String }\n",
    "grpc": 'syntax = "proto3";\n',
    "openapi": "openapi: 3.1.0\ninfo: {title: x, version: 1.0.0}\npaths: {}\n",
}


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _spec(chance: Random, name: str, before: dict[str, Text]) -> Text:
    kind = chance.choice(("service", "service", "service", "gateway", "worker", "cronjob"))
    main: Text = {
        "image": f"example.com/{name}:1.0.0",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
    }
    spec: Text = {"type": kind, "owner": "team", "system": "shop", "containers": {"main": main}}
    if kind == "cronjob":
        spec["schedule"] = "0 2 * * *"
    elif kind != "worker" or chance.random() < 0.5:
        ports = _ports(chance)
        spec["service"] = {"ports": ports}
        spec["provides"] = _provides(chance, name, ports)
        main |= _probes(chance, ports)
        if chance.random() < 0.3:
            plain = sorted(key for key, port in ports.items() if port.get("appProtocol", "http") not in ("grpc", "tls"))
            spec["observability"] = {"metrics": {"port": chance.choice(plain)} if plain else "none"}
        if chance.random() < 0.4 and kind == "service":
            spec["rollout"] = {"strategy": chance.choice(("canary", "blueGreen", "rolling"))}
    spec["consumes"] = _consumes(chance, name, before)
    spec["resources"] = _resources(chance)
    spec["egress"] = [
        {"host": host, "port": port, "protocol": protocol, **chance.choice(CIDRS)}
        for index, host in enumerate(chance.sample(HOSTS, chance.choice((0, 0, 1, 2))))
        # In plain TCP the mesh cannot distinguish two hosts on one port, so no catalogue may ask for it.
        for port, protocol in chance.sample(((443, "TLS"), (587 + index, "TCP"), (80, "HTTP")), chance.randint(1, 2))
    ]
    return {key: value for key, value in spec.items() if value or chance.random() < 0.5}


def _ports(chance: Random) -> Text:
    numbers = chance.sample((1024, 4444, 5432, 8000, 8080, 9090, 15000 - 1, 15091, 50051, 65535), chance.randint(1, 3))
    names = chance.sample(("http", "grpc", "metrics", "admin", "a"), len(numbers))
    found: Text = {}
    for name, number in zip(names, numbers, strict=True):
        protocol = chance.choice((*HTTP, *RAW)) if chance.random() < 0.5 else None
        moved = {"port": chance.choice((82, 8888)) + len(found), "targetPort": number}
        found[name] = {
            **(moved if chance.random() < 0.4 else {"port": number}),
            **({"appProtocol": protocol} if protocol else {}),
        }
    return found


def _probes(chance: Random, ports: Text) -> Text:
    numbers = [port.get("targetPort", port["port"]) for port in ports.values()]
    ways = [
        {"httpGet": {"path": "/health", "port": chance.choice(sorted(ports)), "headers": {"Host": "example.com"}}},
        {"httpGet": {"path": "/health", "port": numbers[0]}},
        {"tcpSocket": {"port": numbers[-1]}},
        {"grpc": {"port": numbers[0]}, "timeoutSeconds": 5},
        {"httpGet": {"path": "/health", "port": 8181}},
        {"exec": {"command": ["true"]}},
        "none",
    ]
    kinds = chance.sample(("livenessProbe", "readinessProbe", "startupProbe"), chance.randint(0, 3))
    return {kind: chance.choice(ways) for kind in kinds}


def _provides(chance: Random, name: str, ports: Text) -> list[Text]:
    found: list[Text] = []
    routed: set[str] = set()
    public_ports: set[str] = set()
    stripped_ports: set[str] = set()
    for api in chance.sample(APIS, chance.randint(0, 3)):
        port = chance.choice(sorted(ports))
        raw = ports[port].get("appProtocol", "http") in RAW
        grpc = ports[port].get("appProtocol") in ("grpc", "http2")
        kind = chance.choice(
            ("openapi", "asyncapi") if raw else ("openapi", "openapi", "graphql", *(("grpc", "grpc") if grpc else ()))
        )
        provide: Text = {
            "api": api,
            "type": kind,
            "version": "1.0.0",
            "definition": f"contracts/{name}-{api}.{kind}",
            "port": port,
        }
        if chance.random() < 0.8 and not raw:
            provide["operations"] = _operations(chance, name, kind)
        public = not raw and kind in ("openapi", "graphql") and chance.random() < 0.5 and port not in stripped_ports
        strips = bool(provide.get("operations")) and port not in public_ports and chance.random() < 0.3
        if public and (route := _route(chance, name, provide.get("operations", []), routed, strips=strips)):
            provide["route"] = route
            public_ports.add(port)
            stripped_ports |= {port} if strips else set()
        found.append(provide)
    return found


def _operations(chance: Random, name: str, kind: str) -> list[Text]:
    if kind == "grpc":
        calls = chance.sample(("Get", "List", "Put", "Drop"), chance.randint(1, 3))
        return [{"rpc": f"{name.replace('-', '')}.v1.Things/{call}", "idempotent": call != "Put"} for call in calls]
    paths = (f"/{name}", f"/{name}/things", f"/{name}/things/{{id}}", f"/{name}/things/{{id}}/parts/{{part}}", "/other")
    every = [(method, path) for path in paths for method in METHODS]
    return [
        {"method": method, "path": path, "idempotent": method != "POST"}
        for method, path in chance.sample(every, chance.randint(1, 6))
    ]


def _route(chance: Random, name: str, operations: list[Text], routed: set[str], *, strips: bool) -> Text | None:
    """A route to prefixes nobody else has: a service's own begin with its name."""
    prefixes = {f"/{name}", f"/{name}/things"} - routed
    if operations and not strips:
        offered = [operation["path"] for operation in operations]
        prefixes = {one for one in prefixes if any(f"{path}/".startswith(f"{one}/") for path in offered)}
    if not prefixes:
        return None
    taken = chance.sample(sorted(prefixes), chance.randint(1, len(prefixes)))
    routed |= set(taken)
    strip = {"stripPath": True} if strips else {}
    return {
        "paths": taken,
        **strip,
        "auth": dict(chance.choice(({"type": "jwt"}, {"type": "none", "reason": "anybody may"}))),
    }


def _consumes(chance: Random, name: str, before: dict[str, Text]) -> list[Text]:
    """Some APIs of services that came before; a provider that names its callers is asked for its consent."""
    found: list[Text] = []
    for provider, spec in sorted(before.items()):
        for provide in spec.get("provides", ()):
            if chance.random() < 0.5:
                continue
            consume: Text = {"api": f"{provider}/{provide['api']}", "retries": {"attempts": 0}}
            keys = [one.get("rpc") or f"{one['method']} {one['path']}" for one in provide.get("operations", ())]
            if keys and chance.random() < 0.7:
                consume["operations"] = chance.sample(keys, chance.randint(1, len(keys)))
            if "allow" in provide or chance.random() < 0.3:
                provide["allow"] = [*provide.get("allow", _callers(before, provider, provide)), name]
            found.append(consume)
    return found


def _callers(before: dict[str, Text], provider: str, provide: Text) -> list[str]:
    wanted = f"{provider}/{provide['api']}"
    return [
        name for name, spec in sorted(before.items()) if any(one["api"] == wanted for one in spec.get("consumes", ()))
    ]


def _resources(chance: Random) -> Text:
    kinds = chance.sample((*STORES, *STORES, "kafka", "nats", "amqp", "secret"), chance.choice((0, 1, 1, 2, 3)))
    names = chance.sample(("api", "b", "cache", "db", "db-b"), len(kinds))
    return {
        name: {
            "type": kind,
            **({"params": {"keys": ["KEY"]}} if kind == "secret" else {}),
            **({"pool": {"maxPerReplica": 2}} if kind in STORES else {}),
            **({"migrations": MIGRATIONS} if kind in SHAPED and chance.random() < 0.6 else {}),
        }
        for name, kind in zip(names, kinds, strict=True)
    }


def _events(chance: Random, specs: dict[str, Text]) -> None:
    channels: dict[str, str] = {}
    for name, spec in specs.items():
        for thing in chance.sample(("made", "changed", "gone"), chance.choice((0, 0, 1, 2))):
            channel = f"{name}.{thing}"
            publish: Text = {"channel": channel, "schema": f"schemas/{channel}.json"}
            if chance.random() < 0.6:
                publish["broker"] = chance.choice(BROKERS)
            spec.setdefault("events", {}).setdefault("publishes", []).append(publish)
            channels[channel] = name
    for name, spec in specs.items():
        others = sorted(channel for channel, owner in channels.items() if owner != name)
        for channel in chance.sample(others, min(len(others), chance.choice((0, 0, 1, 3)))):
            spec.setdefault("events", {}).setdefault("subscribes", []).append({"channel": channel, "group": "g"})


def _open(chance: Random, specs: dict[str, Text]) -> Text:
    """Half of the ports that may be public are; the gateway's part of the settings, in which one port leads nowhere."""
    streams = [8883]
    for spec in specs.values():
        switches = spec.get("rollout", {}).get("strategy") == "blueGreen"
        for port in (spec.get("service") or {}).get("ports", {}).values():
            if port.get("appProtocol") == "tcp" and not switches and chance.random() < 0.5:
                streams.append(streams[-1] + 1)
                host = chance.choice(({}, {"host": "api.random.example.com"}))
                port["public"] = {"port": streams[-1], "reason": "anybody may", **host}
    return {"gateway": {"streams": streams}}


def _patches(chance: Random, spec: Text) -> Text:
    """What some environments change about who reaches whom."""
    choices: list[Text] = [
        {"egress": [{"host": "only.example.com", "port": 8443, "protocol": "TLS"}]},
        {"egress": None, "resources": {"late": {"type": "redis", "pool": {"maxPerReplica": 2}}}},
        {"consumes": None},
        {"resources": dict.fromkeys(spec.get("resources", {})) | {"db-late": {"type": "postgres"}}},
    ]
    if spec.get("provides") and not any("allow" in provide for provide in spec["provides"]):
        hidden = [{key: value for key, value in one.items() if key != "route"} for one in spec["provides"]]
        choices.append({"provides": hidden})
    if "service" in spec:
        choices.append({"service": {"ports": {"late": {"port": 7777, "appProtocol": "tcp"}}}})
    return {name: chance.choice(choices) for name in chance.sample(ENVIRONMENTS, chance.randint(1, 3))}


def _settings(chance: Random, meshed: bool) -> Text:
    issuers = {
        name: {
            "issuer": f"https://{name}.example.com",
            "jwks": {"keys": [{"kty": "RSA", "kid": f"{name}-1", "n": "u" * 342}]},
        }
        for name in chance.sample(("one", "two"), chance.randint(1, 2))
    }
    cidrs = chance.choice(([], ["10.10.0.0/16"], ["10.20.0.0/17", "192.168.4.0/24"], ["34.0.0.0/20"]))
    caches = chance.choice(({}, {"nodeLocalDns": ["169.254.20.10"]}, {"platform": "gke"}))
    return {
        "environment": chance.choice(ENVIRONMENTS),
        "cluster": {
            "kind": "existing",
            "name": "random",
            "nodeCidrs": cidrs,
            "apiServerCidrs": ["10.12.0.0/28"],
            "clusterCidrs": ["10.244.0.0/16"],
            **caches,
        },
        "domain": "random.example.com",
        "operators": "present",
        "mesh": {"mode": "sidecar", "trustDomain": chance.choice(("cluster.local", "mesh.example.com"))}
        if meshed
        else {"mode": "none"},
        "backups": {
            "copies": {
                "kind": "s3",
                "bucket": "copies",
                "region": "eu-west-1",
                "role": "arn:aws:iam::111122223333:role/copies-{service}",
                "drillRole": "arn:aws:iam::111122223333:role/reader-{service}",
            },
            "role": "arn:aws:iam::111122223333:role/velero",
        },
        "brokers": {"default": chance.choice(BROKERS)},
        "identity": {"issuers": issuers},
    }
