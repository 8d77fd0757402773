"""`cpe plan simulate`: what it prints, what it writes, how it ends; and what docs/plans.md shows of it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cpe.cli.main import cpe
from cpe.errors import ConfigError, PlanError
from cpe.plan import load_plan
from cpe.simulation import parse_script, script_schema

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "plans.md").read_text("utf-8")
TRANSCODE = ("plans/transcode.yml", "--script", "tests/plans/scripts/transcode.yml")


def simulate(*arguments: object) -> Result:
    return CliRunner().invoke(cpe, ["plan", "simulate", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_a_job_is_told_as_a_timeline() -> None:
    done = simulate(*TRANSCODE)
    assert done.exit_code == 0
    assert done.output == (
        "time       step                attempt  what happened\n"
        "0:00:00                                 workflow started\n"
        "0:00:00    ValidateAssetStep         1  scheduled\n"
        "0:00:00    ValidateAssetStep         1  started\n"
        '0:00:03    ValidateAssetStep         1  succeeded {"width":1920,"height":1080}\n'
        "0:00:03    TranscodeAssetStep        1  scheduled\n"
        "0:00:03    TranscodeAssetStep        1  started\n"
        "0:00:48.5  TranscodeAssetStep        1  succeeded {}\n"
        "0:00:48.5                               workflow completed\n"
        "\n"
        "completed\n"
        "17 history events, 3 decisions, 0:00:48.5 simulated\n"
    )


def test_json_holds_the_timeline_the_events_and_the_history() -> None:
    told = json.loads(simulate(*TRANSCODE, "--json").output)
    assert (told["status"], told["seconds"], told["decisions"]) == ("completed", 48.5, 3)
    assert told["timeline"][1] == {
        "seconds": 0.0,
        "workflowId": "Simulation.job",
        "about": "ValidateAssetStep",
        "what": "scheduled",
        "attempt": 1,
    }
    assert told["published"][-1]["type"] == "WORKFLOW_COMPLETED"
    assert len(told["events"]) == 17


def test_the_client_s_events_come_a_line_each() -> None:
    lines = simulate(*TRANSCODE, "--events").output.splitlines()
    assert [json.loads(line)["type"] for line in lines] == [
        *("ACTIVITY_SCHEDULED", "ACTIVITY_COMPLETED") * 2,
        "WORKFLOW_COMPLETED",
    ]


def test_a_written_history_is_one_that_replay_reads(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    assert simulate(*TRANSCODE, "--history", file).exit_code == 0
    done = CliRunner().invoke(cpe, ["plan", "replay", "plans/transcode.yml", str(file)])
    assert (done.exit_code, done.output) == (0, f"{file}: the same\n")


def test_a_written_history_names_its_children_as_replay_does(tmp_path: Path) -> None:
    plan, file = tmp_path / "plan.yml", tmp_path / "history.json"
    plan.write_text(
        "{ name: P, version: 1, activities: [], steps: [{ name: Sub, workflow: { name: C, version: 1 } }] }"
    )
    assert simulate(plan, "--history", file).exit_code == 0
    done = CliRunner().invoke(cpe, ["plan", "replay", str(plan), str(file)])
    assert (done.exit_code, done.output) == (0, f"{file}: the same\n")


def test_a_job_that_fails_ends_with_1(tmp_path: Path) -> None:
    script = tmp_path / "script.yml"
    script.write_text("input: {}\ndefault: { fail: NO_DISK, details: disk is full }\n")
    done = simulate("plans/transcode.yml", "--script", script)
    assert done.exit_code == 1
    assert "\nfailed: ValidateAssetStep: NO_DISK: disk is full\n" in done.output


def test_a_job_that_waits_for_ever_says_what_for(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yml"
    plan.write_text("{ name: P, version: 1, activities: [], steps: [{ name: Ask, signal: approved }] }")
    done = simulate(plan)
    assert done.exit_code == 1
    assert "\ntimed out: WORKFLOW_TIMED_OUT\nwaits for: signal 'approved' (step Ask)\n" in done.output


def test_a_simulation_that_is_given_up_ends_with_1() -> None:
    done = simulate(*TRANSCODE, "--max-decisions", 2)
    assert done.exit_code == 1
    assert "\nopen\nwaits for: activity TranscodeAssetStep\n" in done.output
    assert "\nthe simulation was stopped: 2 decisions were made\n" in done.output


def test_lost_answers_only_take_time() -> None:
    done = simulate(*TRANSCODE, "--lose", 0.9, "--seed", 3)
    assert done.exit_code == 0
    assert "decision timed out" in done.output
    assert done.output == simulate(*TRANSCODE, "--lose", 0.9, "--seed", 3).output


def test_what_a_timeline_does_not_show_is_told_at_its_end(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yml"
    plan.write_text(
        "{ name: P, version: 1, activities: [], steps: [{ name: A, eval: '1' }, "
        "{ name: B, wait: 9, requires: [[A, failed]] }, { name: C, wait: 9, requires: [[B, skipped]] }] }"
    )
    assert "\ncompleted\nskipped: B\n" in simulate(plan).output


def test_plans_of_children_stand_behind_the_job_s(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent.yml", tmp_path / "child.yml"
    parent.write_text(
        "{ name: P, version: 1, activities: [], steps: [{ name: Sub, workflow: { name: C, version: 1 } }] }"
    )
    child.write_text("{ name: C, version: 1, activities: [], steps: [{ name: W, wait: 9 }] }")
    assert simulate(parent).output.count("~Sub:") == 2  # it starts, and completes at once
    done = simulate(parent, child)
    assert done.exit_code == 0
    assert "0:00:00  Simulation.job~Sub: wait.W           timer of 9 s started\n" in done.output
    assert "0:00:09  Sub                               1  succeeded\n" in done.output


def test_an_input_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_text('{"client": 1, "input_asset": 2, "output_asset": 3}')
    assert simulate("plans/transcode.yml", "--input", file).exit_code == 0
    file.write_text("{")
    assert isinstance(simulate("plans/transcode.yml", "--input", file).exception, ConfigError)


def test_a_bad_plan_and_a_bad_script_are_the_operator_s(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("steps: 3\n")
    assert isinstance(simulate(bad).exception, PlanError)
    assert isinstance(simulate("plans/transcode.yml", "--script", bad).exception, ConfigError)


def test_the_schema_of_scripts_is_printed() -> None:
    done = CliRunner().invoke(cpe, ["plan", "schema", "--script"])
    assert json.loads(done.output) == script_schema()


def test_the_script_of_the_documentation_is_one() -> None:
    (text,) = re.findall(r"```yml\n(.*?)```", DOCS, re.DOTALL)
    parse_script(text, "docs/plans.md", [load_plan(Path("plans/transcode_each.yml"))])


def test_the_documentation_shows_what_is_printed() -> None:
    command, shown = re.findall(r"```console\n\$ cpe plan (simulate .*?)\n(.*?)```", DOCS, re.DOTALL)[0]
    done = CliRunner().invoke(cpe, ["plan", *shlex.split(command)])
    assert done.output == shown


def test_the_test_of_the_documentation_passes() -> None:
    (code,) = re.findall(r"```python\n(from pathlib.*?)```", DOCS, re.DOTALL)
    exec(compile(code, "docs/plans.md", "exec"), {})  # noqa: S102 - the documentation's own


def test_a_history_that_cannot_be_written_is_one_line() -> None:
    result = simulate(*TRANSCODE, "--history", "/no/such/folder/history.json")
    assert result.exit_code == 1
    assert (
        result.stderr
        == "Error: Could not open file '/no/such/folder/history.json': No such file or directory\n"
    )
