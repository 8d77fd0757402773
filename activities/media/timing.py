"""When the frames of an output are shown: at a constant rate, or when those of the source are.

Either way the time of a frame follows from the source's own times alone, not from the frames before it. So a
part of a video gets the times that it has in the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from activities.media.frame_rates import known_rate
from activities.media.probe import VideoStream
from activities.media.video_output import VideoOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The times of an output's frames.

    Attributes:
        rate: Frames per second when they are constant; frames are repeated and left out to keep it.
        time_base: Else the seconds of a tick of the clock in which the source's times are kept. None where
            they cannot be: FFmpeg then rounds them to a rate of its own choice.
    """

    rate: Fraction | None
    time_base: Fraction | None = None

    @property
    def known(self) -> bool:
        """Whether the times of all frames can be told from those of the source."""
        return self.rate is not None or self.time_base is not None


def timing_of(output: VideoOutput, source: VideoStream) -> Timing:
    """Tell how the frames of an output are timed.

    The output's own rate comes first. A source with a steady rate keeps it, even where its container rounds
    times, as Matroska does to milliseconds; one without keeps each frame's time. A steady rate that the
    encoder does not know becomes the nearest that it does.
    """
    if output.frame_rate is not None:
        return Timing(rate=output.frame_rate)
    if source.steady and source.frame_rate is not None:
        return Timing(rate=known_rate(source.frame_rate, output.video))
    return Timing(rate=None, time_base=source.time_base if output.video.any_time else None)


def timing_arguments(timing: Timing) -> tuple[str, ...]:
    """Write FFmpeg's options for an output whose filters already keep the rate."""
    if timing.rate is not None:
        return ("-fps_mode", "passthrough")
    if timing.time_base is None:
        return ("-fps_mode", "vfr")
    base = timing.time_base
    return ("-fps_mode", "vfr", "-enc_time_base", f"{base.numerator}:{base.denominator}")
