"""The commands that ``docs/operations.md`` shows, run as they are printed there; and its exit codes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cpe.cli import options
from cpe.cli.main import cpe

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")


def section(name: str) -> str:
    return GUIDE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def commands(name: str) -> list[str]:
    """A section's commands, without comments, substitution and redirection."""
    blocks = re.findall(r"```sh\n(.*?)```", section(name), re.DOTALL)
    return re.findall(r"\bcpe [^)>#\n]*[^)>#\n ]", "".join(blocks))


@pytest.mark.parametrize("command", [*commands("Configuration"), *commands("Completion")])
def test_commands_do_what_they_seem_to(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = CliRunner().invoke(cpe, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert result.stdout


def test_there_are_such_commands() -> None:
    assert len(commands("Configuration")) == 2
    assert len(commands("Completion")) == 3
    assert len(commands("Doctor")) == 3


def test_all_exit_codes_are_told() -> None:
    told = set(re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE))
    known = {value for name, value in vars(options).items() if name.startswith("EXIT_")}
    assert told == {"0", *map(str, known)}
