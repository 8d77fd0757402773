"""`cpe plan`; the commands that docs/plans.md shows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cpe.cli.main import cpe
from cpe.errors import ConfigError
from cpe.plan import parse_plan
from cpe.plan.drawing import DRAWINGS
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
def test_a_command_of_the_documentation_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("plans", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)  # some write files
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


@pytest.mark.parametrize("form", DRAWINGS)
def test_graph_prints_or_writes_a_drawing(form: str, tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(PLAN)
    command = ["plan", "graph", "--format", form, str(tmp_path / "plan.yml")]
    printed = CliRunner().invoke(cpe, command)
    assert printed.exit_code == 0
    assert printed.output == DRAWINGS[form](parse_plan(PLAN))
    written = CliRunner().invoke(cpe, [*command, "-o", str(tmp_path / "drawing")])
    assert written.exit_code == 0
    assert written.output == f"{tmp_path}/drawing: drawn\n"
    assert (tmp_path / "drawing").read_bytes().decode("utf-8") == printed.output


def test_graph_draws_mermaid_by_default(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(PLAN)
    assert (
        CliRunner()
        .invoke(cpe, ["plan", "graph", str(tmp_path / "plan.yml")])
        .output.startswith("flowchart TD\n")
    )


def test_graph_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(PLAN)
    place = tmp_path / "missing" / "plan.svg"
    done = CliRunner().invoke(cpe, ["plan", "graph", str(tmp_path / "plan.yml"), "--output", str(place)])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.code == "OUTPUT_UNWRITABLE"
    assert done.exception.message == (
        f"cannot write the drawing to {place}: No such file or directory; name another file with --output"
    )


def test_validate_tells_the_findings_of_all_broken_plans() -> None:
    folder = ROOT / "tests" / "plans" / "broken"
    done = CliRunner().invoke(cpe, ["plan", "validate", "--json", str(folder)])
    assert done.exit_code == 2
    told = json.loads(done.output)
    assert told["plans"] == []
    assert {finding["file"] for finding in told["findings"]} == {str(path) for path in folder.glob("*.yml")}
    stands_at_the_top = [
        f"{path}:{line.removeprefix('# ')}"
        for path in sorted(folder.glob("*.yml"))
        for line in path.read_text("utf-8", errors="replace").splitlines()
        if re.match(r"# \d+:\d+: [A-Z_]+: ", line)
    ]
    assert [
        "{file}:{line}:{column}: {code}: {message}".format(**finding) for finding in told["findings"]
    ] == stands_at_the_top
    lines = CliRunner().invoke(cpe, ["plan", "validate", str(folder)])
    assert (lines.exit_code, lines.output.splitlines()) == (2, stands_at_the_top)
