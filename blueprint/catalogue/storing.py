"""The stores a service keeps for itself, one class per engine, each with only its own fields; Score's words `type`,
`class` and `params`. What a store becomes (an operator's object, a managed instance) is decided per stack, elsewhere.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from blueprint.catalogue.copying import Backup as Backup  # noqa: PLC0414  (a part of a store)
from blueprint.catalogue.copying import FullBackup as FullBackup  # noqa: PLC0414
from blueprint.catalogue.copying import MongodbBackup as MongodbBackup  # noqa: PLC0414
from blueprint.catalogue.copying import MysqlBackup as MysqlBackup  # noqa: PLC0414
from blueprint.catalogue.copying import PostgresBackup as PostgresBackup  # noqa: PLC0414
from blueprint.catalogue.copying import TriedBackup as TriedBackup  # noqa: PLC0414
from blueprint.catalogue.off import Off
from blueprint.text import Image, Text


class Migrations(Text):
    """Brings the schema up to date before a new version of the service starts, a canary's first pod among them.

    It runs once for each image and command, and must find by itself what is left to do: it is run again when it fails
    and when the platform changes how it is run. While it runs, and when it fails, the version that runs goes on, on
    the schema it left: so it adds first, and takes away a version later. It reaches names and this one store, without a
    pooler in between. Of PostgreSQL it finds DATABASE_URL and what libpq, and most drivers, read by themselves: PGHOST,
    PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE and PGSSLROOTCERT; of MongoDB and of ClickHouse DATABASE_URL; of
    Elasticsearch and of OpenSearch DATABASE_URL and DATABASE_CA, the path of the authority's certificate; of MySQL
    these two and what its command-line clients read: MYSQL_HOST, MYSQL_TCP_PORT and MYSQL_PWD.
    """

    image: Image
    """Repository with a digest, or with a tag. Another image is another run; that a tag has moved is not seen."""
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments. Others are another run."""


class Pool(Text):
    """Connections of the service to its store."""

    max_per_replica: Annotated[int, Field(ge=1, le=500)] = 10
    """Connections of one pod; times the most pods it must fit the store's limit."""
    mode: Literal["session", "transaction"] = "session"
    """When a pooled connection is given back."""


Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""What PostgreSQL takes without quotes: 63 bytes at most."""


class Store(Text):
    """What every store has in common; not a type by itself."""

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "database", "username", "password", "url")
    """What `${resources.<name>.<key>}` may ask of it; the keys of its Secret in the service's namespace."""

    class_: Annotated[Literal["small", "medium", "large"], Field(alias="class")] = "small"
    """Size; what it means per environment is in `blueprint.sizes`. Growing is in place, with a restart."""
    owns: tuple[Identifier, ...] = ()
    """Tables or collections. One table has one owner in the whole catalogue."""
    pool: Pool = Pool()
    """Connections."""
    high_availability: bool = False
    """A standby that takes over."""
    read_replicas: Annotated[int, Field(ge=0, le=5)] = 0
    """Copies that only answer reads."""
    backup: Backup | Off = Backup()
    """`none`: no copies; the data can be made again."""
    deletion: Literal["retain", "snapshot", "delete"] = "retain"
    """What is left when the resource leaves the catalogue, or gets another name: the store with its disks, a last copy
    (until those are made, the store), or nothing. `delete` is refused in production; ephemeral stacks keep nothing."""


class Shaped(Store):
    """A store whose data has a shape that versions of its service change; not a type by itself."""

    migrations: Migrations | None = None
    """Unset: the service migrates by itself."""


class DatabaseParams(Text):
    """Settings of a database."""

    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")] | None = None
    """Major version, in quotes. Unset: the platform's. Raising it is an upgrade of running data."""
    database: Identifier | None = None
    """Name of the database. Unset: the resource's name."""


class PostgresParams(DatabaseParams):
    """Settings of PostgreSQL."""

    extensions: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")], ...] = ()
    """Extensions created in the database."""


class RedisParams(Text):
    """Settings of Redis."""

    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")] | None = None
    """Major version of Valkey, in quotes. Unset: the platform's. Each speaks the protocol of Redis 7.2."""
    maxmemory_policy: Literal["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-ttl"] = "noeviction"
    """What goes when memory is full: nothing (a store) or the least used (a cache)."""


