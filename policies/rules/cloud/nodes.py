"""Nodes: no credentials for pods, no addresses of their own, disks nobody reads."""

from collections.abc import Callable, Iterator
from typing import Final

from policies.cloud.wants import Asked, Want, among, is_given, never, on, spelled, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Selector, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.cloud.group import CLOUD, PROGRAM

NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
SUBNET: Final = "aws:ec2/subnet:Subnet"


def _has_metadata(root: View) -> bool:
    return root.at("metadataOptions", "httpEndpoint").text != "disabled"


_METADATA: Final = (
    among("metadataOptions.httpTokens", "required", default="optional", only=_has_metadata),
    Want(
        path="metadataOptions.httpPutResponseHopLimit",
        accepts=lambda at, _, __: at.number == 1,
        wanted="1, so that a pod is one hop too far",
        default=1,
        only=_has_metadata,
    ),
)
_IMDS: Final = wanted({TEMPLATE: _METADATA})
_TEMPLATED: Final = wanted(
    {
        NODE_GROUP: (
            Want(
                path="launchTemplate",
                accepts=lambda at, _, __: is_given(at["id"]) or is_given(at["name"]),
                wanted="",
                says="is not set, so its nodes take EKS' own, whose metadata pods may ask",
            ),
        )
    }
)


@CLOUD.stack(
    "eks-nodes-imdsv2",
    "M/M/M",
    CRITICAL,
    Selector[Asked | Object](
        lambda thing: (
            *_IMDS.subjects(thing),
            *_TEMPLATED.subjects(thing),
            *((thing,) if thing.sort == NODE_GROUP else ()),
        ),
        frozenset({NODE_GROUP, TEMPLATE}),
        "node groups, launch templates",
    ),
    why="A pod that may ask the node's metadata has the node's credentials, and so every other pod's.",
    cure="Use a launch template with httpTokens required and a hop limit of 1",
    where=PROGRAM,
    sources=("EKS best practices: restrict access to the instance profile", "CKV_AWS_79", "CKV_AWS_341"),
)
def nodes_imdsv2(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
        return
    template = subject.root["launchTemplate"]
    if isinstance(template["id"].value, str) and not world.of(TEMPLATE):
        yield Violation(template["id"], "is of no launch template of this stack, so nobody here has seen what it says")
    named = template["name"]
    known = [each.root["name"] for each in world.of(TEMPLATE)]
    # A template of this stack that has no name yet may be the one.
    unsure = any(not each.is_set or not each.is_known for each in known)
    if named.is_set and named.is_known and not unsure and named.word not in [each.word for each in known]:
        yield Violation(named, f"is {named.word}, which is no launch template of this stack")


def _blocks(view: View, _: Object, __: Facts) -> bool:
    """Whether every disk a template maps is encrypted, and there is one: the image's own is not, unless told."""
    disks = [each["ebs"] for each in view if each["ebs"].is_set]
    return bool(disks) and all(spelled(each["encrypted"]) == "true" for each in disks)


_PRIVATE: Final = wanted(
    {
        NODE_GROUP: (never("remoteAccess"),),
        TEMPLATE: (
            Want(
                path="networkInterfaces[].associatePublicIpAddress",
                accepts=lambda at, _, __: spelled(at) != "true",
                wanted="false",
            ),
            never("keyName"),
            Want(path="blockDeviceMappings", accepts=_blocks, wanted="", says="maps no disk, or one in the clear"),
        ),
        SUBNET: (among("mapPublicIpOnLaunch", "false", default="false"),),
    }
)


@CLOUD.stack(
    "eks-nodes-private",
    "M/M/M",
    HIGH,
    Selector[Asked | Object](
        lambda thing: (*_PRIVATE.subjects(thing), *((thing,) if thing.sort == NODE_GROUP else ())),
        _PRIVATE.sorts,
        _PRIVATE.reads,
    ),
    why="A node with an address of its own is reached past every load balancer and every firewall of ours.",
    cure="Put nodes into private subnets, without SSH, on encrypted disks",
    where=PROGRAM,
    sources=("CIS-EKS 5.4.3", "EKS best practices: host security", "CKV_AWS_100", "CKV_AWS_130"),
)
def nodes_private(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
    else:
        public = {each.props.get("id") for each in world.of(SUBNET) if _is_public(each)} - {None}
        for subnet in subject.root["subnetIds"]:
            # Before the update a subnet has no id; then the rule about subnets alone speaks.
            if isinstance(subnet.value, str) and subnet.value in public:
                yield Violation(subnet, "is a public subnet")


def _is_public(subnet: Object) -> bool:
    tags = subnet.props.get("tags")
    return subnet.props.get("mapPublicIpOnLaunch") is True or (
        isinstance(tags, dict) and "kubernetes.io/role/elb" in tags
    )


CLUSTER: Final = "gcp:container/cluster:Cluster"
POOL: Final = "gcp:container/nodePool:NodePool"


def _own_account(at: View, _: Object, __: Facts) -> bool:
    """Whether nodes run as somebody: the default account is an editor of the whole project."""
    return is_given(at) and (
        not at.is_known or not (at.word == "default" or at.word.endswith("-compute@developer.gserviceaccount.com"))
    )


def _standing(root: View) -> bool:
    """Whether the pool every cluster is made with stays: its nodes are as the cluster's own `nodeConfig` says."""
    return root["removeDefaultNodePool"].flag is not True and root["enableAutopilot"].flag is not True


def _provisions(root: View) -> bool:
    """Whether GKE makes pools of its own."""
    return root["enableAutopilot"].flag is True or root["clusterAutoscaling"]["enabled"].flag is True


def _account(path: str, only: Callable[[View], bool] | None = None) -> Want:
    return Want(path=path, accepts=_own_account, wanted="an account of its own", only=only)


def _config(only: Callable[[View], bool] | None = None) -> tuple[Want, ...]:
    """What is asked of a `nodeConfig`."""
    return (
        _account("nodeConfig.serviceAccount", only),
        among("nodeConfig.workloadMetadataConfig.mode", "GKE_METADATA", only=only),
        Want(
            # Not set, GKE sets it; set without it, the provider takes it away.
            path="nodeConfig.metadata",
            accepts=lambda at, _, __: not at.is_set or spelled(at["disable-legacy-endpoints"]) == "true",
            wanted="",
            only=only,
            says="does not hold disable-legacy-endpoints = true",
        ),
        among("nodeConfig.imageType", "COS_CONTAINERD", "cos_containerd", default="COS_CONTAINERD", only=only),
        on("nodeConfig.shieldedInstanceConfig.enableSecureBoot", only=only),
        on("nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring", default=True, only=only),
    )


@CLOUD.resource(
    "gke-nodes",
    "M/M/M",
    HIGH,
    wanted(
        {
            POOL: (*_config(), on("management.autoRepair", default=True), on("management.autoUpgrade", default=True)),
            CLUSTER: (
                Want(
                    path="nodePools",
                    accepts=lambda at, _, __: not is_given(at),
                    wanted="",
                    says="are written inside the cluster, where nobody asks what they are; make each a NodePool",
                ),
                *_config(_standing),
                _account("clusterAutoscaling.autoProvisioningDefaults.serviceAccount", _provisions),
            ),
        }
    ),
    why="A node's default account may edit the project, and its metadata hands that to any pod that asks.",
    cure="Give the pool an account of its own, GKE_METADATA, secure boot and upgrades by themselves",
    where=PROGRAM,
    sources=("CIS-GKE 5.2.1", "CIS-GKE 5.4", "CIS-GKE 5.5", "CKV_GCP_68-72"),
)
def gke_nodes(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
