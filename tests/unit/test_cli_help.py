"""What `--help` says: every command in a line of its own, whole on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from cpe.cli.decider import decider
from cpe.cli.inputpoller import inputpoller
from cpe.cli.main import cpe
from cpe.cli.worker import worker

_WIDTH = 80


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, *path, name)


ALL = dict(
    [
        *commands(cpe, "cpe"),
        ("cpe-decider", decider),
        ("cpe-inputpoller", inputpoller),
        ("cpe-worker", worker),
    ]
)


def help_of(name: str) -> str:
    return ALL[name].get_help(click.Context(ALL[name], info_name=name, terminal_width=_WIDTH))


@pytest.mark.parametrize("name", [name for name, command in ALL.items() if isinstance(command, click.Group)])
def test_each_command_of_a_group_is_told_whole(name: str) -> None:
    cut = [line for line in help_of(name).splitlines() if line.endswith("...") and "[ARGS]" not in line]
    assert cut == []


@pytest.mark.parametrize("name", ALL)
def test_each_command_says_what_it_does_in_one_sentence(name: str) -> None:
    # click shows the first sentence in lists, and a first paragraph of one sentence reads the same in both.
    first = (ALL[name].help or "").split("\n\n")[0]
    assert first.endswith(".")
    assert ". " not in first
