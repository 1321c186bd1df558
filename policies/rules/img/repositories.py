"""Repositories of our own images."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Breach, sorts
from policies.objects import Object
from policies.objects.values import View
from policies.rules.img.group import IMG

_ECR: Final = "aws:ecr/repository:Repository"
_ARTIFACTS: Final = "gcp:artifactregistry/repository:Repository"

KMS: Final = frozenset({"KMS", "KMS_DSSE"})


@IMG.resource(
    "img-repo-hardened",
    "A/M/M",
    MEDIUM,
    sorts(_ECR, _ARTIFACTS),
    why="In a repository whose tags may move, whoever may push may also change what already runs.",
    cure="Make its tags immutable, scan on push and encrypt with a key of ours",
    where="the program: components/",
    sources=("EKS best practices: image security", "CIS-EKS 5.1.1", "pulumi/compliance-policies ecr"),
)
def repo_hardened(repository: Object, _: Facts) -> Iterator[Breach]:
    yield from _JUDGES[repository.sort](repository.root)


def _ecr(repository: View) -> Iterator[Breach]:
    tags = repository["imageTagMutability"]
    if tags.word != "IMMUTABLE":
        yield Breach(tags, f"is {tags.word or 'not set, and the default is MUTABLE'}")
    scan = repository.at("imageScanningConfiguration", "scanOnPush")
    if not scan.flag:
        yield Breach(scan, "is false" if scan.is_set else "is not set")
    keys = list(repository["encryptionConfigurations"])
    if not keys:
        yield Breach(repository["encryptionConfigurations"], "is not set, and the default key is AWS's")
    for key in keys:
        if key["encryptionType"].word not in KMS:
            yield Breach(key["encryptionType"], f"is {key['encryptionType'].word or 'not set'}")


def _artifacts(repository: View) -> Iterator[Breach]:
    tags = repository.at("dockerConfig", "immutableTags")
    if repository["format"].word.upper() == "DOCKER" and not tags.flag:
        yield Breach(tags, "is false" if tags.is_set else "is not set")
    scan = repository.at("vulnerabilityScanningConfig", "enablementConfig")
    if scan.word == "DISABLED":
        yield Breach(scan, "is DISABLED")
    key = repository["kmsKeyName"]
    if key.is_known and not key.word:  # a key made in the same run has no name yet, but it is one
        yield Breach(key, "is not set, and the default key is Google's")


_JUDGES: Final[Mapping[str, Callable[[View], Iterator[Breach]]]] = {_ECR: _ecr, _ARTIFACTS: _artifacts}
