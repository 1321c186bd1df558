"""Encrypted on disk, on the wire, with keys of ours, and out of the internet's reach."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.wants import Asked, Want, among, either, given, off, on, spelled, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, Selector, Violation
from policies.objects import Object
from policies.objects.fields import fields
from policies.objects.values import Unknown, View
from policies.rules.data.group import DATA, STORE, of_stores

EBS: Final = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
"""Provisioners that encrypt only when told to; Google's encrypt always, a local disk is the node's."""
PD: Final = ("pd.csi.storage.gke.io", "kubernetes.io/gce-pd")
SSE: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_DEFAULT: Final = "rules[].applyServerSideEncryptionByDefault"


def _by_ebs(root: View) -> bool:
    return root["provisioner"].text in EBS


def _by_pd(root: View) -> bool:
    return root["provisioner"].text in PD


AT_REST: Final[Mapping[str, tuple[Want, ...]]] = {
    **of_stores(lambda store: store.at_rest),
    SSE: (among(f"{_DEFAULT}.sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse"),),
    "StorageClass.storage.k8s.io": (among("parameters.encrypted", "true", only=_by_ebs),),
}


@DATA.resource(
    "data-encrypted-at-rest",
    "A/M/M",
    HIGH,
    wanted(AT_REST),
    why="A disk, a snapshot or a copy of either that leaves its account is everybody's.",
    cure="Turn encryption on; most stores take it only when they are made",
    where=STORE,
    sources=("compliance-policies rds, docdb", "CKV_AWS_16", "CKV_AWS_17"),
)
def encrypted_at_rest(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


OWN_KEY: Final[Mapping[str, tuple[Want, ...]]] = {
    **of_stores(lambda store: store.own_key),
    SSE: (given(f"{_DEFAULT}.kmsMasterKeyId"),),
    "StorageClass.storage.k8s.io": (
        given("parameters.kmsKeyId", only=_by_ebs),
        given("parameters.disk-encryption-kms-key", only=_by_pd),
    ),
}


@DATA.resource(
    "data-kms-cmk",
    "–/A/M",
    MEDIUM,
    wanted(OWN_KEY),
    why="A key of the cloud's own cannot be taken away from anybody, and says nothing about who used it.",
    cure="Name a key of ours",
    where=STORE,
    sources=("compliance-policies configureCustomerManagedKey",),
)
def own_key(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


def _parameter(name: str, *values: str, families: tuple[str, ...], unset: tuple[str, ...] = ()) -> Want:
    """A parameter group of `families` that sets `name` to one of `values`; `unset` are families whose default does."""

    def accepts(group: View, _: Object, __: Facts) -> bool:
        said = [each["value"].quantity for each in group["parameters"] if each["name"].text == name]
        return all(value in values for value in said) if said else group["family"].word.startswith(unset)

    return Want(
        path=(),
        accepts=accepts,
        wanted="",
        only=lambda root: root["family"].word.startswith(families),
        says=f"has no {name} = {values[0]}, so it lets clients speak in the clear",
    )


FORCED: Final = ("1", "on", "ON", "true", "TRUE")
"""How AWS' parameters say yes."""
POSTGRES: Final = _parameter(
    "rds.force_ssl",
    *FORCED,
    families=("postgres", "aurora-postgresql", "sqlserver"),
    # RDS for PostgreSQL forces TLS by itself since 15 (RDS user guide, "Requiring an SSL connection"); Aurora does not.
    unset=tuple(f"postgres{major}" for major in range(15, 30)),
)
MYSQL: Final = _parameter(
    "require_secure_transport", *FORCED, families=("mysql", "mariadb", "aurora-mysql"), unset=("mariadb11.8",)
)

REDIS: Final = (
    Want(
        path="spec.TLS.secret.secretName",
        accepts=lambda at, _, __: bool(at.word),
        wanted="",
        says="is not set, so it speaks in the clear",
    ),
    Want(
        path="spec.kubernetesConfig.redisSecret.name",
        accepts=lambda at, _, __: bool(at.word),
        wanted="",
        says="is not set, so it asks nobody for a password",
    ),
)
"""redis-operator runs a Redis with neither unless it is told."""
ITS_SENTINELS: Final = Want(
    path="spec.sentinel",
    accepts=lambda at, _, __: not at.is_set,
    wanted="",
    says="brings Sentinels that speak no TLS (redis-operator#1699); a RedisSentinel beside it does",
)

_YES: Final = frozenset({"1", "true", "yes", "on", "enable", "enabled"})
_NO: Final = frozenset({"0", "false", "no", "off", "disable", "disabled"})
"""How Altinity's operator spells a boolean, in lower case (its definitions: StringBool)."""


def _keepers(root: View) -> View:
    return root.at("spec", "configuration", "zookeeper", "nodes")


CLICKHOUSE: Final = (
    Want(
        path="spec.configuration.clusters[].secure",
        accepts=lambda at, _, __: spelled(at).casefold() in _YES,
        wanted="",
        says="is not yes, so it has no port with TLS",
    ),
    Want(
        path="spec.configuration.clusters[].insecure",
        accepts=lambda at, _, __: spelled(at).casefold() in _NO,
        wanted="",
        says="is not no, so it speaks in the clear as well",
    ),
    Want(
        path="spec.configuration.zookeeper.nodes[].secure",
        accepts=lambda at, _, __: spelled(at).casefold() in _YES,
        wanted="",
        only=lambda root: not _keepers(root).is_empty,
        says="is not yes, so what its pods agree on goes to the Keeper in the clear",
    ),
)
"""Altinity's operator opens the ports without TLS, and those alone, unless it is told."""

