"""Runs what reads strangers' pictures and documents in a process of its own, with little memory and time.

A decoder that crashes, hangs or eats memory takes that process with it and not the worker. What runs there is
a module of the activities that has a function ``work``: a JSON object in, a JSON object out. It refuses an
input by raising :class:`~activities.sandbox.refusal.Refusal`.
"""

from __future__ import annotations

import json
import signal
import site
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.sandbox import ffmpeg
from activities.sandbox.limits import Limits
from cpe.activity import Cancellation
from cpe.errors import ActivityError, InvalidInput

MEMORY = 3 * 1024**3
"""Bytes of memory that such a process has."""

_CHILD = Path(__file__).with_name("bounded_child.py")
_PYTHON = (
    Path(sys.prefix),
    Path(sys.base_prefix),
    *map(Path, site.getsitepackages()),
    _CHILD.parent.parent.parent,
)
"""Where Python, its packages and this code are: all that such a process may read."""

_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where such processes work.

    Attributes:
        directory: Where they run; all file names are relative to it.
        cancellation: Stops what runs.
        seconds: How long one may take.
        memory: Bytes of memory that one may have.
        scratch: Bytes that the directory may hold; None for any.
    """

    directory: Path
    cancellation: Cancellation
    seconds: float
    memory: int = MEMORY
    scratch: int | None = None

    def run(self, module: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Let a module work on a request and return its answer.

        Raises:
            InvalidInput: It refuses the input, with its own code; or the input is more than it can read in
                its memory and time (``INPUT_TOO_COMPLEX``), or makes it crash (``INPUT_UNDECODABLE``).
            ActivityError: It was killed (``PROCESS_KILLED``, retryable), or the disk is full.
        """
        arguments = ("-I", str(_CHILD), module, json.dumps(request))
        try:
            printed = ffmpeg.run(
                Path(sys.executable),
                arguments,
                directory=self.directory,
                cancellation=self.cancellation,
                time_limit=self.seconds,
                limits=Limits(memory=self.memory, scratch=self.scratch, readable=_PYTHON),
            )
        except ffmpeg.FFmpegError as error:
            raise _failure(error, self.seconds) from error
        answer: dict[str, Any] = json.loads(printed)
        refusal = answer.get("refusal")
        if refusal is not None:
            raise InvalidInput(refusal["message"], code=refusal["code"])
        return answer


def _failure(error: ffmpeg.FFmpegError, seconds: float) -> ActivityError:
    """Tell in words of pictures and documents what happened to the process."""
    if error.code == "FFMPEG_TIMEOUT":
        return InvalidInput(
            f"The input could not be read within {seconds:g} s. It asks for more work than is allowed here.",
            code="INPUT_TOO_COMPLEX",
        )
    if error.status is not None and -error.status in _CRASHES:
        return InvalidInput(
            "The input makes the library that reads it crash; the file is damaged.", code="INPUT_UNDECODABLE"
        )
    if error.retryable:
        return ActivityError(
            "The process that read the input was killed; the machine may be short of memory.",
            code="PROCESS_KILLED",
            retryable=True,
        )
    return ActivityError(f"The process that read the input failed: {error.tail}", code="PROCESS_FAILED")
