"""Templates: Jinja2 in which every value is rendered as JSON.

``{ "client": {{__input__.client}} }`` becomes JSON text whatever `client` is. `__input__` is the workflow's
input; any other name is a required step, and its attributes are that step's outputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cpe.errors import StepFault

INPUT_NAME = "__input__"


class _Environment(ImmutableSandboxedEnvironment):
    """Values of JSON are looked up before methods of dict: a key may be called `items` or `get`."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _as_json(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        return str(value)  # StrictUndefined raises here, with the name of what is missing
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StepFault(f"a value in the template is no JSON: {error}", code="TEMPLATE_FAILED") from None


_ENVIRONMENT = _Environment(undefined=jinja2.StrictUndefined, finalize=_as_json, autoescape=False)
_TEXT_ENVIRONMENT = _Environment(undefined=jinja2.StrictUndefined, autoescape=False)
for _environment in (_ENVIRONMENT, _TEXT_ENVIRONMENT):
    # A decision must come out the same whenever it is made.
    del _environment.globals["lipsum"], _environment.filters["random"]


def _names(syntax: jinja2.nodes.Template) -> frozenset[str]:
    return frozenset(jinja2.meta.find_undeclared_variables(syntax) - _ENVIRONMENT.globals.keys())


def _rendered(template: jinja2.Template, context: Mapping[str, Any]) -> str:
    try:
        return template.render(context)
    except jinja2.UndefinedError as error:
        raise StepFault(
            f"the template uses a value that is missing: {error}", code="TEMPLATE_MISSING_VALUE"
        ) from None
    except StepFault:
        raise
    except Exception as error:  # a template may fail in any way; it must fail its step only
        raise StepFault(
            f"the template failed: {type(error).__name__}: {error}", code="TEMPLATE_FAILED"
        ) from None


class JsonTemplate:
    """A compiled template.

    Args:
        text: The template as it stands in the plan.

    Raises:
        jinja2.TemplateSyntaxError: The text is no template; `lineno` counts from its first line.

    Example:
        >>> JsonTemplate('{"who": {{__input__.user}}}').render({"__input__": {"user": "John"}})
        {'who': 'John'}
    """

    __slots__ = ("_template", "names")

    def __init__(self, text: str) -> None:
        syntax = _ENVIRONMENT.parse(text)
        self.names = _names(syntax)
        """The names that the template uses and does not set: `__input__` and steps."""
        self._template = _ENVIRONMENT.from_string(syntax)

    def render(self, context: Mapping[str, Any]) -> Any:
        """Render and parse.

        Args:
            context: `__input__` and the outputs of each required step, by name.

        Raises:
            StepFault: TEMPLATE_MISSING_VALUE, TEMPLATE_FAILED, or TEMPLATE_NOT_JSON if the rendered text does
                not parse.
        """
        return parse_json(
            _rendered(self._template, context), "the rendered template", code="TEMPLATE_NOT_JSON"
        )


class TextTemplate:
    """A template whose values are rendered as plain text: for names, not for JSON.

    Args:
        text: The template as it stands in the plan.

    Raises:
        jinja2.TemplateSyntaxError: The text is no template; `lineno` counts from its first line.

    Example:
        >>> TextTemplate("gpu-{{__input__.region}}").render({"__input__": {"region": "eu"}})
        'gpu-eu'
    """

    __slots__ = ("_template", "names")

    def __init__(self, text: str) -> None:
        syntax = _TEXT_ENVIRONMENT.parse(text)
        self.names = _names(syntax)
        self._template = _TEXT_ENVIRONMENT.from_string(syntax)

    def render(self, context: Mapping[str, Any]) -> str:
        """Render.

        Raises:
            StepFault: TEMPLATE_MISSING_VALUE or TEMPLATE_FAILED.
        """
        return _rendered(self._template, context)


def parse_json(text: str, what: str, *, code: str) -> Any:
    """Parse JSON strictly; NaN and infinities are no JSON.

    Raises:
        StepFault: With `code`, naming the place in the text.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise StepFault(f"{what} is nested too deeply", code=code) from None
    except ValueError as error:
        raise StepFault(f"{what} is no JSON: {error}", code=code) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")
