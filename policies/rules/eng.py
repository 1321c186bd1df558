"""The pack itself: what would get an object past the other rules."""

from policies.integrity import ENG

__all__ = ["ENG"]
