"""A table of another service is read in the open: named in the file, excepted for a while, and shown by the judge."""

from pathlib import Path
from typing import Final

from blueprint import design
from blueprint.unmade import pending, sentence
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.finding import Report
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings

OWNER: Final = "  resources: {db: {type: postgres, owns: [orders, lines]}}\n"
EXCEPTION: Final = """\
  exceptions:
    - policy: data-foreign-read
      object: Table orders/orders
      reason: until orders has an API
      owner: team-a
      expires: 2026-12-31
"""
READS: Final = "  reads: [orders/orders]\n" + EXCEPTION


def judged(folder: Path, said: str) -> Report:
    asked, text = settings("dev"), catalogue(folder, orders=OWNER, report=said)
    facts = Facts.of_stack(asked, text, limits=limits_of("dev"), today=TODAY)
    return Judge(facts, RULES).everything(stack_objects(design(asked, text, "dev")))


def test_the_judge_shows_which_table_is_read_and_by_whom_until_when(tmp_path: Path) -> None:
    (found,) = [each for each in judged(tmp_path, READS).excepted if each.rule.id == "data-foreign-read"]
    assert found.about
    assert (found.about.title, found.service, found.found) == ("Table orders/orders", "report", "is read by report")
    assert found.exception
    assert found.exception.expires.isoformat() == "2026-12-31"


def test_an_exception_from_a_table_that_nobody_reads_is_found(tmp_path: Path) -> None:
    said = [each.message for each in judged(tmp_path, EXCEPTION).findings if each.rule.id == "eng-exemptions"]
    assert len(said) == 1
    assert "excepts Table orders/orders from data-foreign-read, which finds nothing there" in said[0]


def test_that_nothing_opens_the_store_yet_is_said_at_every_run(tmp_path: Path) -> None:
    text = catalogue(tmp_path, orders=OWNER, report=READS)
    assert "1 read of another's table" in sentence(pending(settings("dev"), text, "dev"))
