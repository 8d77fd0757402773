"""Which test proves what of AWS's SWF model: python -m tests.swf_coverage writes docs/local-swf-coverage.md.

The entries come from botocore's model of the service, the proofs from the tests: each test names what it
proves with ``@pytest.mark.proves("StartTimer", "StartTimerFailed:TIMER_ID_ALREADY_IN_USE")``. They are read
from the syntax tree, so nothing has to be imported or run. A name is one of

* an operation, a decision type or an event type;
* ``Event:VALUE`` for a failure cause, another cause, or a kind of time-out;
* ``Operation:Fault`` for a fault the model says an operation may answer with.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel, StringShape, StructureShape

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "local-swf-coverage.md"

NO_PERMISSIONS = "There is no access control: every caller may do everything."
NO_RATES = "There are no rate limits; the fault injection throttles whole calls instead."
NO_LAMBDA = (
    "There is no Lambda: every ScheduleLambdaFunction fails with LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION."
)
NO_QUOTA = "The quota it stands for (of pollers, or of tag requests) is the account's; one machine has none."

#: Entries that cannot occur in a service on one machine, by how their names begin and end, and why.
IMPOSSIBLE: tuple[tuple[str, str, str], ...] = (
    ("", ":OPERATION_NOT_PERMITTED", NO_PERMISSIONS),
    ("RecordMarkerFailed", "", NO_PERMISSIONS),
    ("", ":OperationNotPermittedFault", NO_PERMISSIONS),
    ("", "_RATE_EXCEEDED", NO_RATES),
    ("ScheduleLambdaFunctionFailed:ID_ALREADY_IN_USE", "", NO_LAMBDA),
    ("ScheduleLambdaFunctionFailed:OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED", "", NO_LAMBDA),
    ("LambdaFunction", "", NO_LAMBDA),
    ("StartLambdaFunctionFailed", "", NO_LAMBDA),
    ("PollFor", ":LimitExceededFault", NO_QUOTA),
    ("ListTagsForResource", ":LimitExceededFault", NO_QUOTA),
    ("TagResource", ":LimitExceededFault", NO_QUOTA),
    ("UntagResource", ":LimitExceededFault", NO_QUOTA),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One kind of entry.

    Attributes:
        title: Its heading.
        entries: The names, in the model's order.
    """

    title: str
    entries: tuple[str, ...]


def model() -> ServiceModel:
    """Return botocore's model of SWF."""
    return ServiceModel(Loader().load_service_model("swf", "service-2"), "swf")


def sections(service: ServiceModel) -> tuple[Section, ...]:
    """Return everything the model says there is."""
    operations = tuple(service.operation_names)
    return (
        Section(title="Operations", entries=operations),
        Section(title="Decision types", entries=_values(service, "DecisionType")),
        Section(title="Event types", entries=_values(service, "EventType")),
        Section(title="Causes and kinds of time-out", entries=tuple(_causes(service))),
        Section(title="Faults", entries=tuple(_faults(service))),
    )


def _values(service: ServiceModel, name: str) -> tuple[str, ...]:
    shape = service.shape_for(name)
    assert isinstance(shape, StringShape)
    return tuple(shape.enum)


def _causes(service: ServiceModel) -> Iterator[str]:
    for event in _values(service, "EventType"):
        attributes = service.shape_for(f"{event}EventAttributes")
        assert isinstance(attributes, StructureShape)
        for member in ("cause", "timeoutType"):
            if member in attributes.members:
                kind = attributes.members[member].name
                yield from (f"{event}:{value}" for value in _values(service, kind))


def _faults(service: ServiceModel) -> Iterator[str]:
    for name in service.operation_names:
        yield from (f"{name}:{fault.name}" for fault in service.operation_model(name).error_shapes)


def proofs(folder: Path = TESTS) -> dict[str, tuple[str, ...]]:
    """Return the tests that prove each entry, as ``path::name`` below the repository."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        where = path.relative_to(folder.parent).as_posix()
        for test, entry in _marks(ast.parse(path.read_text())):
            found.setdefault(entry, []).append(f"{where}::{test}")
    return {entry: tuple(tests) for entry, tests in found.items()}


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (test, entry) for each argument of each ``proves`` on a test or on one of its parameters."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        for decorator in node.decorator_list:
            for call in ast.walk(decorator):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.proves":
                    yield from ((node.name, str(ast.literal_eval(entry))) for entry in call.args)


def impossible(entry: str) -> str | None:
    """Return why an entry cannot occur here, or None if it can.

    Example:
        >>> impossible("StartTimerFailed:OPERATION_NOT_PERMITTED")
        'There is no access control: every caller may do everything.'
    """
    for start, end, reason in IMPOSSIBLE:
        if entry.startswith(start) and entry.endswith(end):
            return reason
    return None


def render(found: Mapping[str, tuple[str, ...]]) -> str:
    """Return the document's text."""
    lines = [
        "# What the local SWF covers",
        "",
        "Every entry of AWS's SWF model (as botocore has it) and the tests that prove it. This page is written",
        "by `python -m tests.swf_coverage`; `tests/unit/test_swf_coverage.py` fails when an entry of the model has",
        "no test, or when this page is not what the model and the tests say.",
        "",
        "A name like `StartTimerFailed:TIMER_ID_ALREADY_IN_USE` is an event with a value of its `cause` or",
        "`timeoutType`; one like `StartWorkflowExecution:TypeDeprecatedFault` is a fault of an operation.",
        "",
    ]
    lines += [*_summary(found), ""]
    for section in sections(model()):
        lines += [f"## {section.title}", "", "| entry | proved by |", "|---|---|"]
        lines += [f"| `{entry}` | {_proved_by(entry, found)} |" for entry in section.entries]
        lines.append("")
    return "\n".join(lines)


def _summary(found: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    yield from ("| | entries | proved | cannot occur |", "|---|---|---|---|")
    for section in sections(model()):
        proved = sum(entry in found for entry in section.entries)
        without = sum(impossible(entry) is not None for entry in section.entries)
        yield f"| {section.title} | {len(section.entries)} | {proved} | {without} |"
    yield from ("", "What cannot occur, cannot for one of these reasons:", "")
    yield from (f"- {reason}" for reason in dict.fromkeys(reason for _, _, reason in IMPOSSIBLE))


def _proved_by(entry: str, found: Mapping[str, tuple[str, ...]]) -> str:
    if entry in found:
        return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in found[entry])
    reason = impossible(entry)
    return f"cannot occur: {reason}" if reason else "**not proved**"


if __name__ == "__main__":
    DOCUMENT.write_text(render(proofs()))
