"""A service as an environment patches it, validated where the patch changes it: the rest was validated as written.

It words nothing. Where a patched field is not right, or the fields do not fit together, the whole is validated by
`catalogue`, which says what is wrong; so this module may always give up, but never give another service than that.
"""

import json
from collections.abc import Mapping
from copy import copy
from typing import Any

from pydantic import ValidationError, create_model

from blueprint.catalogue import Service, Spec
from blueprint.text import Checked, Text


def _optional() -> type[Text]:
    """The fields of a spec, each by itself: none is required, and what holds between them is not asked."""
    found: dict[str, Any] = {}
    for name, field in Spec.model_fields.items():
        optional = copy(field)
        optional.default, optional.default_factory = None, None
        found[name] = (field.annotation, optional)
    return create_model("Fields", __base__=Text, **found)


_Fields = _optional()


def revalidated(written: Service, spec: Mapping[str, Any], changed: Mapping[str, Any]) -> Service | None:
    """`written` with the fields of `spec` that `changed` names; None where only the whole can tell.

    `spec` is what the file says of the spec with the patch merged in.
    """
    if not changed.keys() <= spec.keys():
        return None  # a field is taken away
    text = json.dumps({name: spec[name] for name in changed})
    try:
        fields = _Fields.model_validate_json(text, by_name=False)
    except ValidationError:
        return None
    update = {name: getattr(fields, name) for name in fields.model_fields_set}
    service = written.model_copy(update={"spec": written.spec.model_copy(update=update)})
    checked = (each for each in (service, service.spec) if isinstance(each, Checked))
    return None if any(fault for each in checked for fault in each.faults()) else service
