"""The word that switches off what is there by default.

An empty value (`null`) in a service's file says the same. In a patch it cannot: there it takes away what is written
(RFC 7386), and the default is back.
"""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator

OFF: Final = "none"
"""Switches off."""

Off = Literal["none"] | Annotated[None, AfterValidator(lambda _: OFF)]
"""The type of what can be switched off; None is what a field holds that nobody wrote."""