class Postgres(Shaped):
    """A PostgreSQL of the service's own.

    `${resources.<name>.<key>}` answers host, port, database, username, password, ca (path of the authority's
    certificate in the pods) and url, which is
    `postgresql://<username>:<password>@<host>:<port>/<database>?sslmode=verify-full&sslrootcert=<ca>`.
    read_host and read_url lead to the followers where there are any. Without TLS nobody comes in.
    """

    keys: ClassVar[tuple[str, ...]] = (
        "host",
        "port",
        "database",
        "username",
        "password",
        "url",
        "read_host",
        "read_url",
        "ca",
    )
    type: Literal["postgres"]
    """postgres"""
    backup: PostgresBackup | Off = PostgresBackup()
    """`none`: no copies; the data can be made again."""
    params: PostgresParams = PostgresParams()
    """Settings."""


class Mysql(Shaped):
    """A MySQL of the service's own, served by MariaDB: the same protocol and drivers, and nearly the same SQL.

    `${resources.<name>.<key>}` answers host, port, database, username, password, ca (path of the authority's
    certificate in the pods) and url, in MySQL's own syntax of addresses:
    `mysql://<username>:<password>@<host>:3306/<database>?ssl-mode=VERIFY_IDENTITY&ssl-ca=<ca>`. MySQL Shell and Rust's
    sqlx read it so; a driver with words of its own (Go's, JDBC, Python's, Node's) is given the single keys and `ca`.
    read_host and read_url lead to the followers where there are any. The user may do everything in this one database,
    and nothing elsewhere. Without TLS nobody comes in.

    What differs from Oracle's MySQL: JSON is text that is checked, compared as text, and `->` and `->>` are
    JSON_EXTRACT and JSON_UNQUOTE; passwords are proven by mysql_native_password, not caching_sha2_password; GTIDs are
    of another form; there is no X protocol (33060). readReplicas and highAvailability are followers of one first; a
    store begins with or without them, and keeps to that.
    """

    keys: ClassVar[tuple[str, ...]] = (
        "host",
        "port",
        "database",
        "username",
        "password",
        "url",
        "read_host",
        "read_url",
        "ca",
    )
    type: Literal["mysql"]
    """mysql"""
    params: DatabaseParams = DatabaseParams()
    """Settings. The version is a line of MariaDB with long-term support."""
    backup: MysqlBackup | Off = MysqlBackup(pitr=False, rpo="1d")
    """`none`: no copies; the data can be made again. Unset: one full copy a day. The log in between (pitr) is kept
    where there are followers, in files as large as they become, so `rpo` is never below the time between two copies."""


class Mongodb(Shaped):
    """A MongoDB of the service's own: a replica set, of one member where high availability is not asked for.

    `${resources.<name>.<key>}` answers host, port, database, username, password, ca (path of the authority's
    certificate in the pods) and url: `mongodb://<username>:<password>@<host>:27017/<database>?tls=true&tlsCAFile=<ca>`
    `&authSource=<database>&replicaSet=rs0&maxPoolSize=<pool.maxPerReplica>`. read_url asks the followers first, where
    there are any. The user reads and writes this database alone. Without TLS nobody comes in; a driver that takes no
    file in its address (Java's) is given `ca`.
    """

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "database", "username", "password", "url", "read_url", "ca")
    type: Literal["mongodb"]
    """mongodb"""
    backup: MongodbBackup | Off = MongodbBackup()
    """`none`: no copies; the data can be made again."""
    params: DatabaseParams = DatabaseParams()
    """Settings."""


class KeyValue(Store):
    """What a Redis and a Valkey have in common; not a type by itself. Both are served by Valkey."""

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "password", "url", "read_host", "read_url", "ca")
    scheme: ClassVar[str]
    """How its addresses begin."""
    params: RedisParams = RedisParams()
    """Settings."""
    backup: FullBackup | Off = FullBackup()
    """`none`: no copies; the data can be made again. Unset: one full copy a day."""


