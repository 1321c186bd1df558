"""The runs of a cronjob follow its `job`, and without a word of it they are those of every cronjob."""

from pathlib import Path
from typing import Any

from blueprint import design
from manifests import everything
from tests.support.stacks import catalogue, settings


def cron_job(folder: Path, more: str = "", environments: str = "") -> Any:
    """The `spec` of the CronJob that is made of these lines."""
    said = f"""  schedule: "30 3 * * MON"\n{more}{environments}"""
    objects = everything(design(settings(), catalogue(folder, nightly=said)))
    return next(each["spec"] for each in objects if each["kind"] == "CronJob")


def runs(spec: Any) -> tuple[Any, ...]:
    """What `job` decides, in the order of its fields."""
    deadline = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    return spec["timeZone"], spec["concurrencyPolicy"], spec["startingDeadlineSeconds"], deadline


def test_a_cronjob_runs_as_its_job_says(tmp_path: Path) -> None:
    said = "  job: {timeZone: Europe/Berlin, concurrencyPolicy: Replace, startingDeadline: 10m, activeDeadline: 2h}\n"
    assert runs(cron_job(tmp_path, said)) == ("Europe/Berlin", "Replace", 600, 7200)


def test_a_cronjob_without_a_job_runs_in_utc_one_at_a_time_and_for_an_hour(tmp_path: Path) -> None:
    assert runs(cron_job(tmp_path)) == ("Etc/UTC", "Forbid", 300, 3600)


def test_an_environment_takes_one_word_of_a_job_back_to_its_default(tmp_path: Path) -> None:
    said = "  job: {timeZone: Europe/Berlin, activeDeadline: 2h}\n"
    patch = "  environments: {dev: {job: {timeZone: null}}}\n"
    assert runs(cron_job(tmp_path, said, patch)) == ("Etc/UTC", "Forbid", 300, 7200)
