"""Which chart, at which version, from where; and the repositories of our own images."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, MEDIUM, Violation, sorts
from policies.kubernetes.helm import CHARTS
from policies.kubernetes.images import within
from policies.objects import Object
from policies.objects.values import View
from policies.rules.img.group import IMG

EXACT: Final = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
"""One version. Helm reads `1.2`, `1.x` and `~1.2.3` as ranges."""
DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
FOLDER: Final = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""Host and path without `..` and escapes, by which a path leaves the folder it begins with."""
SCHEMES: Final = ("https://", "oci://")


@IMG.resource(
    "img-chart-pinned",
    "M/M/M",
    CRITICAL,
    sorts(*CHARTS),
    why="A chart is a program that runs here as the cluster's administrator, and a range installs the next one unread.",
    cure="Name one version, in prod an OCI chart's digest, from a repository on the list images.charts",
    where="blueprint/operators",
    sources=("OWASP K8s 2022 K02",),
)
def chart_pinned(chart: Object, facts: Facts) -> Iterator[Violation]:
    name, version = chart.root["chart"], chart.root["version"]
    if _is_ours(name.word):
        return
    pinned = bool(DIGEST.search(name.word)) and name.word.startswith("oci://")
    if not pinned and not EXACT.fullmatch(version.word):
        yield Violation(version, "is a range or no version" if version.word else "is not set")
    source = _source(chart)
    if facts.environment == "prod" and source.word.startswith("oci://") and not pinned:
        yield Violation(source, "has no digest")
    folder = _folder(source.word)
    if not source.word.startswith(SCHEMES) or not FOLDER.fullmatch(folder):
        yield Violation(source, "is no plain https or oci address" if source.word else "is not set")
    elif not within(folder, facts.limits.images.charts):
        yield Violation(source, f"is {folder}, which is not on the list")


def _is_ours(name: str) -> bool:
    """Whether the chart lies in this repository and is reviewed like the rest of it. What leads out of it
    (`../chart`, `/elsewhere/chart`) was not."""
    return name.startswith("./") and ".." not in name.split("/")


def _source(chart: Object) -> View:
    """Where the chart comes from: its own address, or that of its repository."""
    name = chart.root["chart"]
    if "://" in name.word:
        return name
    written = (chart.root.at("repositoryOpts", "repo"), chart.root.at("fetchOpts", "repo"), chart.root["repo"])
    return next((place for place in written if place.is_set), written[0])


def _folder(source: str) -> str:
    """Host and path of `source`, without version and digest."""
    host, _, path = source.partition("://")[2].partition("/")
    bare = re.sub(r"(:[^:/@]*)?(@[^/@]*)?\Z", "", path.rstrip("/"))
    return "/".join(filter(None, (host.lower(), bare)))


_ECR: Final = "aws:ecr/repository:Repository"
_ARTIFACTS: Final = "gcp:artifactregistry/repository:Repository"

KMS: Final = frozenset({"KMS", "KMS_DSSE"})


@IMG.resource(
    "img-repo-hardened",
    "A/M/M",
    MEDIUM,
    sorts(_ECR, _ARTIFACTS),
    why="In a repository with mutable tags, anyone who may push can replace an image that already runs.",
    cure="Make its tags immutable, scan on push and encrypt with a key of ours",
    where="the program: components/",
    sources=("EKS best practices: image security", "CIS-EKS 5.1.1", "pulumi/compliance-policies ecr"),
)
def repo_hardened(repository: Object, _: Facts) -> Iterator[Violation]:
    yield from _JUDGES[repository.sort](repository.root)


def _ecr(repository: View) -> Iterator[Violation]:
    tags = repository["imageTagMutability"]
    if tags.word != "IMMUTABLE":
        yield Violation(tags, f"is {tags.word or 'not set, and the default is MUTABLE'}")
    scan = repository.at("imageScanningConfiguration", "scanOnPush")
    if not scan.flag:
        yield Violation(scan, "is false" if scan.is_set else "is not set")
    keys = list(repository["encryptionConfigurations"])
    if not keys:
        yield Violation(repository["encryptionConfigurations"], "is not set, and the default key is AWS's")
    for key in keys:
        if key["encryptionType"].word not in KMS:
            yield Violation(key["encryptionType"], f"is {key['encryptionType'].word or 'not set'}")


def _artifacts(repository: View) -> Iterator[Violation]:
    tags = repository.at("dockerConfig", "immutableTags")
    if repository["format"].word.upper() == "DOCKER" and not tags.flag:
        yield Violation(tags, "is false" if tags.is_set else "is not set")
    scan = repository.at("vulnerabilityScanningConfig", "enablementConfig")
    if scan.word == "DISABLED":
        yield Violation(scan, "is DISABLED")
    key = repository["kmsKeyName"]
    if key.is_known and not key.word:  # a key made in the same run has no name yet, but it is one
        yield Violation(key, "is not set, and the default key is Google's")


_JUDGES: Final[Mapping[str, Callable[[View], Iterator[Violation]]]] = {_ECR: _ecr, _ARTIFACTS: _artifacts}
