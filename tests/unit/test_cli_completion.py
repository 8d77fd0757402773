"""`cpe completion`: scripts for the shells; bash runs its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cpe.cli.completion import PROGRAMS, completion

REPOSITORY = Path(__file__).parents[2]
BASH = shutil.which("bash")


def script(shell: str) -> str:
    result = CliRunner().invoke(completion, [shell])
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    ("shell", "line"),
    [("bash", "complete -o nosort -F"), ("zsh", "compdef"), ("fish", "complete --no-files --command")],
)
def test_each_program_has_its_function(shell: str, line: str) -> None:
    text = script(shell)
    for program in PROGRAMS:
        function = f"_{program.replace('-', '_')}_completion"
        assert function in text
        assert any(line in one and program in one for one in text.splitlines())


def test_programs_are_those_of_the_package() -> None:
    lines = (REPOSITORY / "pyproject.toml").read_text().partition("[project.scripts]\n")[2]
    assert tuple(line.split(" = ")[0] for line in lines.partition("\n\n")[0].splitlines()) == PROGRAMS


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cpe", "conf"], ["config"]),
        (["cpe", "config", ""], ["check", "show"]),
        (["cpe", "completion", "z"], ["zsh"]),
        (["cpe-worker", "--conc"], ["--concurrency"]),
        (["cpe-decider", "--plan-"], ["--plan-name", "--plan-version"]),
    ],
)
def test_bash_completes(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    program = words[0]
    module = {"cpe": "main"}.get(program, program.removeprefix("cpe-"))
    # The function runs the program by its name, as it was typed.
    (tmp_path / program).write_text(f'#!/bin/sh\nexec {sys.executable} -m cpe.cli.{module} "$@"\n')
    (tmp_path / program).chmod(0o755)
    function = f"_{program.replace('-', '_')}_completion"
    line = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; {function} {program}"
    done = subprocess.run(
        [str(BASH), "-c", f'{script("bash")}\n{asked}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    )
    assert sorted(done.stdout.split()) == expected
