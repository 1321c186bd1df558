"""What leads from one right to others: the resources of the API whose holder holds more than they say."""

from typing import Final

from policies.kubernetes.grants import VERBS, WRITING

ALL: Final = VERBS | {"approve", "sign", "connect", "use"}
CONNECTING: Final = ALL - {"list", "watch"}
"""A connection is a create, and over a websocket a get; there is nothing to list."""
CHANGING: Final = WRITING - {"delete", "deletecollection"}
_ADMISSION: Final = "admissionregistration.k8s.io"

DANGEROUS: Final[tuple[tuple[str, tuple[str, ...], frozenset[str], str], ...]] = (
    (
        "",
        ("pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy", "services/proxy"),
        CONNECTING,
        "gets into other pods",
    ),
    ("", ("nodes/proxy",), ALL, "runs commands in every pod of a node, past admission and audit"),
    ("", ("serviceaccounts/token",), ALL, "makes tokens of other accounts"),
    ("certificates.k8s.io", ("certificatesigningrequests",), WRITING, "asks for certificates of other identities"),
    ("certificates.k8s.io", ("certificatesigningrequests/approval",), ALL, "approves certificates of any identity"),
    ("certificates.k8s.io", ("signers",), frozenset({"approve", "sign"}), "approves certificates of any identity"),
    (
        _ADMISSION,
        (
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ),
        WRITING,
        "decides what the API server admits",
    ),
    ("", ("pods", "podtemplates", "replicationcontrollers"), CHANGING, "starts pods with any account and any Secret"),
    (
        "apps",
        ("daemonsets", "deployments", "replicasets", "statefulsets"),
        CHANGING,
        "starts pods with any account and any Secret",
    ),
    ("batch", ("cronjobs", "jobs"), CHANGING, "starts pods with any account and any Secret"),
    ("argoproj.io", ("rollouts",), CHANGING, "starts pods with any account and any Secret"),
    ("", ("persistentvolumes",), CHANGING, "makes volumes of the node's disk"),
    (
        "",
        ("namespaces", "namespaces/finalize", "namespaces/status"),
        CHANGING,
        "takes the labels off that Pod Security and the mesh hang on",
    ),
    ("", ("services/status",), WRITING, "takes other people's addresses (CVE-2020-8554)"),
    ("", ("endpoints",), WRITING, "leads other people's traffic elsewhere"),
    ("discovery.k8s.io", ("endpointslices",), WRITING, "leads other people's traffic elsewhere"),
    ("storage.k8s.io", ("csidrivers",), WRITING, "changes what may be mounted into pods"),
    ("apiregistration.k8s.io", ("apiservices",), WRITING, "answers for the API server"),
    ("apiextensions.k8s.io", ("customresourcedefinitions",), WRITING, "changes what the API server knows"),
    ("networking.k8s.io", ("networkpolicies",), WRITING, "opens the network past what the catalogue declares"),
    ("networking.istio.io", ("envoyfilters",), WRITING, "rewrites what every proxy does"),
    ("extensions.istio.io", ("trafficextensions", "wasmplugins"), WRITING, "runs code in every proxy"),
    (
        "security.istio.io",
        ("authorizationpolicies", "peerauthentications", "requestauthentications"),
        WRITING,
        "opens the mesh, and decides whose word it takes",
    ),
    (
        "external-secrets.io",
        ("clusterexternalsecrets", "clustersecretstores", "externalsecrets", "pushsecrets", "secretstores"),
        CHANGING,
        "fetches any secret of the store, or writes one to it",
    ),
    (
        "generators.external-secrets.io",
        (
            "acraccesstokens",
            "clustergenerators",
            "ecrauthorizationtokens",
            "gcraccesstokens",
            "githubaccesstokens",
            "stssessiontokens",
            "vaultdynamicsecrets",
            "webhooks",
        ),
        CHANGING,
        "makes credentials in the operator's name",
    ),
    ("argoproj.io", ("applications", "applicationsets", "appprojects"), CHANGING, "applies what a repository holds"),
    (
        "argoproj.io",
        (
            "cronworkflows",
            "workflows",
            "workflowtemplates",
            "clusterworkflowtemplates",
            "analysistemplates",
            "clusteranalysistemplates",
            "analysisruns",
            "experiments",
        ),
        CHANGING,
        "starts pods with any account and any Secret",
    ),
    (
        "kyverno.io",
        ("clusterpolicies", "policies", "policyexceptions", "cleanuppolicies", "clustercleanuppolicies"),
        WRITING,
        "decides what the API server admits, and changes what it is given",
    ),
    (
        "policies.kyverno.io",
        (
            "deletingpolicies",
            "generatingpolicies",
            "imagevalidatingpolicies",
            "mutatingpolicies",
            "policyexceptions",
            "validatingpolicies",
        ),
        WRITING,
        "decides what the API server admits, and changes what it is given",
    ),
)
"""Group, resources, verbs, and what its holder does with them (CIS-EKS 4.1.4, 4.1.9-12; OWASP K02). To update a
workload is to create another one; deleting is an outage, not an escalation."""
