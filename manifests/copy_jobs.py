"""Runs that copy a store: who asks it for a copy, and what removes the copies that are past their time.

Each copy is called after when it was begun: fourteen digits, in UTC. It is a folder below the store's place in the
bucket, or one of the snapshots there, and none needs another. Old ones are removed after a new one was made and never
before: where no copy succeeds any more, the last ones stay.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names, sizes, store_names
from blueprint.stores.copy_jobs import BucketClient, CopyJob
from manifests.accounts import account
from manifests.cron_jobs import AUTHORITY, TEMPORARY, cron_job, file, mounted, pod, step, temporary, variables
from manifests.isolation import network_policy
from manifests.manifest import Manifest

COPIER: Final = "/var/run/secrets/platform/copier"
"""Folder with one file: the password of who asks."""

STAGING: Final = "/copy"
"""Where a copy lies until it is in the bucket."""

PLACE, KEPT = "COPIES_PLACE", "KEPT_DAYS"
"""What the last container of every run is told: bucket and folder, and how long a copy is kept."""

NOW: Final = "date -u +%Y%m%d%H%M%S"
"""What a copy is called."""

# The client reads its authority from a file of settings alone. By itself it gives up what takes longer than five
# minutes: the server says nothing until the copy is made.
CLICKHOUSE: Final = f"""\
CLICKHOUSE_PASSWORD="$(cat {COPIER}/password)" || exit
export CLICKHOUSE_PASSWORD
cat > /tmp/client.xml <<'END'
<config>
  <secure>1</secure>
  <openSSL>
    <client>
      <caConfig>{AUTHORITY}/ca.crt</caConfig>
      <loadDefaultCAFile>false</loadDefaultCAFile>
      <verificationMode>strict</verificationMode>
      <invalidCertificateHandler><name>RejectCertificateHandler</name></invalidCertificateHandler>
    </client>
  </openSSL>
</config>
END
copy="$COPIES_ADDRESS/$({NOW})"
exec clickhouse-client --config-file=/tmp/client.xml --host="$STORE_HOST" --port="$STORE_PORT" --user="$STORE_USER" \\
  --receive_timeout="$COPY_SECONDS" --query="BACKUP DATABASE \\`$STORE_DATABASE\\` TO S3('$copy')"
"""

# The server removes what only an old snapshot has: it alone knows which files several share.
ELASTICSEARCH: Final = f"""\
password="$(cat {COPIER}/password)" || exit
umask 077
printf 'user = "%s:%s"\\n' "$STORE_USER" "$password" > /tmp/curl
ask() {{
  curl --config /tmp/curl --cacert {AUTHORITY}/ca.crt --silent --show-error --fail-with-body \\
    --header 'Content-Type: application/json' "$@"
}}
copies="https://$STORE_HOST:$STORE_PORT/_snapshot/copies"
ask --request PUT "$copies" --data "$REPOSITORY" || exit
made="$(ask --request PUT "$copies/$({NOW})?wait_for_completion=true" --data "$SNAPSHOT")"
echo "$made"
case "$made" in *'"state":"SUCCESS"'*) ;; *) exit 1 ;; esac
first="$(date -u -d "@$(($(date +%s) - {KEPT} * 86400))" +%Y%m%d%H%M%S)" || exit
listed="$(ask "$copies/_all?verbose=false&filter_path=snapshots.snapshot")" || exit
for copy in $(echo "$listed" | grep -oE '"snapshot":"[0-9]{{14}}"' | grep -o '[0-9]*'); do
  test "$copy" -lt "$first" || continue
  echo "removing $copy"
  ask --request DELETE "$copies/$copy" || exit
done
"""

# The server sends what a new follower would get; a file that is not whole is no copy.
REDIS: Final = f"""\
REDISCLI_AUTH="$(cat {COPIER}/password)" || exit
export REDISCLI_AUTH
valkey-cli -h "$STORE_HOST" -p "$STORE_PORT" --tls --cacert {AUTHORITY}/ca.crt --rdb {STAGING}/dump.rdb || exit
exec valkey-check-rdb {STAGING}/dump.rdb
"""

WRITE: Final = f"""\
exec rclone copyto {STAGING}/dump.rdb ":s3:${PLACE}/$({NOW})/dump.rdb"
"""

REMOVE: Final = """\
first="$(date -u -d "@$(($(date +%s) - KEPT_DAYS * 86400))" +%Y%m%d%H%M%S)" || exit
folders="$(rclone lsf --dirs-only ":s3:$COPIES_PLACE")" || exit
for folder in $folders; do
  copy="${folder%/}"
  case "$copy" in *[!0-9]*) continue ;; esac
  test "${#copy}" -eq 14 || continue
  test "$copy" -lt "$first" || continue
  echo "removing $copy"
  rclone purge ":s3:$COPIES_PLACE/$copy" || exit
done
"""
"""What is not called like a copy is somebody else's, and stays."""


