"""The decision pages can be found and followed: numbered, of one form, listed, and referred to by their whole path."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.stacks import ROOT
from tests.test_house import every_file

FOLDER: Final = ROOT / "docs" / "decisions"
PAGES: Final = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS: Final = ["Context", "Decision", "Consequences", "Superseded by"]
STATUS: Final = re.compile(r"Status: (accepted|superseded), \d{4}-\d{2}-\d{2}")
REFERENCE: Final = re.compile(r"docs/decisions/(?P<page>\d[\w-]*(?:\.md)?)")


def test_the_numbers_have_no_holes() -> None:
    assert [page.name[:4] for page in PAGES] == [f"{number:04}" for number in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_the_form_of_all_pages(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert re.match(rf"# {int(page.name[:4])}\. \S", lines[0]), f"{page.name}: the title does not begin with its number"
    assert STATUS.fullmatch(lines[2]), f"{page.name}:3: no status with its date: {lines[2]!r}"
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings == SECTIONS, f"{page.name} has the sections {headings}"
    empty = [
        heading
        for heading, following in zip(headings, page.read_text(encoding="utf-8").split("\n## ")[1:], strict=True)
        if not following.removeprefix(heading).strip()
    ]
    assert not empty, f"{page.name}: nothing stands under {empty}"


def test_the_index_lists_exactly_the_pages_by_number_and_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((\S+)\) \|$", index, flags=re.MULTILINE)
    titles = [page.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1] for page in PAGES]
    assert listed == [(page.name[:4], title, page.name) for page, title in zip(PAGES, titles, strict=True)]


def test_a_reference_to_a_page_is_the_path_of_a_page() -> None:
    pages = {page.name for page in PAGES}
    wrong = [
        f"{file.relative_to(ROOT)}:{number}: {found['page']}"
        for file in every_file()
        if file.suffix in {".md", ".py", ".yaml", ".toml", ".json", ""}
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        for found in REFERENCE.finditer(line)
        if found["page"] not in pages
    ]
    assert not wrong, f"no page, or not its whole name: {wrong}"


def test_a_page_refers_to_pages_that_exist() -> None:
    numbers = {page.name[:4] for page in PAGES}
    wrong = [
        f"{page.name}: {number}"
        for page in PAGES
        for number in re.findall(r"(?<![\w./-])(00[0-9]{2})(?![\w:])", page.read_text(encoding="utf-8"))
        if number not in numbers
    ]
    assert not wrong, f"these pages do not exist: {wrong}"
