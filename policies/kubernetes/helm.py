"""Helm charts as a program names them: by a repository's name, an OCI address, a digest, a file."""

import re
from typing import Final

from policies.objects import Object

CHARTS: Final = ("kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")
"""Type tokens of charts, whose values say what their objects will be."""

LONGEST: Final = 200
"""Characters of a chart's name and version; no registry takes more."""
_VERSION: Final = re.compile(r"(:[^/]*|-v?[0-9]+\.[0-9].*\.tgz|\.tgz)$")


def chart_name(chart: Object) -> str:
    """The chart's own name, wherever it is from: `kong` of `oci://a/kong:1.0.0@sha256:...` and of `kong-1.0.0.tgz`.

    Raises UndeterminedError or MalformedError.
    """
    address = chart.root["chart"].word.partition("@")[0].rstrip("/")
    return _VERSION.sub("", address.rpartition("/")[2][:LONGEST])
