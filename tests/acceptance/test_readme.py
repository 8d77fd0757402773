"""The README's commands, as they are printed there."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.stack import REPOSITORY, until
from tests.ports import free_port

README = (REPOSITORY / "README.md").read_text("utf-8")


def by_hand() -> list[str]:
    """The shell blocks of the by-hand section; the first one begins every shell."""
    section = README.split("## The stack by hand")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@contextlib.contextmanager
def shell(commands: str, cwd: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A shell in a process group of its own, ended with all that it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/bash", "-euc", commands],
            cwd=cwd,
            env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def checkout(folder: Path) -> Path:
    """The repository as the README's reader has it, with `.cpe` and outputs elsewhere."""
    folder.mkdir()
    for name in ("plans", "client_example", "activities", "cpe"):
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def test_the_stack_by_hand(tmp_path: Path) -> None:
    here = checkout(tmp_path / "checkout")
    port = free_port()
    preamble, local, decider, inputpoller, validate, transcode, poller, commander = by_hand()
    preamble = preamble.replace("4566", str(port))
    with contextlib.ExitStack() as shells:

        def start(name: str, commands: str) -> Path:
            log = tmp_path / f"{name}.log"
            shells.enter_context(shell(preamble + commands, here, log))
            return log

        aws = start("local", local.replace("cpe local", f"cpe local --port {port}"))
        until(lambda: "AWS_ENDPOINT_URL" in aws.read_text(), what="the local AWS")
        deciding = start("decider", decider)
        until((here / ".cpe" / "config.json").exists, what="cpe provision")
        until(lambda: "workflow_type_registered" in deciding.read_text(), what="the decider")
        for name, commands in (
            ("inputpoller", inputpoller),
            ("validate", validate),
            ("transcode", transcode),
        ):
            start(name, commands)
        watched = start("poller", poller)
        sent = start("commander", commander)
        until(lambda: "jobId" in sent.read_text(), what="the command")
        until(lambda: "WORKFLOW_COMPLETED" in watched.read_text(), what=f"the job; {tmp_path}")


def test_every_command_of_the_readme_is_known_to_a_test_or_a_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_documents_that_are_linked_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)", README):
        assert link.startswith("https://") or (REPOSITORY / link).exists(), link