class Redis(KeyValue):
    """A Redis of the service's own.

    `${resources.<name>.<key>}` answers host, port, password, ca (path of the authority's certificate in the pods) and
    url: `rediss://default:<password>@<host>:6379/0`. read_host and read_url lead to the followers where there are any.
    Without TLS nobody comes in, and clients must be given `ca`: an address has no place for it. dev and ephemeral
    stacks have one pod, whatever highAvailability and readReplicas say.
    """

    scheme: ClassVar[str] = "rediss"
    type: Literal["redis"]
    """redis"""


class Valkey(KeyValue):
    """A Valkey of the service's own: what `redis` is too, with addresses that Valkey's own clients read.

    `${resources.<name>.<key>}` answers as for `redis`, but url is `valkeys://default:<password>@<host>:6379/0`.
    """

    scheme: ClassVar[str] = "valkeys"
    type: Literal["valkey"]
    """valkey"""


class Clickhouse(Shaped):
    """A ClickHouse of the service's own, of one pod where high availability is not asked for; not sharded.

    `${resources.<name>.<key>}` answers host, port, database, username, password, ca (path of the authority's
    certificate in the pods), url: `clickhouse://<username>:<password>@<host>:9440/<database>?secure=true` (the native
    protocol) and http_url: `https://<host>:8443`. The user may do everything in this database and nothing elsewhere.
    Without TLS nobody comes in, and clients must be given `ca`: an address has no place for it. A statement on tables
    in the database reaches every pod by itself, so it needs no ON CLUSTER. A table made without ENGINE is a MergeTree
    of one pod and is replicated among several, where one of an engine that is not is refused.
    """

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "database", "username", "password", "url", "http_url", "ca")

    type: Literal["clickhouse"]
    """clickhouse"""
    params: DatabaseParams = DatabaseParams()
    """Settings."""
    backup: FullBackup | Off = FullBackup()
    """`none`: no copies; the data can be made again. Unset: one full copy a day."""


class ElasticsearchParams(Text):
    """Settings of Elasticsearch."""

    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")] | None = None
    """Major version, in quotes. Unset: the platform's. Raising it is an upgrade of running data."""


class Elasticsearch(Shaped):
    """An Elasticsearch of the service's own: three nodes that may lead where high availability is asked for, else one.

    `${resources.<name>.<key>}` answers host, port, username, password, ca (path of the authority's certificate in the
    pods) and url: `https://<username>:<password>@<host>:9200`. Clients must be given `ca`: an address has no place for
    it. The user may do anything with its indices, templates, lifecycle and ingest, and nothing else to the server.
    readReplicas are nodes that hold data and never lead; how many copies a shard has is the index's own setting.
    """

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "username", "password", "url", "ca")
    type: Literal["elasticsearch"]
    """elasticsearch"""
    params: ElasticsearchParams = ElasticsearchParams()
    """Settings."""
    backup: FullBackup | Off = FullBackup()
    """`none`: no copies; the data can be made again. Unset: one snapshot of every index a day."""


class OpensearchParams(Text):
    """Settings of OpenSearch."""

    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")] | None = None
    """Major version, in quotes. Unset: the platform's. Raising it is an upgrade of running data."""


class Opensearch(Shaped):
    """An OpenSearch of the service's own, always of three nodes that may lead: its operator starts no fewer.

    `${resources.<name>.<key>}` answers host, port, username, password, ca (path of the authority's certificate in the
    pods) and url: `https://<username>:<password>@<host>:9200`. Clients must be given `ca`: an address has no place for
    it. Clients of Elasticsearch refuse it. The user may do anything with its indices, templates and ingest pipelines,
    and nothing else to the server. highAvailability puts the nodes into different zones, in production without
    exception. readReplicas are nodes that hold data and never lead; how many copies a shard has is the index's own
    setting.
    """

    keys: ClassVar[tuple[str, ...]] = ("host", "port", "username", "password", "url", "ca")
    type: Literal["opensearch"]
    """opensearch"""
    params: OpensearchParams = OpensearchParams()
    """Settings."""


AnyStore = Postgres | Mysql | Mongodb | Redis | Valkey | Clickhouse | Elasticsearch | Opensearch
"""Every type of store."""
