"""Templates: Jinja2 in which every value is rendered as JSON.

``{ "client": {{__input__.client}} }`` becomes JSON text whatever `client` is. `__input__` is the workflow's
input; any other name is a required step, and its attributes are that step's outputs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import jinja2
import jinja2.meta

from cpe.errors import StepFault
from cpe.plan.environment import JSON_VALUES, TEXT_VALUES, Environment
from cpe.plan.plain import PlainTemplate

INPUT_NAME = "__input__"

MAX_COMPILED = 16_384
"""Characters of a template that is more than text and paths: Jinja takes half a second to compile so many."""

_Render: TypeAlias = "Callable[[Mapping[str, Any]], str]"


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

    __slots__ = ("_render", "names")

    def __init__(self, text: str) -> None:
        self._render, self.names = _compiled(JSON_VALUES, text)
        """The names that the template uses and does not set: `__input__` and steps."""

    def render(self, context: Mapping[str, Any]) -> Any:
        """Render and parse.

        Args:
            context: `__input__` and the outputs of each required step, by name.

        Raises:
            StepFault: TEMPLATE_MISSING_VALUE, TEMPLATE_FAILED, or TEMPLATE_NOT_JSON if the rendered text does
                not parse.
        """
        return parse_json(_rendered(self._render, context), "the rendered template", code="TEMPLATE_NOT_JSON")


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

    __slots__ = ("_render", "names")

    def __init__(self, text: str) -> None:
        self._render, self.names = _compiled(TEXT_VALUES, text)

    def render(self, context: Mapping[str, Any]) -> str:
        """Render.

        Raises:
            StepFault: TEMPLATE_MISSING_VALUE or TEMPLATE_FAILED.
        """
        return _rendered(self._render, context)


def parse_json(text: str, what: str, *, code: str) -> Any:
    """Parse JSON strictly: what comes of it can be written as JSON again and sent.

    NaN and numbers beyond all floats are no JSON, and half a surrogate pair is no text.

    Raises:
        StepFault: With `code`, naming the place in the text.
    """
    try:
        value = _DECODER.decode(text)
        (json.dumps(value, ensure_ascii=False) if _ESCAPED_SURROGATE.search(text) else text).encode()
    except RecursionError:
        raise StepFault(f"{what} is nested too deeply", code=code) from None
    except UnicodeEncodeError:
        raise StepFault(f"{what} holds half a surrogate pair, which is no text", code=code) from None
    except ValueError as error:
        raise StepFault(f"{what} is no JSON: {error}", code=code) from None
    return value


def _compiled(environment: Environment, text: str) -> tuple[_Render, frozenset[str]]:
    plain = PlainTemplate.parse(text)
    if plain is not None:
        return partial(plain.render, environment), plain.names
    if len(text) > MAX_COMPILED:
        reason = f"a template that is more than text and plain values has at most {MAX_COMPILED:,} characters"
        raise jinja2.TemplateSyntaxError(reason, lineno=1)
    try:
        syntax = environment.parse(text)
        names = jinja2.meta.find_undeclared_variables(syntax) - environment.globals.keys()
        return environment.from_string(syntax).render, frozenset(names)
    except jinja2.TemplateSyntaxError:
        raise
    # Python's parser has its own limits for what Jinja makes of a template, and for the digits of a number.
    except (RecursionError, SyntaxError, ValueError, MemoryError):
        reason = "it is nested too deeply, or a number in it is too long"
        raise jinja2.TemplateSyntaxError(reason, lineno=1) from None


def _rendered(render: _Render, context: Mapping[str, Any]) -> str:
    try:
        return render(context)
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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits:.40} is too large a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
