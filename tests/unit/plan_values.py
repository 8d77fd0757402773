"""What templates and conditions come to, worked out without Jinja and YAQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.unit.plan_specs import Always, Condition, Const, NotJson, Pair, Path, Template


class Broken(Exception):
    """A step fails with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def render(template: Template, context: Mapping[str, Any]) -> Any:
    """Work a template out.

    Raises:
        Broken: It cannot be.
    """
    match template:
        case Const(value=value):
            return value
        case Path():
            return look_up(template, context)
        case Pair(left=left, right=right):
            # All values are found before the text is parsed.
            values = [_checked(part, context) for part in (left, right)]
            if any(isinstance(one, NotJson) for one in values):
                raise Broken("TEMPLATE_NOT_JSON")
            return dict(zip(("left", "right"), values, strict=True))
        case NotJson():
            raise Broken("TEMPLATE_NOT_JSON")


def _checked(part: Template, context: Mapping[str, Any]) -> Any:
    return part if isinstance(part, NotJson) else render(part, context)


def look_up(path: Path, context: Mapping[str, Any]) -> Any:
    """Follow a path.

    Raises:
        Broken: It leads to nothing.
    """
    value = context[path.root]
    for key in path.keys:
        if not isinstance(value, dict) or key not in value:
            if path.default is not None:
                return path.default
            raise Broken("TEMPLATE_MISSING_VALUE")
        value = value[key]
    return value


def holds(condition: Condition, context: Mapping[str, Any]) -> bool:
    """Evaluate a condition.

    Raises:
        Broken: It is neither true nor false, or cannot be evaluated.
    """
    if isinstance(condition, Always):
        if condition.value is None:
            raise Broken("CONDITION_FAILED")
        return condition.value
    outputs = context[condition.step]
    if "value" not in outputs:
        raise Broken("CONDITION_FAILED")
    return bool(outputs["value"] == condition.number)


def parse(text: str, code: str) -> Any:
    """Parse JSON.

    Raises:
        Broken: With `code`.
    """
    try:
        return json.loads(text)
    except ValueError:
        raise Broken(code) from None
