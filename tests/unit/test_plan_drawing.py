"""Drawings of plans: Mermaid, DOT and SVG say the same, whatever steps are called and in whatever order they stand."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.plan import Plan, load_plan, parse_plan
from cpe.plan.diagram import Diagram, drawable, shortened
from cpe.plan.drawing import DRAWINGS, to_dot, to_mermaid
from cpe.plan.svg import to_svg
from cpe.plan.svg_text import fitted, number, text_width

ROOT = Path(__file__).parents[2]
PLANS = sorted([*(ROOT / "plans").glob("*.yml"), *(ROOT / "tests" / "plans").glob("*.yml")])
SVG = "{http://www.w3.org/2000/svg}"

EVERY_KIND = """
name: P
version: 1
activities: [{ name: Act, version: v1 }]
steps:
  - { name: A, activity: Act, on_cancel: Tidy }
  - { name: 'say "hi"', eval: "1", requires: [A] }
  - { name: W, wait: 5, requires: [[A, failed]] }
  - { name: S, signal: go, requires: [[W, skipped]] }
  - name: C
    workflow: { name: Child, version: "1.0" }
    requires: [[A, succeeded]]
    when: "$__input__.width > 1280"
    for_each: "{{__input__.list}}"
    max_parallel: 3
  - { name: Tidy, activity: Act, requires: [A] }
