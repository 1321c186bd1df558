"""Migrations: a Job for each store that has one, which ends before a new version starts and can do nothing else."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.stores.cloudnative_pg import CloudNativePg
from manifests import Manifest, everything
from manifests.treatments import annotated, treatment
from policies.adapters.manifests import objects as as_judged
from policies.core.facts import Facts
from policies.core.finding import Finding
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.program_run import Run, lead, project, run
from tests.support.program_variants import objects, ran, services_of, settings_as
from tests.support.stacks import TODAY, blueprint_of, catalogue, settings

LABEL: Final = "catalog.platform/migration"
DIGEST: Final = "ghcr.io/acme/migrate:1.0.0@sha256:" + "0" * 64
TWO: Final = """\
  resources:
    db: {type: postgres, migrations: {image: IMAGE, command: [migrate]}, pool: {mode: transaction, maxPerReplica: 2}}
    ledger: {type: postgres, migrations: {image: IMAGE, command: [flyway, migrate]}}
    plain: {type: postgres}
"""
CANARY: Final = "  rollout: {strategy: canary}\n  service: {ports: {http: {port: 8000}}}\n"
BLUE_GREEN: Final = "  rollout: {strategy: blueGreen}\n  service: {ports: {http: {port: 8000}}}\n"
ALONE: Final = "  singleton: two would send every mail twice\n"


def made(folder: Path, more: str = "", *, image: str = DIGEST, mesh: str = "sidecar") -> list[Manifest]:
    """The objects of a service with two stores that have migrations and one that has none."""
    said = TWO.replace("IMAGE", image) + more
    of = settings("dev", mesh={"mode": mesh})
    return list(everything(design(of, catalogue(folder, shop=said))))


def jobs(of: list[Manifest]) -> dict[str, Manifest]:
    """The Jobs, by their stores."""
    return {each["metadata"]["labels"][LABEL]: each for each in of if each["kind"] == "Job"}


def container(job: Manifest) -> Any:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def test_each_store_with_migrations_has_a_job_in_its_services_namespace_and_no_other(tmp_path: Path) -> None:
    found = jobs(made(tmp_path))
    assert sorted(found) == ["db", "ledger"]
    assert {each["metadata"]["namespace"] for each in found.values()} == {"shop"}
    assert container(found["ledger"])["command"] == ["flyway", "migrate"]


def test_another_image_or_command_is_another_job_and_the_same_one_is_the_same(tmp_path: Path) -> None:
    def name(folder: str, image: str = DIGEST) -> str:
        return str(jobs(made(tmp_path / folder, image=image))["db"]["metadata"]["name"])

    assert name("a") == name("b")
    assert name("c", DIGEST.replace("0" * 64, "1" * 64)) != name("a")
    assert name("d", "ghcr.io/acme/migrate:1.0.0") != name("a")
    digests = {each["metadata"]["name"].rpartition("-")[2] for each in jobs(made(tmp_path / "e")).values()}
    assert len(digests) == 2, "two commands of one image, and one digest"


def test_a_tag_is_pulled_each_time_and_a_digest_where_it_is_missing(tmp_path: Path) -> None:
    pinned, tagged = made(tmp_path / "a"), made(tmp_path / "b", image="ghcr.io/acme/migrate:1.0.0")
    assert container(jobs(pinned)["db"])["imagePullPolicy"] == "IfNotPresent"
    assert container(jobs(tagged)["db"])["imagePullPolicy"] == "Always"


def test_it_reaches_the_store_past_its_pooler_with_the_password_of_the_service(tmp_path: Path) -> None:
    found = made(tmp_path)
    said = {each["name"]: each for each in container(jobs(found)["db"])["env"]}
    assert said["PGPASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "shop-db", "key": "password"}
    host = "db-rw.shop-data.svc.cluster.local"
    assert said["PGHOST"]["value"] == host
    assert said["DATABASE_URL"]["value"] == (
        f"postgresql://shop:$(PGPASSWORD)@{host}:5432/db?sslmode=verify-full"
        "&sslrootcert=/var/run/secrets/platform/db/ca.crt"
    )
    order = list(said)
    assert order.index("PGPASSWORD") < order.index("DATABASE_URL"), "Kubernetes fills in what stands before alone"
    poolers = [each["metadata"]["name"] for each in found if each["kind"] == "Pooler"]
    assert poolers == ["db-pooler"], "there is no pooler, so nothing is passed by"
    secrets = {each["metadata"]["name"] for each in found if each["kind"] == "ExternalSecret"}
    assert "shop-db" in secrets, "nobody makes the Secret it waits for"


def test_a_mongodb_has_one_too_which_finds_its_address(tmp_path: Path) -> None:
    said = "  resources: {docs: {type: mongodb, migrations: {image: IMAGE, command: [up]}}}\n".replace("IMAGE", DIGEST)
    of = settings("dev")
    read = catalogue(tmp_path, shop=said)
    found = list(everything(design(of, read)))
    variables = {each["name"]: each for each in container(jobs(found)["docs"])["env"]}
    assert list(variables) == ["DATABASE_PASSWORD", "DATABASE_URL"]
    assert variables["DATABASE_PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "shop-docs", "key": "password"}
    assert variables["DATABASE_URL"]["value"].startswith("mongodb://shop:$(DATABASE_PASSWORD)@docs-rs0.shop-data.svc.")
    facts = Facts.of_stack(of, read, limits=limits_of("dev"), today=TODAY, standard="restricted")
    refused = [str(each.found) for each in Judge(facts, RULES).everything(list(as_judged(found))).mandatory]
    assert not refused


def test_no_service_selects_its_pods_and_no_autoscaler_counts_them(tmp_path: Path) -> None:
    found = made(tmp_path, CANARY)
    selectors = [each["spec"]["selector"] for each in found if each["kind"] == "Service"]
    assert selectors
    for job in jobs(found).values():
        labels = job["spec"]["template"]["metadata"]["labels"].items()
        assert not [selector for selector in selectors if selector.items() <= labels]


def test_it_runs_as_an_account_of_its_own_without_a_token(tmp_path: Path) -> None:
    found = made(tmp_path)
    accounts = {each["metadata"]["name"]: each for each in found if each["kind"] == "ServiceAccount"}
    users = [each["spec"]["template"]["spec"] for each in found if each["kind"] in ("Deployment", "Job")]
    named = [spec["serviceAccountName"] for spec in users if "serviceAccountName" in spec]
    assert len(set(named)) == len(named), f"two share an account: {named}"
    for job in jobs(found).values():
        spec = job["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert accounts[spec["serviceAccountName"]]["automountServiceAccountToken"] is False


def test_it_ends_and_is_tried_again_one_pod_at_a_time(tmp_path: Path) -> None:
    for job in jobs(made(tmp_path)).values():
        spec = job["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        assert spec["backoffLimit"] == 3
        assert spec["podReplacementPolicy"] == "Failed"
        assert container(job)["terminationMessagePolicy"] == "FallbackToLogsOnError"
        notes = annotated(job)["metadata"]["annotations"]
        assert int(notes["pulumi.com/timeoutSeconds"]) > spec["activeDeadlineSeconds"], "given up before it is over"
        assert notes["pulumi.com/replaceUnready"] == "true"


@pytest.mark.parametrize(("mesh", "native"), [("sidecar", "true"), ("none", None)])
def test_its_proxy_ends_with_it(mesh: str, native: str | None, tmp_path: Path) -> None:
    for job in jobs(made(tmp_path, mesh=mesh)).values():
        notes = job["spec"]["template"]["metadata"].get("annotations", {})
        assert notes.get("sidecar.istio.io/nativeSidecar") == native
        assert ("sidecar.istio.io/proxyCPU" in notes) == (mesh == "sidecar")


@pytest.mark.parametrize("more", ["", CANARY, BLUE_GREEN, ALONE], ids=["rolling", "canary", "blue-green", "alone"])
def test_the_quota_holds_the_migrations_beside_the_pods_of_the_busiest_moment(more: str, tmp_path: Path) -> None:
    without = more + "  resources: {db: {type: postgres}, ledger: {type: postgres}, plain: {type: postgres}}\n"
    quotas = [
        next(each["spec"]["hard"] for each in of if each["kind"] == "ResourceQuota")
        for of in (everything(design(settings(), catalogue(tmp_path / "a", shop=without))), made(tmp_path / "b", more))
    ]
    assert int(quotas[1]["pods"]) - int(quotas[0]["pods"]) == 2
    more_cpu = int(quotas[1]["requests.cpu"][:-1]) - int(quotas[0]["requests.cpu"][:-1])
    assert more_cpu == 2 * (100 + 10), "two migrations and their proxies"


def test_the_limits_of_the_namespace_take_its_container(tmp_path: Path) -> None:
    found = made(tmp_path)
    (limit,) = next(
        each["spec"]["limits"]
        for each in found
        if each["kind"] == "LimitRange" and each["metadata"]["namespace"] == "shop"
    )
    asked = container(jobs(found)["db"])["resources"]["limits"]
    assert int(limit["max"]["cpu"][:-1]) >= int(asked["cpu"][:-1])
    assert int(limit["max"]["memory"][:-2]) >= int(asked["memory"][:-2])


def before(done: Run) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Each workload of a service, and what comes before it: kind and name."""
    closures = done.closures()
    for each in objects(done):
        if each.inputs["kind"] in ("CronJob", "Deployment", "Rollout"):
            namespace = each.inputs["metadata"]["namespace"]
            theirs = (done.by_urn[urn] for urn in closures[each.urn] if "kubernetes:" in urn)
            behind = [one.inputs for one in theirs if one.inputs.get("metadata", {}).get("namespace") == namespace]
            yield namespace, {(one["kind"], one["metadata"]["name"]) for one in behind}


