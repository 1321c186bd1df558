"""A stack's settings, and the kubeconfig it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blueprint.reading import wording
from blueprint.reading.problems import Problem, TextError, valid
from blueprint.reading.source import Node, Source, read_source
from blueprint.settings import Settings

KEY = "platform:settings"


def stack_file(stack: str) -> str:
    """The name of the file with the settings of `stack`, as Pulumi names it."""
    return f"Pulumi.{stack}.yaml"


def read_settings(file: Path) -> Settings:
    """The settings in `file`, a Pulumi.<stack>.yaml. Raises TextError."""
    source = read_source(file, file.name)
    config = source.data.get("config")
    if not isinstance(config, dict) or KEY not in config:
        cause = f"has no `{KEY}` below `config`"
        raise TextError([source.problem(("config",), cause, f"Add {KEY}: with environment, cluster and domain")])
    if not isinstance(config[KEY], dict):
        cure = "Write environment, cluster and domain below it"
        raise TextError([source.problem(("config", KEY), "is not a map", cure)])

    def tree() -> Node:
        """The settings alone, because places begin at them."""
        line, node = source.root.items["config"][1].items[KEY]
        return Node(line=line, value={}, items=node.items)

    return _validated(config[KEY], Source(file=source.file, data=config[KEY], tree=tree))


def settings_of(value: Any, stack: str) -> Settings:
    """The settings Pulumi holds for `stack`, already parsed. Raises TextError, without lines: Pulumi keeps none."""
    return _validated(value, Source(file=stack_file(stack), data=value, tree=lambda: Node(line=1)))


def _validated(data: Any, source: Source) -> Settings:
    try:
        return Settings.model_validate_json(json.dumps(data), by_name=False)
    except ValidationError as error:
        raise TextError(wording.problems(error, Settings, source)) from None


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """Where a kubeconfig leads."""

    path: Path
    context: str
    cluster: str
    server: str


def read_kubeconfig(path: Path, *, context: str | None, cluster: str) -> Kubeconfig:
    """The kubeconfig at `path`, entered by `context` or its current one.

    Raises TextError where it cannot be read or leads to another cluster than `cluster`: the wrong kubeconfig on
    the right stack is how a test deletes production.
    """
    source = read_source(path.expanduser(), str(path))
    data = source.data
    contexts, clusters = _named(data, "contexts", "context"), _named(data, "clusters", "cluster")
    current = data.get("current-context")
    chosen = context or (current if isinstance(current, str) else "")
    if not chosen:
        cure = f"Set `context:` of the stack's cluster to one of: {', '.join(sorted(contexts)) or 'none'}"
        raise TextError([source.problem(("current-context",), "is missing, so no cluster is chosen", cure)])
    if chosen not in contexts:
        raise TextError([source.problem(("contexts",), f"has no context '{chosen}'", valid(chosen, contexts))])
    found = contexts[chosen].get("cluster", "")
    if found != cluster:
        cause = (
            f"context '{chosen}' leads to the cluster '{found}', but the stack is for '{cluster}'; nothing was touched"
        )
        leads = sorted(name for name, entry in contexts.items() if entry.get("cluster") == cluster)
        cure = (
            f"Choose a context that leads there: {', '.join(leads)}"
            if leads
            else "Name the right kubeconfig in the stack"
        )
        raise TextError([source.problem(("current-context",), cause, cure)])
    server = clusters.get(cluster, {}).get("server", "")
    if not server:
        cause = f"gives no server for '{cluster}'"
        raise TextError([source.problem(("clusters",), cause, "Create the kubeconfig again")])
    return Kubeconfig(path=path, context=chosen, cluster=cluster, server=str(server))


def _named(data: Mapping[str, Any], field: str, inner: str) -> dict[str, Mapping[str, Any]]:
    entries = data.get(field)
    return {
        str(entry["name"]): entry[inner]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "name" in entry and isinstance(entry.get(inner), dict)
    }


__all__ = ["KEY", "Kubeconfig", "Problem", "read_kubeconfig", "read_settings", "settings_of", "stack_file"]
