"""`outputs_spec`: names for parts of an activity's result, each found by a YAQL expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cpe.errors import StepFault

_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*)*")


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

    __slots__ = ("_compiled", "_path", "text")

    def __init__(self, text: str) -> None:
        # YAQL takes a fifth of a second to import; who has no expression does not wait for it.
        from cpe.plan.yaql_expression import YaqlExpression

        self.text = text
        self._compiled = YaqlExpression(text)
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
            return self._compiled.evaluate(value, variables)
        except Exception as error:  # YAQL lets any error of its functions through
            raise StepFault(
                f"{self.text} is not there: {type(error).__name__}: {error}", code="OUTPUT_MISSING"
            ) from None

    def first_names(self) -> frozenset[str]:
        """The keys of the whole value that the expression surely looks at: ``a`` of ``$.a.b``."""
        return self._compiled.first_names


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
