"""What a file of the catalogue means: patches, defaults, references.

What it may not say is the subject of test_reading; what becomes of it, of the tests of each decision.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.catalogue import ENVIRONMENTS, Environment, Service, merge
from blueprint.catalogue import schema as written_schema
from blueprint.catalogue.owning import keys
from blueprint.docstrings import models
from blueprint.reading import Catalogue, read_catalogue
from blueprint.references import CONSUMED, Reference, answerable, parts

# ---- patches

RFC_7386 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""The fifteen cases of RFC 7386, appendix A: original, patch, result."""

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(st.text("ab", max_size=1), ANYTHING, max_size=3)


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7386)
def test_a_patch_is_merged_as_rfc_7386_shows(original: Any, patch: Any, result: Any) -> None:
    assert merge(original, patch) == result, "another merge than every other tool's"


def test_no_field_means_by_null_what_a_patch_cannot_say() -> None:
    # In a patch null takes away what is written, and the default is back: what is on by default is off by `none`.
    meant = [
        f"{model.__name__}.{name}"
        for model in models(Service)
        for name, field in model.model_fields.items()
        if type(None) in get_args(field.annotation) and not field.is_required() and field.get_default() is not None
    ]
    assert meant == []


@pytest.mark.parametrize(
    ("field", "base", "patch"),
    [
        ("resources.db.backup", "{type: postgres}", "{backup: none}"),
        ("rollout.canary.header", "{strategy: canary}", "{canary: {header: none}}"),
        ("rollout.canary.analysis", "{strategy: canary}", "{canary: {analysis: none}}"),
    ],
)
def test_a_patch_switches_off_by_none_what_is_on_by_default(tmp_path: Path, field: str, base: str, patch: str) -> None:
    *_, last = words = field.split(".")
    outer = "resources: {db: %s}" if words[0] == "resources" else "rollout: %s"
    more = f"service: {{ports: {{http: {{port: 8000}}}}}}\n{outer % base}\nenvironments: {{dev: {{{outer % patch}}}}}"
    read = _catalogue(tmp_path, shop=more)
    for environment in ENVIRONMENTS:
        found: Any = read.within(environment)[0].spec
        for word in words:
            found = found[word] if isinstance(found, dict) else getattr(found, word)
        assert (found == "none") is (environment == "dev"), f"{last} is {found} in {environment}"


@given(original=ANYTHING, patch=ANYTHING)
def test_a_patch_applied_twice_changes_nothing_more(original: Any, patch: Any) -> None:
    once = merge(original, patch)
    assert merge(once, patch) == once, "the result depends on how often a patch is applied"


@given(original=ANYTHING, patch=ANYTHING)
def test_a_patch_leaves_what_it_is_applied_to_as_it_was(original: Any, patch: Any) -> None:
    before = json.dumps([original, patch])
    merge(original, patch)
    assert json.dumps([original, patch]) == before, "one environment's patch would leak into the next"


def test_a_patch_leaves_the_order_of_what_it_changes() -> None:
    merged = merge({"one": {"a": 1}, "two": 2, "three": 3}, {"three": 4, "new": 5, "one": {"b": 2}, "two": None})
    assert list(merged) == ["one", "three", "new"], (
        "init containers would run in another order, and other ports be asked"
    )


@given(original=MAPS)
def test_an_empty_patch_is_no_patch(original: Any) -> None:
    assert merge(original, {}) == original, "`dev: {}` changes something"


MINIMAL = """\
apiVersion: catalog.platform/v1alpha1
kind: Service
metadata: {name: shop}
spec:
  type: service
  owner: team-shop
  system: commerce
  containers:
    main:
      image: example.com/shop:1.0.0
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
"""


def _catalogue(folder: Path, **specs: str) -> Catalogue:
    """A catalogue of minimal services with more lines of their specs."""
    for name, more in specs.items():
        lines = "".join(f"  {line}\n" for line in more.splitlines())
        (folder / f"{name}.yaml").write_text(MINIMAL.replace("name: shop", f"name: {name}") + lines)
    return read_catalogue(folder, today=date(2026, 11, 20))


