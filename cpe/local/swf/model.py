"""SWF's own service model, as botocore ships it, compiled into checks of requests.

The model has types, required members, lengths, ranges and enums. What the API reference says in words only
(which characters a name may have, what a duration looks like) stands in the table below.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import botocore.loaders
from botocore import model as botocore_model

from cpe.local.swf.faults import SwfFault
from cpe.local.swf.shapes import (
    Choice,
    Number,
    NumberText,
    Sequence,
    Shape,
    Structure,
    Text,
    Timestamp,
    Truth,
)

#: What precedes an operation's name in the header ``X-Amz-Target``.
TARGET_PREFIX = "SimpleWorkflowService."

# "must not contain a : (colon), / (slash), | (vertical bar), or any control characters … Also, it must not be
# the literal string arn."
_NAME = re.compile(r"(?!arn\Z)[^:/|\x00-\x1f\x7f-\x9f]*")
# "must not start or end with whitespace" besides.
_TRIMMED_NAME = re.compile(r"(?!arn\Z)(?!\s)[^:/|\x00-\x1f\x7f-\x9f]*(?<!\s)")
_SECONDS = re.compile("[0-9]+")
_SECONDS_OR_NONE = re.compile("[0-9]+|NONE")
# Tags of domains: unicode letters, digits, whitespace and a few symbols.
_TAG = re.compile(r"[\w\s.:/=+\-@]*")

#: Patterns by the shape of a text.
PATTERNS: dict[str, re.Pattern[str]] = {
    "DomainName": _TRIMMED_NAME,
    **dict.fromkeys(("Name", "Version", "ActivityId", "TimerId", "WorkflowId"), _NAME),
    "DurationInSeconds": _SECONDS,
    "DurationInSecondsOptional": _SECONDS_OR_NONE,
    **dict.fromkeys(("ResourceTagKey", "ResourceTagValue"), _TAG),
}

#: Patterns of single members that are stricter than their shape's, by structure and member.
MEMBER_PATTERNS: dict[tuple[str, str], re.Pattern[str]] = {
    ("TaskList", "name"): _TRIMMED_NAME,
    # "you cannot specify a value of "NONE" for this timeout"
    ("StartWorkflowExecutionInput", "executionStartToCloseTimeout"): _SECONDS,
    ("RegisterWorkflowTypeInput", "defaultExecutionStartToCloseTimeout"): _SECONDS,
}

#: Texts that may be empty and then mean nothing: their names in the model say that they are optional.
_OPTIONAL = frozenset({"DurationInSecondsOptional", "VersionOptional", "WorkflowRunIdOptional"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the service: its name, the shapes of both ways, and the faults it documents."""

    name: str
    input: Shape
    output: Shape | None
    faults: tuple[str, ...]

    def admit(self, params: Any) -> dict[str, Any]:
        """Check a request and return it without what the service ignores.

        Raises:
            SwfFault: ``SerializationException`` or ``ValidationException``.
        """
        problems: list[str] = []
        self.input.check(params, None, problems)
        if problems:
            found = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
            raise SwfFault("ValidationException", f"{found} detected: {'; '.join(problems)}")
        return params  # type: ignore[no-any-return]  # the check admits nothing but an object


def read_json(body: bytes) -> Any:
    """Read a request's body; an empty one is an empty object.

    Raises:
        SwfFault: ``SerializationException``.
    """
    try:
        return _DECODER.decode((body or b"{}").decode())
    except (ValueError, RecursionError) as error:
        raise SwfFault("SerializationException", f"The request is no JSON: {error}") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


@functools.cache
def operations() -> Mapping[str, Operation]:
    """Compile the whole model, once."""
    description = botocore.loaders.create_loader().load_service_model("swf", "service-2")
    service = botocore_model.ServiceModel(description, "swf")
    return {name: _operation(service.operation_model(name)) for name in service.operation_names}


def _operation(operation: botocore_model.OperationModel) -> Operation:
    return Operation(
        name=operation.name,
        input=compile_shape(operation.input_shape),
        output=compile_shape(operation.output_shape) if operation.output_shape else None,
        faults=tuple(shape.name for shape in operation.error_shapes),
    )


def compile_shape(shape: Any, pattern: re.Pattern[str] | None = None) -> Shape:  # noqa: PLR0911 - a table
    """Turn a shape of botocore's model into a check; `pattern` replaces that of the shape's name."""
    bounds = shape.metadata
    if shape.name == "TaskPriority":
        return NumberText(least=-(2**31), most=2**31 - 1)  # "Integer.MIN_VALUE … to Integer.MAX_VALUE"
    match shape.type_name:
        case "structure":
            return _structure(shape)
        case "list":
            member = compile_shape(shape.member)
            return Sequence(member, shortest=bounds.get("min", 0), longest=bounds.get("max"))
        case "string":
            values = bounds.get("enum")
            return Text(
                shortest=bounds.get("min", 0),
                longest=bounds.get("max"),
                values=frozenset(values) if values else None,
                pattern=pattern or PATTERNS.get(shape.name),
                blank_is_absent=shape.name in _OPTIONAL,
            )
        case "integer" | "long":
            return Number(least=bounds.get("min", -(2**63)), most=bounds.get("max", 2**63 - 1))
        case "boolean":
            return Truth()
        case "timestamp":
            return Timestamp()
        case other:
            raise TypeError(f"the model of SWF has a new kind of shape: {other}")


def _structure(shape: Any) -> Structure:
    members = {
        name: compile_shape(member, MEMBER_PATTERNS.get((shape.name, name)))
        for name, member in shape.members.items()
    }
    if shape.name == "Decision":
        return Choice(members, "decisionType", _decision_attributes(shape))
    return Structure(members, frozenset(shape.required_members))


def _decision_attributes(decision: Any) -> dict[str, str]:
    """Tell the attributes that each type of decision has to bring: those with required members."""
    return {
        kind: name
        for kind in decision.members["decisionType"].enum
        if decision.members[name := f"{kind[0].lower()}{kind[1:]}DecisionAttributes"].required_members
    }
