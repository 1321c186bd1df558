"""From which pages a browser may ask: origins that are listed, and patterns that match no others."""

import re
from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import HIGH, Breach
from policies.objects import Object
from policies.rules.gw.edge import GW, ROUTE
from policies.rules.gw.plugged import PLUGINS
from policies.rules.gw.plugins import from_secret, kind

PLAIN: Final = re.compile(r"[A-Za-z0-9.:/-]+")
"""An origin Kong compares as it stands; every other one is a pattern to it (Kong 3.9, plugins/cors/handler.lua)."""
LONGEST: Final = 300
"""Characters of a pattern anybody can read."""
ANYTHING: Final = re.compile(r"(?<![\\\[])\.|\\[SDW]|\[\^|^\^?$|(?<!\\)\(\?!")
"""What stands for characters nobody named: any one, as a dot does that is not escaped, or all but some."""
REPEATED: Final = re.compile(r"[*+]|\{[0-9]")
PORT: Final = re.compile(r"\(?:(?:\\d|\[0-9\])(?:[*+]|\{[0-9,]+\})\)?\??")
"""Any port of one host; whoever has the host has its ports."""
ENDING: Final = re.compile(r"(?:[A-Za-z0-9-]|\\\.)*$")
"""What every name the pattern matches ends in."""
ATOM: Final = re.compile(r"\\.|\[[^\]]*\]")
GROUP: Final = re.compile(r"\([^()]*\)")


@GW.resource(
    "gw-cors",
    "M/M/M",
    HIGH,
    PLUGINS,
    why="With credentials for every origin any page a user opens can act in that user's name.",
    cure="List the origins, each with scheme and host",
    where=f"{ROUTE}.cors.origins",
    sources=("OWASP API8:2023",),
)
def cors(plugin: Object, _: Facts) -> Iterator[Breach]:
    if kind(plugin) != "cors":
        return
    config = plugin.root["config"]
    for at in from_secret(plugin, "origins", "credentials"):
        yield Breach(at, "says where nobody can read it which pages may ask")
    credentials = config["credentials"].flag
    if credentials and config["origins"].is_empty:
        yield Breach(config["origins"], "is empty, which is every origin, with credentials")
    for origin in config["origins"]:
        word = origin.word.strip()
        if credentials and word in ("*", "null"):
            yield Breach(origin, f"is {word}, with credentials")
        elif word != "*" and not PLAIN.fullmatch(word) and _is_broad(word):
            yield Breach(origin, "is a pattern that matches origins nobody listed")


def _is_broad(pattern: str) -> bool:
    """Whether strangers can have a name it matches: only whoever owns a domain of two labels has those below it."""
    bare = PORT.sub("", pattern.removesuffix("$"))
    if len(pattern) > LONGEST or ANYTHING.search(bare) or _has_choice(bare):
        return True
    ending = ENDING.search(bare)
    labels = [label for label in ending[0].split("\\.") if label] if ending else []
    return bool(REPEATED.search(bare)) and len(labels) < 2


def _has_choice(pattern: str) -> bool:
    """Whether it is one of several outside every bracket: Kong ties only the last of them to the end of the name."""
    rest, before = ATOM.sub("", pattern), ""
    while rest != before:
        rest, before = GROUP.sub("", rest), rest
    return "|" in rest
