"""How large a store is, by engine, class and environment.

`class` is the owner's word for how much the store has to do; the environment says what that means. dev and ephemeral
stacks get one small pod whatever the class; staging has the shape of production at a fraction of its size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from blueprint.catalogue import Environment
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts

Class = Literal["small", "medium", "large"]


@dataclass(frozen=True, kw_only=True)
class StoreSize:
    """One pod of a store."""

    amounts: Amounts
    disk_gib: int
    """Of its data. May grow in place, never shrink."""
    connections: int
    """The most it accepts at a time; what the engine keeps for itself is among them."""


def _size(cpu_millicores: int, memory_mib: int, disk_gib: int, connections: int) -> StoreSize:
    """CPU may burst to four times its share; memory is reserved whole, because a database fills what it may."""
    return StoreSize(
        amounts=Amounts(
            cpu_request_millicores=cpu_millicores,
            cpu_limit_millicores=4 * cpu_millicores,
            memory_request_mib=memory_mib,
            memory_limit_mib=memory_mib,
            storage_request_mib=STORAGE_REQUEST_MIB,
            storage_limit_mib=STORAGE_LIMIT_MIB,
        ),
        disk_gib=disk_gib,
        connections=connections,
    )


Scale = Mapping[Class, StoreSize]

_REDIS_LAPTOP: Final[Scale] = {
    "small": _size(25, 64, 1, 100),
    "medium": _size(50, 128, 1, 250),
    "large": _size(100, 256, 1, 500),
}
REDIS: Final[Mapping[Environment, Scale]] = {
    "dev": _REDIS_LAPTOP,
    "ephemeral": _REDIS_LAPTOP,
    "staging": {
        "small": _size(50, 128, 1, 250),
        "medium": _size(100, 512, 2, 1000),
        "large": _size(250, 1024, 4, 2000),
    },
    "prod": {
        "small": _size(100, 256, 1, 500),
        "medium": _size(250, 1024, 4, 2000),
        "large": _size(500, 4096, 16, 8000),
    },
}
"""Memory, CPU: unmeasured estimates; one thread does the work, so that a core is the most it can use. Disk: four times
the memory, because data of up to three quarters of it may be there as a log of twice its size (valkey.conf,
auto-aof-rewrite-percentage: 100), the log that replaces this one, a snapshot and the one that replaces that.
Connections: what they take, 30 KiB each (`stores.redis_operator.CONNECTION_KIB`), stays below a quarter of the quarter
that data leaves."""

_POSTGRES_LAPTOP: Final[Scale] = {
    "small": _size(50, 256, 1, 100),
    "medium": _size(100, 512, 2, 200),
    "large": _size(250, 1024, 5, 400),
}
POSTGRES: Final[Mapping[Environment, Scale]] = {
    "dev": _POSTGRES_LAPTOP,
    "ephemeral": _POSTGRES_LAPTOP,
    "staging": {
        "small": _size(100, 512, 10, 100),
        "medium": _size(250, 1024, 20, 200),
        "large": _size(500, 2048, 50, 400),
    },
    "prod": {
        "small": _size(250, 1024, 20, 100),
        "medium": _size(500, 4096, 100, 200),
        "large": _size(1000, 8192, 500, 400),
    },
}
"""Connections: PostgreSQL's own default of 100, doubled per class; each costs some 5 to 10 MiB under load (PostgreSQL
wiki, "Number Of Database Connections"), so that the most of them fill about half of the memory. Memory, CPU and disk:
unmeasured estimates, the ratio of 4 GiB to a core is that of the clouds' general-purpose instances."""

MYSQL_CONNECTION_MIB: Final = 3
"""Memory of one connection at its worst, MariaDB's defaults added: sort_buffer_size 2 MiB, join_buffer_size,
read_rnd_buffer_size and thread_stack some 256 KiB each, read_buffer_size 128 KiB."""
MYSQL_BASE_MIB: Final = 100
"""Of a server without data and connections; an unmeasured estimate."""

_MYSQL_LAPTOP: Final[Scale] = {
    "small": _size(50, 768, 1, 100),
    "medium": _size(100, 1024, 2, 150),
    "large": _size(250, 2048, 5, 300),
}
MYSQL: Final[Mapping[Environment, Scale]] = {
    "dev": _MYSQL_LAPTOP,
    "ephemeral": _MYSQL_LAPTOP,
    "staging": {
        "small": _size(100, 1024, 10, 150),
        "medium": _size(250, 2048, 20, 300),
        "large": _size(500, 4096, 50, 600),
    },
    "prod": {
        "small": _size(250, 2048, 20, 200),
        "medium": _size(500, 4096, 100, 400),
        "large": _size(1000, 8192, 400, 800),
    },
}
"""Connections: around MariaDB's own default of 151, and no more than fit at their worst into what the server's cache
leaves of the memory (a test adds it up). Disk: room for three pods with the place where copies are made below the
most a namespace may hold. Memory, CPU and disk: unmeasured estimates, in production 8 GiB to a core as PostgreSQL's."""

