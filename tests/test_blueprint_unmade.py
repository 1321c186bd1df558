"""Nothing is silent: each field of catalogue and settings is read, or said to be not made yet.

The evidence is gathered once: every field of the examples in tests/fixtures is said otherwise, and what follows is
compared (tests/support/evidence.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import pytest
from pydantic import create_model

from blueprint import design, names
from blueprint.catalogue import Spec
from blueprint.catalogue.delivering import Canary
from blueprint.catalogue.needing import Consume
from blueprint.catalogue.owning import Amqp, Kafka, Nats
from blueprint.catalogue.running import Scaling
from blueprint.reading import Catalogue, TextError
from blueprint.settings import Brokers, Mesh
from blueprint.unmade import check, details, once, pending, record, sentence
from blueprint.unmade.asking import Asking
from blueprint.unmade.table import NOT_MADE, WITHOUT_A_MESH, Key, Row
from blueprint.variables import FromSecret
from manifests import Manifest, everything
from tests.support.evidence import Evidence, gather, silent
from tests.support.leaves import leaves
from tests.support.stacks import catalogue, settings, shop

pytestmark = pytest.mark.xdist_group("unmade")  # the evidence takes some twenty seconds, so one worker gathers it

CHECKS: Final[Mapping[str, str]] = {
    "backups.enabled": "refused beside words about what it takes away; see test_manifests_velero.py",
    "budget.cpuCores": "a ceiling: what asks for more is refused",
    "budget.memoryGib": "a ceiling: what asks for more is refused",
    "budget.pods": "a ceiling: what asks for more is refused",
    "cluster(Existing).clusterCidrs": "where no host outside may be said to be",
    "spec.consumes.*.protocol": "must fit the API's type",
    "spec.provides.*.allow": "who is not in it may not consume",
    "spec.provides.*.definition": "a file that must be there",
    "spec.provides.*.type": "operations and route must fit it",
    "data.elasticsearch": "managed is refused until a cloud makes one",
    "spec.resources.*(Clickhouse).backup.pitr": "there are full copies alone: true is refused",
    "spec.resources.*(Clickhouse).backup.rto": "a full disk must be read back in it",
    "spec.resources.*(Elasticsearch).backup.pitr": "there are full copies alone: true is refused",
    "spec.resources.*(Elasticsearch).backup.rto": "a full disk must be read back in it",
    "spec.resources.*(Redis).backup.pitr": "there are full copies alone: true is refused",
    "spec.resources.*(Redis).backup.rto": "a full disk must be read back in it",
    "spec.resources.*(Valkey).backup.pitr": "there are full copies alone: true is refused",
    "spec.resources.*(Valkey).backup.rto": "a full disk must be read back in it",
    "spec.resources.*(Clickhouse).owns": "one table has one owner",
    "spec.resources.*(Clickhouse).params.version": "one is offered, and what no decision needs is refused",
    "spec.resources.*(Clickhouse).pool.maxPerReplica": "what all pods open must fit the store",
    "spec.resources.*(Clickhouse).pool.mode": "nothing but a driver pools: anything else is refused",
    "data.mongodb": "managed is refused until a cloud makes one",
    "data.opensearch": "managed is refused until a cloud makes one",
    "data.postgres": "managed is refused until a cloud makes one",
    "data.redis": "managed is refused until a cloud makes one",
    "data.valkey": "managed is refused until a cloud makes one",
    "spec.resources.*(Elasticsearch).owns": "one table has one owner",
    "spec.resources.*(Elasticsearch).params.version": "one is offered, and what no decision needs is refused",
    "spec.resources.*(Elasticsearch).pool.maxPerReplica": "what all pods ask at a time must fit what a node lets wait",
    "spec.resources.*(Elasticsearch).pool.mode": "each request stands alone: anything else is refused",
    "spec.resources.*(Opensearch).owns": "one table has one owner",
    "spec.resources.*(Opensearch).params.version": "one is offered, and what no decision needs is refused",
    "spec.resources.*(Opensearch).pool.maxPerReplica": "what all pods ask at a time must fit what a node lets wait",
    "spec.resources.*(Opensearch).pool.mode": "each request stands alone: anything else is refused",
    "spec.resources.*(Mysql).owns": "one table has one owner",
    "spec.resources.*(Mysql).pool.maxPerReplica": "what all pods open must fit the store",
    "spec.resources.*(Mysql).pool.mode": "nothing but a driver pools: anything else is refused",
    "data.mysql": "no cloud's is made: anything else is refused",
    "spec.resources.*(Mongodb).owns": "one table has one owner",
    "spec.resources.*(Redis).owns": "one table has one owner",
    "spec.resources.*(Valkey).owns": "one table has one owner",
    "spec.resources.*(Redis).pool.maxPerReplica": "what all pods open must fit the store",
    "spec.resources.*(Valkey).pool.maxPerReplica": "what all pods open must fit the store",
    "spec.resources.*(Postgres).backup.pitr": "what may be lost must fit it; the log is written away in any case",
    "spec.resources.*(Postgres).owns": "one table has one owner",
    "spec.resources.*(Postgres).pool.maxPerReplica": "what all pods open must fit the store",
    "spec.resources.*(Mongodb).backup.pitr": "what may be lost must fit it; the log is written away in any case",
    "spec.resources.*(Mongodb).pool.mode": "nothing but a driver pools: anything else is refused",
    "spec.resources.*(Redis).params.version": "one is offered, and what no decision needs is refused",
    "spec.resources.*(Valkey).params.version": "one is offered, and what no decision needs is refused",
    "spec.resources.*(Redis).pool.mode": "nothing between a service and its Redis gives connections back",
    "spec.resources.*(Valkey).pool.mode": "nothing between a service and its Valkey gives connections back",
    "spec.resources.*(Volume).deletion": "production keeps every disk, ephemeral stacks none",
    "spec.resources.*(Volume).params.per": "must fit how many pods run",
    "spec.type": "a cronjob has a schedule, and nothing else has one",
}
"""Places whose whole meaning is a check → what it is. A file that passes means what it says."""


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Evidence]:
    return gather(tmp_path_factory.mktemp("said"))


def test_every_field_is_read_or_said_to_be_not_made_yet(evidence: Mapping[str, Evidence]) -> None:
    assert not list(silent(evidence, NOT_MADE, CHECKS))


def test_a_place_that_is_a_check_exists(evidence: Mapping[str, Evidence]) -> None:
    assert sorted(CHECKS.keys() - evidence.keys()) == []


def test_a_row_that_is_taken_away_is_missed(evidence: Mapping[str, Evidence]) -> None:
    """But for a thing that can say one thing only: its pods are missed (below)."""
    missed = {}
    for key in NOT_MADE:
        left = {other: row for other, row in NOT_MADE.items() if other != key}
        missed[key] = [line for line in silent(evidence, left, CHECKS) if "nothing reads it" in line]
    assert [key for key, lines in missed.items() if not lines] == [(Kafka, None), (Nats, None), (Amqp, None)]


def test_a_row_whose_field_is_read_after_all_is_found(evidence: Mapping[str, Evidence]) -> None:
    row = NOT_MADE[(Spec, "slos")]
    found = [*silent(evidence, {**NOT_MADE, (Scaling, "min_replicas"): row}, CHECKS)]
    assert [line for line in found if line.startswith("spec.scaling.minReplicas: a decision reads it")]


def test_a_field_that_no_decision_reads_any_more_is_found(evidence: Mapping[str, Evidence]) -> None:
    unread = Evidence(leaf=evidence["spec.tier"].leaf, said=True)
    found = [*silent({**evidence, "spec.tier": unread}, NOT_MADE, CHECKS)]
    assert "spec.tier: nothing reads it. Read it in a decision, or give it a row in blueprint.unmade.table" in found


def test_a_field_that_is_new_to_a_model_is_found() -> None:
    grown = create_model("Scaling", __base__=Scaling, cooldown_seconds=(int, 30))
    new = {leaf.place: Evidence(leaf=leaf) for leaf in leaves(grown) if leaf.place == "cooldownSeconds"}
    assert list(silent(new, NOT_MADE, CHECKS)) == ["cooldownSeconds: no example says it"]


def test_a_row_names_a_field_that_exists() -> None:
    assert [
        f"{model.__name__}.{name}" for model, name in NOT_MADE if name is not None and name not in model.model_fields
    ] == []


def test_a_thing_that_is_made_whole_has_no_row(evidence: Mapping[str, Evidence]) -> None:
    """Some fields of a store are read (its network rules); as long as others are not, the store is not made."""
    below = {
        model: [
            each.decided
            for each in evidence.values()
            if not each.leaf.is_constant and any(step[0] is model for step in each.leaf.steps)
        ]
        for model, name in NOT_MADE
        if name is None
    }
    assert [model.__name__ for model, decided in below.items() if decided and all(decided)] == []


def _unmade_secrets(stack: str) -> set[tuple[str, str]]:
    """Service and Secret: what the pods of `stack` read and nobody makes."""
    blueprint = design(settings(stack), shop(), stack)
    made = {
        (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        for manifest in everything(blueprint)
        if manifest["kind"] in ("ExternalSecret", "Secret")
    }
    return {
        (name, each.secret)
        for name, plan in blueprint.services.items()
        for container in (*plan.workload.containers, *plan.workload.init_containers)
        for each in container.environment
        if isinstance(each, FromSecret) and (plan.workload.namespace, each.secret) not in made
    }


def _said_to_wait(stack: str) -> set[tuple[str, str]]:
    """Service and Secret: what the table says."""
    return {
        (each.waiting, names.connection(each.waiting, each.field.rpartition(".")[2]))
        for each in pending(settings(stack), shop(), stack)
        if each.waiting
    }


@pytest.mark.parametrize("stack", ["dev", "prod", "staging"])
def test_the_pods_said_to_wait_are_those_whose_secrets_nobody_makes(stack: str) -> None:
    assert _unmade_secrets(stack), "when every Secret is made, no row of the table blocks any more"
    assert _said_to_wait(stack) == _unmade_secrets(stack)


def test_a_blocking_row_that_is_taken_away_leaves_pods_waiting_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    blocking = {key for key, row in NOT_MADE.items() if row.blocks}
    asked_for = {type(resource) for service in shop().services for resource in service.spec.resources.values()}
    for key in sorted(blocking & {(kind, None) for kind in asked_for}, key=str):
        left = {other: row for other, row in NOT_MADE.items() if other != key}
        monkeypatch.setattr("blueprint.unmade.MESHED", Asking(left))
        assert _unmade_secrets("dev") - _said_to_wait("dev"), key


STORED: Final = """\
      variables: {URL: "${resources.db.url}"}
  resources:
    db: {type: kafka}
    cache: {type: nats}
