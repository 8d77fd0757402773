"""A plan as a drawing: Mermaid for documents, DOT for Graphviz."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cpe.plan.model import AwaitSignal, Evaluate, Plan, RunActivity, RunWorkflow, Step, Wait


def to_mermaid(plan: Plan) -> str:
    """Draw a plan as a Mermaid flowchart: a box for each step, an arrow for each requirement.

    Arrows bear the status that is required, unless it is the default, ``completed``.
    """
    ids = _ids(plan)
    lines = ["flowchart TD"]
    for step in plan.steps:
        opening, closing = _MERMAID_SHAPES[type(step.work)]
        lines.append(f'    {ids[step.name]}{opening}"{_mermaid_text(_label(step))}"{closing}')
    for step in plan.steps:
        for one in step.requires:
            arrow = "-->" if one.status == "completed" else f"-->|{one.status}|"
            lines.append(f"    {ids[one.step]} {arrow} {ids[step.name]}")
    return "\n".join(lines) + "\n"


def to_dot(plan: Plan) -> str:
    """Draw a plan in Graphviz's DOT, with the same boxes and arrows."""
    ids = _ids(plan)
    lines = ["digraph plan {", "    node [shape=box];"]
    for step in plan.steps:
        shape = _DOT_SHAPES[type(step.work)]
        lines.append(f'    {ids[step.name]} [label="{_dot_text(_label(step))}", shape={shape}];')
    for step in plan.steps:
        for one in step.requires:
            label = "" if one.status == "completed" else f' [label="{one.status}"]'
            lines.append(f"    {ids[one.step]} -> {ids[step.name]}{label};")
    return "\n".join([*lines, "}"]) + "\n"


DRAWINGS: Mapping[str, Callable[[Plan], str]] = {"mermaid": to_mermaid, "dot": to_dot}
"""What draws a plan, by the name of the format."""

_MERMAID_SHAPES: Mapping[type, tuple[str, str]] = {
    RunActivity: ("[", "]"),
    RunWorkflow: ("[[", "]]"),
    Evaluate: ("[/", "/]"),
    Wait: ("([", "])"),
    AwaitSignal: ("{{", "}}"),
}
_DOT_SHAPES: Mapping[type, str] = {
    RunActivity: "box",
    RunWorkflow: "component",
    Evaluate: "parallelogram",
    Wait: "ellipse",
    AwaitSignal: "hexagon",
}


def _ids(plan: Plan) -> dict[str, str]:
    """Names that both languages take, since steps may be called anything."""
    return {step.name: f"s{number}" for number, step in enumerate(plan.steps)}


def _label(step: Step) -> str:
    match step.work:
        case RunActivity(activity=activity):
            return f"{step.name}\n{activity.name} {activity.version}"
        case RunWorkflow(name=name, version=version):
            return f"{step.name}\nworkflow {name} {version}"
        case Evaluate():
            return f"{step.name}\neval"
        case Wait(seconds=seconds):
            return f"{step.name}\nwait {seconds} s"
        case AwaitSignal(signal=signal):
            return f"{step.name}\nsignal {signal}"


def _mermaid_text(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", "<br/>")


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
