"""The pack itself: what would get an object past the other rules.

Three more of the group are reported by the judge, which alone can know them: `policies.rules.eng.group`.
"""

from policies.rules.eng import admission, cluster, kinds, naming, program
from policies.rules.eng.group import ENG

__all__ = ["ENG", "admission", "cluster", "kinds", "naming", "program"]
