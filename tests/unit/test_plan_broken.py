"""Broken plans, a file each in tests/plans/broken: what each is refused with stands at its top."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cpe.plan import PlanRefused, load_plan, parse_plan
from cpe.source.findings import MAX_TOLD
from cpe.source.yaml_text import MAX_BYTES

ROOT = Path(__file__).parents[2]
BROKEN = sorted((ROOT / "tests" / "plans" / "broken").glob("*.yml"))
EXPECTED = re.compile(r"# (\d+:\d+: [A-Z_]+: .*)")

STEP = "  - { name: First, activity: Act }\n"
HEAD = "name: Huge\nversion: 1\nactivities: [{ name: Act, version: v1 }]\n"


def expected_findings(path: Path) -> list[str]:
    """The findings in the comments that a file begins with."""
    expected = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        if (found := EXPECTED.fullmatch(line)) is None:
            break
        expected.append(found[1])
    return expected


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_plan_is_refused_with_what_stands_at_its_top(path: Path) -> None:
    with pytest.raises(PlanRefused) as refused:
        load_plan(path)
    told = [str(finding).removeprefix(f"{path}:") for finding in refused.value.findings]
    assert told == expected_findings(path)


def test_every_documented_code_has_a_broken_plan() -> None:
    documented = (ROOT / "docs" / "plans.md").read_text("utf-8").partition("## What is refused at load")[2]
    codes = set(re.findall(r"`([A-Z][A-Z_]+)`", documented.partition("## Tools")[0]))
    shown = {line.split(": ")[1] for path in BROKEN for line in expected_findings(path)}
    # One needs a file of a mebibyte, the other two files: test_plan_load.py has both.
    assert codes - shown == {"FILE_TOO_LARGE", "DUPLICATE_PLAN"}


def step(keys: str) -> str:
    return f"{HEAD}steps:\n  - {{ name: First, activity: Act, {keys} }}\n"


def schema(text: str) -> str:
    return f"{HEAD}input_spec: {text}\nsteps:\n{STEP}"


def filled(head: str, unit: str, tail: str = "") -> str:
    """A text of nearly as many bytes as a plan may have."""
    return head + unit * ((MAX_BYTES - 500 - len(head) - len(tail)) // len(unit)) + tail


HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "brackets": (lambda: filled("", "["), "NESTED_TOO_DEEPLY"),
    "braces": (lambda: filled("", "{a: "), "NESTED_TOO_DEEPLY"),
    "dashes": (lambda: filled("", "- "), "NESTED_TOO_DEEPLY"),
    "questions": (lambda: filled("", "? "), "NESTED_TOO_DEEPLY"),
    "words": (lambda: filled("", "lorem ipsum "), "WRONG_TYPE"),
    "punctuation": (lambda: filled("", "}:%"), "NOT_YAML"),
    "values": (lambda: filled("a: [", "1,", "]"), "FILE_TOO_LARGE"),
    "keys": (lambda: "".join(f"k{n}: 1\n" for n in range(49_000)), "UNKNOWN_KEY"),
    "aliases to aliases": (
        lambda: "\n".join(
            ["a0: &a0 {x: 1, y: 2}", *(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 90))]
        ),
        "ALIAS_BOMB",
    ),
    "an alias within its anchor": (lambda: "a: &a [*a, *a]", "NOT_YAML"),
    "steps that are none": (lambda: f"{HEAD}steps:\n" + "  - 1\n" * 40_000, "WRONG_TYPE"),
    "unknown steps": (
        lambda: (
            f"{HEAD}steps:\n"
            + "".join(f"  - {{name: Step{n}, activity: Act, requires: [Stpe{n}]}}\n" for n in range(5_000))
        ),
        "UNKNOWN_STEP",
    ),
    "a long cycle": (
        lambda: (
            f"{HEAD}steps:\n"
            + "".join(f"  - {{name: S{n}, wait: 1, requires: [S{(n + 1) % 6_000}]}}\n" for n in range(6_000))
        ),
        "CYCLE",
    ),
    "a pattern of groups": (lambda: schema("{ pattern: '" + "(" * 900 + ")" * 900 + "' }"), "INVALID_SCHEMA"),
    "a long pattern": (lambda: schema(filled("{ pattern: '", "(a|b)*", "' }")), "INVALID_SCHEMA"),
    "a repetition": (lambda: schema("{ pattern: 'a{99999999999}' }"), "INVALID_SCHEMA"),
    "a wide schema": (
        lambda: schema("{ properties: {" + ",".join(f"p{n}: {{type: x}}" for n in range(20_000)) + "}}"),
        "INVALID_SCHEMA",
    ),
    "a long enum": (
        lambda: schema("{ enum: [" + ",".join(f"{{a: {n}}}" for n in range(2_000)) + "]}"),
        "INVALID_SCHEMA",
    ),
    "a template of filters": (lambda: step(filled("input: '", "{{a|upper}}", "'")), "INVALID_TEMPLATE"),
    "a template of names": (
        lambda: step("input: '" + "".join(f"{{{{a{n}.b}}}}" for n in range(80_000)) + "'"),
        "UNKNOWN_NAME",
    ),
    "parentheses": (lambda: step("input: '{{" + "(" * 800 + "1" + ")" * 800 + "}}'"), "INVALID_TEMPLATE"),
    "nested loops": (
        lambda: step("input: '" + "{% for a in b %}" * 25 + "{% endfor %}" * 25 + "'"),
        "INVALID_TEMPLATE",
    ),
    "a long number": (lambda: step("input: '{{ " + "1" * 9_999 + " }}'"), "INVALID_TEMPLATE"),
    "an expression of nots": (lambda: step("when: '" + "not " * 1_000 + "true'"), "INVALID_YAQL"),
    "a long expression": (lambda: step(filled("when: '", "1 + ", "1'")), "INVALID_YAQL"),
    "a long name": (lambda: step(filled("task: ", "a")), "UNKNOWN_KEY"),
    "sixties": (lambda: step("priority: 1" + ":1" * 400_000), "WRONG_TYPE"),
    "no Unicode": (lambda: "name: '\udc80'", "NOT_YAML"),
}


@pytest.mark.parametrize(("make", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_plan_is_refused_in_few_words(make: Callable[[], str], code: str) -> None:
    text = make()
    with pytest.raises(PlanRefused) as refused:
        parse_plan(text)
    assert code in {finding.code for finding in refused.value.findings}
    assert len(refused.value.findings) <= MAX_TOLD + 1
    assert len(str(refused.value)) < 100_000
