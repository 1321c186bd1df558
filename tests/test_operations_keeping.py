"""A store goes only when somebody agrees to that one, and nobody is asked for what no operator can do."""

import json
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml

from blueprint import design
from blueprint.reading import read_catalogue
from manifests import Manifest, everything, platform_ready
from manifests.identity import key, logical_name, token
from manifests.keeping import retained
from manifests.treatments import treatment
from operations import stacks
from operations.agreeing import SERVICE
from operations.console import Console
from operations.embedded_files import Files
from operations.events import Tally
from operations.existing_record import Record
from operations.existing_stack import ExistingStack
from operations.exits import Exit, RefusedError
from operations.keeping import RUNBOOK, Returning, Stores, asked, buried, entries
from operations.leftovers import Cluster, Found
from operations.project import Project
from operations.pulumi_cli import ADOPTING, Pulumi
from operations.reports import DownReport, UpReport
from tests.support.stacks import MINIMAL, ROOT, SERVICES, TODAY, settings

BACKED: Final = "  resources: {db: {type: postgres}}\n"
BARE: Final = """\
  resources: {db: {type: postgres, backup: none}}
  environments: {staging: {resources: {db: {deletion: delete}}}}
"""
FIRST: Final = f"urn:pulumi:mine::platform::{SERVICE}"


def urn(manifest: Manifest) -> str:
    return f"{FIRST}${token(manifest)}::{logical_name(manifest)}"


def cluster_urn(service: str, resource: str = "db") -> str:
    return f"{FIRST}$kubernetes:postgresql.cnpg.io/v1:Cluster::{service}-data/Cluster/{resource}"


