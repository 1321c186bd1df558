"""What no pod of a service may be, however it is brought in."""

from collections.abc import Mapping, Sequence
from typing import Final

from blueprint import names
from manifests.admission.spelling import Check, Spelling, optional

_POD_SPEC: Final = (
    "object.kind == 'Pod' ? object.spec"
    " : object.kind == 'CronJob' ? object.spec.jobTemplate.spec.template.spec"
    " : has(object.spec.template) ? object.spec.template.spec : {'containers': []}"
)


VOLUMES: Final = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"),
    "secret",
)
"""Sources Pod Security *restricted* lets a volume have."""

REDIRECTED: Final[Mapping[str, Sequence[str]]] = {
    "ambient.istio.io/bypass-inbound-capture": ("false",),
    "sidecar.istio.io/interceptionMode": ("REDIRECT", "TPROXY"),
    "traffic.sidecar.istio.io/excludeInboundPorts": ("", "15020"),
    "traffic.sidecar.istio.io/excludeInterfaces": ("",),
    "traffic.sidecar.istio.io/excludeOutboundIPRanges": ("",),
    "traffic.sidecar.istio.io/excludeOutboundPorts": ("",),
    "traffic.sidecar.istio.io/includeInboundPorts": ("*",),
    "traffic.sidecar.istio.io/includeOutboundIPRanges": ("*",),
}
"""Annotation to the values that leave nothing out. Where Istio's CNI is installed the injector writes some into every
Pod before a policy sees it, among them the port its agent answers on (istio/istio, files/injection-template.yaml)."""


def _every(test: str) -> str:
    return f"variables.containers.all(c, {test})"


def _security(*path: str, otherwise: str) -> str:
    return optional("c", "securityContext", *path, otherwise=otherwise)


def _pod_security(*path: str, otherwise: str) -> str:
    return optional("variables.spec", "securityContext", *path, otherwise=otherwise)


