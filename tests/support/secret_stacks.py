"""A stack that knows every store of secrets, and a service with one secret in it."""

from pathlib import Path
from typing import Any, Final

from blueprint import Blueprint, design
from blueprint.reading import read_catalogue
from blueprint.settings import Secrets
from tests.support.stacks import TODAY, catalogue, settings

AWS: Final = {"kind": "aws", "region": "eu-central-1", "role": "arn:aws:iam::111122223333:role/secrets-{service}"}
GCP: Final = {
    "kind": "gcp",
    "project": "acme-shop",
    "serviceAccount": "acme-{service}@acme-shop.iam.gserviceaccount.com",
    "clusterProject": "acme-gke",
    "clusterLocation": "europe-west1",
    "clusterName": "prod",
}
VAULT: Final = {"kind": "vault", "address": "https://vault.example.com:8200"}
OPENBAO: Final = {"kind": "openbao", "address": "https://bao.example.com", "role": "shop-{service}"}


def known(store: str = "generated") -> Secrets:
    """What such a stack says of secrets; `store` is the one for resources that name none."""
    return Secrets.model_validate({"store": store, "sources": (AWS, GCP, VAULT, OPENBAO)})


def with_secret(
    folder: Path, params: str, *, variables: str | None = None, more: str = "", **changes: Any
) -> Blueprint:
    """Every decision about a stack with the service `one`, whose secret `keys` has `params`.

    `variables` are its container's, `more` follows in its spec, `changes` are settings.
    """
    catalogue(folder, one=f"  resources: {{keys: {{type: secret, params: {{{params}}}}}}}\n{more}")
    if variables:
        file = folder / "one.yaml"
        said = f"      variables: {variables}\n      resources:"
        file.write_text(file.read_text().replace("      resources:", said, 1))
    return design(settings("prod", **{"secrets": known(), **changes}), read_catalogue(folder, today=TODAY))
