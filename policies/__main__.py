"""The pack as the engine starts it: `python policies`. It serves until the engine hangs up: not for import."""

import sys
from pathlib import Path

# Python puts this folder on the path; the modules in it are `policies.…` of the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pulumi_policy import EnforcementLevel, PolicyPack, policy  # noqa: E402  (found on the path above)

from policies.adapters.crossguard import Servicer, policies  # noqa: E402

policy._PolicyAnalyzerServicer = Servicer  # type: ignore[misc]  # its docstring says why, and until when
PolicyPack("platform", policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
