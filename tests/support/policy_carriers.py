"""One pod spec in everything that can carry one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Manifest = dict[str, Any]


def _templated(api_version: str, kind: str, **beside: Any) -> Callable[[Manifest], Manifest]:
    def carry(pod: Manifest) -> Manifest:
        template = _template(pod)
        return _wrapped(api_version, kind, pod, {**beside, "template": template})

    return carry


def _cron(pod: Manifest) -> Manifest:
    template = _template(pod)
    return _wrapped("batch/v1", "CronJob", pod, {"jobTemplate": {"spec": {"template": template}}})


def _custom(pod: Manifest) -> Manifest:
    # Nobody has heard of this kind, and the pod lies where no other kind has it.
    templates = [{"name": "first", "podTemplate": {"metadata": _marks(pod), "spec": pod["spec"]}}]
    return _wrapped("acme.example.com/v1", "Thing", pod, {"groups": {"left": templates}})


def _lists_in_lists(pod: Manifest) -> Manifest:
    return _wrapped("acme.example.com/v1", "Thing", pod, {"groups": [[_template(pod)]]})


def _by_name(pod: Manifest) -> Manifest:
    return {**_wrapped("acme.example.com/v1", "Things", pod, {}), "items": {"a": _template(pod)}}


def _manifest(pod: Manifest) -> Manifest:
    inner = _wrapped("apps/v1", "Deployment", pod, {"template": _template(pod)})
    return _wrapped("kubernetes.crossplane.io/v1alpha2", "Object", pod, {"forProvider": {"manifest": inner}})


def _keda(pod: Manifest) -> Manifest:
    return _wrapped("keda.sh/v1alpha1", "ScaledJob", pod, {"jobTargetRef": {"template": _template(pod)}})


def _template(pod: Manifest) -> Manifest:
    return {"metadata": _marks(pod), "spec": pod["spec"]}


def _listed(pod: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "List", "items": [pod]}


def _pod_list(pod: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": pod["metadata"], "spec": pod["spec"]}]}


def _marks(pod: Manifest) -> Manifest:
    return {key: pod["metadata"][key] for key in ("labels", "annotations") if key in pod["metadata"]}


def _wrapped(api_version: str, kind: str, pod: Manifest, spec: Manifest) -> Manifest:
    metadata = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


CARRIERS: Final[Mapping[str, tuple[Callable[[Manifest], Manifest], str]]] = {
    "Pod": (lambda pod: pod, ""),
    "Deployment": (_templated("apps/v1", "Deployment"), "spec.template."),
    "StatefulSet": (_templated("apps/v1", "StatefulSet"), "spec.template."),
    "DaemonSet": (_templated("apps/v1", "DaemonSet"), "spec.template."),
    "ReplicaSet": (_templated("apps/v1", "ReplicaSet"), "spec.template."),
    "ReplicationController": (_templated("v1", "ReplicationController"), "spec.template."),
    "Job": (_templated("batch/v1", "Job"), "spec.template."),
    "CronJob": (_cron, "spec.jobTemplate.spec.template."),
    "Rollout": (_templated("argoproj.io/v1alpha1", "Rollout"), "spec.template."),
    "a List": (_listed, "items[0]."),
    "a PodList": (_pod_list, "items[0]."),
    "a Knative Service": (_templated("serving.knative.dev/v1", "Service"), "spec.template."),
    "a ScaledJob": (_keda, "spec.jobTargetRef.template."),
    "a manifest in a manifest": (_manifest, "spec.forProvider.manifest.spec.template."),
    "lists in lists": (_lists_in_lists, "spec.groups[0][0]."),
    "items by name": (_by_name, "items.a."),
    "a kind of a group like Kubernetes' own": (_templated("agents.x-k8s.io/v1", "Sandbox"), "spec.template."),
    "an unknown custom resource": (_custom, "spec.groups.left[0].podTemplate."),
}
"""What carries it to how, and the path before `spec` and `metadata` of the pod."""
