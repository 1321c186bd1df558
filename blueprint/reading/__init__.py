"""Files into models: the one place where text is read, for the program, the policies and the command line alike.

Reading is strict and kind: everything wrong in a run is reported at once, each mistake as `file:line: field: cause.
Cure.`, and nothing half-read ever leaves this package. It takes no decision: what a valid text means is `design`'s.
"""

from blueprint.reading.catalogue import files_of, read_alone, read_catalogue
from blueprint.reading.entries import Catalogue
from blueprint.reading.problems import Problem, TextError
from blueprint.reading.stacks import read_kubeconfig, read_settings, settings_of, stack_file
from blueprint.reading.together import read_together

__all__ = [
    "Catalogue",
    "Problem",
    "TextError",
    "files_of",
    "read_alone",
    "read_catalogue",
    "read_kubeconfig",
    "read_settings",
    "read_together",
    "settings_of",
    "stack_file",
]
