"""Work that ends: bounded in time and in tries, and cleaned up after."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Breach, sorts
from policies.objects import Object
from policies.rules.av.standard import AV, DELIVERY, shown

CRON_JOB: Final = "CronJob.batch"
BOUNDS: Final = ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
"""How often it is tried, how long it may take, and when what is left of it goes."""
LATE: Final = 10
"""Seconds between two looks of the controller: with a shorter startingDeadlineSeconds a run may never start."""


@AV.resource(
    "av-jobs",
    "A/M/M",
    MEDIUM,
    sorts("Job.batch", CRON_JOB),
    why="A job without bounds that fails is tried for ever, one that hangs blocks the next, and their pods pile up.",
    cure="Set backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished, and for a CronJob what may run at once",
    where=DELIVERY,
    sources=("kube-score cronjob-has-deadline", "KubeLinter job-ttl-seconds-after-finished"),
)
def jobs(thing: Object, _: Facts) -> Iterator[Breach]:
    job = thing.spec.at("jobTemplate", "spec") if thing.sort == CRON_JOB else thing.spec
    for bound in BOUNDS:
        if job[bound].number is None:
            yield Breach(job[bound], "is not set")
    deadline = job["activeDeadlineSeconds"]
    if deadline.number is not None and deadline.number <= 0:
        yield Breach(deadline, f"is {shown(deadline.number)}")
    restart = job.at("template", "spec", "restartPolicy")
    if restart.word not in ("Never", "OnFailure"):
        yield Breach(restart, f"is {restart.word or 'not set'}, so the job never ends")
    if thing.sort != CRON_JOB:
        return
    several, late = thing.spec["concurrencyPolicy"], thing.spec["startingDeadlineSeconds"]
    if several.word not in ("Forbid", "Replace"):
        yield Breach(several, f"is {several.word or 'not set'}, so runs that hang pile up")
    if late.number is None:
        yield Breach(late, "is not set: after a hundred missed runs it never starts again")
    elif late.number < LATE:
        yield Breach(late, f"is {shown(late.number)}, below {LATE}: a run may never start")
