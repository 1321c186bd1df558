"""Every type of AWS and Google that this program makes, and what for. Any other is refused: `eng-unlisted-type`.

A rule judges a type as a whole or not at all: encryption, backups, addresses, cost, tags and protection. A type that
only some of the rules know would pass the others unread, so one that is not here passes none. To add one, write its
line here and its properties into the tables of the rules (`policies/cloud/stores/` first, if it holds data).

What no stack may hold is here too, with the rule that says why. Names: pulumi-aws 7.51.1 and pulumi-gcp 10.2.0.
`random`, `kubernetes` and `pulumi` are no clouds; their types are not judged by this list.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

CLOUDS: Final[Mapping[str, str]] = {
    "aws": "aws",
    "aws-native": "aws",
    "awsx": "aws",
    "eks": "aws",
    "gcp": "gcp",
    "google-native": "gcp",
}
"""Package to the package whose types are listed; the others make the same resources under other names."""

FORBIDDEN: Final = "forbidden by "
"""How the use of a type begins that a rule refuses wherever it is found; the rule's name follows."""

LISTED: Final[Mapping[str, str]] = {
    "aws:acm/certificate:Certificate": "certificates of domains",
    "aws:acm/certificateValidation:CertificateValidation": "certificates of domains",
    "aws:backup/plan:Plan": "copies by schedule",
    "aws:backup/selection:Selection": "copies by schedule",
    "aws:backup/vault:Vault": "where copies lie",
    "aws:backup/vaultPolicy:VaultPolicy": "who reads copies",
    "aws:cloudwatch/logGroup:LogGroup": "logs of AWS",
    "aws:docdb/cluster:Cluster": "MongoDB, by AWS",
    "aws:docdb/clusterInstance:ClusterInstance": "MongoDB, its instances",
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup": "MongoDB, its settings",
    "aws:docdb/subnetGroup:SubnetGroup": "MongoDB, its subnets",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "default group, emptied",
    "aws:ec2/eip:Eip": "address of NAT",
    "aws:ec2/flowLog:FlowLog": "logs of traffic",
    "aws:ec2/internetGateway:InternetGateway": "way to internet",
    "aws:ec2/launchTemplate:LaunchTemplate": "how nodes start",
    "aws:ec2/natGateway:NatGateway": "way to internet",
    "aws:ec2/route:Route": "routes of subnets",
    "aws:ec2/routeTable:RouteTable": "routes of subnets",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "routes of subnets",
    "aws:ec2/securityGroup:SecurityGroup": "firewall of stores",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "firewall, its rules",
    "aws:ec2/subnet:Subnet": "subnets of nodes",
    "aws:ec2/vpc:Vpc": "the cluster's network",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "way to AWS",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "images, how long",
    "aws:ecr/registryPolicy:RegistryPolicy": "images, for whom",
    "aws:ecr/repository:Repository": "images of services",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "images, for whom",
    "aws:eks/accessEntry:AccessEntry": "who may administer",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "who may administer",
    "aws:eks/addon:Addon": "the cluster's add-ons",
    "aws:eks/cluster:Cluster": "the Kubernetes cluster",
    "aws:eks/nodeGroup:NodeGroup": "the cluster's nodes",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "roles of pods",
    "aws:elasticache/parameterGroup:ParameterGroup": "Redis, its settings",
    "aws:elasticache/replicationGroup:ReplicationGroup": "Redis, by AWS",
    "aws:elasticache/subnetGroup:SubnetGroup": "Redis, its subnets",
    "aws:elasticache/user:User": "Redis, its users",
    "aws:elasticache/userGroup:UserGroup": "Redis, its users",
    "aws:iam/accessKey:AccessKey": "forbidden by sa-no-cloud-keys",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "identities of pods",
    "aws:iam/policy:Policy": "rights of roles",
    "aws:iam/role:Role": "roles of pods",
    "aws:iam/rolePolicy:RolePolicy": "rights of roles",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "rights of roles",
    "aws:iam/serviceSpecificCredential:ServiceSpecificCredential": "forbidden by sa-no-cloud-keys",
    "aws:iam/user:User": "forbidden by sa-no-cloud-keys",
    "aws:iam/userLoginProfile:UserLoginProfile": "forbidden by sa-no-cloud-keys",
    "aws:kms/alias:Alias": "names of keys",
    "aws:kms/key:Key": "keys of stores",
    "aws:kms/keyPolicy:KeyPolicy": "who uses keys",
    "aws:mq/broker:Broker": "RabbitMQ, by AWS",
    "aws:mq/configuration:Configuration": "RabbitMQ, its settings",
    "aws:msk/cluster:Cluster": "Kafka, by AWS",
    "aws:msk/clusterPolicy:ClusterPolicy": "Kafka, for whom",
    "aws:msk/configuration:Configuration": "Kafka, its settings",
    "aws:msk/scramSecretAssociation:ScramSecretAssociation": "Kafka, its users",
    "aws:msk/topic:Topic": "Kafka, its topics",
    "aws:opensearch/domain:Domain": "search, by AWS",
    "aws:opensearch/domainPolicy:DomainPolicy": "search, for whom",
    "aws:rds/cluster:Cluster": "Aurora, by AWS",
    "aws:rds/clusterInstance:ClusterInstance": "Aurora, its instances",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "Aurora, its settings",
    "aws:rds/instance:Instance": "PostgreSQL or MySQL",
    "aws:rds/parameterGroup:ParameterGroup": "RDS, its settings",
    "aws:rds/subnetGroup:SubnetGroup": "RDS, its subnets",
    "aws:route53/record:Record": "names of routes",
    "aws:route53/zone:Zone": "the platform's domain",
    "aws:s3/bucket:Bucket": "objects of services",
    "aws:s3/bucketAcl:BucketAcl": "buckets, for whom",
    "aws:s3/bucketAclV2:BucketAclV2": "buckets, for whom",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "buckets, how long",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": "buckets, how long",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "buckets, for whom",
    "aws:s3/bucketPolicy:BucketPolicy": "buckets, for whom",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "buckets, for whom",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "buckets, their key",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "buckets, their key",
    "aws:s3/bucketV2:BucketV2": "objects of services",
    "aws:s3/bucketVersioning:BucketVersioning": "buckets, their versions",
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "buckets, their versions",
    "aws:secretsmanager/secret:Secret": "passwords of services",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "passwords, for whom",
    "aws:secretsmanager/secretRotation:SecretRotation": "passwords, how long",
    "aws:secretsmanager/secretVersion:SecretVersion": "passwords, their values",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "firewall, its rules",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "firewall, its rules",
    "gcp:artifactregistry/repository:Repository": "images of services",
    "gcp:compute/address:Address": "address of NAT",
    "gcp:compute/firewall:Firewall": "firewall of nodes",
    "gcp:compute/firewallPolicyRule:FirewallPolicyRule": "firewall, its rules",
    "gcp:compute/firewallPolicyWithRules:FirewallPolicyWithRules": "firewall, its rules",
    "gcp:compute/globalAddress:GlobalAddress": "ranges of stores",
    "gcp:compute/network:Network": "the cluster's network",
    "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule": "firewall, its rules",
    "gcp:compute/networkFirewallPolicyWithRules:NetworkFirewallPolicyWithRules": "firewall, its rules",
    "gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule": "firewall, its rules",
    "gcp:compute/regionNetworkFirewallPolicyWithRules:RegionNetworkFirewallPolicyWithRules": "firewall, its rules",
    "gcp:compute/router:Router": "way to internet",
    "gcp:compute/routerNat:RouterNat": "way to internet",
    "gcp:compute/subnetwork:Subnetwork": "subnets of nodes",
    "gcp:container/cluster:Cluster": "the Kubernetes cluster",
    "gcp:container/nodePool:NodePool": "the cluster's nodes",
    "gcp:dns/managedZone:ManagedZone": "the platform's domain",
    "gcp:dns/recordSet:RecordSet": "names of routes",
    "gcp:folder/iAMPolicy:IAMPolicy": "forbidden by gcp-iam",
    "gcp:kms/cryptoKey:CryptoKey": "keys of stores",
    "gcp:kms/cryptoKeyIAMBinding:CryptoKeyIAMBinding": "who uses keys",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "who uses keys",
    "gcp:kms/keyRing:KeyRing": "rings of keys",
    "gcp:kms/keyRingIAMBinding:KeyRingIAMBinding": "who uses keys",
    "gcp:kms/keyRingIAMMember:KeyRingIAMMember": "who uses keys",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "logs of Google",
    "gcp:managedkafka/acl:Acl": "Kafka, for whom",
    "gcp:managedkafka/cluster:Cluster": "Kafka, by Google",
    "gcp:managedkafka/topic:Topic": "Kafka, its topics",
    "gcp:organizations/iAMPolicy:IAMPolicy": "forbidden by gcp-iam",
    "gcp:projects/iAMBinding:IAMBinding": "rights of accounts",
    "gcp:projects/iAMMember:IAMMember": "rights of accounts",
    "gcp:projects/iAMPolicy:IAMPolicy": "forbidden by gcp-iam",
    "gcp:projects/service:Service": "APIs of Google",
    "gcp:redis/instance:Instance": "Redis, by Google",
    "gcp:secretmanager/secret:Secret": "passwords of services",
    "gcp:secretmanager/secretIamBinding:SecretIamBinding": "passwords, for whom",
    "gcp:secretmanager/secretIamMember:SecretIamMember": "passwords, for whom",
    "gcp:secretmanager/secretVersion:SecretVersion": "passwords, their values",
    "gcp:serviceaccount/account:Account": "accounts of pods",
    "gcp:serviceaccount/iAMBinding:IAMBinding": "who takes accounts",
    "gcp:serviceaccount/iAMMember:IAMMember": "who takes accounts",
    "gcp:serviceaccount/key:Key": "forbidden by sa-no-cloud-keys",
    "gcp:servicenetworking/connection:Connection": "way to stores",
    "gcp:sql/database:Database": "databases of services",
    "gcp:sql/databaseInstance:DatabaseInstance": "PostgreSQL or MySQL",
    "gcp:sql/sslCert:SslCert": "certificates of clients",
    "gcp:sql/user:User": "users of databases",
    "gcp:storage/bucket:Bucket": "objects of services",
    "gcp:storage/bucketIAMBinding:BucketIAMBinding": "buckets, for whom",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "buckets, for whom",
    "gcp:storage/hmacKey:HmacKey": "forbidden by sa-no-cloud-keys",
}
"""Type token to what the platform uses it for."""

LONGEST: Final = 100
"""Characters of a type that are compared; the longest that is listed has 90."""


def is_unlisted(token: str) -> bool:
    """Whether `token` is a type of a cloud that is not listed. A provider's type is `pulumi`'s, and no cloud's."""
    return token.partition(":")[0] in CLOUDS and token not in LISTED


def nearest(token: str) -> tuple[str, ...]:
    """The three listed types that are spelled most like `token`, a type of a cloud, the nearest first.

    Raises:
        KeyError: `token` is of no package of `CLOUDS`.
    """
    package, _, name = token.partition(":")
    cloud = CLOUDS[package]
    made = [each for each, use in LISTED.items() if each.startswith(f"{cloud}:") and not use.startswith(FORBIDDEN)]
    return tuple(get_close_matches(f"{cloud}:{name}"[:LONGEST], made, n=3, cutoff=0))
