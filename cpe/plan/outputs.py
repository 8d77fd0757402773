"""`outputs_spec`: names for parts of an activity's result, each found by a YAQL expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaql
from yaql.language.exceptions import YaqlException
from yaql.language.expressions import (
    BinaryOperator,
    Expression,
    Function,
    GetContextValue,
    KeywordConstant,
)

from cpe.errors import StepFault

# Bounds of one evaluation, so that an expression over a large result cannot hold up a decider.
_MAX_ITEMS = 100_000
_MAX_BYTES = 64 * 1024 * 1024

_MAX_TEXT = 4096
"""Characters of an expression: YAQL takes 50 milliseconds to compile so many."""

# A decision must come out the same whenever it is made.
_UNREPEATABLE = frozenset({"now", "random", "localtz"})

_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*)*")


@cache
def _engine() -> Any:
    options = {
        "yaql.limitIterators": _MAX_ITEMS,
        "yaql.memoryQuota": _MAX_BYTES,
        "yaql.convertOutputData": True,
    }
    return yaql.YaqlFactory().create(options=options)


@cache
def _functions() -> Any:
    """YAQL's standard functions: milliseconds to make, so evaluations share them as their parent."""
    return yaql.create_context()


class OutputExpression:
    """One compiled YAQL expression.

    Args:
        text: The expression, such as ``$.addresses.home``.

    Raises:
        ValueError: It does not parse, or would not give the same value every time.

    Example:
        >>> OutputExpression("$.user").evaluate({"user": "John"})
        'John'
    """

    __slots__ = ("_compiled", "_first_names", "_path", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _MAX_TEXT:
            raise ValueError(f"an expression has at most {_MAX_TEXT:,} characters")
        try:
            self._compiled = _engine()(text)
            unrepeatable = _UNREPEATABLE.intersection(_function_names(self._compiled))
            self._first_names = frozenset(_first_names(self._compiled))
        except YaqlException as error:
            raise ValueError(str(error)) from None
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if unrepeatable:
            name = min(unrepeatable)
            raise ValueError(
                f"{name}() gives another value each time; a plan must decide the same way every time"
            )
        self._path = text.strip().split(".")[1:] if _PATH.fullmatch(text.strip()) else None

    def evaluate(self, value: object, **variables: object) -> Any:
        """Find the value in `value`, which is ``$``; each of the variables has its name after the ``$``.

        Raises:
            StepFault: OUTPUT_MISSING; YAQL's reason is in the message.
        """
        if self._path is not None:
            found, result = _follow(self._path, value)
            if found:
                return result
        try:
            context = _functions().create_child_context()
            for name, content in variables.items():
                context[f"${name}"] = content
            return self._compiled.evaluate(data=value, context=context)
        except Exception as error:  # YAQL lets any error of its functions through
            raise StepFault(
                f"{self.text} is not there: {type(error).__name__}: {error}", code="OUTPUT_MISSING"
            ) from None

    def first_names(self) -> frozenset[str]:
        """The keys of the whole value that the expression surely looks at: ``a`` of ``$.a.b``."""
        return self._first_names


class OutputsSpec:
    """What steps may use of an activity's result.

    Args:
        expressions: Expressions by output name; empty for an activity whose result no step uses.
    """

    __slots__ = ("_expressions",)

    def __init__(self, expressions: Mapping[str, OutputExpression]) -> None:
        self._expressions = dict(expressions)

    def __bool__(self) -> bool:
        return bool(self._expressions)

    def evaluate(self, result: object) -> dict[str, Any]:
        """Find every output in an activity's parsed result.

        Raises:
            StepFault: OUTPUT_MISSING with the name of the output that cannot be found.
        """
        outputs: dict[str, Any] = {}
        for name, expression in self._expressions.items():
            try:
                outputs[name] = expression.evaluate(result)
            except StepFault as fault:
                raise StepFault(
                    f"output {name!r} of the activity's result: {fault}", code=fault.code
                ) from None
        return outputs


def _follow(path: list[str], value: Any) -> tuple[bool, Any]:
    """Walk a plain path through objects: what most expressions are, and YAQL copies the whole result for."""
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return False, None
        value = value[key]
    return True, value


def _first_names(expression: Expression) -> Iterator[str]:
    if isinstance(expression, BinaryOperator) and expression.operator == ".":
        left, right = expression.args
        if isinstance(left, GetContextValue) and isinstance(right, KeywordConstant):
            if left.args[0].value == "$":
                yield right.value
            return
    if type(expression) is Function:
        return  # its arguments may be evaluated for each item, and $ is the item there
    for inner in _parts(expression):
        yield from _first_names(inner)


def _parts(expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, Function):
        return tuple(expression.args)
    inner = getattr(expression, "expression", None)
    return () if inner is None else (inner,)


def _function_names(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Function):
        yield expression.name
    for inner in _parts(expression):
        yield from _function_names(inner)
