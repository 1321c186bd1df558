"""Velero's chart, and what it may do in the cluster. Where it writes, and when, is `manifests.object_copies`."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from blueprint.operators.velero import Velero
from manifests.credentials import RBAC, RBAC_GROUP
from manifests.manifest import Manifest, manifest
from manifests.operators.fragments import runtime_default
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources

USER: Final = 65_532
"""Nobody of the node's. The image's own user is a name, which the kubelet cannot tell from root; the plugin's is this
number (its Dockerfile), and by the group the pods may read the token of their role."""


# vmware-tanzu/helm-charts velero-12.1.0, charts/velero/values.yaml. Its definitions are in the chart's `crds/` folder,
# and the engine brings them up to date: the chart's own way is a hook (`upgradeCRDs`), and hooks do not run. Place and
# schedule are objects of ours, so that they are judged and shown like all others. By itself it would be cluster-admin.
# With a read-only root it gets an emptyDir for /tmp.
def _values(velero: Velero) -> dict[str, Any]:
    plugin = velero.plugin_image
    return {
        "backupsEnabled": False,
        "cleanUpCRDs": False,
        "containerSecurityContext": deepcopy(RESTRICTED),
        "credentials": {"useSecret": False},
        "deployNodeAgent": False,
        "image": {"repository": velero.image.repository, "tag": velero.image.tag},
        "initContainers": [
            {
                "name": "velero-plugin-for-aws",
                "image": f"{plugin.repository}:{plugin.tag}",
                "imagePullPolicy": "IfNotPresent",
                "resources": resources(velero.plugin),
                "securityContext": deepcopy(RESTRICTED),
                "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
            }
        ],
        "podSecurityContext": {
            "fsGroup": USER,
            "runAsGroup": USER,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "seccompProfile": runtime_default(),
        },
        "rbac": {"clusterAdministrator": False},
        "resources": resources(velero.server),
        "serviceAccount": {
            "server": {"annotations": {"eks.amazonaws.com/role-arn": velero.role}, "name": velero.account}
        },
        "snapshotsEnabled": False,
        "upgradeCRDs": False,
    }


_BY_NAME: Final = {
    "": ("persistentvolumeclaims", "persistentvolumes", "pods"),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles"),
    "scheduling.k8s.io": ("priorityclasses",),
}
"""Group → what Velero asks for by name while it copies: the definition of a kind, and what belongs to an object
(v1.18.1, pkg/backup/backup.go, pkg/util/actionhelpers, pkg/itemblock/actions)."""


def _beside(velero: Velero) -> Iterator[Manifest]:
    """It lists everything, because which kinds there are is known to the cluster alone, and a kind it may not list
    fails the copy. That it takes no Secrets is in what it is told: rights name what is allowed, never what is not. By
    name it gets little, for `get` on everything would be a shell in every pod (`pods/exec`). To bring something back
    it needs more, which a person gives and takes away (docs/runbooks/restore-the-clusters-objects.md)."""
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]}]
    rules += [{"apiGroups": [group], "resources": list(of), "verbs": ["get"]} for group, of in _BY_NAME.items()]
    yield manifest(RBAC, "ClusterRole", velero.rights, None, rules=rules)
    yield manifest(
        RBAC,
        "ClusterRoleBinding",
        velero.rights,
        None,
        roleRef={"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": velero.rights},
        subjects=[{"kind": "ServiceAccount", "name": velero.account, "namespace": velero.namespace}],
    )


SPELLING: Final = Spelling(values=_values, beside=_beside)
