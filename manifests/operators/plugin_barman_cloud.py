"""The chart of CloudNativePG's plugin for copies. No ObjectStore is made here (`manifests.cloudnative_pg`)."""

from typing import Any, Final

from blueprint.operators.plugin_barman_cloud import PluginBarmanCloud
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# cloudnative-pg/charts plugin-barman-cloud-v0.7.0, charts/plugin-barman-cloud/values.yaml. One pod: it knows no other
# way of being replaced than Recreate. Its certificates come from an issuer of its own, by cert-manager.
def _values(plugin: PluginBarmanCloud) -> dict[str, Any]:
    return {
        "certificate": {"createClientCertificate": True, "createIssuer": True, "createServerCertificate": True},
        "crds": {"create": True},
        "resources": resources(plugin.controller),
    }


SPELLING: Final = Spelling(values=_values)
