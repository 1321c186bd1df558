"""How a secret comes to its container: from where, as what, and what the state and etcd keep of it."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CONTAINERS, EVERYTHING, HIGH, MEDIUM, Violation, sorts
from policies.core.trust import may
from policies.core.world import World
from policies.intent.migrating import migrated
from policies.objects import Object
from policies.objects.pods import Container
from policies.objects.values import View
from policies.rules.sec.group import SEC

SECRETS: Final = sorts("Secret")

INLINE: Final = {
    "kubernetes.io/dockercfg": frozenset({".dockercfg"}),
    "kubernetes.io/dockerconfigjson": frozenset({".dockerconfigjson"}),
    "kubernetes.io/tls": frozenset({"ca.crt", "tls.crt", "tls.key"}),
}
"""Types of Secrets that are certificates and registries' passwords, and the keys that are. The API server takes any
other key beside them."""

PUBLIC: Final = {"acl": frozenset({"group"}), "jwt": frozenset({"algorithm", "key", "rsa_public_key"})}
"""Kong reads credentials only from Secrets; of these kinds it reads nothing but names and public keys
(Kong/kubernetes-ingress-controller, label konghq.com/credential)."""


@SEC.resource(
    "sec-env-vs-file",
    "A/A/M",
    MEDIUM,
    CONTAINERS,
    why="Variables are inherited by every child process and end in crash reports; a file is read by whom it is for.",
    cure="Mount the Secret as a file, or name the one key you need as ${resources.<name>.<key>} in `variables`",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("CIS-EKS 4.4.1", "CKV_K8S_35"),
)
def env_vs_file(container: Container, facts: Facts) -> Iterator[Violation]:
    if may("sec-env-vs-file", container.object, facts):
        return
    for source in container.view["envFrom"]:
        if source["secretRef"].is_set:
            yield Violation(source["secretRef"], "makes a variable of every key of a Secret, those to come too")
    for variable in container.view["env"]:
        key = variable.at("valueFrom", "secretKeyRef")
        if key.is_set and not _asked_for(key, container, facts):
            yield Violation(key, "makes a variable of a key of a Secret that no line of the catalogue asks for")


def _asked_for(key: View, container: Container, facts: Facts) -> bool:
    # Allowed is what an owner wrote: a variable with ${resources.<resource>.<key>} in it, or a migration of it.
    service = facts.service.get(container.object.namespace)
    if service is None:
        return False
    asked = (key["name"].word, key["key"].word)
    if resource := migrated(container.pod, facts):
        return asked == (names.connection(service.name, resource), "password")
    written = {**service.spec.containers, **service.spec.init_containers}.get(container.name)
    return written is not None and any(
        asked == (names.connection(service.name, resource), field)
        for text in written.variables.values()
        for resource, field in _resources(text)
    )


def _resources(text: str) -> Iterator[tuple[str, str]]:
    for piece in text.split("${resources.")[1:]:
        resource, dot, field = piece.partition("}")[0].partition(".")
        if dot:
            yield resource, field


@SEC.stack(
    "sec-external-store",
    "–/A/M",
    HIGH,
    SECRETS,
    why="A Secret this program writes passed through a repository, a pipeline and a state file, and cannot be rotated.",
    cure="Keep the value in the stack's store and declare it as a resource of type secret",
    where="services/{service}.yaml: spec.resources",
    sources=("CIS-EKS 4.4.2", "EKS best practices: data encryption"),
)
def external_store(secret: Object, _: World) -> Iterator[Violation]:
    excepted = INLINE.get(secret.root["type"].word) or PUBLIC.get(
        secret.labels["konghq.com/credential"].word, frozenset()
    )
    for field in ("data", "stringData"):
        written = secret.root[field]
        if not written.is_known or not excepted.issuperset(written.keys):
            yield Violation(written, "holds the values themselves")


@SEC.resource(
    "sec-secret-marked",
    "M/M/M",
    HIGH,
    EVERYTHING,
    why="What is not marked lies in plain text in the state, in every export of it and in every diff.",
    cure="Wrap the value in Output.secret, or name it in additionalSecretOutputs",
    where="components/",
    sources=("pulumi: secrets in state",),
)
def secret_marked(_: Object, __: Facts) -> Iterator[Violation]:
    """Reported by `policies.credentials.states`: a rule is given unwrapped values, so it cannot see the mark."""
    yield from ()


@SEC.resource(
    "sec-etcd-encryption",
    "A/M/M",
    HIGH,
    sorts("aws:eks/cluster:Cluster", "gcp:container/cluster:Cluster"),
    why="Anyone with access to etcd's disk or its backups can read every Secret of the cluster.",
    cure="Encrypt Secrets with a key of your own",
    where="components/",
    sources=("CIS-EKS 5.3.1", "CIS-GKE 5.3.1"),
)
def etcd_encryption(cluster: Object, _: Facts) -> Iterator[Violation]:
    yield from ETCD[cluster.sort](cluster.root)


def _eks(cluster: View) -> Iterator[Violation]:
    encryption = cluster["encryptionConfig"]
    if "secrets" not in encryption["resources"].words:
        yield Violation(encryption, "does not encrypt Secrets")
    elif not _is_written(encryption.at("provider", "keyArn")):
        yield Violation(encryption.at("provider", "keyArn"), "names no key")


def _gke(cluster: View) -> Iterator[Violation]:
    encryption = cluster["databaseEncryption"]
    if encryption["state"].word not in ("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"):
        yield Violation(encryption["state"], "is not ENCRYPTED")
    elif not _is_written(encryption["keyName"]):
        yield Violation(encryption["keyName"], "names no key")


def _is_written(view: View) -> bool:
    # A key made in the same run is known after it; that there is one is enough.
    return not view.is_known or view.word != ""


ETCD: Final = {"aws:eks/cluster:Cluster": _eks, "gcp:container/cluster:Cluster": _gke}
"""Sort of cluster to where it says how etcd is encrypted."""
