"""Where images and charts come from: named exactly, from where we say, and signed."""

from policies.rules.img import charts, images, signatures
from policies.rules.img.group import IMG

__all__ = ["IMG", "charts", "images", "signatures"]