@pytest.mark.xdist_group("program")
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_workload_waits_for_the_migrations_of_its_stores(stack: str) -> None:
    done = ran(stack)
    wanted: dict[str, set[tuple[str, str]]] = {}
    for each in objects(done):
        if each.inputs["kind"] == "Job":
            wanted.setdefault(each.inputs["metadata"]["namespace"], set()).add(("Job", each.inputs["metadata"]["name"]))
    assert len(wanted) == 6, f"six services of the shop have migrations, not {sorted(wanted)}"
    kinds = {each.inputs["kind"] for each in objects(done) if each.inputs["metadata"].get("namespace") in wanted}
    assert {"Deployment", "Rollout"} <= kinds, "one way of delivery is missing: this test would prove less"
    for namespace, behind in before(done):
        assert wanted.get(namespace, set()) <= behind, f"{namespace}: a new version starts before its schema is there"


@pytest.mark.xdist_group("program")
def test_a_migration_that_fails_leaves_the_running_version_as_it_is() -> None:
    with project(services_of("prod")) as folder:
        lead(folder, settings_as("prod"))
        done = run(folder, "prod", settings_as("prod"), preview=False, failing=frozenset({"kubernetes:batch/v1:Job"}))
    assert done.exit_code != 0, "a run whose migrations failed looks like a success"
    asked = {(each.inputs["kind"], each.inputs["metadata"].get("namespace")) for each in objects(done)}
    migrated = {namespace for kind, namespace in asked if kind == "Job"}
    assert migrated
    changed = {namespace for kind, namespace in asked if kind in ("Deployment", "Rollout")} & migrated
    assert not changed, f"the pods of {sorted(changed)} were changed though their migrations failed"


