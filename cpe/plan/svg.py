"""A plan as a standalone SVG, legible in light and in dark mode; no scripts, fonts or links to elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from cpe.plan.diagram import Arrow, Diagram, Reason
from cpe.plan.layout import ARROWHEAD, Layout, Link, Rectangle, Route, Size, lay_out
from cpe.plan.model import Plan
from cpe.plan.svg_box import DETAIL_SIZE, NAME_SIZE, box_size, draw_box
from cpe.plan.svg_text import number, text_width, written

_LABEL_HEIGHT = 18.0
_LABEL_PADDING = 5.0


def to_svg(plan: Plan) -> str:
    """Draw a plan as SVG: a shape for each kind of step, an arrow for each requirement.

    The text is an XML document and may stand in an HTML page too.
    """
    diagram = Diagram.of(plan)
    layout = lay_out(
        [box_size(box) for box in diagram.boxes],
        [
            Link(source=arrow.source, target=arrow.target, label=_label_size(arrow.reason))
            for arrow in diagram.arrows
        ],
    )
    return "\n".join(_document(diagram, layout)) + "\n"


def _document(diagram: Diagram, layout: Layout) -> Iterator[str]:
    width, height = number(layout.width), number(layout.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cpe-plan" role="img" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    )
    yield f"<title>{written(f'Plan {diagram.title}')}</title>"
    yield f"<desc>{written(_in_words(diagram))}</desc>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="paper" width="{width}" height="{height}"/>'
    for arrow, route in zip(diagram.arrows, layout.routes, strict=True):
        yield from _draw_arrow(diagram, arrow, route)
    for box, place in zip(diagram.boxes, layout.boxes, strict=True):
        yield from draw_box(box, place)
    yield "</svg>"


def _draw_arrow(diagram: Diagram, arrow: Arrow, route: Route) -> Iterator[str]:
    yield f'<g class="arrow {_STYLE_OF[arrow.reason]}">'
    yield f"<title>{written(_arrow_in_words(diagram, arrow))}</title>"
    tip = route.stretches[-1][1]
    half, length = number(ARROWHEAD / 2), number(ARROWHEAD)
    yield f'<path class="line" d="{_curve(route)}"/>'
    yield f'<path class="head" d="M{number(tip.x)} {number(tip.y)}l-{half} -{length}h{length}Z"/>'
    if route.label:
        yield from _draw_label(arrow.reason.label, route.label)
    yield "</g>"


def _curve(route: Route) -> str:
    """Write a way as a path: straight down in rows, and bent in between, without ever going up."""
    (first, end), *others = route.stretches
    parts = [f"M{number(first.x)} {number(first.y)}"]
    if end.y > first.y:
        parts.append(f"V{number(end.y)}")
    for index, (start, stop) in enumerate(others, 1):
        half = number((end.y + start.y) / 2)
        if start.x == end.x:
            parts.append(f"V{number(start.y)}")
        else:
            x, y = number(start.x), number(start.y)
            parts.append(f"C{number(end.x)} {half} {x} {half} {x} {y}")
        # The head covers the last pixels; a line under its tip would blunt it.
        bottom = stop.y - ARROWHEAD / 2 if index == len(others) else stop.y
        parts.append(f"V{number(bottom)}")
        end = stop
    return "".join(parts)


def _draw_label(text: str, place: Rectangle) -> Iterator[str]:
    yield (
        f'<rect class="paper" x="{number(place.left)}" y="{number(place.top)}" '
        f'width="{number(place.width)}" height="{number(place.height)}"/>'
    )
    x, y = number(place.left + place.width / 2), number(place.top + place.height * 0.72)
    yield f'<text x="{x}" y="{y}">{written(text)}</text>'


def _label_size(reason: Reason) -> Size | None:
    if not reason.label:
        return None
    return Size(width=round(text_width(reason.label, DETAIL_SIZE) + 2 * _LABEL_PADDING), height=_LABEL_HEIGHT)


def _in_words(diagram: Diagram) -> str:
    """The plan for who cannot see it."""
    after: list[list[str]] = [[] for _ in diagram.boxes]
    for arrow in diagram.arrows:
        after[arrow.target].append(f"after {diagram.boxes[arrow.source].name} ({arrow.reason})")
    return "\n".join(
        f"{', '.join([*box.words, *requirements])}."
        for box, requirements in zip(diagram.boxes, after, strict=True)
    )


def _arrow_in_words(diagram: Diagram, arrow: Arrow) -> str:
    source, target = diagram.boxes[arrow.source].name, diagram.boxes[arrow.target].name
    return f"{source} → {target}: {arrow.reason}"


_STYLE_OF = {reason: "cancel" if reason is Reason.CANCEL else reason.value for reason in Reason}

_LIGHT = {
    "paper": "#ffffff",
    "box": "#f6f8fa",
    "edge": "#57606a",
    "text": "#1f2328",
    "quiet": "#57606a",
    "succeeded": "#1a7f37",
    "failed": "#cf222e",
    "skipped": "#9a6700",
    "cancel": "#8250df",
}
_DARK = {
    "paper": "#0d1117",
    "box": "#161b22",
    "edge": "#8b949e",
    "text": "#e6edf3",
    "quiet": "#9ea7b3",
    "succeeded": "#3fb950",
    "failed": "#f85149",
    "skipped": "#d29922",
    "cancel": "#a371f7",
}


def _colours(palette: dict[str, str]) -> str:
    """The rules that differ between light and dark; many programs that draw SVG know no CSS variables."""
    rules = [
        f".paper{{fill:{palette['paper']}}}",
        f".step path{{fill:{palette['box']};stroke:{palette['edge']}}}",
        f"text{{fill:{palette['quiet']}}}",
        f".name{{fill:{palette['text']}}}",
        f".line{{stroke:{palette['edge']}}}",
        f".head{{fill:{palette['edge']}}}",
        f".when path{{fill:{palette['skipped']};stroke:none}}",
    ]
    for status in ("succeeded", "failed", "skipped", "cancel"):
        rules.append(f".{status} .line{{stroke:{palette[status]}}}")
        rules.append(f".{status} .head,.cpe-plan .{status} text{{fill:{palette[status]}}}")
    return "".join(f".cpe-plan {rule}" for rule in rules)


_STYLE = (
    ".cpe-plan text{text-anchor:middle;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
    f"font-size:{DETAIL_SIZE:g}px}}"
    f".cpe-plan .name{{font-size:{NAME_SIZE:g}px;font-weight:600}}"
    ".cpe-plan .when text{text-anchor:start;font-style:italic}"
    ".cpe-plan .step path{stroke-width:1.3}"
    ".cpe-plan .cleanup>path,.cpe-plan .cancel .line{stroke-dasharray:5 4}"
    ".cpe-plan .line{fill:none;stroke-width:1.4}"
    f"{_colours(_LIGHT)}"
    f"@media (prefers-color-scheme:dark){{{_colours(_DARK)}}}"
)
