"""`cpe plan` and its drawings; the commands that docs/plans.md shows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cpe.cli.main import cpe
from cpe.plan import parse_plan
from cpe.plan.drawing import to_dot, to_mermaid
from cpe.plan.shape import plan_schema

ROOT = Path(__file__).parents[2]
SHOWN = re.findall(r"^cpe (plan .*)$", (ROOT / "docs" / "plans.md").read_text("utf-8"), re.MULTILINE)
PLAN = """
name: P
version: 1
activities: [{ name: Act, version: v1 }]
steps:
  - { name: A, activity: Act }
  - { name: 'say "hi"', eval: "1", requires: [A] }
  - { name: W, wait: 5, requires: [[A, failed]] }
  - { name: S, signal: go, requires: [W] }
"""


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_of_the_documentation_works(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cpe, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert done.output


def test_validate_tells_findings_and_sound_plans(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text(PLAN)
    (tmp_path / "bad.yml").write_text(
        "name: x\nversion: 1\nactivities: []\nsteps: [{name: s, activity: a}]\n"
    )
    done = CliRunner().invoke(cpe, ["plan", "validate", str(tmp_path)])
    assert done.exit_code == 2
    assert done.output == f"{tmp_path}/bad.yml:4:29: UNKNOWN_ACTIVITY: there is no activity 'a'\nP 1: sound\n"
    told = json.loads(CliRunner().invoke(cpe, ["plan", "validate", "--json", str(tmp_path)]).output)
    assert told["plans"] == [{"name": "P", "version": "1"}]
    (finding,) = told["findings"]
    assert (finding["line"], finding["column"], finding["code"]) == (4, 29, "UNKNOWN_ACTIVITY")


def test_schema_prints_the_schema() -> None:
    assert json.loads(CliRunner().invoke(cpe, ["plan", "schema"]).output) == plan_schema()


def test_a_plan_as_mermaid() -> None:
    assert to_mermaid(parse_plan(PLAN)) == (
        "flowchart TD\n"
        '    s0["A<br/>Act v1"]\n'
        '    s1(["W<br/>wait 5 s"])\n'
        '    s2{{"S<br/>signal go"}}\n'
        '    s3[/"say #quot;hi#quot;<br/>eval"/]\n'
        "    s0 -->|failed| s1\n"
        "    s1 --> s2\n"
        "    s0 --> s3\n"
    )


def test_a_plan_as_dot() -> None:
    drawn = to_dot(parse_plan(PLAN))
    assert drawn.startswith("digraph plan {\n    node [shape=box];\n")
    assert '    s3 [label="say \\"hi\\"\\neval", shape=parallelogram];\n' in drawn
    assert '    s0 -> s1 [label="failed"];\n' in drawn
    assert drawn.endswith("}\n")
