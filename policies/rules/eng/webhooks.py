"""Webhooks decide what the API server takes: whose they are, and what they do when nobody answers."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.integrity import ENG
from policies.core.rule import CRITICAL, Breach, sorts
from policies.core.trust import OURS, may
from policies.objects import Object
from policies.objects.values import View

GROUP: Final = "admissionregistration.k8s.io"
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
"""The one label of a namespace nobody but the API server sets."""


@ENG.resource(
    "eng-webhooks",
    "M/M/M",
    CRITICAL,
    sorts(f"MutatingWebhookConfiguration.{GROUP}", f"ValidatingWebhookConfiguration.{GROUP}"),
    why="A webhook reads and rewrites every object it asks for, Secrets too; one that may be skipped guards nothing.",
    cure="Let it be the platform's, fail closed, and exclude namespaces by kubernetes.io/metadata.name alone",
    where="manifests/operators/; for a controller's own policies/config/: access.operators",
    sources=("CKV_K8S_155", "CIS-EKS 4.1.12"),
)
def webhooks(configuration: Object, facts: Facts) -> Iterator[Breach]:
    if may("eng-webhooks", configuration, facts):
        return
    for webhook in configuration.root["webhooks"]:
        client = webhook["clientConfig"]
        if client["url"].is_set:
            yield Breach(client["url"], "asks somebody outside the cluster")
        elif client.at("service", "namespace").word not in OURS:
            yield Breach(client.at("service", "namespace"), "is no namespace of the platform")
        if webhook["failurePolicy"].word not in ("", "Fail"):
            yield Breach(webhook["failurePolicy"], "lets everything pass when nobody answers")
        yield from opt_outs(webhook["namespaceSelector"])


def opt_outs(selector: View) -> Iterator[Breach]:
    """Terms of a namespace selector by which a namespace excludes itself, or by which a service's is excluded."""
    for term in selector["matchExpressions"]:
        if term["operator"].word in ("NotIn", "DoesNotExist"):
            if term["key"].word != NAMESPACE_NAME:
                yield Breach(term, f"lets a namespace exclude itself with the label {term['key'].word}")
            elif guests := sorted(set(term["values"].words) - OURS):
                yield Breach(term, f"excludes {', '.join(guests[:3])}")


PLATFORM: Final = frozenset(names.PLATFORM_NAMESPACES)
"""Namespaces whose declaration means that the run makes the platform."""