"""


@pytest.fixture
def stored(tmp_path: Path) -> Catalogue:
    return catalogue(tmp_path / "services", shelf=STORED)


def test_the_line_counts_by_subject_and_names_the_pods_that_wait(stored: Catalogue) -> None:
    assert sentence(pending(settings("dev"), stored, "dev")) == (
        "declared, not made yet: 2 broker accounts, 1 retention of telemetry; these pods will wait for ever on a"
        " cluster that runs them: shelf."
    )


def test_what_no_variable_asks_for_lets_no_pod_wait(stored: Catalogue) -> None:
    found = pending(settings("dev"), stored, "dev")
    assert {each.field: each.waiting for each in found if each.row.blocks} == {
        "spec.resources.cache": None,
        "spec.resources.db": "shelf",
    }


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert sentence(()) == ""


def test_a_default_that_promises_is_said_until_it_is_declined(tmp_path: Path) -> None:
    def subjects(words: str) -> set[str]:
        read = catalogue(tmp_path / str(len(words)), one=f"  resources: {{db: {{type: redis{words}}}}}\n")
        return {each.row.one for each in pending(settings("dev"), read, "dev")}

    assert subjects("") - subjects(", backup: none") == {"restore drill of a store that a CronJob copies"}


@pytest.mark.parametrize(("word", "said"), [("retain", False), ("snapshot", True)])
def test_only_the_word_that_asks_for_a_last_copy_is_said(word: str, said: bool, tmp_path: Path) -> None:
    made = catalogue(tmp_path / "services", shelf=f"  resources: {{db: {{type: postgres, deletion: {word}}}}}\n")
    found = [each.field for each in pending(settings("prod"), made) if each.row.one == "last copy of a store"]
    assert found == (["spec.resources.db.deletion"] if said else [])


def test_a_managed_placement_is_said_not_to_be_asked_for(stored: Catalogue) -> None:
    managed = settings("dev", brokers=Brokers(kafka="managed"))
    (found,) = [each for each in pending(managed, stored, "dev") if each.row.one == "managed placement"]
    assert (found.file, found.field, found.count) == ("Pulumi.dev.yaml", "platform:settings.brokers.kafka", 1)


def test_a_stack_without_services_asks_nothing_of_the_catalogue(stored: Catalogue) -> None:
    platform = settings("dev", layers=("cluster", "platform"))
    assert {each.file for each in pending(platform, stored, "dev")} == {"Pulumi.dev.yaml"}


def test_what_two_stacks_ask_for_is_counted_once(stored: Catalogue) -> None:
    both = [*pending(settings("dev"), stored, "dev"), *pending(settings("prod"), stored, "prod")]
    fields = [(each.file, each.field) for each in once(both)]
    assert fields.count(("services/shelf.yaml", "spec.resources.db")) == 1
    assert len(fields) == len(set(fields))


def test_the_details_name_file_line_and_field_and_what_to_do_meanwhile(stored: Catalogue) -> None:
    lines = list(details(pending(settings("dev"), stored, "dev")))
    assert lines[:3] == [
        "2 broker accounts, to come with brokers (0.4). Run the broker yourself: drop the resource, and give the"
        " service its address in variables.",
        "  services/shelf.yaml:14: spec.resources.db",
        "  services/shelf.yaml:15: spec.resources.cache",
    ]


def test_the_record_says_the_same_to_programs(stored: Catalogue) -> None:
    (account,) = [
        each for each in record(pending(settings("dev"), stored, "dev")) if each["field"] == "spec.resources.db"
    ]
    assert account == {
        "subject": "broker account",
        "count": 1,
        "file": "services/shelf.yaml",
        "line": 14,
        "field": "spec.resources.db",
        "planned": "brokers (0.4)",
        "meanwhile": "Run the broker yourself: drop the resource, and give the service its address in variables",
        "waiting": "shelf",
    }


def _check(stack: str, of: Catalogue) -> None:
    """What the program does before it spells `stack`."""
    check(settings(stack), pending(settings(stack), of, stack))


def test_a_cluster_that_runs_containers_refuses_what_pods_would_wait_for(stored: Catalogue) -> None:
    with pytest.raises(TextError) as refused:
        _check("prod", stored)
    assert str(refused.value) == (
        "services/shelf.yaml:14: spec.resources.db: is a broker account, which comes with brokers (0.4) and is not made"
        " yet, but variables ask for it, so the pods of shelf would wait for its Secret for ever. Run the broker"
        " yourself: drop the resource, and give the service its address in variables; to do so in this environment"
        " alone, write spec.environments.prod.resources.db: null with other variables. An embedded cluster takes it as"
        " it is."
    )


def test_a_simulated_cluster_takes_what_pods_would_wait_for(stored: Catalogue) -> None:
    _check("dev", stored)


def test_the_cure_of_the_refusal_cures_it(tmp_path: Path) -> None:
    patched = STORED + (
        "  environments:\n"
        "    prod: {resources: {db: null}, containers: {main: {variables: {URL: postgres://db.example.com}}}}\n"
    )
    _check("prod", catalogue(tmp_path / "services", shelf=patched))


def test_a_row_says_what_to_do_in_a_sentence_without_its_end() -> None:
    rows: set[Row] = set(NOT_MADE.values())
    assert [row.meanwhile for row in rows if row.meanwhile.endswith(".") or not row.meanwhile[0].isupper()] == []


SAYS_MUCH = """\
  service: {ports: {http: {port: 8080}}}
  resilience: {connectionPool: {maxConnections: 7}}
  affinity: {type: sourceIp}
  rollout: {strategy: canary, canary: {steps: [{setWeight: 10}], header: {name: x-try, value: "1"}}}
