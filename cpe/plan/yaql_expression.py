"""YAQL, within bounds."""

from __future__ import annotations

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

# Bounds of one evaluation, so that an expression over a large result cannot hold up a decider.
_MAX_ITEMS = 100_000
_MAX_BYTES = 64 * 1024 * 1024

_MAX_TEXT = 4096
"""Characters of an expression: YAQL takes 50 milliseconds to compile so many."""

# A decision must come out the same whenever it is made.
_UNREPEATABLE = frozenset({"now", "random", "localtz"})


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


class YaqlExpression:
    """A compiled YAQL expression.

    Args:
        text: The expression.

    Attributes:
        first_names: The keys of the whole value that it surely looks at: ``a`` of ``$.a.b``.

    Raises:
        ValueError: It does not parse, or would not give the same value every time.
    """

    __slots__ = ("_compiled", "first_names")

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_TEXT:
            raise ValueError(f"an expression has at most {_MAX_TEXT:,} characters")
        try:
            self._compiled = _engine()(text)
            unrepeatable = _UNREPEATABLE.intersection(_function_names(self._compiled))
            self.first_names = frozenset(_first_names(self._compiled))
        except YaqlException as error:
            raise ValueError(str(error)) from None
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if unrepeatable:
            name = min(unrepeatable)
            raise ValueError(
                f"{name}() gives another value each time; a plan must decide the same way every time"
            )

    def evaluate(self, value: object, variables: Mapping[str, object]) -> Any:
        """Find the value in `value`, which is ``$``; raises whatever YAQL's functions let through."""
        context = _functions().create_child_context()
        for name, content in variables.items():
            context[f"${name}"] = content
        return self._compiled.evaluate(data=value, context=context)


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
