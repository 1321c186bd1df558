"""What is asked of a mesh: one request each, and what has to come of it.

A question knows its answer's meaning, and nothing of how it is asked. What an answer has is said by
`operations.laboratory.inside.requesting.ask`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from operations.laboratory.members import Member

Answer = Mapping[str, Any]

_FORBIDDEN: Final = 403
_PERMISSION_DENIED: Final = "7"
"""Of gRPC."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One request, or bytes where it has no method."""

    about: str
    """Its row of the report: `operations`, `another method`."""
    source: Member
    target: Member
    address: str
    """Whom the source connects to: the cluster's address of a Service, or a host's own."""
    port: int
    """The one connected to."""
    target_port: int
    """The one the application listens on."""
    host: str
    method: str
    """Empty: bytes."""
    path: str
    why: str
    """What declares it, or what makes it a neighbour of something declared."""
    headers: Mapping[str, str] = field(default_factory=dict)
    behaviour: Mapping[str, Any] | None = None
    """How the application answers, where not as usual."""
    patience_seconds: float = 10.0
    server_name: str = ""
    """With bytes: they are the beginning of TLS, for this host."""
    times: int = 1
    """How often it is asked, one after the other; the last answer is the answer."""

    suspects: tuple[str, ...] = ()
    """Objects that would be at fault, where whoever asks knows them already."""

    def __str__(self) -> str:
        asked = f"{self.method} {self.path}" if self.method else "bytes"
        asked = f"TLS for {self.server_name}" if self.server_name else asked
        return f"{self.source.name} → {self.target.name}:{self.port} {asked}"

    def record(self, source: int) -> Mapping[str, Any]:
        """For the sandbox, where members have numbers."""
        return {
            "source": source,
            "address": self.address,
            "port": self.port,
            "host": self.host,
            "method": self.method,
            "path": self.path,
            "headers": dict(self.headers),
            "behaviour": self.behaviour,
            "patience_seconds": self.patience_seconds,
            "server_name": self.server_name,
            "times": self.times,
        }

    def wrong(self, answer: Answer) -> str:
        """What happened that should not have; empty where all is well."""
        raise NotImplementedError


class Answered(Question):
    """The application has to answer, and to see the path as it is meant."""

    def wrong(self, answer: Answer) -> str:
        if answer["by"] not in (self.target.name, "somebody"):
            return f"is refused ({said(answer)}), and is declared"
        if answer["at"] not in (self.target_port, 0):
            return f"is answered, but on port {answer['at']} of the application"
        if answer["seen"] not in (normal(self.path), ""):
            return f"is answered, but the application saw {answer['seen']}"
        return ""


class Refused(Question):
    """No application may answer."""

    def wrong(self, answer: Answer) -> str:
        return "is answered, and nothing declares it" if answer["by"] else ""


class Forbidden(Refused):
    """A policy has to refuse it, to somebody who knows the host: no way to it, or no answer, is no refusal."""

    def wrong(self, answer: Answer) -> str:
        if answer["by"] or not self.method or denied(answer):
            return super().wrong(answer)
        return f"is decided by no policy ({said(answer)})"


class Unheard(Question):
    """Not even a proxy may answer: without mutual TLS it does not listen."""

    def wrong(self, answer: Answer) -> str:
        if answer["by"]:
            return "is answered in plain text"
        return f"is heard in plain text ({said(answer)})" if answer["status"] else ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """A question whose answer is not as declared."""

    question: Question
    happened: str
    because: tuple[str, ...]
    """The objects at fault, or what is missing."""

    def __str__(self) -> str:
        return f"{self.question} {self.happened}: {'; '.join(self.because)}"

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        asked = self.question
        return {
            "about": asked.about,
            "source": asked.source.name,
            "target": asked.target.name,
            "port": asked.port,
            "method": asked.method,
            "path": asked.path,
            "happened": self.happened,
            "because": list(self.because),
        }


def said(answer: Answer) -> str:
    """What came instead of an application's answer."""
    status = f"gRPC {answer['grpc']}" if answer["grpc"] else str(answer["status"] or "")
    return " ".join(filter(None, (status, answer["words"]))) or answer["error"] or "no answer"


def denied(answer: Answer) -> bool:
    """Whether a proxy admits nobody to what was asked, for want of leave."""
    return not answer["by"] and (answer["status"] == _FORBIDDEN or answer["grpc"] == _PERMISSION_DENIED)


def normal(path: str) -> str:
    """`path` as the mesh is set to understand it: nothing encoded that need not be, and no slash twice."""
    decoded = _decoded(path)
    while "//" in decoded:
        decoded = decoded.replace("//", "/")
    return decoded


def _decoded(path: str) -> str:
    before, *pieces = path.split("%")
    return before + "".join(chr(int(piece[:2], 16)) + piece[2:] for piece in pieces)