def planned(folder: Path, stack: str = "staging", **services: str) -> list[Manifest]:
    """What the services become: name → what follows the smallest text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, more in services.items():
        (folder / f"{name}.yaml").write_text(MINIMAL.format(name=name, kind="worker") + more, encoding="utf-8")
    blueprint = design(settings(stack), read_catalogue(folder, today=TODAY), stack)
    return [each for each in everything(blueprint) if any(name in logical_name(each) for name in services)]


def recorded(made: Sequence[Manifest], *, before_labels: bool = False) -> list[dict[str, Any]]:
    """`made` as the engine's record has it after the program has registered it."""
    spaces = {each["metadata"]["name"]: urn(each) for each in made if each["kind"] == "Namespace"}
    return [
        {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:mine::platform::pulumi:pulumi:Stack::platform-mine"},
        {"type": SERVICE, "urn": f"{FIRST}::books"},
        *(
            {
                "type": token(each),
                "urn": urn(each),
                "id": "/".join(filter(None, key(each)[2:])),
                "inputs": each,
                "protect": not before_labels and retained(each) and treatment(each).protected,
                "retainOnDelete": not before_labels and retained(each),
                "deletedWith": spaces.get(each["metadata"].get("namespace", ""), ""),
            }
            for each in made
        ),
    ]


def stores(wanted: Sequence[Manifest] = (), *, root: Path = ROOT, **more: Any) -> Stores:
    defaults: dict[str, Any] = {"command": "up", "asked": True, "approved": frozenset()}
    project = Project.here(root=root)
    return Stores(project=project, stack="mine", wanted=wanted, **{**defaults, **more})


def agree(which: Stores, record: Sequence[Mapping[str, Any]], *, assume_yes: bool = False) -> None:
    which.agree(Console(quiet=True), record, assume_yes=assume_yes)


def refused(which: Stores, record: Sequence[Mapping[str, Any]], *, assume_yes: bool = False) -> str:
    with pytest.raises(RefusedError) as error:
        agree(which, record, assume_yes=assume_yes)
    assert error.value.exit_code == Exit.USAGE
    assert str(error.value).startswith("nothing was touched, because ")
    return str(error.value)


@pytest.fixture
def before(tmp_path: Path) -> list[Manifest]:
    """Two services with a store each; the copies of one are kept, and it stays when it goes."""
    return planned(tmp_path / "before", books=BACKED, clerk=BARE)


# ---- what is asked


def test_an_unchanged_stack_is_not_asked_about(before: list[Manifest]) -> None:
    agree(stores(before), recorded(before))
    agree(stores(before), [])


def test_a_service_without_data_may_go_unasked(before: list[Manifest], tmp_path: Path) -> None:
    more = planned(tmp_path / "more", books=BACKED, clerk=BARE, teller="")
    agree(stores(before), recorded(more))


def test_a_store_of_a_service_that_leaves_is_said_with_its_copies_and_the_command_to_agree(
    before: list[Manifest],
) -> None:
    left = [each for each in before if "books" not in logical_name(each)]
    assert refused(stores(left), recorded(before)).splitlines() == [
        "nothing was touched, because 1 store would be taken from its service:",
        "  Cluster books-data/db: PostgreSQL 18, database db, on 1 × 10Gi, of books",
        "    It stays in the cluster with its disks, until somebody deletes it there. Copies:"
        " s3://shop-staging-copies/books/db, made at '0 2 * * *' (UTC), kept 30d.",
        "A new name makes a new, empty store: if one was only renamed, give it its old name again. How one comes back:"
        f" {RUNBOOK}",
        f"To agree to all of it: ./plat up -s mine --approve '{cluster_urn('books')}'",
    ]


def test_a_store_that_goes_for_good_without_copies_says_so(before: list[Manifest]) -> None:
    left = [each for each in before if "clerk" not in logical_name(each)]
    words = refused(stores(left), recorded(before))
    assert "Cluster clerk-data/db: PostgreSQL 18, database db, on 1 × 10Gi, of clerk" in words
    assert "It is deleted with its disks. Copies: none." in words


@pytest.mark.parametrize(
    "after", [{"books": BACKED.replace("db:", "library:")}, {"books": ""}, {"library": BACKED}, {}]
)
def test_a_new_name_is_asked_about_like_a_store_that_leaves(
    after: dict[str, str], before: list[Manifest], tmp_path: Path
) -> None:
    wanted = planned(tmp_path / "after", clerk=BARE, **after)
    assert "Cluster books-data/db: " in refused(stores(wanted), recorded(before))


def test_each_store_is_agreed_to_by_itself_and_the_command_names_them_all(before: list[Manifest]) -> None:
    both = [cluster_urn("books"), cluster_urn("clerk")]
    words = refused(stores(approved=frozenset(both[:1])), recorded(before), assume_yes=True)
    assert "2 stores would be taken from their services" in words
    assert f"./plat up -s mine --yes --approve '{both[0]}' --approve '{both[1]}'" in words
    agree(stores(approved=frozenset(both)), recorded(before))


def test_yes_is_no_agreement_to_lose_a_store(before: list[Manifest]) -> None:
    refused(stores(), recorded(before), assume_yes=True)


def test_what_was_agreed_to_is_said_all_the_same(before: list[Manifest], capsys: pytest.CaptureFixture[str]) -> None:
    agree(stores(approved=frozenset({cluster_urn("books"), cluster_urn("clerk"), "urn:x"})), recorded(before))
    said = capsys.readouterr().err
    assert "Approved: Cluster books-data/db: PostgreSQL 18" in said
    assert "Approved: Cluster clerk-data/db: PostgreSQL 18" in said
    assert "--approve urn:x: no store of this URN would go" in said


def test_where_nobody_asks_what_the_record_protects_is_asked_about_all_the_same(before: list[Manifest]) -> None:
    words = refused(stores(asked=False), recorded(before))
    assert "Cluster books-data/db" in words
    assert "clerk" not in words, "its owner has said that it may go"
    agree(stores(asked=False), recorded(before, before_labels=True))


def test_a_record_from_before_the_words_were_honoured_says_that_disks_go(before: list[Manifest]) -> None:
    words = refused(stores(), recorded(before, before_labels=True))
    assert words.count("It is deleted with its disks.") == 2


def test_what_a_chart_brings_is_not_the_programs_to_ask_about(before: list[Manifest]) -> None:
    record = recorded(before)
    for each in record:
        each["urn"] = each["urn"].replace("$kubernetes:", "$kubernetes:helm.sh/v4:Chart$kubernetes:")
    agree(stores(), record)


def test_what_is_already_being_replaced_is_not_asked_about_twice(before: list[Manifest]) -> None:
    agree(stores(), [{**each, "delete": True} for each in recorded(before)])


@pytest.mark.parametrize(
    ("stack", "changes", "command", "expected"),
    [
        ("prod", {}, "up", True),
        ("prod", {}, "down", True),
        ("staging", {}, "up", True),
        ("staging", {}, "down", True),
        ("staging", {"environment": "dev"}, "up", True),
        ("staging", {"environment": "dev"}, "down", False),
        ("staging", {"environment": "ephemeral"}, "up", False),
        ("staging", {"environment": "ephemeral"}, "down", False),
        ("dev", {}, "up", False),
        ("dev", {}, "down", False),
    ],
)
def test_where_there_is_something_to_lose_it_is_asked(
    stack: str, changes: dict[str, Any], command: Any, expected: bool
) -> None:
    assert asked(settings(stack, **changes), command) is expected


# ---- what is made anew


def replaced(before: Sequence[Manifest], service: str) -> list[Manifest]:
    """`before`, where the database of `service` gets another name."""
    made = json.loads(json.dumps(list(before)))
    for each in made:
        if each["kind"] == "Cluster" and each["metadata"]["namespace"] == f"{service}-data":
            each["spec"]["bootstrap"]["initdb"]["database"] = "other"
    return list(made)


def test_a_store_that_is_made_anew_is_lost_and_asked_about(before: list[Manifest]) -> None:
    words = refused(stores(replaced(before, "clerk")), recorded(before))
    assert "spec.bootstrap cannot change in place: it is deleted with its disks and made anew, empty." in words
    agree(stores(replaced(before, "clerk"), approved=frozenset({cluster_urn("clerk")})), recorded(before))


def test_a_store_that_is_kept_cannot_be_made_anew_under_its_own_name(before: list[Manifest]) -> None:
    anyway = frozenset({cluster_urn("books")})
    words = refused(stores(replaced(before, "books"), approved=anyway), recorded(before))
    assert "it is to be kept, so another of its name cannot be made. Give the resource a new name" in words
    assert "To agree" not in words, "nobody can agree to what the engine cannot do"


# ---- what nobody can do


def changed(before: Sequence[Manifest], **spec: Any) -> list[Manifest]:
    return [
        {**each, "spec": {**each["spec"], **spec}}
        if each["kind"] == "Cluster" and "books" in logical_name(each)
        else each
        for each in before
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"storage": {"size": "5Gi"}}, "spec.storage.size: goes from 10Gi to 5Gi, and a disk never shrinks. Keep the"),
        ({"imageName": "postgresql:17.1"}, "spec.imageName: goes from version 18 back to 17"),
        ({"imageName": "postgresql:20.1"}, "spec.imageName: goes from version 18 to 20 at once, over what 19"),
    ],
)
@pytest.mark.parametrize("ask", [True, False])
def test_what_no_operator_can_do_is_refused_whoever_agrees(
    spec: dict[str, Any], said: str, ask: bool, before: list[Manifest]
) -> None:
    which = stores(changed(before, **spec), asked=ask, approved=frozenset({cluster_urn("books")}))
    words = refused(which, recorded(before), assume_yes=True)
    assert f"  Cluster books-data/db of books: {said}" in words


