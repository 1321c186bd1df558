"""What the embedded control plane does to objects: the real parts refuse, the simulated parts make ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blueprint import design
from manifests import everything
from operations.embedded import KINDS, Kind
from operations.embedded.nodes import ZONES
from tests.support.engine_fixtures import ControlPlane, eventually
from tests.support.stacks import catalogue, settings

pytestmark = pytest.mark.engine

Manifest = dict[str, Any]
LABELS = {"app": "sample"}

SPECS: dict[str, Manifest] = {
    # The least each strict schema takes; whatever follows apiVersion, kind and metadata.
    "Certificate": {"spec": {"secretName": "sample", "dnsNames": ["a.test"], "issuerRef": {"name": "sample"}}},
    "ClusterIssuer": {"spec": {"selfSigned": {}}},
    "ClickHouseInstallation": {
        "spec": {"configuration": {"clusters": [{"name": "store", "layout": {"replicasCount": 1}}]}}
    },
    "ClickHouseKeeperInstallation": {
        "spec": {"configuration": {"clusters": [{"name": "keeper", "layout": {"replicasCount": 3}}]}}
    },
    "Gateway": {
        "spec": {"gatewayClassName": "sample", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
    },
    "Cluster": {"spec": {"instances": 1}},
    "Database": {"spec": {"cluster": {"name": "sample"}, "name": "sample", "owner": "sample"}},
    "Elasticsearch": {"spec": {"version": "9.5.2", "nodeSets": [{"name": "leaders", "count": 1}]}},
    "MariaDB": {"spec": {"replicas": 1}},
    "OpenSearchCluster": {"spec": {"general": {"version": "3.8.0"}, "nodePools": [{"replicas": 3}]}},
    "PerconaServerMongoDB": {"spec": {"image": "registry.test/mongo:8", "replsets": [{"name": "rs0", "size": 1}]}},
    "Pooler": {"spec": {"cluster": {"name": "sample"}, "pgbouncer": {"poolMode": "session"}}},
    "RedisReplication": {"spec": {"clusterSize": 1, "kubernetesConfig": {"image": "registry.test/redis:9"}}},
    "SecretStore": {"spec": {"provider": {"fake": {"data": [{"key": "a", "value": "b"}]}}}},
    "GatewayClass": {"spec": {"controllerName": "konghq.com/kic-gateway-controller"}},
    "HTTPRoute": {"spec": {"parentRefs": [{"name": "one"}, {"name": "two"}]}},
    "Issuer": {"spec": {"selfSigned": {}}},
    "KongClusterPlugin": {"plugin": "correlation-id"},
    "KongConsumer": {"username": "sample"},
    "KongPlugin": {"plugin": "correlation-id"},
    "Rollout": {
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "main", "image": "registry.test/sample:1"}]},
            },
        }
    },
}
READY_KINDS = tuple(kind for kind in KINDS if kind.readiness is not None)


def sample(kind: Kind, namespace: str, name: str = "sample") -> Manifest:
    place = {"namespace": namespace} if kind.scope == "Namespaced" else {}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, **place},
        **SPECS.get(kind.kind, {"spec": {}}),
    }


def pod(namespace: str, name: str, **spec: Any) -> Manifest:
    containers = [{"name": "main", "image": "registry.test/sample:1"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": LABELS},
        "spec": {"containers": containers, **spec},
    }


def deployment(namespace: str, name: str, *, replicas: int, **spec: Any) -> Manifest:
    template = pod(namespace, name, **spec)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": template["spec"]},
        },
    }


def says_ready(status: Manifest) -> bool:
    """Ready in any of the ways the platform waits for."""
    lists = [status.get("conditions") or [], *(parent["conditions"] for parent in status.get("parents") or [])]
    conditions = [condition for group in lists for condition in group]
    if (
        status.get("applied") is True
        or status.get("initialized") is True
        or status.get("phase") in ("active", "Ready")
        or status.get("masterNode")
    ):
        return True
    if status.get("state") in ("ready", "CREATED") or status.get("status") == "Completed":
        return True
    return bool(conditions) and all(condition["status"] == "True" for condition in conditions)


def test_every_kind_of_the_table_is_served(control_plane: ControlPlane) -> None:
    known = {item["metadata"]["name"] for item in control_plane.get("customresourcedefinitions")["items"]}
    missing = {kind.definition_name for kind in KINDS} - known
    assert not missing, f"the program cannot deploy objects of {sorted(missing)}"


def test_every_kind_without_readiness_is_accepted(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("accepted")
    control_plane.apply(*(sample(kind, namespace) for kind in KINDS if kind.readiness is None))


def test_every_kind_with_readiness_is_unready_at_first_and_then_ready_and_left_alone(
    control_plane: ControlPlane,
) -> None:
    namespace = control_plane.namespace("ready")
    control_plane.apply(*(sample(kind, namespace) for kind in READY_KINDS))
    resources = [f"{kind.plural}.{kind.version}.{kind.group}/sample" for kind in READY_KINDS]

    def objects() -> list[Manifest]:
        found: list[Manifest] = control_plane.get(*resources, "--namespace", namespace)["items"]
        return found

    assert not all(says_ready(each.get("status") or {}) for each in objects()), "waiting is not exercised at all"
    eventually("every sample is ready", lambda: all(says_ready(each.get("status") or {}) for each in objects()))
    rollout = next(each for each in objects() if each["kind"] == "Rollout")
    assert rollout["status"]["phase"] == "Healthy", "waitFor on the phase would hang"
    assert rollout["status"]["observedGeneration"] == "1", "Argo writes the generation as a string"
    before = {each["kind"]: each["metadata"]["resourceVersion"] for each in objects()}
    control_plane.kubectl("wait", "--for=condition=Ready", "certificates/sample", "--namespace", namespace)
    eventually("the Rollout's pods run", lambda: len(running(control_plane, namespace)) == 2)
    after = {each["kind"]: each["metadata"]["resourceVersion"] for each in objects()}
    assert before == after, "a stage patches objects that are ready already, for ever"


def test_a_changed_object_becomes_ready_again_for_its_new_generation(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("again")
    issuer = next(kind for kind in KINDS if kind.kind == "Issuer")
    control_plane.apply(sample(issuer, namespace))
    changed = {**sample(issuer, namespace), "spec": {"selfSigned": {"crlDistributionPoints": ["http://a.test"]}}}
    control_plane.apply(changed)

    def observed() -> bool:
        found = control_plane.get("issuers/sample", "--namespace", namespace)
        conditions = (found.get("status") or {}).get("conditions") or []
        return [each["observedGeneration"] for each in conditions] == [found["metadata"]["generation"]] == [2]

    eventually("the issuer is ready for generation 2", observed)


def running(control_plane: ControlPlane, namespace: str) -> list[Manifest]:
    pods = control_plane.get("pods", "--namespace", namespace)["items"]
    return [each for each in pods if each["status"].get("phase") == "Running"]


def test_a_rollouts_pods_are_real_objects_and_go_with_it(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("rollout")
    rollout = next(kind for kind in KINDS if kind.kind == "Rollout")
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "sample", "namespace": namespace},
        "spec": {"selector": LABELS, "ports": [{"port": 80}]},
    }
    control_plane.apply(sample(rollout, namespace), service)
    eventually("both pods run", lambda: len(running(control_plane, namespace)) == 2)

    def addresses() -> int:
        slices = control_plane.get("endpointslices", "--namespace", namespace)["items"]
        return sum(len(each.get("endpoints") or []) for each in slices)

    eventually("the Service has both addresses", lambda: addresses() == 2)
    control_plane.kubectl("delete", "rollouts/sample", "--namespace", namespace)
    eventually("the pods are gone", lambda: not control_plane.get("pods", "--namespace", namespace)["items"])


def test_pods_are_scheduled_over_three_zones_and_run(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("zones")
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": LABELS},
    }
    control_plane.apply(deployment(namespace, "sample", replicas=6, topologySpreadConstraints=[spread]))
    control_plane.kubectl("rollout", "status", "deployment/sample", "--namespace", namespace, "--timeout=60s")
    zones = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in control_plane.get("nodes")["items"]
    }
    pods = running(control_plane, namespace)
    counts = [sum(zones[each["spec"]["nodeName"]] == zone for each in pods) for zone in ZONES]
    assert counts == [2, 2, 2], "the scheduler does not see the zones"
    assert len({each["status"]["podIP"] for each in pods}) == 6, "two pods share an address"


def test_nodes_have_addresses_of_their_own_and_pods_that_of_their_node(control_plane: ControlPlane) -> None:
    """As kubelets report them: network plug-ins find the pods of a node by it."""
    namespace = control_plane.namespace("addresses")
    control_plane.apply(deployment(namespace, "sample", replicas=3))
    control_plane.kubectl("rollout", "status", "deployment/sample", "--namespace", namespace, "--timeout=60s")
    addresses = {
        node["metadata"]["name"]: each["address"]
        for node in control_plane.get("nodes")["items"]
        for each in node["status"]["addresses"]
        if each["type"] == "InternalIP"
    }
    assert len(set(addresses.values())) == len(ZONES), f"nodes share an address, or have none: {addresses}"
    for each in running(control_plane, namespace):
        status, own = each["status"], addresses[each["spec"]["nodeName"]]
        assert (status["hostIP"], status["hostIPs"]) == (own, [{"ip": own}]), "a pod is on another node than it says"


def test_pod_security_refuses_what_the_restricted_profile_forbids(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("secured", **{"pod-security.kubernetes.io/enforce": "restricted"})
    refused = control_plane.apply(pod(namespace, "privileged", hostNetwork=True), check=False)
    assert refused.returncode != 0, "pod security is not enforced"
    assert 'violates PodSecurity "restricted' in refused.stderr, f"refused for another reason: {refused.stderr}"


def test_quota_refuses_what_exceeds_it(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("quota")
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "pods", "namespace": namespace},
        "spec": {"hard": {"pods": "1"}},
    }
    control_plane.apply(quota)
    eventually(
        "the quota is in force",
        lambda: "hard" in (control_plane.get("resourcequota/pods", "--namespace", namespace).get("status") or {}),
    )
    control_plane.apply(pod(namespace, "first"))
    refused = control_plane.apply(pod(namespace, "second"), check=False)
    assert refused.returncode != 0, "quota is not enforced"
    assert "exceeded quota: pods" in refused.stderr, f"refused for another reason: {refused.stderr}"


def test_roles_are_enforced(control_plane: ControlPlane) -> None:
    allowed = control_plane.kubectl(
        "auth", "can-i", "delete", "nodes", "--as=system:serviceaccount:default:default", check=False
    )
    assert allowed.stdout.strip() == "no", "authorisation lets everybody do everything"


def test_a_jobs_pods_end_and_the_job_completes(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("job")
    template = {"spec": {**pod(namespace, "unused")["spec"], "restartPolicy": "Never"}}
    control_plane.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "sample", "namespace": namespace},
            "spec": {"completions": 2, "template": template},
        }
    )
    control_plane.kubectl("wait", "--for=condition=Complete", "job/sample", "--namespace", namespace, "--timeout=60s")


def test_a_migration_is_admitted_within_quota_and_limits_and_ends(control_plane: ControlPlane, tmp_path: Path) -> None:
    more = "  resources: {db: {type: postgres, migrations: {image: 'registry.test/migrate:1', command: [migrate]}}}\n"
    made = list(everything(design(settings("dev"), catalogue(tmp_path, migrated=more))))
    kinds = ("Namespace", "LimitRange", "PriorityClass", "ResourceQuota", "ServiceAccount")
    for each in (*made, *(each for each in made if each["kind"] == "Job")):
        if each["kind"] in (*kinds, "Job") and each["metadata"].get("namespace", "migrated") == "migrated":
            control_plane.apply(each)
    (job,) = [each["metadata"]["name"] for each in made if each["kind"] == "Job"]
    of = ("--namespace", "migrated")
    control_plane.kubectl("wait", "--for=condition=Complete", f"job/{job}", *of, "--timeout=60s")
    eventually(
        "the pod that has ended leaves its place in the quota",
        lambda: control_plane.get("resourcequota/migrated", *of).get("status", {}).get("used", {}).get("pods") == "0",
    )


def test_a_load_balancer_gets_an_address_and_a_cluster_service_none(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("balanced")
    for name, kind in (("outer", "LoadBalancer"), ("inner", "ClusterIP")):
        control_plane.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"type": kind, "selector": LABELS, "ports": [{"port": 80}]},
            }
        )
    balancer = ("service/outer", "--namespace", namespace)
    eventually("an address", lambda: bool(control_plane.get(*balancer)["status"]["loadBalancer"].get("ingress")))
    (ingress,) = control_plane.get(*balancer)["status"]["loadBalancer"]["ingress"]
    assert ingress["ip"].startswith("192.0.2."), "the address is not one of TEST-NET-1"
    inner = control_plane.get("service/inner", "--namespace", namespace)
    assert inner["status"]["loadBalancer"] == {}, "a Service that is not exposed got an external address"


@pytest.mark.parametrize("storage_class", [None, "standard"])
def test_a_claim_is_bound_to_a_volume_that_goes_with_it(control_plane: ControlPlane, storage_class: str | None) -> None:
    namespace = control_plane.namespace(f"claim-{storage_class or 'default'}")
    control_plane.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "sample", "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "5Gi"}},
                **({"storageClassName": storage_class} if storage_class else {}),
            },
        }
    )
    claim = ("persistentvolumeclaim/sample", "--namespace", namespace)
    eventually("the claim is bound", lambda: control_plane.get(*claim)["status"].get("phase") == "Bound")
    found = control_plane.get(*claim)
    volume = found["spec"]["volumeName"]
    assert found["status"]["capacity"] == {"storage": "5Gi"}, "the volume has another size than was asked for"
    control_plane.kubectl("delete", *claim)
    eventually(
        "the volume is gone",
        lambda: volume not in {each["metadata"]["name"] for each in control_plane.get("persistentvolumes")["items"]},
    )


def test_a_namespace_can_be_deleted_with_everything_in_it(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace("leaving")
    control_plane.apply(deployment(namespace, "sample", replicas=2))
    control_plane.kubectl("rollout", "status", "deployment/sample", "--namespace", namespace, "--timeout=60s")
    control_plane.kubectl("delete", "namespace", namespace, "--timeout=60s")
