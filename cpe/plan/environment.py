"""Jinja2 as plans use it: sandboxed, strict about what is missing, the same whenever it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cpe.errors import StepFault

_MAX_POWER_BITS = 4096
_MAX_REPEATED = 1_000_000


class Environment(ImmutableSandboxedEnvironment):
    """Values of JSON are looked up before methods of dict: a key may be called `items` or `get`.

    Jinja computes constants when it compiles; a product or a power that would fill the memory is refused
    wherever it is computed, and never at load.
    """

    intercepted_binops = frozenset({"*", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _is_too_large(operator, left, right):
            raise StepFault(f"'{operator}' makes too large a value", code="TEMPLATE_FAILED")
        return super().call_binop(context, operator, left, right)


def _is_too_large(operator: str, left: Any, right: Any) -> bool:
    if operator == "**":
        return (
            isinstance(left, int)
            and isinstance(right, int)
            and left.bit_length() * max(right, 0) > _MAX_POWER_BITS
        )
    if isinstance(left, int):
        left, right = right, left
    return isinstance(left, str | list) and isinstance(right, int) and len(left) * right > _MAX_REPEATED


def _as_json(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # StrictUndefined raises here, with the name of what is missing
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StepFault(f"a value in the template is no JSON: {error}", code="TEMPLATE_FAILED") from None


JSON_VALUES = Environment(undefined=jinja2.StrictUndefined, finalize=_as_json, autoescape=False)
"""Renders every value as JSON."""

TEXT_VALUES = Environment(undefined=jinja2.StrictUndefined, finalize=str, autoescape=False)
"""Renders every value as plain text."""

for _environment in (JSON_VALUES, TEXT_VALUES):
    # A decision must come out the same whenever it is made.
    del _environment.globals["lipsum"], _environment.filters["random"]