_CLICKHOUSE_LAPTOP: Final[Scale] = {
    "small": _size(100, 1024, 2, 100),
    "medium": _size(150, 1536, 5, 200),
    "large": _size(250, 2048, 10, 400),
}
CLICKHOUSE: Final[Mapping[Environment, Scale]] = {
    "dev": _CLICKHOUSE_LAPTOP,
    "ephemeral": _CLICKHOUSE_LAPTOP,
    "staging": {
        "small": _size(250, 2048, 20, 100),
        "medium": _size(500, 4096, 50, 200),
        "large": _size(750, 6144, 100, 400),
    },
    "prod": {
        "small": _size(500, 4096, 50, 100),
        "medium": _size(750, 6144, 200, 200),
        "large": _size(1000, 8192, 500, 400),
    },
}
"""Memory: ClickHouse's own advice is 4 GiB at least ("Usage Recommendations"); it takes nine tenths of what the pod may
have (`max_server_memory_usage_to_ram_ratio`), and with 1 GiB small queries are answered. Connections: each is a thread,
far fewer than the server's default of 4,096. CPU and disk: unmeasured estimates, in production 8 GiB to a core."""

_MONGODB_LAPTOP: Final[Scale] = {
    "small": _size(100, 512, 1, 200),
    "medium": _size(150, 1024, 2, 400),
    "large": _size(250, 2048, 5, 800),
}
MONGODB: Final[Mapping[Environment, Scale]] = {
    "dev": _MONGODB_LAPTOP,
    "ephemeral": _MONGODB_LAPTOP,
    "staging": {
        "small": _size(100, 1024, 10, 200),
        "medium": _size(250, 2048, 20, 400),
        "large": _size(500, 4096, 50, 800),
    },
    "prod": {
        "small": _size(250, 2048, 20, 200),
        "medium": _size(500, 4096, 100, 400),
        "large": _size(1000, 8192, 500, 800),
    },
}
"""Memory: Percona's operator gives WiredTiger half of what is above 1 GiB, and 256 MiB at least (v1.22.0,
pkg/psmdb/container.go), so 512 MiB is the least that leaves mongod something besides. Connections: each costs a stack
of up to 1 MiB (MongoDB's manual, "ulimit Settings"), so that all of them fill less than half of it. CPU and disk:
unmeasured estimates, in production 8 GiB to a core as PostgreSQL's."""

_ELASTICSEARCH_QUEUE: Final = 1000
"""Searches a node lets wait before it refuses the next (elastic.co, "Thread pools": `search`, queue_size)."""

_ELASTICSEARCH_LAPTOP: Final[Scale] = {
    "small": _size(250, 1024, 1, _ELASTICSEARCH_QUEUE),
    "medium": _size(250, 1536, 2, _ELASTICSEARCH_QUEUE),
    "large": _size(500, 2048, 5, _ELASTICSEARCH_QUEUE),
}
ELASTICSEARCH: Final[Mapping[Environment, Scale]] = {
    "dev": _ELASTICSEARCH_LAPTOP,
    "ephemeral": _ELASTICSEARCH_LAPTOP,
    "staging": {
        "small": _size(250, 1024, 10, _ELASTICSEARCH_QUEUE),
        "medium": _size(250, 2048, 20, _ELASTICSEARCH_QUEUE),
        "large": _size(500, 4096, 50, _ELASTICSEARCH_QUEUE),
    },
    "prod": {
        "small": _size(250, 2048, 20, _ELASTICSEARCH_QUEUE),
        "medium": _size(500, 4096, 100, _ELASTICSEARCH_QUEUE),
        "large": _size(1000, 8192, 500, _ELASTICSEARCH_QUEUE),
    },
}
"""Memory: the server gives its heap half of it by itself; 1 GiB is the least Elastic starts a container with
(elastic.co, "Start a single-node cluster in Docker"), 2 GiB what its operator gives where nothing is said. CPU and
disk: unmeasured estimates, in production 8 GiB to a core as PostgreSQL's."""

_OPENSEARCH_QUEUE: Final = 1000
"""Searches a node lets wait before it refuses the next (opensearch-project/OpenSearch, ThreadPool.java: SEARCH)."""

_OPENSEARCH_LAPTOP: Final[Scale] = {
    "small": _size(250, 1536, 1, _OPENSEARCH_QUEUE),
    "medium": _size(250, 2048, 2, _OPENSEARCH_QUEUE),
    "large": _size(500, 3072, 5, _OPENSEARCH_QUEUE),
}
OPENSEARCH: Final[Mapping[Environment, Scale]] = {
    "dev": _OPENSEARCH_LAPTOP,
    "ephemeral": _OPENSEARCH_LAPTOP,
    "staging": {
        "small": _size(250, 1536, 10, _OPENSEARCH_QUEUE),
        "medium": _size(250, 2048, 20, _OPENSEARCH_QUEUE),
        "large": _size(500, 4096, 50, _OPENSEARCH_QUEUE),
    },
    "prod": {
        "small": _size(250, 2048, 20, _OPENSEARCH_QUEUE),
        "medium": _size(500, 4096, 100, _OPENSEARCH_QUEUE),
        "large": _size(1000, 8192, 500, _OPENSEARCH_QUEUE),
    },
}
"""Memory: the operator gives the heap half of what is asked for (v3.0.0-alpha, pkg/helpers/helpers.go). 512 MiB of heap
is the least OpenSearch's own examples start it with; its image brings every plugin of the project, so a dev node has
half as much again as Elasticsearch's least, an estimate. 2 GiB is what the operator's guide asks for. CPU and disk:
unmeasured estimates, in production 8 GiB to a core as PostgreSQL's."""