"""

# What ends an attribute, an element, a comment, a section, a string or a line in one of the languages.
NASTY = [
    *(
        '"',
        "'",
        "<",
        ">",
        "&",
        "]]>",
        "<!--",
        "-->",
        "<script>alert(1)</script>",
        '" onload="alert(1)',
        "&lt;",
        "&#0;",
    ),
    *(
        "\\",
        '\\"',
        "\\N",
        "%%{init}%%",
        "`",
        "#quot;",
        ";",
        "|",
        "end",
        "1. first",
        "- one",
        "$x$",
        "{{",
        "}}",
        "]]",
    ),
    *("é", "日本語", "🎬", "\u202e", "\u0301", "\ufffe", "\u2028", "x" * 150),
]
names = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=5)), min_size=1, max_size=3).map(
    lambda parts: re.sub(r"[:/|\x00-\x1f\x7f-\x9f]", "", "".join(parts))[:190]
)


@st.composite
def raw_plans(draw: st.DrawFn) -> dict[str, Any]:
    """Plans of all kinds of steps as they stand in a file, their steps numbered so that names differ."""
    found = [f"{number} {name}" for number, name in enumerate(draw(st.lists(names, min_size=1, max_size=8)))]
    steps = []
    for index, name in enumerate(found):
        step: dict[str, Any] = {"name": name}
        kinds: list[dict[str, Any]] = [
            *({"activity": "Act"}, {"eval": "1"}, {"wait": 5}, {"signal": "go"}),
            *(
                {"workflow": {"name": "Child", "version": "1"}},
                {"activity": "Act", "for_each": "{{__input__}}"},
            ),
        ]
        step |= draw(st.sampled_from(kinds))
        if draw(st.booleans()) and ("activity" in step or "workflow" in step):
            step["on_cancel"] = "Tidy"
        if draw(st.booleans()):
            step["when"] = "$__input__.name = '<&\">'"
        required = draw(st.lists(st.sampled_from(found[:index]), unique=True)) if index else []
        statuses = st.sampled_from(["completed", "succeeded", "failed", "skipped"])
        step["requires"] = [[one, draw(statuses)] for one in required]
        steps.append(step)
    steps.append({"name": "Tidy", "eval": "1", "requires": []})
    return {"name": "P", "version": "1", "activities": [{"name": "Act", "version": "1"}], "steps": steps}


def parsed(raw: dict[str, Any]) -> Plan:
    # JSON is YAML but for its way of writing characters; escapes let any of them pass.
    text = json.dumps(raw, ensure_ascii=False)
    return parse_plan(re.sub(r"[^ -~]", lambda found: f"\\U{ord(found[0]):08x}", text))


def check_svg(text: str) -> ET.Element:
    """Parse an SVG and check that nothing but what is meant to be there is there."""
    text.encode("utf-8")
    root = ET.fromstring(text)  # noqa: S314 - our own drawing
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    allowed = {"svg", "title", "desc", "style", "rect", "g", "path", "text"}
    attributes = {"class", "role", "width", "height", "viewBox", "x", "y", "d"}
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert element.attrib.keys() <= attributes
    assert text.count("http") == 1  # the name of the language
    assert "url(" not in text
    assert "@import" not in text
    return root


def parts(root: ET.Element, style: str) -> list[ET.Element]:
    return [group for group in root.iter(f"{SVG}g") if style in str(group.get("class")).split()]


def titles(groups: list[ET.Element]) -> list[str]:
    return [str(group.findtext(f"{SVG}title")) for group in groups]


@settings(deadline=None, max_examples=60)
@given(raw_plans(), st.randoms(use_true_random=False))
def test_any_plan_is_drawn_soundly_and_always_the_same(raw: dict[str, Any], chance: random.Random) -> None:
    plan = parsed(raw)
    diagram = Diagram.of(plan)
    root = check_svg(to_svg(plan))
    assert [title.split("\n")[0] for title in titles(parts(root, "step"))] == [
        box.name for box in diagram.boxes
    ]
    assert len(parts(root, "arrow")) == len(diagram.arrows)
    assert {box.name for box in diagram.boxes} == {drawable(step["name"]) for step in raw["steps"]}
    assert all(arrow.source < arrow.target for arrow in diagram.arrows)
    check_mermaid(to_mermaid(plan), diagram)
    check_dot(to_dot(plan), diagram)
    shuffled = chance.sample(raw["steps"], len(raw["steps"]))
    for step in shuffled:
        chance.shuffle(step["requires"])
    again = parsed({**raw, "steps": shuffled})
    for draw in DRAWINGS.values():
        assert draw(again) == draw(plan)


def check_mermaid(text: str, diagram: Diagram) -> None:
    text.encode("utf-8")
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    boxes, arrows = len(diagram.boxes), len(diagram.arrows)
    for line in lines[:boxes]:
        assert re.fullmatch(r'    s\d+[\[({/]+"(?:[\w .,()=-]|#\d+;|<br/>)*"[\])}/]+', line), line
    for line in lines[boxes : boxes + arrows]:
        assert re.fullmatch(r"    s\d+ -\.?->(?:\|[a-z ]+\|)? s\d+", line), line
    for line in lines[boxes + arrows :]:
        assert re.fullmatch(r"    (?:linkStyle [\d,]+ stroke:#\w+|style s\d+ stroke-dasharray:5 4)", line), (
            line
        )


def check_dot(text: str, diagram: Diagram) -> None:
    text.encode("utf-8")
    quoted = r'"(?:[^"\\\n]|\\[\\"n])*"'
    attributes = rf"\[\w+=(?:{quoted}|\w+)(?:, \w+=(?:{quoted}|\w+))*\]"
    first, second, *lines, last = text.splitlines()
    assert (first, second, last) == ("digraph plan {", "    node [shape=box];", "}")
    assert len(lines) == len(diagram.boxes) + len(diagram.arrows)
    for line in lines:
        assert re.fullmatch(rf"    s\d+(?: -> s\d+)?(?: {attributes})?;", line), line


def test_every_kind_as_mermaid() -> None:
    assert to_mermaid(parse_plan(EVERY_KIND)) == (
        "flowchart TD\n"
        '    s0["A<br/>Act v1"]\n'
        '    s1[["C<br/>workflow Child 1.0<br/>for each item, 3 at once<br/>#9671; when #36;__input__.width #62; 1280"]]\n'
        '    s2["Tidy<br/>Act v1"]\n'
        '    s3(["W<br/>wait 5 s"])\n'
        '    s4{{"S<br/>signal go"}}\n'
        '    s5[/"say #34;hi#34;<br/>eval"/]\n'
        "    s0 -->|succeeded| s1\n"
        "    s0 --> s2\n"
        "    s0 -.->|on cancel| s2\n"
        "    s0 -->|failed| s3\n"
        "    s3 -->|skipped| s4\n"
        "    s0 --> s5\n"
        "    linkStyle 0 stroke:#2da44e\n"
        "    linkStyle 3 stroke:#e5534b\n"
        "    linkStyle 4 stroke:#bf8700\n"
        "    linkStyle 2 stroke:#986ee2\n"
        "    style s2 stroke-dasharray:5 4\n"
    )


def test_every_kind_as_dot() -> None:
    lines = to_dot(parse_plan(EVERY_KIND)).splitlines()
    assert '    s5 [label="say \\"hi\\"\\neval", shape=parallelogram];' in lines
    assert (
        '    s1 [label="C\\nworkflow Child 1.0\\nfor each item, 3 at once\\n◇ when $__input__.width > 1280", '
        'shape=component, peripheries=2, tooltip="$__input__.width > 1280"];'
    ) in lines
    assert '    s2 [label="Tidy\\nAct v1", shape=box, style=dashed];' in lines
    assert '    s0 -> s3 [label="failed", color="#e5534b", fontcolor="#e5534b"];' in lines
    assert '    s0 -> s2 [label="on cancel", color="#986ee2", fontcolor="#986ee2", style=dashed];' in lines
    assert "    s0 -> s2;" in lines


def test_every_kind_as_svg() -> None:
    root = check_svg(to_svg(parse_plan(EVERY_KIND)))
    assert root.findtext(f"{SVG}title") == "Plan P 1"
    assert "S, signal go, after W (skipped)." in str(root.findtext(f"{SVG}desc"))
    for kind, count in {
        "activity": 2,
        "workflow": 1,
        "eval": 1,
        "wait": 1,
        "signal": 1,
        "cleanup": 1,
    }.items():
        assert len(parts(root, kind)) == count
    (stacked,) = parts(root, "workflow")
    assert len(stacked.findall(f"{SVG}path")) == 3
    assert titles(parts(stacked, "when")) == ["when $__input__.width > 1280"]
    assert "for each item, 3 at once" in [text.text for text in stacked.iter(f"{SVG}text")]
    assert titles(parts(root, "cancel")) == ["A → Tidy: on cancel"]
    labels = {
        style: [t.text for g in parts(root, style) for t in g.iter(f"{SVG}text")]
        for style in ("failed", "completed")
    }
    assert labels == {"failed": ["failed"], "completed": []}


def test_arrows_of_the_svg_end_at_the_outlines_of_its_boxes() -> None:
    root = check_svg(to_svg(parse_plan(EVERY_KIND)))
    outlines = [str(path.get("d")) for box in parts(root, "step") for path in box.findall(f"{SVG}path")]
    heads = [str(path.get("d")) for path in root.iter(f"{SVG}path") if path.get("class") == "head"]
    assert len(heads) == 6
    # Every outline begins at its top, and an arrow's head at its tip.
    assert {start_of(head) for head in heads} <= {start_of(outline) for outline in outlines}


def start_of(path: str) -> float:
    """How far down a path begins."""
    found = re.match(r"M\S+ ([\d.]+)", path)
    assert found
    return float(found[1])


def test_names_are_cut_but_told_in_full() -> None:
    long = "a very long name of a step " * 7
    raw = {"name": "P", "version": "1", "activities": [], "steps": [{"name": long.strip(), "eval": "1"}]}
    root = check_svg(to_svg(parsed(raw)))
    (box,) = parts(root, "step")
    shown = str(box.findtext(f"{SVG}text"))
    assert shown.endswith("…")
    assert len(shown) < 60
    assert titles([box]) == [f"{long.strip()}\neval"]
    assert f'"{long[:59].rstrip()}…<br/>eval"'.replace("…", "#8230;") in to_mermaid(parsed(raw))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plans_of_the_repository_are_drawn(path: Path) -> None:
    plan = load_plan(path)
    root = check_svg(to_svg(plan))
    assert len(parts(root, "step")) == len(plan.steps)


@pytest.mark.parametrize("shape", ["chain", "fan"])
def test_a_thousand_steps_are_drawn(shape: str) -> None:
    middle = [f"S{index}" for index in range(1000)]
    if shape == "chain":
        requires = {name: [[before, "succeeded"]] for before, name in pairwise(middle)}
    else:
        requires = {name: [["first", "succeeded"]] for name in middle} | {
            "last": [[name, "failed"] for name in middle]
        }
    steps = [
        {"name": name, "wait": 1, "requires": requires.get(name, [])}
        for name in {"first", *middle, *requires}
    ]
    root = check_svg(to_svg(parsed({"name": "P", "version": "1", "activities": [], "steps": steps})))
    assert len(parts(root, "step")) == len(steps)
    assert len(parts(root, "arrow")) == sum(map(len, requires.values()))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x00b", "a\ufffdb"),
        (" a \n\t b ", "a b"),
        ("\ud83d", "\ufffd"),
        ("a\u202eb", "a\ufffdb"),
        ("🎬 é", "🎬 é"),
    ],
)
def test_what_cannot_be_drawn_is_shown_as_such(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


def test_texts_are_cut() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcd fg", 6) == "abcd…"
    assert fitted("W" * 9, 10, 40).endswith("W…")
    assert text_width(fitted("W" * 9, 10, 40), 10) <= 40


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(20, 200))
def test_a_fitted_text_fits(text: str, width: int) -> None:
    assert text_width(fitted(text, 12, width), 12) <= width


@pytest.mark.parametrize(
    ("value", "written"), [(12.0, "12"), (0.25, "0.2"), (123456.7, "123456.7"), (-4.04, "-4")]
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert number(value) == written
