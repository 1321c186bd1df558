"""Keys: changed every year, kept for a month after their end, nobody else's."""

from collections.abc import Iterator
from typing import Final

from policies.cloud.iam import statements
from policies.cloud.wants import Asked, Want, among, amount, duration, in_prod, on, wanted
from policies.core.facts import Facts
from policies.core.rule import HIGH, Violation
from policies.objects import Object
from policies.objects.values import View
from policies.rules.cloud.group import CLOUD, PROGRAM

DAY: Final = 86_400
YEAR: Final = 365
QUARTER: Final = 90
MONTH: Final = 30


def _rotates(root: View) -> bool:
    """Only symmetric keys that encrypt can be rotated (AWS KMS developer guide, "Rotate AWS KMS keys")."""
    spec, usage = root["customerMasterKeySpec"].word, root["keyUsage"].word
    return spec in ("", "SYMMETRIC_DEFAULT") and usage in ("", "ENCRYPT_DECRYPT")


def _encrypts(root: View) -> bool:
    """Google rotates keys that encrypt, and only those."""
    return root["purpose"].word in ("", "ENCRYPT_DECRYPT")


def _for_somebody(policy: View, _: Object, __: Facts) -> bool:
    return not any(each.is_open for each in statements(policy))


_PROTECTED: Final = Want(
    path=(),
    accepts=lambda _, thing, __: thing.options is None or thing.options.protect,
    wanted="",
    says="is not protected by the program; what it encrypted is lost with it",
)
_OF_SOMEBODY: Final = Want(
    path="policy",
    accepts=_for_somebody,
    wanted="",
    says="lets everybody use the key, without a condition that says who",
)
_WAITS: Final = in_prod(
    Want(path="deletionWindowInDays", accepts=lambda at, _, __: amount(at) >= MONTH, wanted=f"{MONTH}", default=MONTH)
)


@CLOUD.resource(
    "kms-hygiene",
    "A/M/M",
    HIGH,
    wanted(
        {
            "aws:kms/key:Key": (
                on("enableKeyRotation", only=_rotates),
                Want(
                    path="rotationPeriodInDays",
                    accepts=lambda at, _, __: amount(at) <= YEAR,
                    wanted=f"at most {YEAR}",
                    default=YEAR,
                    only=_rotates,
                ),
                _WAITS,
                _OF_SOMEBODY,
                _PROTECTED,
            ),
            "aws:kms/keyPolicy:KeyPolicy": (_OF_SOMEBODY,),
            "gcp:kms/cryptoKey:CryptoKey": (
                Want(
                    path="rotationPeriod",
                    accepts=lambda at, _, __: 0 < duration(at) <= QUARTER * DAY,
                    wanted=f"at most {QUARTER * DAY}s",
                    only=_encrypts,
                ),
                in_prod(
                    Want(
                        path="destroyScheduledDuration",
                        accepts=lambda at, _, __: duration(at) >= MONTH * DAY,
                        wanted=f"at least {MONTH * DAY}s",
                        default=f"{MONTH * DAY}s",
                    )
                ),
                among("deletionPolicy", "PREVENT", "ABANDON", default="DELETE"),
                _PROTECTED,
            ),
        }
    ),
    why="A key that is deleted takes everything it encrypted along; one that never changes is worth more each year.",
    cure="Rotate it, protect it, leave a month to change one's mind, and name who may use it",
    where=PROGRAM,
    sources=("compliance-policies kms", "CIS-AWS 3.6", "CKV_AWS_7", "CKV_AWS_33", "CKV_GCP_43"),
)
def kms_hygiene(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
