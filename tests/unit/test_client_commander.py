"""The commander's command line: every command, every fault a line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from client_example.command_line import CommandLine, HelpShown, UsageError
from cpe.protocol import CommandType

README = (Path(__file__).parents[2] / "client_example" / "README.md").read_text("utf-8")


def test_there_is_a_command_for_every_command_of_the_protocol() -> None:
    assert {command.value.lower() for command in CommandType} <= set(CommandLine().names)


def test_every_command_and_its_flags_are_told_in_the_readme() -> None:
    line = CommandLine()
    section = README.split("## The commander")[1].split("\n## ")[0]
    for name in line.names:
        assert f"`{name}" in section, name
        for flag in re.findall(r"--[a-z-]+", line.help(name)):
            assert flag in section, flag


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("start_job f.json", {"file": Path("f.json"), "job_id": None, "wait": False, "timeout": 30.0}),
        ("start_job f.json j1 --wait --timeout 5", {"job_id": "j1", "wait": True, "timeout": 5.0}),
        ("cancel_job j1 --run r1 --no-wait", {"job_id": "j1", "run": "r1", "wait": False}),
        ("cancel_activity j1 Step", {"activity_id": "Step", "wait": True}),
        ("signal_job j1 go '{\"a\": 1}'", {"signal": "go", "input": '{"a": 1}'}),
        ("retry_job --from A j1 --from B", {"job_id": "j1", "steps": ["A", "B"]}),
        ("get_job_list --status failed --days 1 --most 5", {"status": "FAILED", "days": 1.0, "most": 5}),
        ("get_activity_status j1 Step --json", {"activity_id": "Step", "json": True}),
        ("help retry_job", {"about": "retry_job"}),
    ],
)
def test_a_command_is_read(typed: str, told: dict[str, object]) -> None:
    command = vars(CommandLine().parse(shlex.split(typed)))
    assert command["command"] == typed.split(maxsplit=1)[0]
    assert {name: command[name] for name in told} == told


@pytest.mark.parametrize(
    "typed",
    [
        "explode",
        "cancel_job",
        "cancel_job j1 j2",
        "get_job_list --status NEW",
        "retry_job j1 --timeout soon",
        "retry_job j1 --timeout nan",
        "get_job_list --days 0",
        "get_job_list --most -1",
        "get_job_list --most 1.5",
        "--x",
    ],
)
def test_what_is_no_command_is_one_line(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        CommandLine().parse(typed.split())
    assert "\n" not in str(caught.value)


def test_help_is_shown_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HelpShown):
        CommandLine().parse(["cancel_job", "--help"])
    assert "RUN_ID" in capsys.readouterr().out
    with pytest.raises(UsageError):
        CommandLine().help("explode")
