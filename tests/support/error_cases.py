"""The golden error cases: what was written, and word for word what its author reads.

A case is one file, `tests/golden/errors/<subject>/<case>.txt`, and needs nothing but itself to be understood:

    # One sentence: what is refused, or taken.

    --- services/shop.yaml
    apiVersion: catalog.platform/v1alpha1
    ...
    --- expected
    services/shop.yaml:6: spec.owner: is missing. Add `owner:` (The team that is called at night).

A line `--- <path>` starts a file, the last one what is printed; `nothing` there means that everything is read. In a
file, `<00>` is the byte 00 (any two hexadecimal digits). What cannot be seen in a text, such as its size, is tested in
code beside these cases.

To add a case, write it with an empty `--- expected` and run the tests with UPDATE_GOLDEN=1 in the environment: every
case's last part is then written from what is printed now, and every changed case fails once, so that an update
never passes for a success. Read the difference before you keep it.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from blueprint.reading import TextError

FOLDER = Path(__file__).parent.parent / "golden" / "errors"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
NOTHING = "nothing\n"

_BYTE = re.compile(rb"<([0-9a-f]{2})>")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One golden case."""

    file: Path
    sentence: str
    written: Mapping[str, str]
    """Path below the folder of the case → content."""
    expected: str

    @property
    def name(self) -> str:
        """Subject and case, for pytest."""
        return f"{self.file.parent.name}/{self.file.stem}"

    def place(self, folder: Path) -> Path:
        """Write the files of the case below `folder`, and give that back."""
        for path, content in self.written.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(_BYTE.sub(lambda byte: bytes.fromhex(byte[1].decode()), content.encode()))
        return folder

    def check(self, read: Callable[[], object]) -> None:
        """Assert that `read` reports exactly what is expected."""
        try:
            read()
            reported = NOTHING
        except TextError as error:
            reported = f"{error}\n"
        if UPDATE and reported != self.expected:
            before = self.file.read_text(encoding="utf-8").partition("--- expected\n")[0]
            self.file.write_text(f"{before}--- expected\n{reported}", encoding="utf-8")
        cure = "if the new words are right, run the tests with UPDATE_GOLDEN=1 once"
        assert reported == self.expected, f"{self.sentence} ({self.file.name}; {cure})"


def cases(*subjects: str) -> list[Case]:
    """The cases of `subjects`, sorted; a folder of `FOLDER` is a subject."""
    return [_case(file) for subject in subjects for file in sorted((FOLDER / subject).glob("*.txt"))]


def _case(file: Path) -> Case:
    head, *parts = re.split(r"^--- (.+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    written = dict(zip(parts[::2], parts[1::2], strict=True))
    return Case(file=file, sentence=head.strip("# \n"), expected=written.pop("expected"), written=written)
