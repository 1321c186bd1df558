"""The strict definitions of custom resources, which lie beside the project where it is worked on."""

from typing import Final

NOT_BESIDE: Final = frozenset({"k8s.mariadb.com", "opensearch.opster.io", "opensearch.org"})
"""Groups whose definitions are in their operators' charts alone, and in no folder of ours. Whoever adds them beside the
project takes the group out here."""