# ---- what becomes of it


def test_what_is_protected_and_goes_is_released_and_what_stays_is_named(before: list[Manifest]) -> None:
    going = stores().going(recorded(before))
    assert sorted(name.rpartition("::")[2] for name in going.protected) == [
        "books-data/Cluster/db",
        "books-data/Database/db",
    ]
    assert going.stores_kept == ("Cluster books-data/db",)
    assert going.namespaces == {"books", "books-drill", "clerk", "clerk-data"}
    kept = {"/".join(filter(None, (namespace, kind, name))) for _, kind, namespace, name in going.kept_keys}
    assert {"Namespace/books-data", "books-data/NetworkPolicy/default-deny", "books-data/ResourceQuota/books"} <= kept
    assert not [name for name in kept if "clerk" in name]


def test_only_what_goes_is_released(before: list[Manifest]) -> None:
    left = [each for each in before if "clerk" not in logical_name(each)]
    assert stores(left).going(recorded(before)).protected == ()
    assert entries(recorded(before))[0].protected is False


def in_data(manifest: Manifest) -> bool:
    """Whether it is the namespace of the stores of books, or in it."""
    return "books-data" in (manifest["metadata"].get("namespace"), manifest["metadata"]["name"])


def found(manifest: Manifest) -> Found:
    metadata = manifest["metadata"]
    return Found(
        namespace=metadata.get("namespace", ""),
        kind=manifest["kind"],
        name=metadata["name"],
        api_version=manifest["apiVersion"],
        by_engine=True,
        owned=False,
        going=False,
    )


