"""What an object is called: in its cluster, and by the engine."""

from manifests.manifest import Manifest

Key = tuple[str, str, str, str]
"""Group, kind, namespace and name: what an object is in its cluster, whatever version it is written in."""


def key(manifest: Manifest) -> Key:
    """What `manifest` is in its cluster."""
    metadata, group = manifest["metadata"], manifest["apiVersion"].rpartition("/")[0]
    return group, manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def kind(manifest: Manifest) -> str:
    """apps/v1:Deployment; the core group is spelled out."""
    version = manifest["apiVersion"]
    return f"{version if '/' in version else f'core/{version}'}:{manifest['kind']}"


def token(manifest: Manifest) -> str:
    """The type of `manifest` to the engine: kubernetes:apps/v1:Deployment."""
    return f"kubernetes:{kind(manifest)}"


def logical_name(manifest: Manifest) -> str:
    """namespace/Kind/name: unique in a stack as the object is in its cluster."""
    metadata = manifest["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), manifest["kind"], metadata["name"])))
