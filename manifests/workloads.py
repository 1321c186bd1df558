"""The pods of a service and everything beside them: account, configuration, addresses, disruption.

The workload object itself is spelled per way of delivery in `manifests.delivery`.
"""

from collections.abc import Iterator, Mapping

from blueprint import names, sizes
from blueprint.catalogue.mounting import TEMPORARY
from blueprint.delivery import BlueGreen, Canary, Delivery
from blueprint.names import selector
from blueprint.workloads import Container, Workload
from manifests import trust, volumes
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security, proxied, pull_policy, variable
from manifests.probes import spelled
from manifests.resources import resources
from manifests.spread import HOST, ZONE, over


def labels(workload: Workload) -> Mapping[str, str]:
    """On the objects of `workload`; never on a selector."""
    return {**selector(workload.service), f"{names.PREFIX}/owner": workload.owner}


def beside(workload: Workload, delivery: Delivery) -> Iterator[Manifest]:
    """Everything but the workload object, in the order it is needed."""
    yield manifest(
        "v1",
        "ServiceAccount",
        workload.account,
        workload.namespace,
        labels=labels(workload),
        automountServiceAccountToken=False,
    )
    for container in workload.every_container:
        if container.config:
            data = dict(sorted(container.variables.items()))
            yield manifest("v1", "ConfigMap", container.config, workload.namespace, labels=labels(workload), data=data)
        if container.files_config:
            data = dict(zip(_keys(container), container.files.values(), strict=True))
            yield manifest(
                "v1", "ConfigMap", container.files_config, workload.namespace, labels=labels(workload), data=data
            )
    for name in addresses(workload, delivery):
        yield _service(workload, name)
    if workload.disruptible:
        yield _disruption_budget(workload)


def addresses(workload: Workload, delivery: Delivery) -> tuple[str, ...]:
    """The Services of `workload`: its own name, and those its delivery steers."""
    if not workload.ports:
        return ()
    steered: tuple[str, ...] = ()
    if isinstance(delivery, Canary):
        steered = (delivery.stable, delivery.canary)
    if isinstance(delivery, BlueGreen):
        steered = (delivery.active, delivery.preview)
    return tuple(sorted({workload.service, *steered}))


def _service(workload: Workload, name: str) -> Manifest:
    ports = [
        {"name": port.name, "port": port.number, "targetPort": port.target, "appProtocol": port.protocol}
        for port in workload.ports
    ]
    annotations: dict[str, str] = {}
    if workload.public and name == workload.service:
        annotations = {
            # One address, not the pods': Kong would otherwise go around the mesh, and be refused by STRICT.
            "ingress.kubernetes.io/service-upstream": "true",
            "konghq.com/connect-timeout": "2000",
            # Between two reads, not for the whole answer: of a stream it is the silence that is borne.
            "konghq.com/read-timeout": str(
                round(max(workload.read_timeout_seconds, workload.stream_idle_seconds or 0) * 1000)
            ),
            **_write_timeout(workload),
            # The mesh retries what is idempotent; Kong's default of five tries would multiply with it.
            "konghq.com/retries": "0",
        }
    spec = {"type": "ClusterIP", "selector": dict(selector(workload.service)), "ports": ports}
    return manifest(
        "v1", "Service", name, workload.namespace, labels=labels(workload), annotations=annotations, spec=spec
    )


def _write_timeout(workload: Workload) -> Mapping[str, str]:
    """For a WebSocket, whose client may be silent as long as the service; else Kong's own 60 s."""
    idle = workload.stream_idle_seconds
    return {"konghq.com/write-timeout": str(idle * 1000)} if idle else {}


def _disruption_budget(workload: Workload) -> Manifest:
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": dict(selector(workload.service))},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return manifest(
        "policy/v1", "PodDisruptionBudget", workload.service, workload.namespace, labels=labels(workload), spec=spec
    )


