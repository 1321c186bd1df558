"""The stages of Kubernetes' own kinds: what kubelets, a cloud and a storage driver would do.

Nodes are healthy, scheduled pods run (and end, when a Job owns them), load balancers get an address, volumes appear.
Everything between, from ReplicaSets and endpoints to binding and quota, is done by the real controllers.
"""

from __future__ import annotations

import json

from operations.embedded.nodes import ADDRESSES, CAPACITY, PROVISIONER, STORAGE_CLASS
from operations.embedded.stage import ALIVE, Jq, Stage, stage, status


def core_stages() -> tuple[Stage, ...]:
    """For nodes, pods, services, claims and volumes."""
    return (
        _node_healthy(),
        _node_heartbeat(),
        _pod_running(),
        _pod_complete(),
        _pod_gone(),
        _load_balancer(),
        _volume_provisioned(),
        _volume_gone(),
    )


_ADDRESSES = " ".join(f'"{name}" "{address}"' for name, address in ADDRESSES.items())
_NODE_STATUS = (
    f"""
allocatable: {json.dumps(CAPACITY)}
capacity: {json.dumps(CAPACITY)}
nodeInfo: {{architecture: amd64, operatingSystem: linux, kubeletVersion: simulated, containerRuntimeVersion: simulated,
  bootID: "", kernelVersion: "", kubeProxyVersion: "", machineID: "", osImage: "", systemUUID: ""}}
"""
    + """
conditions:
{{ range NodeConditions }}
- type: {{ .type }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ $.metadata.creationTimestamp | Quote }}
{{ end }}
addresses:
- type: Hostname
  address: {{ .metadata.name }}
"""
    + f"""
- type: InternalIP
  address: {{{{ get (dict {_ADDRESSES}) .metadata.name }}}}
"""
)
_NODE_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'


def _node_healthy() -> Stage:
    unready = Jq(key=_NODE_READY, operator="NotIn", values=("True",))
    return stage("node-healthy", "v1", "Node", when=[unready], steps=[status(_NODE_STATUS)])


def _node_heartbeat() -> Stage:
    # Well below the 50 s after which the node controller takes a silent node for lost.
    return stage(
        "node-heartbeat",
        "v1",
        "Node",
        when=[Jq(key=_NODE_READY, operator="In", values=("True",))],
        steps=[status(_NODE_STATUS)],
        delay_milliseconds=15_000,
        jitter_milliseconds=20_000,
    )


_POD_STATUS = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
{{ range list "PodReadyToStartContainers" "Initialized" "ContainersReady" "Ready" }}
- type: {{ . }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
{{ if eq (default "" .restartPolicy) "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
{{ end }}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
hostIPs:
- ip: {{ NodeIPWith .spec.nodeName | Quote }}
{{ $on_host := default false .spec.hostNetwork }}
{{ with PodIPsWith .spec.nodeName $on_host .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ first . | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
"""


_POD_ALIVE = Jq(key=".metadata.deletionTimestamp", operator="DoesNotExist")
_POD_LEAVING = Jq(key=".metadata.deletionTimestamp", operator="Exists")


def _pod_in(phase: str) -> Jq:
    return Jq(key=".status.phase", operator="In", values=(phase,))


def _pod_running() -> Stage:
    return stage("pod-running", "v1", "Pod", when=[_POD_ALIVE, _pod_in("Pending")], steps=[status(_POD_STATUS)])


_POD_ENDED = """
{{ $now := Now }}
phase: Succeeded
conditions:
{{ range list "ContainersReady" "Ready" }}
- type: {{ . }}
  status: "False"
  reason: PodCompleted
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
"""


def _pod_complete() -> Stage:
    return stage(
        "pod-complete",
        "v1",
        "Pod",
        when=[
            _POD_ALIVE,
            _pod_in("Running"),
            Jq(key=".metadata.ownerReferences.[].kind", operator="In", values=("Job",)),
        ],
        steps=[status(_POD_ENDED)],
    )


def _pod_gone() -> Stage:
    # The kubelet's part of a deletion; without it a pod would stay Terminating for ever.
    return stage("pod-gone", "v1", "Pod", when=[_POD_LEAVING], steps=[{"delete": True}])


def _load_balancer() -> Stage:
    # 192.0.2.0/24 (TEST-NET-1, RFC 5737) leads nowhere; the last number is the cluster address's, so mostly unique.
    return stage(
        "load-balancer-address",
        "v1",
        "Service",
        when=[
            ALIVE,
            "self.spec.type == 'LoadBalancer'",
            "!has(self.status.loadBalancer.ingress) || size(self.status.loadBalancer.ingress) == 0",
        ],
        steps=[status('loadBalancer: {ingress: [{ip: 192.0.2.{{ splitList "." .spec.clusterIP | last }}}]}\n')],
    )


_VOLUME = f"""
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{{{ .metadata.uid }}}}
  annotations: {{pv.kubernetes.io/provisioned-by: {PROVISIONER}}}
spec:
  accessModes: {{{{ toJson .spec.accessModes }}}}
  capacity: {{{{ toJson .spec.resources.requests }}}}
  volumeMode: {{{{ default "Filesystem" .spec.volumeMode }}}}
  storageClassName: {{{{ .spec.storageClassName }}}}
  persistentVolumeReclaimPolicy: Delete
  csi: {{driver: {PROVISIONER}, volumeHandle: {{{{ .metadata.uid }}}}}}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    namespace: {{{{ .metadata.namespace }}}}
    name: {{{{ .metadata.name }}}}
    uid: {{{{ .metadata.uid }}}}
"""


def _volume_provisioned() -> Stage:
    """Only the provisioner's part: the real controller binds the claim to the volume."""
    return stage(
        "volume-provisioned",
        "v1",
        "PersistentVolumeClaim",
        when=[
            ALIVE,
            "has(self.spec.storageClassName)",
            f"self.spec.storageClassName == '{STORAGE_CLASS}'",
            "!has(self.spec.volumeName)",
        ],
        steps=[{"apply": {"template": _VOLUME}}],
    )


def _volume_gone() -> Stage:
    return stage(
        "volume-gone",
        "v1",
        "PersistentVolume",
        when=[
            ALIVE,
            "has(self.spec.storageClassName)",
            f"self.spec.storageClassName == '{STORAGE_CLASS}'",
            "self.status.phase == 'Released'",
        ],
        steps=[{"delete": True}],
    )