def job(of: CopyJob) -> Iterator[Manifest]:
    """Its rules before anything runs, then as whom it runs, then when."""
    for rule in of.rules:
        yield network_policy(rule)
    roles = {"eks.amazonaws.com/role-arn": of.client.role} if of.client else None
    yield account(store_names.copier(of.resource), of.namespace, labels=_marks(of), annotations=roles)
    steps = [*ENGINES[of.engine](of), *([_remove(of, of.client)] if of.client else [])]
    template = pod(
        labels=_pods(of),
        account=store_names.copier(of.resource),
        tier=of.tier,
        steps=steps,
        volumes=[
            file("authority", store_names.server(of.resource), "ca.crt"),
            file("copier", of.secret, "password"),
            temporary(sizes.TEMPORARY_MIB),
            *([{"name": "copy", "emptyDir": {"sizeLimit": f"{of.staging_mib}Mi"}}] if of.staging_mib else []),
        ],
        nodes={},
    )
    yield cron_job(
        store_names.copy_run(of.resource),
        of.namespace,
        template,
        labels=_marks(of),
        schedule=of.copies.schedule,
        late_seconds=of.late_seconds,
        deadline_seconds=of.deadline_seconds,
        retries=of.retries,
    )


def _marks(of: CopyJob) -> dict[str, str]:
    """They go, and stay, with the store."""
    return {f"{names.PREFIX}/owner": of.owner, names.RESOURCE: of.resource}


def _pods(of: CopyJob) -> dict[str, str]:
    """Not the store's own mark: whoever has it is taken for one of its pods."""
    return {
        "app.kubernetes.io/name": store_names.copier(of.resource),
        store_names.COPIER: of.resource,
        f"{names.PREFIX}/owner": of.owner,
    }


def _asking(of: CopyJob, name: str, script: str, **more: str) -> Manifest:
    """A container that asks the store."""
    asked = {"STORE_HOST": of.host, "STORE_PORT": str(of.port), "STORE_USER": of.user, **more}
    return {
        **step(name, of.image, of.amounts),
        "command": ["sh", "-c", script],
        "env": variables(asked),
        "volumeMounts": [mounted("authority", AUTHORITY), mounted("copier", COPIER), TEMPORARY],
    }


def _clickhouse(of: CopyJob) -> Iterator[Manifest]:
    yield _asking(
        of,
        "copy",
        CLICKHOUSE,
        COPIES_ADDRESS=of.copies.address,
        COPY_SECONDS=str(of.deadline_seconds),
        STORE_DATABASE=of.database or "",
    )


def _elasticsearch(of: CopyJob) -> Iterator[Manifest]:
    bucket, _, folder = of.copies.place.partition("/")
    repository = {"type": "s3", "settings": {"bucket": bucket, "base_path": folder}}
    # Every index with the server's own state of them, or nothing: not what happens to be whole.
    snapshot = {"indices": "*", "include_global_state": True, "partial": False}
    said = {"REPOSITORY": json.dumps(repository), "SNAPSHOT": json.dumps(snapshot)}
    yield _asking(of, "copy", ELASTICSEARCH, **said, **_kept(of))


def _redis(of: CopyJob) -> Iterator[Manifest]:
    staging = {"name": "copy", "mountPath": STAGING}
    asking = _asking(of, "copy", REDIS)
    yield {**asking, "volumeMounts": [*asking["volumeMounts"], staging]}
    if of.client:
        yield {
            **step("write", of.client.image, of.client.amounts),
            "command": ["sh", "-c", WRITE],
            "env": variables({**_rclone(of), PLACE: of.copies.place}),
            "volumeMounts": [{**staging, "readOnly": True}, TEMPORARY],
        }


def _remove(of: CopyJob, client: BucketClient) -> Manifest:
    return {
        **step("remove", client.image, client.amounts),
        "command": ["sh", "-c", REMOVE],
        "env": variables({**_rclone(of), **_kept(of)}),
        "volumeMounts": [TEMPORARY],
    }


def _kept(of: CopyJob) -> Mapping[str, str]:
    return {PLACE: of.copies.place, KEPT: str(of.copies.retention_days)}


def _rclone(of: CopyJob) -> Mapping[str, str]:
    """What rclone reads by itself: no file of settings, and the identity of the pod."""
    return {
        "RCLONE_CACHE_DIR": "/tmp/rclone",  # noqa: S108  a volume of the pod's
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_S3_ENV_AUTH": "true",
        # It may not make buckets, nor ask whether there is one.
        "RCLONE_S3_NO_CHECK_BUCKET": "true",
        "RCLONE_S3_PROVIDER": "AWS",
        "RCLONE_S3_REGION": of.copies.region or "",
    }


ENGINES: Final[Mapping[str, Callable[[CopyJob], Iterator[Manifest]]]] = {
    "clickhouse": _clickhouse,
    "elasticsearch": _elasticsearch,
    "redis": _redis,
    "valkey": _redis,
}
"""Engine → what makes a copy, as one container or several that follow each other."""