def template(workload: Workload, *, hash_label: str | None, restart: str = "Always") -> Manifest:
    """The pod template. `hash_label` is the label by which the controller tells versions apart."""
    annotations = {
        f"{names.PREFIX}/config-checksum": workload.checksum,
        **_metrics(workload),
        **proxied(workload.proxy),
    }
    marks = {**labels(workload), "app.kubernetes.io/version": workload.version, **names.MANAGED}
    spec: Manifest = {
        "serviceAccountName": workload.account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # In the template and not in the ServiceAccount, from which only pods made later would get them.
        **given(imagePullSecrets=[{"name": name} for name in workload.pull_secrets]),
        "priorityClassName": names.priority(workload.tier),
        "restartPolicy": restart,
        "terminationGracePeriodSeconds": workload.grace_seconds,
        "securityContext": {
            **pod_security(workload.user, workload.group),
            **volumes.given_to_the_group(workload),
        },
        **given(
            initContainers=[_container(workload, container, starts=True) for container in workload.init_containers]
        ),
        "containers": [_container(workload, container, starts=False) for container in workload.containers],
        "volumes": [
            *({"name": volume, "emptyDir": {"sizeLimit": f"{size}Mi"}} for volume, _, size in _folders(workload)),
            *(
                {"name": _files(container), "configMap": {"name": container.files_config}}
                for container in workload.every_container
                if container.files_config
            ),
            *trust.volumes(workload.trusts),
            *volumes.in_the_pod(workload),
        ],
        **given(topologySpreadConstraints=_spread(workload, hash_label) if hash_label else None),
    }
    return {
        "metadata": {"labels": dict(sorted(marks.items())), "annotations": dict(sorted(annotations.items()))},
        "spec": spec,
    }


def _folders(workload: Workload) -> Iterator[tuple[str, str, int]]:
    """The pod's writable folders: name of the volume, path, size in MiB. The first is in every container."""
    yield "tmp", TEMPORARY, sizes.TEMPORARY_MIB
    every = [container.scratch for container in workload.every_container]
    for index, path in enumerate(sorted({path for scratch in every for path in scratch})):
        yield f"scratch-{index}", path, max(scratch.get(path, 0) for scratch in every)


def _files(container: Container) -> str:
    """The volume of its files."""
    return names.fit(f"files-{container.name}")


def _keys(container: Container) -> list[str]:
    """The keys of its files in their ConfigMap: a path is none."""
    return [f"file-{index}" for index in range(len(container.files))]


def _metrics(workload: Workload) -> Mapping[str, str]:
    """Where the proxy finds the service's metrics, to merge them with its own on 15020."""
    if workload.metrics is None:
        return {}
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(workload.metrics.port),
        "prometheus.io/path": workload.metrics.path,
    }


def _spread(workload: Workload, hash_label: str) -> list[Manifest]:
    """Over zones, then over nodes; each version by itself, or an update would see the old pods as its own."""
    pods, version = selector(workload.service), {"matchLabelKeys": [hash_label]}
    return [
        {**over(ZONE, pods, strictly=False), **version},
        {**over(HOST, pods, strictly=workload.spread_strictly), **version},
    ]


def _container(workload: Workload, container: Container, *, starts: bool) -> Manifest:
    main = container.name == "main"
    ports = (
        [{"name": port.name, "containerPort": port.target, "protocol": "TCP"} for port in workload.ports]
        if main
        else []
    )
    asked = container.probes
    return {
        "name": container.name,
        "image": container.image,
        "imagePullPolicy": pull_policy(container.image),
        **given(
            command=list(container.command or ()),
            args=list(container.args or ()),
            ports=ports,
            envFrom=[{"configMapRef": {"name": container.config}}] if container.config else None,
            env=[variable(each) for each in container.environment],
        ),
        "resources": resources(container.amounts),
        **given(
            livenessProbe=spelled(asked.liveness),
            readinessProbe=spelled(asked.readiness),
            startupProbe=spelled(asked.startup),
            lifecycle=None if starts else {"preStop": {"sleep": {"seconds": sizes.DRAIN_SECONDS}}},
        ),
        "securityContext": RESTRICTED,
        "volumeMounts": [
            *(
                {"name": volume, "mountPath": path}
                for volume, path, _ in _folders(workload)
                if path == TEMPORARY or path in container.scratch
            ),
            *(
                {"name": _files(container), "mountPath": path, "subPath": key, "readOnly": True}
                for path, key in zip(container.files, _keys(container), strict=True)
            ),
            *trust.mounts(workload.trusts),
            *volumes.mounts(workload, container.name),
        ],
    }