OPENSEARCH: Final = tuple(
    Want(
        path=f"spec.security.tls.{side}",
        accepts=lambda at, _, __: at.is_set and at["enabled"].flag is not False,
        wanted="",
        says="is not told to use TLS",
    )
    for side in ("http", "transport")
)
"""Its operator speaks TLS where it is told of it, and unless it is told not to."""

IN_TRANSIT: Final[Mapping[str, tuple[Want, ...]]] = {
    **of_stores(lambda store: store.in_transit),
    "aws:rds/parameterGroup:ParameterGroup": (POSTGRES, MYSQL),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": (POSTGRES, MYSQL),
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup": (
        _parameter("tls", "enabled", "fips-140-3", "tls1.2+", "tls1.3+", families=("docdb",), unset=("docdb",)),
    ),
    # The operators': what they are told, not what they would do by themselves.
    "PerconaServerMongoDB.psmdb.percona.com": (
        among("spec.tls.mode", "preferTLS", "requireTLS", default="preferTLS"),
        off("spec.unsafeFlags.tls"),
    ),
    "MariaDB.k8s.mariadb.com": (
        on("spec.tls.enabled"),
        on("spec.tls.required"),
        off("spec.rootEmptyPassword"),
    ),
    "User.k8s.mariadb.com": (either(on("spec.require.ssl"), on("spec.require.x509")),),
    "ClickHouseInstallation.clickhouse.altinity.com": CLICKHOUSE,
    "OpenSearchCluster.opensearch.org": OPENSEARCH,
    "Elasticsearch.elasticsearch.k8s.elastic.co": (off("spec.http.tls.selfSignedCertificate.disabled"),),
    **{f"{kind}.redis.redis.opstreelabs.in": REDIS for kind in ("Redis", "RedisCluster", "RedisSentinel")},
    "RedisReplication.redis.redis.opstreelabs.in": (*REDIS, ITS_SENTINELS),
    "Cluster.postgresql.cnpg.io": (
        Want(
            path="spec.postgresql.pg_hba[]",
            accepts=lambda item, _, __: all(map(_is_encrypted, item.word.splitlines())),
            wanted="",
            says="lets clients in without TLS, or without a password",
        ),
        Want(
            path="spec.postgresql.pg_hba",
            accepts=lambda items, _, __: any(
                _shuts_the_rest(line) for item in items.words for line in item.splitlines()
            ),
            wanted="",
            says="does not end in `host all all all reject`, so the operator's own last line lets everybody in",
        ),
    ),
}


def _is_encrypted(line: str) -> bool:
    """A pg_hba line that lets nobody in without TLS and a proof of who it is. `local` is inside the pod."""
    kind, *rest = line.split() or ["#"]
    return (
        kind.startswith("#")
        or kind == "local"
        or (kind in ("hostssl", "hostgssenc") and "trust" not in rest[3:])
        or (kind in ("host", "hostnossl") and rest[-1:] == ["reject"])
    )


def _shuts_the_rest(line: str) -> bool:
    return line.split()[:5] == ["host", "all", "all", "all", "reject"]


@DATA.resource(
    "data-encrypted-in-transit",
    "M/M/M",
    CRITICAL,
    wanted(IN_TRANSIT),
    why="Whoever sits between a service and its store reads its password and everything after it.",
    cure="Require TLS and a password, a token or IAM",
    where=STORE,
    sources=("CKV_AWS_29-31", "CKV_AWS_90", "CKV_AWS_83", "AWSGuard"),
)
def encrypted_in_transit(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


OPERATORS: Final = (
    "clickhouse-keeper.altinity.com",
    "clickhouse.altinity.com",
    "elasticsearch.k8s.elastic.co",
    "k8s.mariadb.com",
    "opensearch.org",
    "postgresql.cnpg.io",
    "psmdb.percona.com",
    "rabbitmq.com",
    "redis.redis.opstreelabs.in",
)
"""Groups whose objects become a store's Services."""
_PRIVATE: Final = wanted(
    {
        **of_stores(lambda store: store.private),
        "Kafka.kafka.strimzi.io": (among("spec.kafka.listeners[].type", "internal", "cluster-ip"),),
    }
)


def _services(thing: Object) -> Iterator[View]:
    """Where an operator is told which Service to make: each calls it otherwise, and all of them a type."""
    if thing.sort.partition(".")[2] in OPERATORS:
        for place in fields(thing, "type", "serviceType", "exposeType"):
            if isinstance(place.value, str | Unknown):
                yield place


@DATA.resource(
    "data-no-public",
    "M/M/M",
    CRITICAL,
    Selector[Asked | View](
        lambda thing: (*_PRIVATE.subjects(thing), *_services(thing)),
        reads=f"{_PRIVATE.reads}, and the Services operators are told to make",
    ),
    why="A store with a public address is scanned within minutes and needs one weak password to be lost.",
    cure="Give it private addresses alone",
    where=STORE,
    sources=("AWSGuard rds-instance-public-access", "CKV_AWS_17", "CKV_AWS_69"),
)
def no_public(subject: Asked | View, facts: Facts) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(facts)
    elif subject.word in ("LoadBalancer", "NodePort"):
        yield Violation(subject, f"is {subject.word}")