def test_a_namespace_in_which_something_was_kept_does_not_go(before: list[Manifest]) -> None:
    kept = {**before[0], "kind": "Cluster", "apiVersion": "postgresql.cnpg.io/v1"}
    kept["metadata"] = {"name": "old", "namespace": "clerk-data"}
    going = stores().going(recorded(before))
    error = buried(going, [found(kept)])
    assert error is not None
    assert "1 namespace would be deleted with what was kept there" in str(error)
    assert "Cluster clerk-data/old" in str(error)
    of_the_record = next(each for each in before if logical_name(each) == "clerk-data/Cluster/db")
    assert buried(going, [found(of_the_record)]) is None
    kept["metadata"] = {"name": "old", "namespace": "books-data"}
    assert buried(going, [found(kept)]) is None, "its namespace stays"


def test_what_was_kept_is_written_over_with_all_of_its_namespace_and_nothing_else(before: list[Manifest]) -> None:
    kept = [found(each) for each in before if retained(each)]
    back = Returning(wanted=before, recorded=frozenset())
    assert back.possible
    urns = back.urns(back.of(kept), "mine", "platform")
    assert urns[0] == f"{FIRST}::books"
    inside = [urn(each) for each in before if in_data(each)]
    assert sorted(urns[1:]) == sorted(inside)
    assert len(inside) > 10
    assert back.urns([], "mine", "platform") == ()
    stranger = replace(kept[0], name="stranger")
    assert back.of([stranger]) == (), "what nobody wants stays where it is"
    assert Returning(wanted=before, recorded=frozenset({kept[0].key})).of(kept) == tuple(kept[1:])


def test_the_platform_comes_first_where_it_went_as_well(before: list[Manifest]) -> None:
    ready = platform_ready(None)
    assert not Returning(wanted=before, recorded=frozenset()).platform_first, "another stack has made it"
    assert Returning(wanted=[ready, *before], recorded=frozenset()).platform_first
    assert not Returning(wanted=[ready, *before], recorded=frozenset({key(ready)})).platform_first


def test_where_nothing_new_may_stay_the_cluster_is_not_asked(before: list[Manifest]) -> None:
    assert not Returning(wanted=before, recorded=frozenset(map(key, before))).possible
    clerk = [each for each in before if "clerk" in logical_name(each)]
    assert not Returning(wanted=clerk, recorded=frozenset()).possible


# ---- the commands