"""


def test_what_only_a_proxy_could_do_is_said_in_a_stack_without_a_mesh(tmp_path: Path) -> None:
    made = catalogue(tmp_path / "services", one=SAYS_MUCH)
    assert "mesh" not in sentence(pending(settings("dev"), made))
    found = pending(settings("dev", mesh=Mesh(mode="none")), made)
    assert "3 words for the mesh" in sentence(found)
    assert {each.field for each in found if each.row.one == "word for the mesh"} == {
        "spec.affinity",
        "spec.resilience",
        "spec.rollout.canary.header",
    }


OFFERS: Final = """\
  service: {ports: {http: {port: 8080}}}
  provides:
    - api: things
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
      operations: [{method: GET, path: /things, idempotent: true}, {method: PUT, path: /things, idempotent: true}]
"""
ROLLS: Final = "  service: {{ports: {{http: {{port: 8080}}}}}}\n  rollout: {{strategy: canary, canary: {{{}}}}}\n"
ASKS: Final = "  consumes: [{{api: other/things{}}}]\n"
SAID_OTHERWISE: Final[Mapping[Key, tuple[str, str]]] = {
    (Consume, "operations"): (ASKS.format(""), ASKS.format(', operations: ["GET /things"]')),
    (Consume, "retries"): (ASKS.format(""), ASKS.format(", retries: {attempts: 1}")),
    (Consume, "timeout"): (ASKS.format(""), ASKS.format(", timeout: 9s")),
    (Canary, "analysis"): (ROLLS.format(""), ROLLS.format("analysis: none")),
    (Canary, "header"): (ROLLS.format(""), ROLLS.format("header: none")),
    (Spec, "affinity"): (OFFERS, f"{OFFERS}  affinity: {{type: header, name: X-Tenant}}\n"),
    (Spec, "resilience"): (OFFERS, f"{OFFERS}  resilience: {{connectionPool: {{maxConnections: 7}}}}\n"),
}
"""Row → what a service may say, and what it may say otherwise."""


@pytest.mark.parametrize("row", WITHOUT_A_MESH, ids=lambda key: f"{key[0].__name__}.{key[1]}")
def test_a_row_for_the_mesh_is_of_a_field_that_only_a_mesh_reads(row: Key, tmp_path: Path) -> None:
    def made(mode: Literal["none", "sidecar"], text: str) -> list[Manifest]:
        folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "services"
        (folder / "contracts").mkdir(parents=True)
        (folder / "contracts" / "any.txt").touch()
        read = catalogue(folder, one=text, other=OFFERS)
        return list(everything(design(settings("dev", mesh=Mesh(mode=mode)), read)))

    before, after = SAID_OTHERWISE[row]
    assert made("sidecar", before) != made("sidecar", after), "no mesh reads it either: it belongs into NOT_MADE"
    assert made("none", before) == made("none", after), "it is read without a mesh: the row has to go"
