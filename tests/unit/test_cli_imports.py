"""Command lines import what they need when they need it: help and mistakes are answered at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PLAN = """
name: Works
version: "1.0"
activities: [{ name: Echo, version: v1, outputs_spec: { all: "$" } }]
steps: [{ name: Echo, activity: Echo, input: "{{__input__}}" }]
"""

HEAVY = ["boto3", "botocore", "jinja2", "jsonschema", "moto", "rich", "structlog", "yaml", "yaql"]

PROGRAM = f"""
import contextlib, io, json, sys
import click
from cpe.cli.decider import decider
from cpe.cli.inputpoller import inputpoller
from cpe.cli.main import cpe
from cpe.cli.worker import worker

def commands(command, path):
    yield command, path
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, [*path, name])

found = {{}}
roots = {{"cpe": cpe, "cpe-decider": decider, "cpe-inputpoller": inputpoller, "cpe-worker": worker}}
for program, root in roots.items():
    for command, path in commands(root, []):
        for arguments in (["--help"], ["--no-such-option"]):
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                try:
                    root.main([*path, *arguments], prog_name=program)
                except SystemExit as end:
                    code = end.code
            line = " ".join([program, *path, *arguments])
            found[line] = [code, [name for name in {HEAVY!r} if name in sys.modules]]
print(json.dumps(found))
"""


def test_help_and_mistakes_import_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=250, check=True
    )
    found = json.loads(done.stdout)
    assert len(found) > 20
    assert {"cpe config show --help", "cpe up --help", "cpe-worker --help"} <= found.keys()
    for line, (code, heavy) in found.items():
        assert code == (0 if line.endswith("--help") else 2), line
        assert heavy == [], line


DOING = """
import json, os, runpy, sys
try:
    runpy.run_module("cpe.cli.main", run_name="__main__")
finally:
    sys.stderr.write(json.dumps(sorted(set(json.loads(os.environ["HEAVY"])) & sys.modules.keys())))
"""


def imported(*arguments: str, folder: Path) -> set[str]:
    """Run a command; tell what of the heavy it imported."""
    done = subprocess.run(
        [sys.executable, "-c", DOING, *arguments],
        cwd=folder,
        env={**os.environ, "HEAVY": json.dumps(HEAVY), "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_what_needs_no_aws_imports_none_of_it(tmp_path: Path) -> None:
    sample = str(REPOSITORY / "config" / "cpe.json")
    assert imported("config", "show", "--origin", "-c", sample, folder=tmp_path) <= {"yaml"}
    assert imported("config", "check", sample, folder=tmp_path) <= {"yaml"}
    (tmp_path / "plan.yml").write_text(PLAN)
    assert imported("plan", "validate", "plan.yml", folder=tmp_path) == {"jinja2", "yaml", "yaql"}
