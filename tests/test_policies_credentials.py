"""Which texts are secrets and which are not, over the forms that public manifests have; every value here is invented.

A miss puts a password into a repository; a false finding teaches people to write exceptions. So each kind has as many
examples of the one as of the other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from policies.credentials.commands import passwords
from policies.credentials.names import names_a_secret
from policies.credentials.texts import is_harmless, random_looking, suspect, suspicious

NAMES: Final = (
    *("DB_PASS_1", "DB_CRED", "REDIS_AUTH", "NEO4J_AUTH", "DB_PASSWORD", "PGPASSWORD", "MYSQL_ROOT_PASSWORD"),
    *("RABBITMQ_DEFAULT_PASS", "MONGO_INITDB_ROOT_PASSWORD", "SECRET_KEY_BASE", "JWT_SECRET", "STRIPE_API_KEY"),
    *("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "clientSecret", "spring.datasource.password", "auth-token", "SMTP_AUTH"),
    *("DB_CREDS_2", "ENCRYPTION_KEY", "private_key", "SENTRY_DSN", "KAFKA_SASL_PASSWORD", "API_TOKEN_2", "DB_PW_03"),
)
ABOUT: Final = (
    *("TOKEN_URL", "PASSWORD_FILE", "secretName", "TOKEN_TTL", "MAX_TOKENS", "AUTH_MODE", "AUTH", "AUTH_ENABLED"),
    *("BASIC_AUTH_ENABLED", "PASS_THROUGH", "COMPASS", "BYPASS", "JWT_ISSUER", "JWT_KEY_ID", "PASSWORD_MIN_LENGTH"),
    *("SECRET_PROVIDER", "existingSecret", "TOKEN_AUDIENCE", "KEYBOARD", "MONKEY", "AUTHOR", "CREDENTIALS_PATH"),
    *("SSH_KEY_PATH", "PASSWORD_POLICY", "CREDIT", "OAUTH_SCOPES", "SESSION_TOKEN_LIFETIME", "PORT_1", "REPLICA_2"),
)

VALUES: Final[Sequence[tuple[str, str]]] = (
    ("LOGIN", "admin:admin123"),
    ("LOGIN", "admin:admin"),
    ("LOGIN", "guest:guest"),
    ("LOGIN", "root:hunter2"),
    ("DB_PASSWORD", "$hunter2"),
    ("DB_PASSWORD", "/aB3/xY9z"),
    ("DB_PASSWORD", "hunter2"),
    ("DB_PASSWORD", "123456"),
    ("A", "postgres://shop:hunter2@db/orders"),
    ("A", "amqp://guest:guest@rabbitmq:5672/"),
    ("A", "redis://:hunter2@cache:6379/0"),
    ("A", "mongodb+srv://shop:hunter2@cluster0.example.net"),
    ("A", "Server=db;Database=orders;User Id=shop;Password=hunter2;"),
    ("A", "host=db user=shop password=hunter2 dbname=orders"),
    ("A", "jdbc:postgresql://db/orders?user=shop&password=hunter2"),
    ("A", "https://9f86d081884c7d659a2feaa0c55ad015@sentry.example.com/1"),
    ("A", "Bearer abcdefghijklmnop"),
    ("A", "-----BEGIN RSA PRIVATE KEY-----\nMIIB"),
    ("A", "AKIAIOSFODNN7EXAMPLE"),
    ("A", "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"),
    ("A", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abcdefghijklmnopqrstuvwxyz=="),
    ("A", "cG9zdGdyZXM6Ly9zaG9wOmh1bnRlcjJAZGIveA=="),
)
HARMLESS: Final[Sequence[tuple[str, str]]] = (
    ("IMAGE", "nginx:1.27"),
    ("ADDRESS", "admin:8080"),
    ("ADDRESS", "root:3306"),
    ("OWNER", "root:root"),
    ("OWNER", "user:user"),
    ("ROLE", "admin:read"),
    ("DB_PASSWORD", "$(DB_PASSWORD)"),
    ("DB_PASSWORD", "${DB_PASSWORD}"),
    ("DB_PASSWORD", "$DB_PASSWORD"),
    ("DB_PASSWORD", "{{ .Values.password }}"),
    ("DB_PASSWORD", "/var/run/secrets/db/password"),
    ("DB_PASSWORD", "/run/secrets/DB_PASSWORD"),
    ("DB_PASSWORD", "/mnt/secrets-store/MySecret2"),
    ("DB_PASSWORD", "/etc/pki/v1/ca.crt"),
    ("DB_PASSWORD", ""),
    ("TOKEN", "true"),
    ("A", "postgres://$(USER):$(DB_PASSWORD)@db/orders"),
    ("A", "https://shop@example.com/orders"),
    ("A", "cluster.local/ns/shop/sa/orders"),
    ("A", "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEF\n-----END CERTIFICATE-----"),
    ("A", "system:serviceaccount:shop:orders"),
    ("A", "V2VsY29tZSB0byB0aGUgc2hvcCwgdGFrZSB5b3VyIHRpbWU="),
)

COMMANDS: Final = (
    *("mysql -phunter2", "mysql -h db -u root -phunter2 orders", "mysqldump -uroot -phunter2 orders > dump.sql"),
    *("/usr/bin/mysqladmin -phunter2 ping", "mariadb -u root -phunter2", "redis-cli -a hunter2 ping"),
    *("redis-cli -h cache --pass hunter2 ping", "mongosh -u root -p hunter2 admin", "mongodump -phunter2"),
    *("sshpass -p hunter2 ssh shop@db", "sshpass -phunter2 scp a b", "curl -u shop:hunter2 https://example.com"),
    *("curl --user shop:hunter2 https://example.com", "curl -s -ushop:hunter2 https://example.com"),
    *("docker login -u shop -p hunter2 ghcr.io", "podman login -p hunter2 quay.io", "sqlcmd -S db -U sa -P hunter2"),
    *("ldapsearch -D cn=admin -w hunter2", "cqlsh -u shop -p hunter2", "sleep 1 && mysql -phunter2"),
    *("rabbitmqadmin -u shop -p hunter2 list queues", "curl --proxy-user shop:hunter2 https://example.com"),
)
COMMANDS_WITHOUT: Final = (
    *("mysql -p$MYSQL_ROOT_PASSWORD", "mysql -p${PASSWORD} orders", 'mysql -p"$PASSWORD" orders', "mysql -p orders"),
    *("mysql -P 3306 -h db", "mysqladmin --protocol=tcp ping", "redis-cli -a $REDIS_PASSWORD ping"),
    *("redis-cli -h cache -p 6379 ping", "mongosh -p $(cat /run/secrets/db)", "docker run -p 8080:80 nginx"),
    *("podman run -p 8080:80 nginx", "ssh -p 2222 shop@db", "mkdir -p /var/lib/shop", "cp -a /from /to"),
    *(
        "curl -u $CREDENTIALS https://example.com",
        "curl -u shop:$PASSWORD https://example.com",
        "curl -u shop https://a.b",
    ),
    *("curl -U $A:$B https://example.com", "mysql orders | grep -phunter2", "redis-cli ping; tar -a x"),
    *("nc -u db 53", "psql -p 5432 -h db", "kubectl port-forward -p 1", "sshpass -e ssh shop@db"),
)

FILES: Final = (
    json.dumps({"auths": {"ghcr.io": {"auth": "c2hvcDpodW50ZXIy"}}}),
    json.dumps({"auths": {"quay.io": {"username": "shop", "password": "hunter2"}}}),
    json.dumps({"db": {"password": 123456}}),
    json.dumps({"passwords": ["hunter2"]}),
    json.dumps([{"name": "DB_PASSWORD", "value": "hunter2"}]),
    json.dumps({"run": "mysql -phunter2"}),
    json.dumps({"dsn": {"write": "host=db password=hunter2"}}),
    '{"password": "hunter2", "password": null}',
    "db.password : hunter2",
    "db.password = hunter2",
    "db.password=hunter2",
    "spring.datasource.password: hunter2",
    "export API_TOKEN=hunter2\n",
    "[db]\npassword = hunter2\n",
    "passwords:\n- hunter2\n- other\n",
    "db:\n  tokens:\n    - hunter2\n",
    "CREATE USER shop WITH PASSWORD 'hunter2';",
    "ALTER ROLE shop LOGIN PASSWORD 'hunter2';",
    "CREATE USER 'shop'@'%' IDENTIFIED BY 'hunter2';",
    "create user shop identified with caching_sha2_password by 'hunter2';",
    "CREATE LOGIN shop WITH PASSWORD = N'hunter2';",
    "requirepass hunter2",
    "machine db login shop password hunter2",
    "<password>hunter2</password>",
    "#!/bin/sh\nmysql -h db -phunter2 < schema.sql\n",
)
FILES_WITHOUT: Final = (
    json.dumps({"auths": {}}),
    json.dumps({"auths": {"ghcr.io": {}}, "credHelpers": {"ghcr.io": "gcloud"}}),
    json.dumps({"secrets": ["orders-db"]}),
    json.dumps({"passwords": []}),
    json.dumps([{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}]),
    json.dumps({"panels": [{"title": "Logins", "description": "password: how often it was wrong"}]}),
    json.dumps({"expr": 'sum(rate(kube_secret_info{secret="orders-db"}[5m]))'}),
    json.dumps({"channel_creds": [{"type": "insecure"}]}),
    json.dumps({"password": "${DB_PASSWORD}", "tokenUrl": "https://example.com/token"}),
    "db.password : ${DB_PASSWORD}",
    "db.url : jdbc:postgresql://db/orders",
    "# password: hunter2",
    "password:\n  secretKeyRef: {name: db, key: url}\n",
    "secrets:\n- orders-db\n",
    "tokens:\n- name: a\n- name: b\n",
    "proxy_set_header Authorization $http_authorization;\nset $token $cookie_token;\n",
    "PASSWORD=$1\n",
    "password=$password\n",
    "CREATE USER shop WITH PASSWORD '${DB_PASSWORD}';",
    "CREATE USER shop WITH PASSWORD :'password';",
    "CREATE TABLE users (id int, password text);",
    "SELECT password FROM users WHERE name = 'shop';",
    "auth_type = md5\nauth_file = /etc/pgbouncer/userlist.txt\n",
    "host all all samenet password\n",
    "proxy_pass http://orders;\n",
)

KEY: Final = "AAAAB3NzaC1yc2EAAAADAQABAAABgQDpX4mVq7TnB2cR9wLzKsJd8hYf3GtQ"
DRAWN: Final[Mapping[str, str]] = {
    f"{number}": value
    for number, value in enumerate(
        (
            *("t7Qx2mVz9LbW4nKc8RfY", "9f86d081884c7d659a2feaa0c55ad015", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            *(
                "kP9xW2vR7tQ4mZ8nL3cY",
                "a3F9k2L7q8Z1x5C6v4B0",
                "Zx8Kq2Lm7Rt4Vw9Ny3Pb",
                "5e884898da28047151d0e56f8dc62927",
            ),
            *(
                "u8Yt2Rk5Wq9Lz3Xc7Vb1",
                "Qm7Zx2Kp9Lv4Rt8Wn3Yc",
                "d41d8cd98f00b204e9800998ecf8427e",
                "B7kLm2Xz9QwR4tVn8cYp",
            ),
            *(
                "N3vX8kQ2zR7wL9mT4bYc",
                "x9C2v7B4n1M6q3W8e5R0",
                "7Hk2Lp9Qw4Zx8Rv3Tn6Y",
                "e3b0c44298fc1c149afbf4c8996fb924",
            ),
            *(
                "R4tV8nB2kX7zQ9wL3mYc",
                "J6pZ2xK9vQ4rW8tL3nYb",
                "h7Nk3Qz9Vx2Lw8Rm4TcY",
                "0a4d55a8d778e5022fab701977c5d840",
            ),
            *("M8nB3vC7xZ2kL9qW4rTy", "T2yR7wQ4zX9vK3mL8nBc"),
        )
    )
}
PUBLIC: Final[Sequence[tuple[str, str]]] = (
    ("known_hosts", f"github.com ssh-rsa {KEY}"),
    ("known_hosts", "gitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn"),
    ("known_hosts", "example.com ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB"),
    ("authorized_keys", f"ssh-rsa {KEY} shop@example.com"),
    ("IMAGE", "ghcr.io/acme/orders@sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015"),
    ("checksum/config", "9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015"),
    ("COMMIT", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("GIT_REVISION", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("deployment.kubernetes.io/pod-template-hash", "7d9f8c6b5d9f8c6b5d9f8c6b5d"),
    ("dashboard", json.dumps({"uid": "t7Qx2mVz9LbW4nKc8RfY", "gnetId": 315})),
    ("dashboard", json.dumps({"panels": [{"id": 1, "libraryPanel": {"uid": "a3F9k2L7q8Z1x5C6v4B0"}}]})),
    ("lock", json.dumps({"integrity": "sha512-t7Qx2mVz9LbW4nKc8RfYt7Qx2mVz9LbW4nKc8RfY=="})),
    ("a", "sha256-t7Qx2mVz9LbW4nKc8RfYt7Qx2mVz9LbW4nKc8RfY="),
    ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFt7Qx2mVz9LbW4nKc8RfY\n-----END CERTIFICATE-----"),
    ("jwt.pub", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFt7Qx2mVz9LbW4nKc8RfY\n-----END PUBLIC KEY-----"),
    ("dashboard", json.dumps({"links": [{"url": "/d/9f86d081884c7d659a2feaa0c55ad015?var-namespace=shop"}]})),
    ("SENTINEL_ID_0", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("TENANT", "550e8400-e29b-41d4-a716-446655440000"),
    ("QUEUE", "order-service-payments-processed-v2-dead-letters-2026"),
    ("CLUSTER", "https://0A1B2C3D4E5F60718293A4B5C6D7E8F9.gr7.eu-west-1.eks.amazonaws.com"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("JAVA_OPTS", "-XX:MaxRAMPercentage=75.0 -Djava.security.egd=file:/dev/urandom"),
    ("A", "io.confluent.kafka.serializers.KafkaAvroDeserializer2"),
)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_secret_is_known(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ABOUT)
def test_a_name_that_only_speaks_of_a_secret_is_none(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_a_value_that_is_a_secret_is_found(name: str, value: str) -> None:
    assert suspect(name, value)


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_a_value_that_is_none_passes(name: str, value: str) -> None:
    assert not suspect(name, value)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_password_in_a_command_is_found_on_one_line_and_as_words(line: str) -> None:
    assert suspicious(line)
    assert [found for _, found in passwords(line.split()) if not is_harmless(found)] == ["hunter2"]


@pytest.mark.parametrize("line", COMMANDS_WITHOUT)
def test_a_command_without_a_password_passes(line: str) -> None:
    assert not suspicious(line)


@pytest.mark.parametrize("text", FILES)
def test_a_file_that_holds_a_secret_is_found(text: str) -> None:
    assert suspicious(text)


@pytest.mark.parametrize("text", FILES_WITHOUT)
def test_a_file_that_holds_none_passes(text: str) -> None:
    assert not suspicious(text)


@pytest.mark.parametrize("value", DRAWN.values())
def test_what_is_drawn_is_advice_and_no_more(value: str) -> None:
    assert random_looking("SEED", value)
    assert not suspect("SEED", value)


@pytest.mark.parametrize(("name", "value"), PUBLIC)
def test_what_anyone_may_read_is_not_even_advice(name: str, value: str) -> None:
    assert not random_looking(name, value)
    assert not suspect(name, value)


@pytest.mark.parametrize(
    "kind", [NAMES, ABOUT, VALUES, HARMLESS, COMMANDS, COMMANDS_WITHOUT, FILES, FILES_WITHOUT, DRAWN, PUBLIC]
)
def test_every_kind_has_twenty_examples(kind: Sequence[object] | Mapping[str, str]) -> None:
    assert len(kind) >= 20