class ReachedError(Exception):
    """The engine would be started now."""


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose last run has made the shop on the embedded cluster, with one larger disk."""

    def reached(**_: object) -> None:
        raise ReachedError

    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    files = Files(project=Project.here(SERVICES, root=tmp_path), stack="dev")
    files.checkpoint.parent.mkdir(parents=True)
    files.folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("operations.engine.provide", reached)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_up_refuses_a_smaller_disk_before_anything_starts(embedded: Path) -> None:
    project = Project.here(SERVICES, root=embedded)
    made = list(everything(design(settings("dev"), read_catalogue(SERVICES, today=TODAY), "dev")))
    for each in made:
        if logical_name(each) == "order-service-data/Cluster/db":
            each["spec"] = {**each["spec"], "storage": {"size": "500Gi"}}
    resources = [*recorded(made), *({"type": SERVICE, "urn": f"{FIRST}::{name}"} for name in ("order-service",))]
    checkpoint = Files(project=project, stack="dev").checkpoint
    checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}), encoding="utf-8")
    with pytest.raises(
        RefusedError, match=r"Cluster order-service-data/db of order-service: spec\.storage\.size: goes"
    ):
        stacks.up(project, "dev", Console(quiet=True), assume_yes=True)


class _Anything:
    """Whatever is asked of it, a text."""

    def __getattr__(self, name: str) -> str:
        return name


ANYTHING: Any = _Anything()


@pytest.fixture
def existing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[ExistingStack, list[str]]]:
    """A driver on a cluster of others: what its record and its cluster hold is given, what it does is written down."""

    def driver(record: Sequence[Mapping[str, Any]], kept: Sequence[Found] = ()) -> tuple[ExistingStack, list[str]]:
        done: list[str] = []

        def work(_: Record, command: str, *more: str, **__: object) -> Tally:
            done.append(" ".join([command, *more]))
            return Tally()

        def written(_: Record, pulumi: Pulumi, command: str, *more: str, **__: object) -> Tally:
            done.append(f"{command} of {len(more)} with {pulumi.environment}")
            return Tally()

        def ask(*words: str, cwd: Path) -> SimpleNamespace:  # noqa: ARG001
            done.append(" ".join(words))
            return SimpleNamespace(returncode=0, stdout="", stderr="")

        def label(_: Cluster, objects: Collection[Found], said: str) -> None:
            if objects:
                done.append(f"label {len(objects)} {said}")

        pulumi = Pulumi(binary=tmp_path, folder=tmp_path, environment={}, guard=ANYTHING)
        object.__setattr__(pulumi, "ask", ask)
        replacements: list[tuple[type, str, Any]] = [
            (ExistingStack, "_reached", lambda _: SimpleNamespace(cluster="c", server="s", path=tmp_path, context="x")),
            (ExistingStack, "_check_backend", lambda _: None),
            (ExistingStack, "_tools", lambda _: None),
            (
                ExistingStack,
                "_record",
                lambda of, *_: Record(project=of.project, stack="mine", console=of.console, pulumi=pulumi),
            ),
            (
                ExistingStack,
                "_cluster",
                lambda *_: Cluster(**dict.fromkeys(("kubectl", "kubeconfig", "cache"), tmp_path), context="x"),
            ),
            (Record, "ensure", lambda _: None),
            (Record, "resources", lambda _: record),
            (Record, "mend", lambda *_: ()),
            (Record, "work", work),
            (Record, "_work", written),
            (Cluster, "kept", lambda _: tuple(kept)),
            (Cluster, "ours", lambda _: tuple(kept)),
            (Cluster, "pods", lambda _: (0, 0)),
            (Cluster, "_label", label),
        ]
        for owner, name, made in replacements:
            monkeypatch.setattr(owner, name, made)
        shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "Pulumi.yaml")
        project = Project.here(SERVICES, root=tmp_path)
        return ExistingStack(project=project, stack="mine", console=Console(quiet=True), cluster=ANYTHING), done

    return driver


Driver = Callable[..., tuple[ExistingStack, list[str]]]


def test_up_touches_nothing_until_every_store_that_would_go_is_agreed_to(
    existing: Driver, before: list[Manifest]
) -> None:
    driver, done = existing(recorded(before))
    with pytest.raises(RefusedError, match="2 stores would be taken"):
        driver.up(total=1, services=(), stores=stores(), assume_yes=True)
    assert done == []


def test_up_releases_what_was_agreed_to_and_says_what_stays(existing: Driver, before: list[Manifest]) -> None:
    staying = [found(each) for each in before if in_data(each)]
    driver, done = existing(recorded(before), staying)
    both = frozenset({cluster_urn("books"), cluster_urn("clerk")})
    made = driver.up(total=1, services=(), stores=stores(approved=both), assume_yes=True)
    released = [f"state unprotect {name} --yes --stack=mine" for name in stores().going(recorded(before)).protected]
    assert done == [f"label {len(staying)} catalog.platform/kept=mine", *released, "up"]
    assert len(released) == 2
    assert made.kept == ("Cluster books-data/db",)


def test_up_does_not_bury_what_was_kept_in_a_namespace(existing: Driver, before: list[Manifest]) -> None:
    kept = next(each for each in before if logical_name(each) == "clerk-data/Cluster/db")
    old = found({**kept, "metadata": {**kept["metadata"], "name": "older"}})
    driver, done = existing(recorded(before), [old])
    both = frozenset({cluster_urn("books"), cluster_urn("clerk")})
    with pytest.raises(RefusedError, match="Cluster clerk-data/older"):
        driver.up(total=1, services=(), stores=stores(approved=both), assume_yes=True)
    assert done == []


def test_up_takes_back_what_was_kept_before_it_makes_the_rest(existing: Driver, before: list[Manifest]) -> None:
    kept = [found(each) for each in before if retained(each)]
    driver, done = existing([], kept)
    driver.up(total=1, services=("books",), stores=stores(before), assume_yes=True)
    targets = 1 + len([each for each in before if in_data(each)])
    assert done == [f"up of {targets} with {ADOPTING}", f"label {len(kept)} catalog.platform/kept-", "up"]


def test_up_takes_nothing_back_before_the_platform_is_there(existing: Driver, before: list[Manifest]) -> None:
    driver, done = existing([], [found(each) for each in before if retained(each)])
    wanted = [platform_ready(None), *before]
    driver.up(total=1, services=("books",), stores=stores(wanted), assume_yes=True)
    first, second, _, last = done
    assert (first, second.partition(" of ")[0], last) == ("up --target=**platform:platform:**", "up", "up")


ANSWERS: Final = """\
#!/bin/sh
for word in "$@"; do
  case "$word" in
    api-resources) echo clusters.postgresql.cnpg.io; exit ;;
    get) cat "$(dirname "$0")/there.json"; exit ;;
    label) echo "$*" > "$(dirname "$0")/said"; cat > "$(dirname "$0")/labelled.json"; exit ;;
  esac
