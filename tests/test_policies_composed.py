"""A connection string made of references passes from the owner's file to the pod; a verdict names its variable."""

import re
import time
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from manifests import everything
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.credentials.texts import suspect
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings, workload

DATABASE: Final = "  resources: {db: {type: postgres}}\n"
FORMS: Final = {
    ".NET": "Host=${resources.db.host};Username=${resources.db.username};Password=${resources.db.password}",
    "libpq": "host=${resources.db.host} user=${resources.db.username} password=${resources.db.password} dbname=a",
    "URL": "postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}/a?sslmode=require",
}
VALUES: Final = {"host": "db-rw.one-data.svc.cluster.local", "username": "one", "password": "it's;$(all) secret"}


def environment(folder: Path, value: str) -> list[dict[str, Any]]:
    """The variables of the pod whose owner wrote `value`."""
    read = catalogue(folder, one=f'      variables: {{DB_CONNECTION_STRING: "{value}"}}\n{DATABASE}')
    made = workload(everything(design(settings(), read)))
    found: list[dict[str, Any]] = made["spec"]["template"]["spec"]["containers"][0]["env"]
    return found


def started(variables: list[dict[str, Any]]) -> dict[str, str]:
    """What the kubelet gives the process: $(NAME) is a variable before it, and is expanded once."""
    known: dict[str, str] = {}
    for each in variables:
        source = each.get("valueFrom")
        known[each["name"]] = (
            VALUES[source["secretKeyRef"]["key"]]
            if source
            else re.sub(r"\$\(([^)]+)\)", lambda found: known.get(found[1], found[0]), each["value"])
        )
    return known


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_process_gets_the_connection_string_its_owner_meant(tmp_path: Path, form: str) -> None:
    variables = environment(tmp_path, FORMS[form])
    assert not [each for each in variables if VALUES["password"] in each.get("value", "")]
    meant = FORMS[form]
    for key, value in VALUES.items():
        meant = meant.replace(f"${{resources.db.{key}}}", value)
    assert started(variables)["DB_CONNECTION_STRING"] == meant


def said(folder: Path, value: str) -> list[str]:
    """What sec-no-plaintext-env says of it in production."""
    read = catalogue(folder, one=f'      variables: {{DB_CONNECTION_STRING: "{value}"}}\n{DATABASE}')
    chosen = settings("prod")
    facts = Facts.of_stack(chosen, read, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, bounded(RULES)).everything(stack_objects(design(chosen, read, "prod")))
    return [each.message for each in report.findings if each.message.startswith("sec-no-plaintext")]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_value_whose_secret_parts_are_references_passes(tmp_path: Path, form: str) -> None:
    assert said(tmp_path, FORMS[form]) == []


def test_a_password_that_is_written_out_is_named_by_its_variable(tmp_path: Path) -> None:
    (message,) = said(tmp_path, "Host=${resources.db.host};Password=hunter2")
    assert "ConfigMap one/one-config-main data.DB_CONNECTION_STRING: has the name of a secret" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("piece", ["a=b;", "$(A)", "a:", "=", " ", "(", "//", "a=$(B),"])
def test_a_long_text_is_read_in_time_linear_in_it(piece: str) -> None:
    began = time.process_time()
    suspect("DB_CONNECTION_STRING", piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 15
