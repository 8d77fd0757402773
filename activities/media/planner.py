"""How the videos of a job are made on one machine: together or apart, in how many segments, how many at once.

All videos are made from one decoding. A source that is long enough is cut in time besides, into as few
segments as keep the processors busy, each made with one thread: x264 with a thread takes a fifth less work
than with two, and none waits for another. Rate control starts afresh in each segment, so that many short ones
would cost quality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.media.probe import VideoStream
from activities.media.segments import CALM_SECONDS, GRID_SECONDS
from activities.media.timing import timing_of
from activities.media.video_output import VideoOutput

MIB = 1024 * 1024

_PIXELS_A_SECOND = 20_000_000
"""Pixels that one thread encodes in a second, about; libx264 with its default preset on a machine of 2024."""

_LEAST_WORK = 3.0
"""Seconds of work from which a segment is worth its start, its check and its share of the join."""

_LEAST_SECONDS = 4 * GRID_SECONDS
_MOST_A_CORE = 4
"""Long sources get more segments than processors: the last ones to end then leave less time unused."""

_RUN_MEMORY = 120 * MIB
_ENCODER_FRAMES = 80
"""Frames that an encoder keeps: x264 looks 40 ahead, keeps up to 16 to refer to, and FFmpeg queues some."""

_DECODER_FRAMES = 40
_BYTES_A_PIXEL = Fraction(3, 2)
_RATE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one task may use: processors, and bytes of memory."""

    cores: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPlan:
    """How videos are made together.

    Attributes:
        segments: Into how many segments the source shall be cut; 1 for none.
        at_once: How many of them are made at the same time.
    """

    segments: int
    at_once: int

    @property
    def threads(self) -> int | None:
        """Threads of the decoder, the filters and each encoder of a run; None for their own choice."""
        return 1 if self.segments > 1 else None


def plan_ladder(
    outputs: Sequence[VideoOutput], video: VideoStream, *, seconds: float, machine: Machine
) -> LadderPlan:
    """Plan videos that are made from one decoding.

    Args:
        outputs: The videos.
        video: The source's video stream.
        seconds: How long the source is.
        machine: What there is to work with.

    Example:
        >>> plan_ladder(outputs, source, seconds=40, machine=Machine(cores=2, memory=4096 * MIB))
        LadderPlan(segments=2, at_once=2)
    """
    at_once = max(min(machine.cores, machine.memory // memory_of(outputs, video)), 1)
    most = min(int(seconds // _LEAST_SECONDS), int(work_of(outputs, video, seconds) // _LEAST_WORK))
    if at_once < 2 or most < at_once:  # noqa: PLR2004 - side by side takes two
        return LadderPlan(segments=1, at_once=1)
    rounds = min(max(int(seconds // (CALM_SECONDS * at_once)), 1), _MOST_A_CORE)
    return LadderPlan(segments=rounds * at_once, at_once=at_once)


def work_of(outputs: Sequence[VideoOutput], video: VideoStream, seconds: float) -> float:
    """Estimate how many seconds one thread would encode."""
    pixels = 0.0
    for output in outputs:
        width, height = output.size_for(video)
        rate = timing_of(output, video).rate or video.frame_rate or _RATE
        pixels += width * height * float(rate)
    return pixels * seconds / _PIXELS_A_SECOND


def memory_of(outputs: Sequence[VideoOutput], video: VideoStream) -> int:
    """Estimate the bytes of memory that one run takes which makes all outputs."""
    frames = video.width * video.height * _DECODER_FRAMES
    for output in outputs:
        width, height = output.size_for(video)
        frames += width * height * _ENCODER_FRAMES
    return _RUN_MEMORY + int(frames * _BYTES_A_PIXEL)
