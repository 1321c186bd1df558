"""A catalogue of everything the shop does not have: the corners of the format, in as few services as they fit."""

from pathlib import Path
from typing import Final

from blueprint.reading import Catalogue
from tests.support.stacks import catalogue

LONG: Final = "a" * 20 + "-" + "b" * 19
"""Forty characters: the longest name."""

FIRST: Final = """\
      variables:
        LITERAL: "costs $$5 and $(NOT_A_VARIABLE)"
        MIXED: "postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}/x?app=${metadata.name}"
        SAME: ${resources.db.password}
        WHERE: ${environment}
        PEER: ${consumes.plain.api-tcp.url}
        PEER_HTTP: ${consumes.plain.api-http.port}
        TOKEN: ${resources.keys.API_TOKEN}
    helper:
      image: ghcr.io/acme/helper@sha256:0000000000000000000000000000000000000000000000000000000000000000
      command: []
      args: ["--quiet"]
      variables: {}
      resources: {requests: {cpu: 1, memory: 64Mi}, limits: {cpu: 2, memory: 64Mi}}
      livenessProbe: {exec: {command: ["true"]}}
      readinessProbe: {httpGet: {path: /up, port: web, headers: {host: one.example.com, X-Probe: "ready, or not"}}}
  initContainers:
    zz-first:
      image: ghcr.io/acme/init:1.0.0
      command: [sh, -c, "echo first"]
      resources: {requests: {cpu: 4, memory: 2Gi}, limits: {memory: 2Gi}}
    aa-second:
      image: ghcr.io/acme/init:2.0.0
      variables: {ORDER: second}
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
  service: {ports: {web: {port: 9000, appProtocol: http2}, raw: {port: 9001, appProtocol: tls}}}
  consumes:
    - {api: plain/api-tcp}
    - {api: plain/api-http, operations: ["GET /things/{id}/parts/{part}"]}
    - {api: plain/api-more, retries: {attempts: 0}, operations: [PUT /things/all]}
    - {api: plain/api-twice}
  resources:
    db: {type: postgres, owns: [things], params: {version: "17", extensions: []}}
    cache: {type: redis, backup: none, class: large}
    keys: {type: secret, params: {keys: [API_TOKEN]}}
  egress:
    - {host: one.example.com}
    - {host: one.example.com, port: 8443, protocol: TCP}
    - {host: two.example.com, port: 80, protocol: HTTP}
  scaling: {minReplicas: 1, maxReplicas: 3}
  affinity: {type: sourceIp}
  rollout: {strategy: canary, canary: {header: none, analysis: none, steps: [{setWeight: 50}, {pause: 30s}]}}
  tier: critical
"""

PLAIN: Final = """\
  service:
    ports:
      main: {port: 70, targetPort: 7000, appProtocol: tcp}
      web: {port: 80, targetPort: 7001}
      metrics: {port: 7002}
  provides:
    - {api: api-tcp, type: asyncapi, version: "1.0.0", definition: contracts/any.txt, port: main, allow: null}
    - api: api-http
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: web
      operations:
        - {method: GET, path: "/things/{id}/parts/{part}", idempotent: true}
        - {method: POST, path: /things, idempotent: false}
      route: {paths: [/things], auth: {type: none, reason: anybody may}, rateLimit: {second: 5, policy: local}}
    - api: api-more
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: web
      timeout: 1s
      operations:
        - {method: PUT, path: /things/all, idempotent: false}
        - {method: GET, path: "/things/{id}/parts/all", idempotent: true}
    - api: api-twice
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: web
      timeout: 20s
      operations:
        - {method: PUT, path: "/things/{id}", idempotent: true}
        - {method: DELETE, path: "/things/{id}", idempotent: false}
    - {api: shut, type: openapi, version: "1.0.0", definition: contracts/any.txt, port: web, operations: [], allow: []}
  affinity: {type: cookie, name: kept, ttl: 1h}
  rollout: {strategy: blueGreen, blueGreen: {autoPromotionEnabled: true}}
  tier: best-effort
  terminationGracePeriodSeconds: 600
"""

STRIPPED: Final = """\
  service: {ports: {web: {port: 80, targetPort: 8080}}}
  provides:
    - api: pages
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: web
      route: {paths: [/pages, /leaves], stripPath: true, auth: {type: none, reason: anybody may}}
"""

NIGHTLY: Final = """\
  schedule: "*/15 2-4 * * 1-5"
  events:
    publishes: [{channel: night.done, schema: contracts/any.txt, broker: nats, stream: NIGHT, retention: 1d}]
"""

SILENT: Final = """\
  events: {publishes: [], subscribes: [{channel: night.done, group: silent}]}
"""


def strange(folder: Path) -> Catalogue:
    """The catalogue, its files in `folder`: `plain`, `nightly` (a cronjob), `silent` (no port), `stripped` (public
    below a prefix it does not see) and the longest name."""
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    (folder / "contracts" / "any.txt").write_text("any\n")
    return catalogue(
        folder, **{LONG: FIRST, "plain": PLAIN, "nightly": NIGHTLY, "silent": SILENT, "stripped": STRIPPED}
    )
