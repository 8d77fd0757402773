"""A plan as a drawing: Mermaid for documents, DOT for Graphviz, SVG for anything that shows pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from cpe.plan.diagram import Arrow, Box, Diagram, Kind, Reason, shortened
from cpe.plan.model import Plan
from cpe.plan.svg import to_svg

_LONGEST_LINE = 60
"""Characters of a line of a box."""


def to_mermaid(plan: Plan) -> str:
    """Draw a plan as a Mermaid flowchart: a box for each step, an arrow for each requirement.

    Arrows bear the status that is required, unless it is the default, ``completed``. Steps that clean up are
    dashed.
    """
    diagram = Diagram.of(plan)
    lines = ["flowchart TD"]
    for number, box in enumerate(diagram.boxes):
        opening, closing = _MERMAID_SHAPES[box.kind]
        text = "<br/>".join(map(_mermaid_text, _lines(box)))
        lines.append(f'    s{number}{opening}"{text}"{closing}')
    for arrow in diagram.arrows:
        shaft = "-.->" if arrow.reason is Reason.CANCEL else "-->"
        label = f"|{arrow.reason.label}|" if arrow.reason.label else ""
        lines.append(f"    s{arrow.source} {shaft}{label} s{arrow.target}")
    for reason, colour in _COLOURS.items():
        if numbers := _joined(n for n, arrow in enumerate(diagram.arrows) if arrow.reason is reason):
            lines.append(f"    linkStyle {numbers} stroke:{colour}")
    for number, box in enumerate(diagram.boxes):
        if box.is_cleanup:
            lines.append(f"    style s{number} stroke-dasharray:5 4")
    return "\n".join(lines) + "\n"


def to_dot(plan: Plan) -> str:
    """Draw a plan in Graphviz's DOT, with the same boxes and arrows.

    Pictures that Graphviz makes of it show the whole condition of a step when the pointer rests on it.
    """
    diagram = Diagram.of(plan)
    lines = ["digraph plan {", "    node [shape=box];"]
    lines += [f"    s{number} [{_dot_attributes(box)}];" for number, box in enumerate(diagram.boxes)]
    lines += [f"    s{arrow.source} -> s{arrow.target}{_dot_style(arrow)};" for arrow in diagram.arrows]
    return "\n".join([*lines, "}"]) + "\n"


DRAWINGS: Mapping[str, Callable[[Plan], str]] = {"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg}
"""What draws a plan, by the name of the format."""

_MERMAID_SHAPES: Mapping[Kind, tuple[str, str]] = {
    Kind.ACTIVITY: ("[", "]"),
    Kind.WORKFLOW: ("[[", "]]"),
    Kind.EVAL: ("[/", "/]"),
    Kind.WAIT: ("([", "])"),
    Kind.SIGNAL: ("{{", "}}"),
}
_DOT_SHAPES: Mapping[Kind, str] = {
    Kind.ACTIVITY: "box",
    Kind.WORKFLOW: "component",
    Kind.EVAL: "parallelogram",
    Kind.WAIT: "ellipse",
    Kind.SIGNAL: "hexagon",
}
_COLOURS: Mapping[Reason, str] = {
    Reason.SUCCEEDED: "#2da44e",
    Reason.FAILED: "#e5534b",
    Reason.SKIPPED: "#bf8700",
    Reason.CANCEL: "#986ee2",
}
"""Legible on white and on black; the reader's program chooses the background."""

# Anything else means something to some version of Mermaid: %% begins a comment, * and ` are Markdown, and so
# is a dash or a number with a point at the beginning.
_MERMAID_REFUSED = re.compile(r"[^\w .,()=-]|(?<=\d)[.)](?= )|^-")


def _lines(box: Box) -> list[str]:
    """The text of a box, cut; a condition comes last, behind a diamond."""
    lines = [box.name, box.detail, box.for_each, box.when and f"\N{WHITE DIAMOND} when {box.when}"]
    return [shortened(line, _LONGEST_LINE) for line in lines if line]


def _mermaid_text(text: str) -> str:
    return _MERMAID_REFUSED.sub(lambda found: f"#{ord(found[0])};", text)


def _dot_attributes(box: Box) -> str:
    label = "\\n".join(map(_dot_text, _lines(box)))
    attributes = [f'label="{label}"', f"shape={_DOT_SHAPES[box.kind]}"]
    if box.for_each:
        attributes.append("peripheries=2")
    if box.is_cleanup:
        attributes.append("style=dashed")
    if box.when:
        attributes.append(f'tooltip="{_dot_text(box.when)}"')
    return ", ".join(attributes)


def _dot_style(arrow: Arrow) -> str:
    if arrow.reason not in _COLOURS:
        return ""
    colour = _COLOURS[arrow.reason]
    dashed = ", style=dashed" if arrow.reason is Reason.CANCEL else ""
    return f' [label="{arrow.reason.label}", color="{colour}", fontcolor="{colour}"{dashed}]'


def _dot_text(text: str) -> str:
    """Write a text for between quotes; Graphviz reads HTML's entities there too."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
