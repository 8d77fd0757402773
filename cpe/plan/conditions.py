"""`when`: a YAQL expression over what a step may use, that says whether it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.errors import StepFault
from cpe.plan.outputs import OutputExpression
from cpe.plan.templates import INPUT_NAME


class Condition:
    """A compiled condition.

    Args:
        text: YAQL. ``$.Probe`` is the outputs of step Probe, ``$__input__`` the workflow's input.

    Raises:
        ValueError: It does not parse.

    Example:
        >>> Condition("$.Probe.width > 1280").holds({"Probe": {"width": 1920}})
        True
    """

    __slots__ = ("_expression", "names")

    def __init__(self, text: str) -> None:
        self._expression = OutputExpression(text)
        self.names: frozenset[str] = self._expression.first_names()
        """The steps that it looks at."""

    @property
    def text(self) -> str:
        """The expression as it stands in the plan."""
        return self._expression.text

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Evaluate it.

        Raises:
            StepFault: CONDITION_FAILED: a value is missing, or the result is neither true nor false.
        """
        try:
            value = self._expression.evaluate(context, **{INPUT_NAME: context.get(INPUT_NAME)})
        except StepFault as fault:
            raise StepFault(f"the condition {fault}", code="CONDITION_FAILED") from None
        if not isinstance(value, bool):
            raise StepFault(
                f"the condition {self.text} is {value!r:.100}, neither true nor false",
                code="CONDITION_FAILED",
            )
        return value
