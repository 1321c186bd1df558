"""The pack itself: what would get an object past the other rules.

Three more of the group are told by the judge, which alone can know them: `policies.core.integrity`.
"""

from policies.core.integrity import ENG
from policies.rules.eng import admission, kinds, naming, program, webhooks

__all__ = ["ENG", "admission", "kinds", "naming", "program", "webhooks"]
