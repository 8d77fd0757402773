"""What every output is made with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from activities.ffmpeg.workshop import Workshop
from activities.media.locations import Location
from activities.media.planner import Machine
from activities.sandbox.ffmpeg import FFmpegError
from activities.task.settings import MediaSettings
from activities.task.stopwatch import Stopwatch
from cpe.activity import ActivityContext
from cpe.errors import ActivityError


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One task of TranscodeAsset, whatever it makes.

    Attributes:
        context: The task.
        settings: The activity's settings.
        workshop: FFmpeg, in the task's scratch directory.
        machine: The processors and the memory that the task may use.
        stopwatch: Takes the times of fetching, probing, encoding and verifying.
    """

    context: ActivityContext
    settings: MediaSettings
    workshop: Workshop
    machine: Machine
    stopwatch: Stopwatch


@contextmanager
def naming(*outputs: Location) -> Iterator[None]:
    """Let what FFmpeg says name the outputs that it was making."""
    try:
        yield
    except FFmpegError as error:
        named = ", ".join(map(str, outputs))
        raise ActivityError(f"{named}: {error}", code=error.code, retryable=error.retryable) from error