def _shop(folder: Path, more: str = "") -> Service:
    return _catalogue(folder, shop=more).services[0]


PATCHED = """\
tier: critical
scaling: {minReplicas: 3, maxReplicas: 10}
slos: [{name: up, indicator: availability, objective: 99.9}]
resources: {db: {type: postgres, readReplicas: 1}, cache: {type: redis}}
environments:
  dev: {tier: null, scaling: {minReplicas: 1}, slos: [], resources: {cache: null, db: {readReplicas: 0}}}
  staging: {resources: {db: {type: mongodb}}}
"""


def test_each_environment_has_its_own_form_of_a_service(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path, shop=PATCHED)
    forms: dict[Environment, Service] = {name: catalogue.within(name)[0] for name in ENVIRONMENTS}
    dev, prod, staging = forms["dev"].spec, forms["prod"].spec, forms["staging"].spec
    assert prod == forms["ephemeral"].spec == catalogue.services[0].spec, "an environment without a patch is patched"
    assert (prod.tier, dev.tier) == ("critical", "standard"), "null does not bring the default back"
    assert (dev.scaling.min_replicas, dev.scaling.max_replicas) == (1, 10), "maps do not merge"
    assert dev.slos == (), "a list is not replaced"
    assert sorted(dev.resources) == ["db"], "null does not take a resource away"
    assert dev.resources["db"].type == "postgres", "what a patch does not say is lost"
    assert staging.resources["db"].type == "mongodb", "a patch cannot replace a type"


def test_services_come_sorted_by_name_whatever_their_files_are_called(tmp_path: Path) -> None:
    _catalogue(tmp_path, bank="", till="", shop="")
    (tmp_path / "bank.yaml").rename(tmp_path / "zz.yml")
    names = [service.name for service in read_catalogue(tmp_path, today=date(2026, 11, 20)).services]
    assert names == ["bank", "shop", "till"], "the order depends on the folder"


