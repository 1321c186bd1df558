"""The matrix as a picture: who connected to whom, as SVG for a page.

One row per source and one column per target, pods that are one to an edge together. It holds nothing that differs from
run to run: no times, no names of single pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from operations.console import many
from operations.laboratory.network import Proof

_SVG: Final = "http://www.w3.org/2000/svg"
_CELL: Final = 15
"""Side of a cell, in pixels; so is every other length here."""
_LABELS: Final = 210
"""Left of the cells and above them."""
_RIGHT: Final = 70
"""Of the cells, for the names of the last columns."""
_FOOT: Final = 50
_SLOPE_DEGREES: Final = -55
_STATES: Final = {
    "connects": "connects, and is declared",
    "refused": "refused",
    "wrong": "not as declared",
    "open": "connects, and nothing here decides it",
}
_STYLE: Final = """
text { font: 11px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.sheet { fill: #ffffff }
.refused { fill: #eef1f4 }
.connects { fill: #1a7f5a }
.open { fill: #c3d9cf }
.wrong { fill: #cf222e }
.self { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .sheet { fill: #0d1117 }
  .refused { fill: #1c2128 }
  .connects { fill: #3fb68b }
  .open { fill: #2b4a3d }
  .self { fill: #0d1117 }
}
"""


def svg(proof: Proof, stack: str) -> str:
    """The matrix of `proof`."""
    groups = _groups(proof)
    side = len(groups) * _CELL
    width, height = _LABELS + side + _RIGHT, _LABELS + side + _FOOT
    return "\n".join(
        [
            f'<svg xmlns="{_SVG}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="sheet" width="{width}" height="{height}"/>',
            f'<text class="title" x="10" y="24">{escape(_title(proof, stack))}</text>',
            *_names(groups),
            *_cells(proof, groups),
            *_legend(height - 20),
            "</svg>",
            "",
        ]
    )


def _title(proof: Proof, stack: str) -> str:
    wrong = len(proof.differences)
    end = "none differs from what is declared" if not wrong else f"{many(wrong, 'attempt')} not as declared"
    return f"{stack}: {proof.attempts:,} attempts, {len(proof.passed):,} connect, {end}"


def _groups(proof: Proof) -> Sequence[str]:
    """Services, then what is theirs, then everybody else; each sorted."""
    services = {host.group for host in proof.hosts if host.closed and host.group == host.namespace}
    theirs = {host.group for host in proof.hosts if host.group.partition("/")[0].removesuffix("-data") in services}
    return (*sorted(services), *sorted(theirs - services), *sorted({host.group for host in proof.hosts} - theirs))


def _names(groups: Sequence[str]) -> Iterator[str]:
    for number, group in enumerate(groups):
        middle = _LABELS + number * _CELL + _CELL // 2
        yield f'<text x="{_LABELS - 6}" y="{middle + 4}" text-anchor="end">{escape(group)}</text>'
        turned = f"rotate({_SLOPE_DEGREES} {middle} {_LABELS - 8})"
        yield f'<text x="{middle}" y="{_LABELS - 8}" transform="{turned}">{escape(group)}</text>'


def _cells(proof: Proof, groups: Sequence[str]) -> Iterator[str]:
    ports: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for asking, asked, port in proof.passed:
        ports[asking.group, asked.group].add(str(port))
    wrong = {(each.source.group, each.target.group) for each in proof.differences}
    declared = {
        (asking.group, asked.group)
        for asking, asked, port in proof.passed
        if (asking.closed or asked.closed) and (asking, asked, port) not in proof.left_open
    }
    for row, source in enumerate(groups):
        for column, target in enumerate(groups):
            pair = (source, target)
            state = "connects" if pair in declared else "open" if pair in ports else "refused"
            if source == target and pair not in ports:
                state = "self"
            x, y = _LABELS + column * _CELL, _LABELS + row * _CELL
            said = f"{source} → {target}: {', '.join(sorted(ports[pair])) if pair in ports else 'nothing'}"
            yield (
                f'<rect class="{"wrong" if pair in wrong else state}" x="{x}" y="{y}" width="{_CELL - 1}"'
                f' height="{_CELL - 1}"><title>{escape(said)}</title></rect>'
            )


def _legend(y: int) -> Iterator[str]:
    x = 10
    for state, word in _STATES.items():
        yield f'<rect class="{state}" x="{x}" y="{y - 10}" width="{_CELL - 1}" height="{_CELL - 1}"/>'
        yield f'<text x="{x + _CELL + 4}" y="{y + 1}">{word}</text>'
        x += _CELL + 20 + 6 * len(word)
    yield f'<text x="{x}" y="{y + 1}">rows ask, columns answer</text>'
