"""What every component of this program is: named, tokened, with its children under it."""

from typing import Any, ClassVar

import pulumi


class Component(pulumi.ComponentResource):
    """One named thing of the platform, with everything it is made of underneath it."""

    token: ClassVar[str]
    """`platform:<family>:<Kind>`. Part of the URN of every child: never edited, only aliased."""
    known_as: ClassVar[tuple[pulumi.Alias, ...]] = ()
    """Earlier names and tokens, so that a stack made under them keeps what is underneath."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            self.token, name, {}, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=[*self.known_as]))
        )

    def under(self, **more: Any) -> pulumi.ResourceOptions:
        """Options for a child. The caller's own are not copied: the engine hands down what inherits."""
        return pulumi.ResourceOptions(parent=self, **more)