def test_a_catalogue_is_read_the_same_twice(tmp_path: Path) -> None:
    first = _catalogue(tmp_path, shop=PATCHED)
    assert first.services == _catalogue(tmp_path, shop=PATCHED).services, "reading depends on something else"


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    service = _shop(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        service.spec.tier = "critical"  # type: ignore[misc]


# ---- defaults: each from the templates or the tool that has it, named in the field's docstring

DEFAULTS: list[tuple[str, Any]] = [
    ("lifecycle", "production"),
    ("tier", "standard"),
    ("termination_grace_period_seconds", 30),  # Kubernetes'
    ("scaling.min_replicas", 3),  # one per zone; the least production takes
    ("scaling.most", 3),
    ("rollout.strategy", "rolling"),
    ("rollout.blue_green.auto_promotion_enabled", False),  # the templates'
    ("rollout.blue_green.scale_down_delay_seconds", 30),  # the templates'
    ("rollout.canary.header.name", "x-canary"),  # the templates'
    ("resilience.connection_pool.max_connections", 100),  # the templates'
    ("resilience.connection_pool.connect_timeout", "2s"),  # the templates'
    ("resilience.outlier_detection.consecutive5xx_errors", 5),  # the templates'
    ("resilience.outlier_detection.interval", "30s"),  # the templates'
    ("resilience.outlier_detection.base_ejection_time", "30s"),  # the templates'
    ("resilience.load_balancer", "LEAST_REQUEST"),  # Istio's
    ("observability.tracing.sampling", 0.1),
    ("observability.tracing.propagators", ("tracecontext", "baggage")),  # OpenTelemetry's
    ("observability.logs.retention", "30d"),
    ("service", None),
    ("provides", ()),
    ("consumes", ()),
    ("egress", ()),
    ("exceptions", ()),
]


@pytest.mark.parametrize(("field", "value"), DEFAULTS)
def test_what_an_owner_leaves_out_is_this(tmp_path: Path, field: str, value: Any) -> None:
    found: Any = _shop(tmp_path).spec
    for word in field.split("."):
        found = getattr(found, word)
    assert found == value, f"{field}: a changed default changes every service that leaves it out"


def test_a_canary_goes_10_25_50_100_with_pauses_of_ten_minutes(tmp_path: Path) -> None:
    more = "service: {ports: {http: {port: 8000}}}\nrollout: {strategy: canary}"
    steps = _shop(tmp_path, more).spec.rollout.canary.steps
    assert [step.set_weight or step.pause for step in steps] == [10, "10m", 25, "10m", 50, "10m", 100], (
        "another canary than the templates'"
    )


def test_a_route_admits_100_requests_a_minute_and_1000_an_hour(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    api = '{api: a-v1, type: openapi, version: "1.0.0", definition: a.json, port: http, route: {%s}}'
    more = f"service: {{ports: {{http: {{port: 8000}}}}}}\nprovides: [{api % 'paths: [/a], auth: {type: jwt}'}]"
    (provide,) = _shop(tmp_path, more).spec.provides
    assert provide.route, "the route is lost"
    limit = provide.route.rate_limit
    assert (limit.second, limit.minute, limit.hour, limit.policy) == (None, 100, 1000, "redis"), "another rate limit"
    auth = provide.route.auth
    assert auth.type == "jwt", "another proof"
    assert auth.claims_to_verify == ("exp",), "a token that expired would pass"
    assert provide.timeout == "5s", "another timeout than the templates'"
    assert provide.allow is None, "an API without `allow` is restricted"


# ---- references


def test_a_text_is_taken_apart_into_words_and_references() -> None:
    url = Reference(words=("resources", "db", "url"))
    assert list(parts("a ${resources.db.url}b$$c")) == ["a ", url, "b", "$", "c"], "pieces are lost or out of order"
    assert str(url) == "${resources.db.url}", "a reference is not shown as it was written"


@pytest.mark.parametrize("text", ["${", "${a", "a ${b ${c}", "${a{b}"])
def test_a_reference_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\$\{"):
        list(parts(text))


@given(text=st.text("a.${} \n", max_size=30))
def test_nothing_of_a_text_is_lost_in_taking_it_apart(text: str) -> None:
    try:
        pieces = list(parts(text))
    except ValueError:
        return
    again = "".join("$$" if piece == "$" else str(piece) for piece in pieces)
    assert list(parts(again)) == pieces, "a text does not survive being taken apart and put together"


REFERRING = """\
singleton: it alone writes the disk
consumes: [{api: till/tills-v1}]
resources:
  db: {type: postgres}
  cache: {type: redis}
  files: {type: s3}
  keys: {type: secret, params: {keys: [JWT_KEY, PIN]}}
  disk: {type: volume, params: {size: 1Gi, path: /data}}
  bus: {type: kafka}
"""
OFFERING = """\
service: {ports: {http: {port: 8000}}}
provides: [{api: tills-v1, type: openapi, version: "1.0.0", definition: a.json, port: http}]
"""


def test_a_service_may_ask_for_what_it_declares_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    spec = _catalogue(tmp_path, shop=REFERRING, till=OFFERING).services[0].spec
    login = ("host", "port", "username", "password", "url")
    assert answerable(spec) == {
        "metadata": ("name",),
        "consumes.till": CONSUMED,
        "consumes.till.tills-v1": CONSUMED,
        "resources.bus": login,
        "resources.cache": ("host", "port", "password", "url", "read_host", "read_url", "ca"),
        "resources.db": ("host", "port", "database", "username", "password", "url", "read_host", "read_url", "ca"),
        "resources.disk": ("path",),
        "resources.files": ("bucket", "region", "url"),
        "resources.keys": ("JWT_KEY", "PIN"),
    }, "a workload would ask for what no file can say"
    assert keys(spec.resources["keys"]) == ("JWT_KEY", "PIN"), "a secret has the keys its owner named"


# ---- the schema editors use


def test_every_field_of_the_schema_is_explained() -> None:
    schema = written_schema()
    models = {"Service": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, model in sorted(models.items())
        for field, shown in model.get("properties", {}).items()
        # pydantic leaves a field's words away where they are those of its model
        if not (shown.get("description") or models[shown["$ref"].rpartition("/")[2]].get("description"))
    ]
    assert silent == [], "an editor has nothing to show at these fields"
