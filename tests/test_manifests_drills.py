"""Restore drills: a copy is restored beside everything else, by pods that may do that and no more, and taken away."""

import json
from pathlib import Path
from typing import Final, get_args

import pytest
import yaml

from blueprint import Blueprint, design, drills
from blueprint.drills.postgres import HAS_A_TABLE, PostgresDrill
from manifests.drills import ENGINES
from manifests.postgres_drill import ASK
from tests.support.drills import pod, ran, restored, step, steps, unknown, variables, within
from tests.support.stacks import ROOT, blueprint_of, catalogue, settings

STRICT: Final = ROOT.parent / "shared" / "crds" / "cnpg_clusters.yaml"
TWO: Final = """\
  resources:
    db: {type: postgres, backup: {restoreDrill: daily, rto: 2h, restoreCheck: "SELECT count(*) > 0 AS \\"$(A) $1\\""}}
    ledger: {type: postgres, class: medium, highAvailability: true}
    spare: {type: postgres, backup: {restoreDrill: never}}
    facts: {type: postgres, backup: none}
"""


def made(folder: Path, stack: str = "prod") -> Blueprint:
    """A service with two stores that are tried, and two that are not."""
    return design(settings(stack), catalogue(folder, orders=TWO))


@pytest.mark.parametrize(("stack", "tried"), [("dev", 0), ("staging", 7), ("prod", 7)])
def test_each_store_of_the_shop_that_is_copied_is_tried_where_copies_are_made(stack: str, tried: int) -> None:
    plans = blueprint_of(stack).services.values()
    assert sum(len(plan.drills) for plan in plans) == tried
    assert sum(plan.namespace.drill is not None for plan in plans) == tried


def test_every_type_of_drill_has_its_spelling() -> None:
    assert ENGINES.keys() == set(get_args(drills.Drill) or [drills.Drill])


def test_only_a_store_whose_owner_wants_it_tried_is(tmp_path: Path) -> None:
    tried = {name for kind, name in within(made(tmp_path)) if kind == "CronJob"}
    assert tried == {"db-daily", "db-sweep", "ledger-weekly", "ledger-sweep"}


def test_the_namespace_is_closed_bounded_and_apart_from_the_live_stores(tmp_path: Path) -> None:
    found = within(made(tmp_path))
    assert ("NetworkPolicy", "default-deny") in found
    hard = found["ResourceQuota", "orders"]["spec"]["hard"]
    assert (hard["pods"], hard["persistentvolumeclaims"], hard["requests.storage"]) == ("8", "2", "120Gi")
    peers = json.dumps([of["spec"] for (kind, _), of in found.items() if kind == "NetworkPolicy"])
    assert "orders-drill" in peers
    assert "orders-data" not in peers, "a drill that reaches the live store could change it"
    assert '"kubernetes.io/metadata.name": "orders"' not in peers, "nor is its service let into what is restored"


def test_a_drill_may_make_one_object_and_follow_and_remove_that_and_its_disk(tmp_path: Path) -> None:
    following = ["delete", "get", "list", "watch"]
    one = {"apiGroups": ["postgresql.cnpg.io"], "resources": ["clusters"]}
    assert within(made(tmp_path))["Role", "db.drill"]["rules"] == [
        {**one, "verbs": ["create"]},
        {**one, "resourceNames": ["db"], "verbs": following},
        {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "resourceNames": ["db-1"], "verbs": following},
    ]


def test_only_kubectl_is_given_a_token_and_only_the_check_a_password(tmp_path: Path) -> None:
    job = within(made(tmp_path))["CronJob", "db-daily"]
    assert pod(job)["automountServiceAccountToken"] is False
    mounted = {step["name"]: {mount["name"] for mount in step["volumeMounts"]} for step in steps(job)}
    assert {name for name, volumes in mounted.items() if "token" in volumes} == mounted.keys() - {"check"}
    assert {name for name, volumes in mounted.items() if volumes & {"owner", "authority"}} == {"check"}
    keys = [volume["secret"]["items"] for volume in pod(job)["volumes"] if "secret" in volume]
    assert [item["key"] for items in keys for item in items] == ["ca.crt", "password"], "and no private key"


def test_it_removes_what_is_left_restores_waits_asks_and_removes_in_this_order(tmp_path: Path) -> None:
    job = within(made(tmp_path))["CronJob", "db-daily"]
    assert [step["name"] for step in steps(job)] == ["remove-leftovers", "restore", "wait", "check", "remove"]
    first, _, wait, _, last = (step.get("args", []) for step in steps(job))
    assert first == last
    assert first[:3] == ["delete", "clusters.postgresql.cnpg.io/db", "persistentvolumeclaims/db-1"]
    assert "--timeout=7200s" in wait, "the owner's own rto"


