"""The programs of ``docs/client.md``, as they are printed there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cpe.client
from cpe.client import Client, Job
from tests.acceptance.stack import REPOSITORY, Stack, run_python

GUIDE = (REPOSITORY / "docs" / "client.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def run(program: str, folder: Path) -> str:
    (folder / "program.py").write_text(program, "utf-8")
    done = run_python(folder / "program.py", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_programs_do_what_they_say(stack: Stack, clip: Path, tmp_path: Path) -> None:
    stack.upload(clip, "input/video1.mp4")
    shutil.copy(stack.environment["CPE_CLIENT_CONFIG"], tmp_path / "clientConfig.json")
    first, sender, daemon, sql = PROGRAMS
    lines = run(first, tmp_path).splitlines()
    assert lines[0].startswith("REQUESTED")
    assert lines[-3].startswith("COMPLETED")
    assert "'TranscodeAssetStep': 100.0" in lines[-3]
    assert lines[-2].startswith("COMPLETED [('ValidateAssetStep', <ActivityStatus.COMPLETED")
    assert lines[-1] == "JOB_CLOSED"

    order = first[first.index("order = {") : first.index("job = client")]
    called = f'\n{order}\nprint(handler({{"job": order, "id": "by-lambda"}}, None))\n'
    assert run(sender + called, tmp_path) == "by-lambda\n"
    assert "by-lambda WORKFLOW_COMPLETED COMPLETED" in run(daemon, tmp_path)
    assert run(sql, tmp_path) == "0\n"


def test_every_method_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)\(", GUIDE, re.MULTILINE))
    methods = {name for name in vars(Client) if not name.startswith("_")} - {"from_config", "job"}
    assert methods <= told
    of_job = {name for name in vars(Job) if not name.startswith("_")}
    assert {name for name in of_job if f"`{name}" not in GUIDE} == set()


def test_every_error_is_told() -> None:
    errors = [name for name in cpe.client.__all__ if isinstance(getattr(cpe.client, name), type)]
    raised = [name for name in errors if issubclass(getattr(cpe.client, name), Exception)]
    assert raised
    for name in raised:
        assert f"| `cpe.client.{name}` |" in GUIDE
