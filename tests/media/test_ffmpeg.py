"""The one place that starts processes, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from activities.ffmpeg.tools import Tools
from activities.sandbox import ffmpeg
from cpe.activity import Cancellation
from cpe.errors import ActivityCancelled, ActivityError, LeaseLost

_DEADLINE = 60.0
_ENDLESS = ("-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=64x64", "-f", "null", "-")
_ENDLESS_REPORTED = (*_ENDLESS[:3], "-progress", "pipe:1", "-stats_period", "0.1", *_ENDLESS[3:])


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _run(program: Path, *arguments: str, directory: Path, time_limit: float = 10) -> str:
    return ffmpeg.run(
        program, arguments, directory=directory, cancellation=Cancellation(), time_limit=time_limit
    )


def test_arguments_reach_the_program_as_they_are(tmp_path: Path) -> None:
    program = _script(tmp_path / "program", 'for a in "$@"; do printf "<%s>" "$a"; done')
    hostile = ("; touch hurt", "$(touch hurt)", "`touch hurt`", "a b", "*", "\n", "")
    assert _run(program, *hostile, directory=tmp_path) == "".join(f"<{text}>" for text in hostile)
    assert not (tmp_path / "hurt").exists()


def test_the_environment_has_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LD_PRELOAD", "")
    seen = _run(_script(tmp_path / "program", "env; cat"), directory=tmp_path)
    assert {line.partition("=")[0] for line in seen.splitlines()} <= {
        "PATH",
        "LC_ALL",
        "TZ",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    }


def test_a_failure_shows_the_end_of_what_was_said(tmp_path: Path) -> None:
    program = _script(tmp_path / "program", "for i in 1 2 3 4 5 6 6 6; do echo line $i >&2; done; exit 3")
    with pytest.raises(
        ffmpeg.FFmpegError, match=r"failed with status 3: line 3; line 4; line 5; line 6$"
    ) as caught:
        _run(program, directory=tmp_path)
    assert (caught.value.code, caught.value.retryable) == ("FFMPEG_FAILED", False)


def test_a_full_disk_may_be_tried_again(tmp_path: Path) -> None:
    program = _script(tmp_path / "program", "echo 'av_interleaved: No space left on device' >&2; exit 228")
    with pytest.raises(ActivityError) as caught:
        _run(program, directory=tmp_path)
    assert (caught.value.code, caught.value.retryable) == ("DISK_FULL", True)


def test_killed_by_somebody_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ffmpeg.FFmpegError) as caught:
        _run(_script(tmp_path / "program", "kill -9 $$"), directory=tmp_path)
    assert (caught.value.code, caught.value.retryable) == ("FFMPEG_KILLED", True)


def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    with pytest.raises(ffmpeg.FFmpegError, match="cannot be executed"):
        _run(tmp_path / "none", directory=tmp_path)


def test_the_time_limit_stops_it(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(ffmpeg.FFmpegError, match=r"did not end within 0\.3 s") as caught:
        _run(tools.ffmpeg, *_ENDLESS, directory=tmp_path, time_limit=0.3)
    assert caught.value.code == "FFMPEG_TIMEOUT"
    assert not _ffmpeg_in(tmp_path)


def test_what_ignores_a_polite_stop_is_killed(tmp_path: Path) -> None:
    program = _script(tmp_path / "program", "trap '' TERM; echo $$; while :; do sleep 0.1; done")
    cancellation = Cancellation()
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        cancellation.request()

    with pytest.raises(ActivityCancelled):
        ffmpeg.run(program, (), directory=tmp_path, cancellation=cancellation, time_limit=60, on_line=hear)
    assert not psutil.pid_exists(int(lines[0]))


def test_a_cancellation_stops_it_at_once(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asking it to end is enough.
    monkeypatch.setattr(ffmpeg, "_TERM_GRACE", 10 * _DEADLINE)
    cancellation = Cancellation()
    lines: list[str] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            ffmpeg.run(
                tools.ffmpeg,
                _ENDLESS_REPORTED,
                directory=tmp_path,
                cancellation=cancellation,
                time_limit=20 * _DEADLINE,
                on_line=lines.append,
            )
        except LeaseLost as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    _until(lambda: bool(lines))
    reason = LeaseLost("the lease is gone")
    cancellation.request(reason)
    thread.join(_DEADLINE)
    assert failures == [reason]
    assert not _ffmpeg_in(tmp_path)


def test_a_cancellation_before_the_start_starts_nothing(tmp_path: Path) -> None:
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Exception, match="asked to stop"):
        ffmpeg.run(
            _script(tmp_path / "program", "touch ran"),
            (),
            directory=tmp_path,
            cancellation=cancellation,
            time_limit=9,
        )
    assert not (tmp_path / "ran").exists()


def test_an_error_while_reading_stops_it(tools: Tools, tmp_path: Path) -> None:
    def refuse(_: str) -> None:
        raise LeaseLost("no more")

    with pytest.raises(LeaseLost):
        ffmpeg.run(
            tools.ffmpeg,
            _ENDLESS_REPORTED,
            directory=tmp_path,
            cancellation=Cancellation(),
            time_limit=60,
            on_line=refuse,
        )
    assert not _ffmpeg_in(tmp_path)


_WORKER = """
import sys, threading
from pathlib import Path
from activities.sandbox import ffmpeg
from cpe.activity import Cancellation

def work():
    ffmpeg.run(Path(sys.argv[1]), sys.argv[3:], directory=Path(sys.argv[2]), cancellation=Cancellation(),
               time_limit=60, on_line=lambda line: print(line, flush=True))

threading.Thread(target=lambda: None).start()
threading.Thread(target=work).start()
"""


def test_kill_9_of_the_worker_leaves_no_ffmpeg(tools: Tools, tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(tools.ffmpeg), str(tmp_path), *_ENDLESS_REPORTED],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline()
        (running,) = _ffmpeg_in(tmp_path)
        assert os.getpgid(running.pid) == running.pid
        worker.send_signal(signal.SIGKILL)
        worker.wait(_DEADLINE)
        _until(lambda: running not in _ffmpeg_in(tmp_path))
    finally:
        worker.kill()
        worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()


def _ffmpeg_in(directory: Path) -> list[psutil.Process]:
    """Return the processes that this test's runs left: those working in its own directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(directory) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
