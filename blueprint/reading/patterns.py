"""What a pattern asks for, in words: nobody should have to read a regular expression.

The patterns stand at their fields in the models; this table only translates. A pattern that is not in it is
shown as it is.
"""

from collections.abc import Mapping
from typing import Final

PATTERNS: Final[Mapping[str, str]] = {
    r"^([0-9]{1,3}\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$|^[0-9a-f:]+/[0-9]{1,3}$": (
        "Write an address range, such as 10.0.0.0/16"
    ),
    r"^(\*|https?://[a-z0-9.-]+(:[0-9]+)?)$": (
        "Write scheme and host without a path, such as https://shop.example.com, or '*' for every page"
    ),
    r"^/[^\s]*$": "Write a path that starts with '/' and holds no blanks, such as /metrics",
    r"^[!-~]([ -~]*[!-~])?$": "Write printable characters of ASCII in one line, without blanks around them",
    r"^[0-9]+(\.[0-9]+){0,2}$": "Write a version in quotes, such as '16' or '7.2'",
    r"^[A-Z][A-Z0-9_]{0,30}$": "Write 1 to 31 capitals, digits and '_', such as ORDERS",
    r"^[A-Za-z0-9-]{1,60}$": "Write the name of a header, such as Idempotency-Key",
    r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$": "Write a path below the catalogue's folder, such as contracts/orders.yaml",
    r"^[A-Za-z0-9._-]{1,64}$": "Use 1 to 64 characters: letters, digits, '.', '_' and '-'",
    r"^[A-Za-z0-9][A-Za-z0-9@:/._-]{0,252}$": "Write the name as the kubeconfig has it, below `clusters`",
    r"^[A-Za-z0-9_-]{1,8}$": "Write the exponent in base64url, such as AQAB",
    r"^[A-Za-z0-9_-]{342,}$": (
        "Write the modulus in base64url, 342 characters or more: a shorter key of fewer than 2,048 bits can be broken"
    ),
    r"^[A-Za-z0-9_.-]+:.*$": "Write name:value",
    r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$": "Write the name of a message's field, such as event_id",
    r"^[A-Za-z]+ [^\s*]+$": "Write kind, namespace and name of one object, such as HTTPRoute auth-service/sign-in-v1",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "Use letters, digits and '_', and start with no digit",
    r"^[A-Za-z_][A-Za-z0-9_]{0,62}$": "Use 1 to 63 letters, digits and '_', and start with no digit",
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/[A-Za-z_][A-Za-z0-9_]*$": (
        "Write package.Service/Method, such as payments.v1.Payments/Charge"
    ),
    r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$": "Write the name of an object, such as encrypted-gp3",
    r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": "Write the bucket's name alone, such as shop-prod-copies",
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]*\{service\}[A-Za-z0-9+=,.@_/-]*$": (
        "Write the ARN of a role per service, with {service} for its name, such as"
        " arn:aws:iam::123456789012:role/copies-{service}"
    ),
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$": (
        "Write the ARN of a role, such as arn:aws:iam::123456789012:role/orders"
    ),
    r"^[a-z0-9][a-z0-9-]{4,62}@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com$": (
        "Write the address of a service account, such as orders@acme-shop.iam.gserviceaccount.com"
    ),
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "Write an e-mail address",
    r"^[a-z0-9-]{1,60}$": "Write the name of a header in lower case, such as x-canary",
    r"^[a-z0-9_-]+(/[a-z0-9_-]+)*$": "Write words of a-z, 0-9, '_' and '-' joined by '/', such as commerce/orders",
    r"^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$": "Write service/api, such as user-service/users-v1",
    r"^[a-z][a-z0-9-]*/[a-z_][a-z0-9_]{0,62}$": "Write service/table, such as user-service/users",
    r"^[a-z][a-z0-9_-]{0,62}$": "Write the extension's name, such as pgcrypto or uuid-ossp",
    r"^[a-z][a-z0-9_-]{0,60}$": "Write the name of a message's field, such as order_id",
    r"^[a-z_][a-z0-9_]{0,62}$": "Use 1 to 63 characters: a-z, 0-9 and '_', and start with no digit",
    r"^https://\S+$": "Write an address that starts with https://",
    r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?$": (
        "Write one certificate as PEM, its lines below `ca: |`; a key has no place here"
    ),
    r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$": "Write words of letters, digits, '_' and '-' joined by '/', such as kv/shop",
    r"^[a-z0-9-]*\{service\}[a-z0-9-]*@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$": (
        "Write the address of a service account with {service} in its name, such as"
        " secrets-{service}@acme-shop.iam.gserviceaccount.com: one for all would read everybody's secrets"
    ),
    r"^[a-z0-9_-]*\{service\}[a-z0-9_-]*$": (
        "Write a role with {service} in it, such as shop-{service}: one for all would read everybody's secrets"
    ),
    r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$": "Use 1 to 40 characters: a-z, 0-9 and '-', starting with a letter",
    r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$": "Write the id of a project, such as acme-shop",
    r"^[a-z]{2}(-[a-z]+)+-[0-9]$": "Write a region of AWS, such as eu-central-1",
    r"^[a-z]+-[a-z]+[0-9](-[a-z])?$": "Write a region or zone of Google's, such as europe-west1 or europe-west1-b",
    r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$": (
        "Write https://, a host and perhaps a port, such as https://vault.example.com:8200"
    ),
    r"^https?://\S+$": "Write an address that starts with https:// or http://",
}
"""Pattern → cure."""
