"""What every store that is restored for a drill has in common with the others: the containers that ask it.

The steps of a drill are `manifests.drills`'; what is an engine's own is in a module of its own beside it.
"""

from collections.abc import Mapping
from typing import Final

from blueprint import store_names
from blueprint.drills.restoring import RestoreDrill
from manifests.cron_jobs import AUTHORITY, file, mounted, step, variables
from manifests.manifest import Manifest

OWNER: Final = "/var/run/secrets/platform/owner"
"""Folder of the check with one file, `password`."""


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


def check(of: RestoreDrill, script: str, plain: Mapping[str, str], *mounts: Manifest) -> Manifest:
    """The container that asks, by `script`, with the variables `plain`; it sees the authority and one password."""
    return {
        **step("check", of.image, of.step),
        "command": ["sh", "-c", script],
        "env": variables({"CHECK": of.check, **plain}),
        "volumeMounts": [mounted("authority", AUTHORITY), mounted("owner", OWNER), *mounts],
    }


def volumes(of: RestoreDrill, secret: str, key: str) -> list[Manifest]:
    """What the check mounts: the authority without the store's key, and the password at `key` of `secret`, each as the
    one file that is asked for."""
    tls = store_names.server(of.resource)
    return [file("authority", tls, "ca.crt"), file("owner", secret, key, "password")]
