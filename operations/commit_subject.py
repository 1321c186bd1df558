"""Whether a commit message begins as this project's do: `area: imperative`, then an empty line before the body.

The `commit-msg` hook of .pre-commit-config.yaml runs it. It is no command of `plat`: users of the program do not need
it. It does not judge the body, and it cannot know every verb: it refuses the endings that are no imperative.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LIMIT: Final = 72
"""Characters of a subject: what `git log --oneline` and pull requests show without cutting it."""

EXAMPLE: Final = "mesh: exclude operations another API names"
BY_GIT: Final = re.compile(r"(Merge |Revert \"|Reapply \"|fixup! |squash! |amend! )")
"""How subjects begin that git writes itself; they are taken as they are."""
SUBJECT: Final = re.compile(r"(?P<area>[a-z][a-z0-9_-]*(/[a-z0-9_-]+)*): (?P<verb>\S+)( .*)?")
NOT_IMPERATIVE: Final = re.compile(r".*(ed|ing|[^isu]s)", re.IGNORECASE)
IMPERATIVE: Final = frozenset(
    {
        "alias",
        "bring",
        "embed",
        "exceed",
        "feed",
        "need",
        "ping",
        "proceed",
        "seed",
        "shed",
        "speed",
        "spring",
        "string",
    }
)
"""Verbs whose ending otherwise marks a past tense, a present participle or a third person."""
SCISSORS: Final = "# ------------------------ >8 ------------------------"


def problems(message: str) -> Iterator[str]:
    """What is wrong with `message`, as git hands it to a commit-msg hook; each with its line, cause and cure."""
    written = message.split(SCISSORS, 1)[0]
    lines = [line.rstrip() for line in written.splitlines() if not line.startswith("#")]
    while lines and not lines[0]:
        del lines[0]
    if not lines:
        yield f"1: there is no subject. Write one, such as '{EXAMPLE}'"
        return
    subject = lines[0]
    if BY_GIT.match(subject):
        return
    parts = SUBJECT.fullmatch(subject)
    if parts is None:
        yield f"1: '{subject}' is not of the form 'area: imperative'. Write it like '{EXAMPLE}'"
    elif parts["verb"] not in IMPERATIVE and (parts["verb"][0].isupper() or NOT_IMPERATIVE.fullmatch(parts["verb"])):
        yield f"1: '{parts['verb']}' is no imperative in lower case. Say what the commit does: '{EXAMPLE}'"
    if subject.endswith("."):
        yield f"1: '{subject}' ends in a full stop. Delete it"
    if len(subject) > LIMIT:
        yield f"1: the subject has {len(subject)} characters, at most {LIMIT} are shown. Move the why into the body"
    if len(lines) > 1 and lines[1]:
        yield f"2: '{lines[1]}' follows the subject, and git takes it for a part of it. Put an empty line between"


def main(path: str) -> int:
    """Prints what is wrong with the message in the file at `path`; 1 if anything is, else 0."""
    found = [f"commit message:{problem}." for problem in problems(Path(path).read_text(encoding="utf-8"))]
    if found:
        print("\n".join([*found, "Nothing was committed."]), file=sys.stderr)  # noqa: T201  (its one output)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