def test_a_run_ends_in_time_and_is_swept_up_after_when_it_cannot_run_any_more(tmp_path: Path) -> None:
    found = within(made(tmp_path))
    run, sweep = found["CronJob", "db-daily"]["spec"], found["CronJob", "db-sweep"]["spec"]
    job = run["jobTemplate"]["spec"]
    assert (run["concurrencyPolicy"], job["backoffLimit"]) == ("Forbid", 0)
    assert job["activeDeadlineSeconds"] > 7200
    begins, sweeps = (
        int(hour) * 60 + int(minute) for minute, hour, *_ in (each["schedule"].split() for each in (run, sweep))
    )
    between = (sweeps - begins) % 1440 * 60
    assert between > run["startingDeadlineSeconds"] + job["activeDeadlineSeconds"], "a drill may still be running"
    assert [step["name"] for step in steps(found["CronJob", "db-sweep"])] == ["remove"]


def test_drills_do_not_begin_together_and_begin_at_the_same_time_again() -> None:
    first, again = (
        [drill.timing.schedule for plan in blueprint_of("prod").services.values() for drill in plan.drills]
        for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == len(first)


def test_the_newest_copy_is_restored_as_somebody_who_only_reads_and_archives_nothing(tmp_path: Path) -> None:
    blueprint = made(tmp_path)
    found, live = within(blueprint), within(blueprint, "orders-data")
    spec = restored(found, "ledger")["spec"]
    assert (spec["instances"], "plugins" in spec) == (1, False), "its log would go among the live store's copies"
    assert spec["externalClusters"][0]["plugin"]["parameters"] == {"barmanObjectName": "ledger", "serverName": "ledger"}
    assert "recoveryTarget" not in spec["bootstrap"]["recovery"]
    role = spec["serviceAccountTemplate"]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    writer = live["Cluster", "ledger"]["spec"]["serviceAccountTemplate"]["metadata"]["annotations"]
    assert role == "arn:aws:iam::111122223333:role/copies-reader-orders"
    assert role not in writer.values()
    there, here = (each["ObjectStore", "ledger"]["spec"] for each in (live, found))
    assert here["configuration"]["destinationPath"] == there["configuration"]["destinationPath"]
    assert "retentionPolicy" not in here, "it would delete copies"


def test_what_is_restored_is_as_large_as_the_live_store_or_its_log_would_not_be_replayed(tmp_path: Path) -> None:
    blueprint = made(tmp_path)
    live, spec = within(blueprint, "orders-data")["Cluster", "ledger"]["spec"], restored(within(blueprint), "ledger")
    assert spec["spec"]["imageName"] == live["imageName"]
    assert spec["spec"]["storage"]["size"] == live["storage"]["size"]
    assert spec["spec"]["resources"] == live["resources"]
    assert spec["spec"]["postgresql"]["parameters"].items() <= live["postgresql"]["parameters"].items()
    assert "max_connections" in spec["spec"]["postgresql"]["parameters"]


def test_the_definitions_of_its_operator_take_what_is_restored(tmp_path: Path) -> None:
    if not STRICT.is_file():
        pytest.skip(f"the strict definitions are not beside the project ({STRICT.name})")
    definition = yaml.safe_load(STRICT.read_text())
    (version,) = [each for each in definition["spec"]["versions"] if each["name"] == "v1"]
    made_of = restored(within(made(tmp_path)), "db")
    assert not list(unknown(made_of["spec"], version["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec"))


def test_the_owners_question_is_asked_as_it_is_written_and_else_whether_there_is_a_table(tmp_path: Path) -> None:
    found = within(made(tmp_path))
    written = {each["name"]: each["value"] for each in step(found["CronJob", "db-daily"], "check")["env"]}["CHECK"]
    assert written == 'SELECT count(*) > 0 AS "$$(A) $$1"', "Kubernetes would replace $(A), and takes $$ for one"
    assert variables(step(found["CronJob", "ledger-weekly"], "check"))["CHECK"] == HAS_A_TABLE


@pytest.mark.parametrize(
    ("psql", "ended"),
    [("echo t", 0), ("echo f", 1), ("echo", 1), ("exit 2", 1), ('test "$PGPASSWORD" = drawn && echo t', 0)],
)
def test_the_check_fails_unless_the_answer_is_true(psql: str, ended: int, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("drawn")
    assert ran(ASK, {"psql": psql}, tmp_path, {"CHECK": "SELECT true"}).returncode == ended


def test_a_drill_of_a_tenant_is_in_its_own_namespace(tmp_path: Path) -> None:
    of = settings("prod", layers=("services",), tenant="pr7")
    (drill, *_) = design(of, catalogue(tmp_path, orders=TWO)).services["orders"].drills
    assert isinstance(drill, PostgresDrill)
    assert drill.namespace == "pr7--orders-drill"
