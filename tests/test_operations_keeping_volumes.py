"""A disk of a service's own is asked about like a store, never shrinks, and comes back without what goes by itself."""

from pathlib import Path
from typing import Final

from blueprint import design
from blueprint.settings import Disks
from manifests import Manifest, service
from manifests.identity import key, logical_name
from manifests.keeping import retained
from manifests.losses import impossible
from operations.keeping import Entry, Going, Returning
from operations.leftovers import Found
from tests.support.stacks import catalogue, settings

ALONE: Final = "  singleton: it alone holds the plates\n"
DISK: Final = "  resources: {plates: {type: volume, params: {size: 10Gi, path: /srv/plates}}}\n"


def made(folder: Path, said: str) -> list[Manifest]:
    asked = settings("prod", disks=Disks(storage_class="encrypted"))
    return list(service(design(asked, catalogue(folder, printer=said), "prod").services["printer"]))


def going(old: list[Manifest], wanted: list[Manifest]) -> Going:
    """From a record of `old`."""
    entries = (Entry(urn=logical_name(each), manifest=each, protected=False, stays=retained(each)) for each in old)
    return Going(entries=tuple(entries), wanted=wanted)


def test_a_disk_that_leaves_its_service_is_described_and_stays(tmp_path: Path) -> None:
    record = going(made(tmp_path / "old", ALONE + DISK), made(tmp_path / "new", ALONE))
    (lost,) = record.losses
    assert record.described(lost) == (
        "PersistentVolumeClaim printer/printer-plates: files, ReadWriteOnce, on 1 × 10Gi, of printer"
    )
    assert record.fate(lost).startswith("It stays in the cluster with its disks")


def test_a_smaller_disk_is_refused_and_a_larger_one_taken(tmp_path: Path) -> None:
    small, large = (made(tmp_path / size, ALONE + DISK.replace("10Gi", size)) for size in ("10Gi", "20Gi"))
    (found,) = impossible(large, small)
    assert (found.field, found.cause) == (
        "spec.resources.requests.storage",
        "goes from 20Gi to 10Gi, and a disk never shrinks",
    )
    assert list(impossible(small, large)) == []
    assert going(small, large).losses == ()


def test_a_disk_that_comes_back_is_written_over_with_what_it_comes_after_and_nothing_else(tmp_path: Path) -> None:
    wanted = made(tmp_path, ALONE + DISK)
    back = [
        Found(
            namespace=each["metadata"].get("namespace", ""),
            kind=each["kind"],
            name=each["metadata"]["name"],
            api_version=each["apiVersion"],
            by_engine=True,
            owned=False,
            going=False,
        )
        for each in wanted
        if retained(each)
    ]
    returning = Returning(wanted=wanted, recorded=frozenset())
    assert {found.key for found in returning.of(back)} == {key(each) for each in wanted if retained(each)}
    written = {urn.rpartition("::")[2] for urn in returning.urns(back, "prod", "platform")}
    assert written == {
        "Namespace/printer",
        "printer",
        "printer/PersistentVolumeClaim/printer-plates",
        "printer/ResourceQuota/printer",
    }, "pods would be written before what they need"
