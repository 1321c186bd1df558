"""The pack itself: what would get an object past the other rules.

Three more of the group are told by the judge, which alone can know them: `policies.integrity`.
"""

from policies.integrity import ENG
from policies.rules.eng import admission, kinds, naming, program, webhooks

__all__ = ["ENG", "admission", "kinds", "naming", "program", "webhooks"]
