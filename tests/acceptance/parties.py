"""Clients as processes of their own, each with all commands: the example's programs, and a program on the SDK."""

from __future__ import annotations

import json
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from client_example.database import has_poller
from cpe.protocol import CommandType, decode_event
from tests.acceptance.heard import Heard
from tests.acceptance.stack import PATIENCE, REPOSITORY, until

_EXAMPLES = REPOSITORY / "client_example"
_PROGRAM = Path(__file__).parent / "programs" / "own_client.py"


class Refused(Exception):
    """The stack refused a command; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Party(Heard, ABC):
    """One client: its commands are sent, and its events read, by processes. A context manager.

    Args:
        name: The client's.
        config: Its clientConfig.json.
        reader: The command of the process that reads the client's events.
    """

    def __init__(self, name: str, config: Path, *reader: str | Path) -> None:
        super().__init__()
        self.name = name
        self._config = config
        self._process = _process(*reader)
        self._thread = threading.Thread(target=self._read, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            self.end()
            try:
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()
        self._thread.join(PATIENCE)

    def start(
        self,
        workflow: str,
        data: Mapping[str, Any] | None = None,
        *,
        version: str = "1.0",
        timeout: int = 3600,
    ) -> str:
        """Start a job that takes `data` and `timeout` seconds at most; returns its id once it runs."""
        what = {"name": workflow, "version": version, "executionStartToCloseTimeout": timeout}
        job_id = uuid.uuid4().hex[:8]
        self.start_job({"workflow": what, **(data or {})}, job_id)
        return job_id

    @abstractmethod
    def start_job(self, order: Mapping[str, Any], job_id: str) -> None:
        """Send START_JOB, and wait until it is answered."""

    @abstractmethod
    def ask(self, command: CommandType, *words: str) -> list[dict[str, Any]]:
        """Send another command and wait for its answer.

        Args:
            command: Which.
            words: The job's id, and what else the command takes, in the order in which the commander does; of
                GET_JOB_LIST the status.

        Returns:
            Of a question what it was about, as many as there are.

        Raises:
            Refused: The stack did not do it.
        """

    @abstractmethod
    def end(self) -> None:
        """Tell the processes to end."""

    @abstractmethod
    def hear(self, line: str) -> None:
        """Take in what the reading process printed."""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.hear(line)


class Example(Party):
    """The poller as a daemon, and a commander that reads a line for each command."""

    # No command: what the commander says of it marks the end of the answer before.
    _MARK = "over"

    def __init__(self, name: str, config: Path) -> None:
        super().__init__(name, config, _EXAMPLES / "client_poller.py", "-c", config, "-d")
        self._commander = _process(_EXAMPLES / "client_commander.py", "-c", config, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        super().__enter__()
        # Without a poller the commander would read the queue, and what it takes is not heard here.
        until(lambda: has_poller(self._config.with_suffix(".sqlite")), what="the poller's start")
        return self

    def start_job(self, order: Mapping[str, Any], job_id: str) -> None:
        file = self._config.with_name(f"{job_id}.json")
        file.write_text(json.dumps(order))
        self._run("start_job", str(file), job_id, "--wait")

    def ask(self, command: CommandType, *words: str) -> list[dict[str, Any]]:
        if command is CommandType.RETRY_JOB:
            words = (words[0], *(word for step in words[1:] for word in ("--from", step)))
        elif command is CommandType.GET_JOB_LIST:
            words = ("--status", *words)
        question = command.value.startswith("GET_")
        told = self._run(command.value.lower(), *words, *(["--json"] if question else []))
        return [json.loads(line) for line in told] if question else []

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        with self._commander as commander:
            commander.communicate("quit\n", timeout=PATIENCE)

    def hear(self, line: str) -> None:
        self.take(decode_event(line))

    def _run(self, *words: str) -> list[str]:
        assert self._commander.stdin is not None
        print(shlex.join(words), self._MARK, sep="\n", file=self._commander.stdin, flush=True)
        assert self._commander.stdout is not None
        told: list[str] = []
        while not (line := self._commander.stdout.readline()).startswith(f"error: '{self._MARK}'"):
            refused = re.fullmatch(r"error: .* \(([A-Z_]+)\)\n", line)
            if refused:
                self._commander.stdout.readline()
                raise Refused(refused[1])
            assert line, told
            told.append(line)
        return told


class Program(Party):
    """One process with a thread that reads events while another sends commands."""

    _METHODS = {  # noqa: RUF012 - never changed
        CommandType.CANCEL_JOB: "cancel_job",
        CommandType.CANCEL_ACTIVITY: "cancel_activity",
        CommandType.GET_JOB_STATUS: "status",
        CommandType.GET_JOB_LIST: "list",
        CommandType.GET_ACTIVITY_STATUS: "activity",
        CommandType.GET_ACTIVITY_LIST: "activities",
        CommandType.SIGNAL_JOB: "signal",
        CommandType.RETRY_JOB: "retry",
    }

    def __init__(self, name: str, config: Path) -> None:
        super().__init__(name, config, _PROGRAM, config)
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def start_job(self, order: Mapping[str, Any], job_id: str) -> None:
        self._call("start_job", order, job_id)

    def ask(self, command: CommandType, *words: str) -> list[dict[str, Any]]:
        arguments: list[Any] = [*words]
        if command is CommandType.SIGNAL_JOB:
            arguments[2] = json.loads(words[2])
        answer = self._call(self._METHODS[command], *arguments)
        if not command.value.startswith("GET_"):
            return []
        return answer if isinstance(answer, list) else [answer]

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def hear(self, line: str) -> None:
        told = json.loads(line)
        if "event" in told:
            self.take(decode_event(json.dumps(told["event"])))
        else:
            self._answers.put(told)

    def _call(self, *call: Any) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(call), file=self._process.stdin, flush=True)
        answer = self._answers.get(timeout=PATIENCE)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["answer"]


def _process(*command: str | Path, stderr: int | None = None) -> subprocess.Popen[str]:
    """Start a Python program that can be talked to."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