done
"""


def test_what_is_kept_is_labelled_where_it_is_and_found_by_that_label(before: list[Manifest], tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(ANSWERS, encoding="utf-8")
    kubectl.chmod(0o755)
    there = [{**each, "metadata": {**each["metadata"], "uid": logical_name(each)}} for each in before]
    (tmp_path / "there.json").write_text(json.dumps({"items": there}), encoding="utf-8")
    cluster = Cluster(kubectl=kubectl, kubeconfig=tmp_path, context="x", cache=tmp_path)
    cluster.keep(frozenset(key(each) for each in before if in_data(each)) | {("", "Pod", "a", "gone")}, "mine")
    assert (tmp_path / "said").read_text().endswith("label --overwrite --filename=- catalog.platform/kept=mine\n")
    labelled = json.loads((tmp_path / "labelled.json").read_text())["items"]
    assert sorted(map(logical_name, labelled)) == sorted(logical_name(each) for each in before if in_data(each))
    cluster.release([found(before[0])])
    assert (tmp_path / "said").read_text().endswith(" catalog.platform/kept-\n")
    (tmp_path / "said").unlink()
    cluster.keep(frozenset(), "mine")
    cluster.release([])
    assert not (tmp_path / "said").exists(), "the cluster was asked for nothing"


def test_down_leaves_what_stays_and_does_not_call_it_a_remainder(existing: Driver, before: list[Manifest]) -> None:
    staying = [found(each) for each in before if in_data(each)]
    driver, done = existing(recorded(before), staying)
    both = frozenset({cluster_urn("books"), cluster_urn("clerk")})
    with pytest.raises(RefusedError, match=r"--approve .*To agree|To agree to all of it: .*plat down -s mine --yes"):
        driver.down(keep_cluster=False, stores=stores(command="down"), assume_yes=True)
    assert done == []
    gone = driver.down(keep_cluster=False, stores=stores(command="down", approved=both), assume_yes=True)
    marked, *unprotected, last = [line.partition(" urn")[0] for line in done]
    assert marked == f"label {len(staying)} catalog.platform/kept=mine"
    assert [*unprotected, last] == ["state unprotect", "state unprotect", "destroy"]
    assert gone.kept == ("Cluster books-data/db",)


def test_down_still_finds_what_should_be_gone(existing: Driver, before: list[Manifest]) -> None:
    left = next(each for each in before if logical_name(each) == "clerk-data/Cluster/db")
    driver, _ = existing(recorded(before), [found(left)])
    both = frozenset({cluster_urn("books"), cluster_urn("clerk")})
    with pytest.raises(RefusedError, match="Cluster clerk-data/db"):
        driver.down(keep_cluster=False, stores=stores(command="down", approved=both), assume_yes=True)


def test_a_stack_that_is_down_says_what_it_has_left() -> None:
    report = DownReport(
        stack="mine",
        deleted=9,
        swept=(),
        looked=True,
        stopped=False,
        elapsed_seconds=1.0,
        kept=("Cluster books-data/db",),
    )
    assert report.text() == ("mine is down (1 s): 9 objects removed; kept in the cluster: Cluster books-data/db.")


def test_a_stack_that_is_up_says_what_is_no_longer_of_it() -> None:
    report = UpReport(
        stack="mine",
        services=(),
        objects={},
        changes={},
        pods_ready=0,
        pods=0,
        server="",
        cluster="",
        kubeconfig="",
        context="",
        next_commands={"./plat": "again"},
        pending=(),
        details_command="",
        elapsed_seconds=1.0,
        kept=("Cluster books-data/db",),
    )
    assert "  kept      Cluster books-data/db: no longer of this stack" in report.text(Console(quiet=True)).splitlines()
    assert report.record()["kept"] == ("Cluster books-data/db",)


def test_the_runbook_is_there() -> None:
    assert (ROOT / RUNBOOK).is_file()


def test_the_name_of_the_project_is_the_one_in_its_file() -> None:
    assert Project.here(root=ROOT).name == yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]
