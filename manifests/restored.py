"""What every store that is restored for a drill has in common with the others: the containers that ask it.

The steps of a drill are `manifests.drills`'; what is an engine's own is in a module of its own beside it.
"""

from collections.abc import Mapping
from typing import Final

from blueprint import store_names
from blueprint.drills.restoring import RestoreDrill
from blueprint.pins import Image
from manifests.manifest import Manifest
from manifests.pods import RESTRICTED, pull_policy
from manifests.resources import resources

AUTHORITY: Final = "/var/run/secrets/platform/authority"
OWNER: Final = "/var/run/secrets/platform/owner"
"""Folders of the check with two files: the authority of the store's certificate, the password."""
TEMPORARY: Final[Manifest] = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108  an emptyDir of the pod's own


def asking(client: str, true: str) -> str:
    """A shell's text that asks by `client` and ends well when the answer is `true`. What is not an answer is asked for
    again: the operator may still be at the passwords."""
    return f"""\
for _ in 1 2 3 4 5 6; do
  if answer="$({client})"; then
    echo "answered: $answer"
    test "$answer" = {true}
    exit
  fi
  sleep 10
done
exit 1
"""


def container(of: RestoreDrill, name: str, image: Image) -> Manifest:
    """What every step has."""
    address = f"{image.repository}:{image.tag}"
    return {
        "name": name,
        "image": address,
        "imagePullPolicy": pull_policy(address),
        "resources": resources(of.step),
        "securityContext": RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def check(of: RestoreDrill, script: str, plain: Mapping[str, str], *mounts: Manifest) -> Manifest:
    """The container that asks, by `script`, with the variables `plain`; it sees the authority and one password."""
    return {
        **container(of, "check", of.image),
        "command": ["sh", "-c", script],
        "env": variables({"CHECK": of.check, **plain}),
        "volumeMounts": [mounted("authority", AUTHORITY), mounted("owner", OWNER), *mounts],
    }


def variables(plain: Mapping[str, str]) -> list[Manifest]:
    """`plain` as a container is given it: Kubernetes replaces $(NAME), and takes $$ for one dollar sign."""
    return [{"name": name, "value": value.replace("$", "$$")} for name, value in sorted(plain.items())]


def mounted(name: str, path: str) -> Manifest:
    """The volume `name` at `path`, to be read."""
    return {"name": name, "mountPath": path, "readOnly": True}


def volumes(of: RestoreDrill, secret: str, key: str) -> list[Manifest]:
    """What the check mounts: the authority without the store's key, and the password at `key` of `secret`, each as the
    one file that is asked for."""
    tls = store_names.server(of.resource)
    return [file("authority", tls, "ca.crt", "ca.crt"), file("owner", secret, key, "password")]


def file(name: str, secret: str, key: str, path: str) -> Manifest:
    """A volume with one file, `path`: what `secret` has at `key`."""
    items = [{"key": key, "path": path}]
    return {"name": name, "secret": {"secretName": secret, "items": items, "defaultMode": 0o440}}
