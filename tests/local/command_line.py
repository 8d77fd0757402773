"""The command line, run in the tests' own process against the stage's stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cpe.cli.main import cpe
from cpe.errors import CpeError
from tests.local.stage import WORK, Stage


class CommandLine:
    """Runs `cpe` with a configuration that says what the stage is.

    Args:
        stage: The stage.
        folder: For the configuration.
        more_clients: Entries of clients beside the stage's own.
    """

    def __init__(self, stage: Stage, folder: Path, more_clients: tuple[dict[str, Any], ...] = ()) -> None:
        self.stage = stage
        self.config = folder / "cpe.json"
        client = stage.client
        queues = {"input": client.input_queue, "output": client.output_queue}
        place = stage.settings.payloads
        self.config.write_text(
            json.dumps(
                {
                    "domain": stage.domain,
                    "scratch": str(folder / "scratch"),
                    "clients": [{"name": client.name, "queues": queues}, *more_clients],
                    "activities": [
                        {"name": "Work", "version": "v1", "class": WORK, "settings": {"depth": 1}}
                    ],
                    **({"payloads": {"bucket": place.bucket, "prefix": place.prefix}} if place else {}),
                }
            )
        )

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command; returns what came of it."""
        group, name, *rest = arguments
        return CliRunner().invoke(cpe, [group, name, "-c", str(self.config), *rest], input=stdin)

    def text(self, *arguments: str, stdin: str | None = None, exit_code: int = 0) -> str:
        """Run a command; returns its standard output."""
        done = self.run(*arguments, stdin=stdin)
        assert done.exit_code == exit_code, (done.output, done.exception)
        return done.stdout

    def json(self, *arguments: str, stdin: str | None = None, exit_code: int = 0) -> Any:
        """Run a command with --json; returns what it prints."""
        return json.loads(self.text(*arguments, "--json", stdin=stdin, exit_code=exit_code))

    def error(self, *arguments: str) -> CpeError:
        """Run a command that fails; returns why."""
        done = self.run(*arguments)
        assert isinstance(done.exception, CpeError), (done.output, done.exception)
        return done.exception