PODS: Final = Spelling(
    resources=(
        ("", "v1", ("pods", "pods/ephemeralcontainers", "replicationcontrollers")),
        ("apps", "v1", ("daemonsets", "deployments", "replicasets", "statefulsets")),
        ("argoproj.io", "v1alpha1", ("rollouts",)),
        ("batch", "v1", ("cronjobs", "jobs")),
    ),
    variables={
        "spec": _POD_SPEC,
        "containers": " + ".join(
            optional("variables.spec", field, otherwise="[]")
            for field in ("containers", "initContainers", "ephemeralContainers")
        ),
        "meta": "object.kind == 'Pod' ? object.metadata"
        " : object.kind == 'CronJob' ? "
        + optional("object.spec.jobTemplate.spec.template", "metadata", otherwise="{}")
        + " : "
        + optional("object.spec", "template", "metadata", otherwise="{}"),
        "marks": "has(variables.meta.annotations) ? variables.meta.annotations : {}",
        "labels": "has(variables.meta.labels) ? variables.meta.labels : {}",
        # Where operators make pods of their own.
        "stores": f"has(namespaceObject.metadata.labels) && '{names.STORES_LABEL}' in namespaceObject.metadata.labels",
    },
    checks=(
        Check(
            "wl-host-namespaces",
            " && ".join(
                f"!{optional('variables.spec', field, otherwise='false')}"
                for field in ("hostNetwork", "hostPID", "hostIPC")
            ),
            "a pod in a namespace of the node. Remove hostNetwork, hostPID and hostIPC",
        ),
        Check(
            "wl-privileged",
            _every(f"!{_security('privileged', otherwise='false')}"),
            "a privileged container. Remove securityContext.privileged",
        ),
        Check(
            "wl-privilege-escalation",
            _every(f"!{_security('allowPrivilegeEscalation', otherwise='true')}"),
            "a container that may become root again. Set allowPrivilegeEscalation to false",
        ),
        Check(
            "wl-capabilities",
            _every(
                f"'ALL' in {_security('capabilities', 'drop', otherwise='[]')}"
                f" && {_security('capabilities', 'add', otherwise='[]')}.all(a, a == 'NET_BIND_SERVICE')"
            ),
            'a container with capabilities. Set capabilities.drop to ["ALL"]',
        ),
        Check(
            "wl-run-as-non-root",
            f"{_pod_security('runAsNonRoot', otherwise='true')} && "
            + _every(_security("runAsNonRoot", otherwise=_pod_security("runAsNonRoot", otherwise="false"))),
            "a container that may run as root. Set runAsNonRoot to true",
        ),
        Check(
            "wl-seccomp",
            f"{_pod_security('seccompProfile', 'type', otherwise=repr('Localhost'))} in ['Localhost', 'RuntimeDefault']"
            " && "
            + _every(
                "["
                + _security("seccompProfile", "type", otherwise=_pod_security("seccompProfile", "type", otherwise="''"))
                + "].all(t, t == 'RuntimeDefault' || t == 'Localhost')"
            ),
            "a container without a seccomp profile. Set seccompProfile.type to RuntimeDefault",
        ),
        Check(
            "wl-read-only-root-fs",
            # Percona's entry points write their certificate to /tmp, and its operator puts no volume there (v1.22.0).
            "variables.stores && 'app.kubernetes.io/name' in variables.labels"
            " && variables.labels['app.kubernetes.io/name'] == 'percona-server-mongodb' || "
            + _every(_security("readOnlyRootFilesystem", otherwise="false")),
            "a container that may write into its image. Set readOnlyRootFilesystem to true",
        ),
        Check(
            "wl-volume-types",
            f"{optional('variables.spec', 'volumes', otherwise='[]')}.all(v, "
            + " || ".join(f"has(v.{source})" for source in VOLUMES)
            + ")",
            "a volume that is the node's or somebody's disk. Use a persistentVolumeClaim or an emptyDir",
        ),
        Check(
            "wl-host-ports",
            _every("(has(c.ports) ? c.ports : []).all(p, !has(p.hostPort) || p.hostPort == 0)"),
            "a port of the node. Remove hostPort and use a Service",
        ),
        Check(
            "res-limits",
            # A debugging container cannot have resources: the API refuses them.
            f"({optional('variables.spec', 'containers', otherwise='[]')}"
            f" + {optional('variables.spec', 'initContainers', otherwise='[]')})"
            ".all(c, has(c.resources) && has(c.resources.limits)"
            " && 'cpu' in c.resources.limits && 'memory' in c.resources.limits)",
            "a container without limits. Set resources.limits.cpu and .memory",
        ),
        Check(
            "sa-dedicated",
            f"!({optional('variables.spec', 'serviceAccountName', otherwise=repr(''))} in ['', 'default'])"
            " || variables.containers.size() == 0",
            "a pod under the namespace's default account. Set serviceAccountName to its own",
        ),
        Check(
            "mesh-injection-not-disabled",
            # Stores are no part of the mesh, and their operators' jobs would never end with a proxy.
            "variables.stores || [variables.labels, variables.marks].all(m, !('sidecar.istio.io/inject' in m)"
            " || m['sidecar.istio.io/inject'].lowerAscii() in ['', 'on', 'true', 'y', 'yes'])"
            " && !('istio.io/dataplane-mode' in variables.labels"
            " && variables.labels['istio.io/dataplane-mode'] == 'none')",
            "a pod that keeps out of the mesh. Remove sidecar.istio.io/inject and istio.io/dataplane-mode",
        ),
        Check(
            "mesh-traffic-exclusions",
            " && ".join(
                f"(!('{mark}' in variables.marks) || variables.marks['{mark}'] in {list(values)})"
                for mark, values in REDIRECTED.items()
            ),
            "a pod whose traffic goes past its proxy. Remove the annotation that leaves it out",
        ),
    ),
)