@pytest.mark.xdist_group("program")
def test_a_migration_waits_for_its_store_its_credentials_and_its_own_rules() -> None:
    done = ran("prod")
    closures = done.closures()
    found = [each for each in objects(done) if each.inputs["kind"] == "Job"]
    assert found
    for each in found:
        service = each.inputs["metadata"]["namespace"]
        resource = each.inputs["metadata"]["labels"][LABEL]
        behind = {
            (of["kind"], of["metadata"].get("namespace"), of["metadata"]["name"])
            for of in (done.by_urn[urn].inputs for urn in closures[each.urn] if "kubernetes:" in urn)
            if "metadata" in of
        }
        data = f"{service}-data"
        missing = {
            ("Cluster", data, resource),
            ("Database", data, resource),
            ("ExternalSecret", service, f"{service}-{resource}"),
            ("Certificate", service, "store-client"),
            ("NetworkPolicy", data, f"from.{service}.{resource}.migrations"),
            ("NetworkPolicy", service, f"{resource}.migrations.dns"),
            ("NetworkPolicy", service, f"{resource}.migrations.istiod"),
            ("NetworkPolicy", service, f"{resource}.migrations.store"),
            ("NetworkPolicy", service, "default-deny"),
            ("LimitRange", service, service),
            ("ResourceQuota", service, service),
            ("ServiceAccount", service, f"{resource}.migrations"),
            ("Sidecar", service, "default"),
        } - behind
        assert not missing, f"{each.name} may start before {sorted(missing)}"


