"""The command that observes a running stack. In a module of its own, because what it needs no other command does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from operations import options
from operations.app import command
from operations.console import Console
from operations.exits import Exit


@command("prove", "Observe what a running stack promises, on packets and requests.")
def prove(
    *,
    stack: options.Stack,
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="PART...", help="What to prove, as below.  [default: network]")
    ] = None,
    services: options.Services = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAME,NAME", help="Only these services with their stores, and the platform."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw the matrix of the network as SVG.")
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> Exit:
    """Observe what a running stack promises, and compare it with what is declared.

    network: every pod of the stack is a network namespace on this machine, and kube-router enforces the stack's
    NetworkPolicies on real packets. Every pod tries every port of every other, over TCP and UDP, and so do strangers,
    the internet and the clouds' metadata server.

    mesh: istiod reads the stack's Istio objects, and an Envoy stands before each service. Every declared operation is
    asked, and so are its neighbours: another method, path, spelling, port or identity, no proxy, no token. Applications
    fail, hang and stream, so that retries, timeouts, canaries and ejections are seen. Needs root.

    gateway: an Envoy serves the stack's HTTPRoutes in Kong's place, and is asked from outside. Needs root.

    delivery: Argo Rollouts moves copies of the canaries and blue-greens: promoted, taken back, measured badly.

    certificates: cert-manager issues copies of the certificates, which are shown to a client.

    Whatever is not as declared is printed with the object at fault, and the command ends with 5. The stack is only
    read. Needs Linux, and root or user namespaces. What is proven and what is not: docs/proof.md
    """
    from operations import proving  # noqa: PLC0415
    from operations.project import Project  # noqa: PLC0415

    words = Console(quiet=quiet)
    chosen = [name.strip() for name in only.split(",") if name.strip()] if only else []
    asked = parts or ["network"]
    if picture:
        proving.check_picture(picture, asked)
    found = proving.proven(Project.here(services), stack, words, parts=asked, only=chosen)
    words.result(json.dumps(found.record(), indent=1) if as_json else found.text(words))
    if found.stopped:
        words.error(f"plat: {found.stopped.part}: {found.stopped.error}")
    if picture and "network" in found.observed:
        proving.draw(found, picture)
    return found.exit_code
