"""How a new version replaces the old one, in Argo Rollouts' words; what it becomes is `blueprint.delivery`'s."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.catalogue.off import Off
from blueprint.quantities import Duration
from blueprint.text import Checked, Fault, Text


class Step(Checked):
    """One step of a canary: exactly one of the two."""

    set_weight: Annotated[int, Field(ge=0, le=100)] | None = None
    """Per cent of the requests that reach the new version."""
    pause: Duration | None = None
    """How long to look before the next step."""

    def faults(self) -> Iterator[Fault]:
        if (self.set_weight is None) == (self.pause is None):
            yield Fault("", "is not one step", "Give exactly one of setWeight and pause")


class Header(Text):
    """A request header that always reaches the new version."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    """Name, in lower case."""
    value: Annotated[str, Field(min_length=1, max_length=120)]
    """Exact value."""


class Analysis(Text):
    """What is measured while a canary runs; a failure takes the new version back."""

    templates: Annotated[tuple[Literal["success-rate", "latency-p99"], ...], Field(min_length=1)]
    """Which measurements."""
    failure_limit: Annotated[int, Field(ge=0, le=10)] = 1
    """Failed measurements that are forgiven."""


class Canary(Text):
    """A new version gets a growing share of the requests."""

    header: Header | Off = Header(name="x-canary", value="true")
    """Requests with this header always reach the new version. `none`: no such way in."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = (
        Step(set_weight=10),
        Step(pause="10m"),
        Step(set_weight=25),
        Step(pause="10m"),
        Step(set_weight=50),
        Step(pause="10m"),
        Step(set_weight=100),
    )
    """In order (10/25/50/100 with ten-minute pauses: the templates')."""
    analysis: Analysis | Off = Analysis(templates=("success-rate",))
    """Measured in the background from the first step. `none`: nobody looks."""


class BlueGreen(Text):
    """A new version runs beside the old one and takes all requests at once."""

    auto_promotion_enabled: bool = False
    """Whether it takes over without a person's word (the templates': no)."""
    scale_down_delay_seconds: Annotated[int, Field(ge=30, le=86400)] = 30
    """Seconds the old version stays for requests under way (Argo Rollouts' default and least, 30)."""


class Rollout(Text):
    """How a new version replaces the old one. Switching the strategy replaces the workload object."""

    strategy: Literal["canary", "blueGreen", "rolling"] = "rolling"
    """`rolling` is a Deployment; the others are Argo Rollouts."""
    canary: Canary = Canary()
    """Read when the strategy is canary."""
    blue_green: BlueGreen = BlueGreen()
    """Read when the strategy is blueGreen."""