def test_a_schedule_waits_for_its_migrations_as_well(tmp_path: Path) -> None:
    assert "Job" in treatment({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {}}).after
    assert sorted(jobs(made(tmp_path, "  schedule: '0 3 * * *'\n"))) == ["db", "ledger"]


def test_the_migration_is_the_stores_in_the_blueprint() -> None:
    stores = [store for plan in blueprint_of("prod").services.values() for store in plan.stores]
    migrated = {store.resource for store in stores if isinstance(store, CloudNativePg) and store.migration}
    assert migrated == {"db"}


def judged(of: list[Manifest], folder: Path, *, stack: str = "dev", image: str = DIGEST) -> list[Finding]:
    """What the policies find among the objects `of`, which the catalogue of `made` asked for."""
    read = catalogue(folder, shop=TWO.replace("IMAGE", image))
    facts = Facts.of_stack(settings(stack), read, limits=limits_of(stack), today=TODAY, standard="restricted")
    return list(Judge(facts, RULES).everything(list(as_judged(of))).findings)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_image_of_migrations_without_a_digest_is_found_like_every_other(stack: str, tmp_path: Path) -> None:
    for image, wanted in (("ghcr.io/acme/migrate:1.0.0", ["spec.resources.db.migrations.image"]), (DIGEST, [])):
        read = catalogue(tmp_path, shop=TWO.replace("IMAGE", image))
        found = judged(list(everything(design(settings(stack), read))), tmp_path, stack=stack, image=image)
        of_db = [each for each in found if each.about and each.about.title.startswith("Job shop/db-migrations-")]
        digests = [each.edit for each in of_db if each.rule.id == "img-digest"]
        assert [".".join(each.steps) for each in digests if each] == wanted, "not found, or mended elsewhere"


def policy(of: list[Manifest], name: str) -> Manifest:
    return next(each for each in of if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == name)


def test_the_policies_take_what_is_made_and_see_each_of_its_ways_that_is_missing_or_wider(tmp_path: Path) -> None:
    def found(of: list[Manifest]) -> list[str]:
        return [each.found for each in judged(of, tmp_path) if each.rule.id == "net-reachability"]

    whole = made(tmp_path)
    assert not found(whole)
    for name in ("db.migrations.dns", "db.migrations.istiod", "db.migrations.store", "from.shop.db.migrations"):
        one = policy(whole, name)
        said = found([each for each in whole if each is not one])
        assert [each for each in said if "has no way" in each and "db-migrations-" in each], f"{name}: {said}"
    other = deepcopy(whole)
    to = policy(other, "db.migrations.store")["spec"]["egress"][0]["to"][0]
    to["podSelector"]["matchLabels"]["catalog.platform/resource"] = "ledger"
    assert any("does not declare" in each for each in found(other)), "a migration reaches another store unseen"
