"""Passwords among the words of a command, by what each program takes: `mysql -phunter2`, `redis-cli -a hunter2`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple


class Flag(NamedTuple):
    """How a program is given a password."""

    name: str
    glued: bool = False
    """Whether it stands right behind the flag, without a space."""
    apart: bool = False
    """Whether it may be the next word."""
    of_pair: bool = False
    """Whether it is the second half of `user:password`."""


_MYSQL: Final = (Flag("-p", glued=True),)
_MONGO: Final = (Flag("-p", glued=True, apart=True),)
_REDIS: Final = (Flag("-a", apart=True), Flag("--pass", apart=True))
_HTTP: Final = (
    Flag("-u", glued=True, apart=True, of_pair=True),
    Flag("--user", apart=True, of_pair=True),
    Flag("-U", apart=True, of_pair=True),
    Flag("--proxy-user", apart=True, of_pair=True),
)
_LOGIN: Final = (Flag("-p", apart=True),)

PROGRAMS: Final[Mapping[str, tuple[Flag, ...]]] = {
    **dict.fromkeys(("mysql", "mysqladmin", "mysqldump", "mysqlimport", "mysqlcheck", "mysqlsh"), _MYSQL),
    **dict.fromkeys(("mariadb", "mariadb-admin", "mariadb-dump", "mariadb-import"), _MYSQL),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore"), _MONGO),
    **dict.fromkeys(("redis-cli", "valkey-cli", "redis-benchmark"), _REDIS),
    "sshpass": (Flag("-p", glued=True, apart=True),),
    "curl": _HTTP,
    **dict.fromkeys(("docker", "podman", "skopeo", "crane", "buildah", "oras"), _LOGIN),
    "sqlcmd": (Flag("-P", glued=True, apart=True),),
    "rabbitmqadmin": _LOGIN,
    "cqlsh": _LOGIN,
    "ldapsearch": (Flag("-w", glued=True, apart=True),),
    "ldapmodify": (Flag("-w", glued=True, apart=True),),
}
"""Program → its flags (each program's own manual). `docker -p` is a port everywhere but in `login`."""

LOGINS: Final = frozenset({"docker", "podman", "skopeo", "crane", "buildah", "oras"})
"""Programs whose flag is a password only behind the word `login`."""

ENDS: Final = frozenset({"|", "||", "&&", ";", "&"})
"""Words after which another command begins."""


def passwords(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The words of a command line that are passwords: their number, and the password in them."""
    flags: tuple[Flag, ...] = ()
    needs_login = False
    for index, word in enumerate(words):
        program = word.rpartition("/")[2].strip("\"'(`")
        if program in PROGRAMS:
            flags, needs_login = PROGRAMS[program], program in LOGINS
        elif word in ENDS or word.endswith(";"):
            flags = ()
        elif word == "login":
            needs_login = False
        elif not needs_login:
            yield from _given(flags, index, words)


def _given(flags: tuple[Flag, ...], index: int, words: Sequence[str]) -> Iterator[tuple[int, str]]:
    word = words[index]
    for flag in flags:
        at, found = index, ""
        if word == flag.name and flag.apart and index + 1 < len(words) and not words[index + 1].startswith("-"):
            at, found = index + 1, words[index + 1]
        elif flag.glued and word.startswith(flag.name) and not word.startswith("--") and len(word) > len(flag.name):
            found = word.removeprefix(flag.name)
        if found and flag.of_pair:
            found = found.partition(":")[2]
        if found:
            yield at, found
