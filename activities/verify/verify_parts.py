"""Checks the parts of a job, and what was joined of them, before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.ffmpeg.workshop import Workshop
from activities.media.codecs import AudioEncoder
from activities.media.probe import AudioStream, VideoStream
from activities.media.survey import Survey
from activities.verify.verify import invalid_output, probe_made

_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02
_ROUNDING = 2e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameClock:
    """When the frames of a file are shown: seconds in order, each right to a tick."""

    seconds: Sequence[float]
    tick: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A file with a sound: the stream, and the seconds that it lasts; None when it does not tell."""

    file: str
    stream: AudioStream
    duration: float | None


def verify_sound(workshop: Workshop, file: str, encoder: AudioEncoder, *, seconds: float | None) -> Sound:
    """Check a finished sound: one stream, its codec and duration.

    Args:
        workshop: FFmpeg.
        file: The sound.
        encoder: What made it.
        seconds: How long the source's sound is; None when unknown.

    Raises:
        ActivityError: ``OUTPUT_INVALID``.
    """
    info = probe_made(workshop, file)
    stream = info.audio
    found = stream.codec if stream else None
    if stream is None or found != encoder.codec or info.video is not None:
        raise invalid_output(f"has audio {found} instead of {encoder.codec}")
    if seconds is not None:
        lasts = info.duration or 0.0
        if abs(lasts - seconds) > max(_SLACK_SECONDS, seconds * _SLACK_SHARE):
            raise invalid_output(f"has {lasts:.2f} s of sound instead of {seconds:.2f} s")
    return Sound(file=file, stream=stream, duration=info.duration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file with a video: the stream, and when its frames are shown."""

    file: str
    stream: VideoStream
    clock: FrameClock


def picture_of(file: str, survey: Survey) -> Picture | None:
    """Return the video of a file that was looked at; None when it has no frames, or some have no time."""
    video = survey.info.video
    known = survey.frames.get(video.index) if video is not None else None
    if video is None or video.time_base is None or known is None:
        return None
    tick = float(video.time_base)
    clock = FrameClock(seconds=[time * tick for time in known.times], tick=tick)
    return Picture(file=file, stream=video, clock=clock)


def verify_joined(joined: FrameClock, segments: Sequence[tuple[Fraction, FrameClock]]) -> None:
    """Check that a joined video has the frames of its segments, each at its time.

    Times count from the first frame: MPEG-TS starts later than zero.

    Args:
        joined: The whole.
        segments: When each segment begins, in seconds, and its frames.

    Raises:
        ActivityError: ``OUTPUT_INVALID``.
    """
    wanted = [float(begin) + second for begin, clock in segments for second in clock.seconds]
    if len(wanted) != len(joined.seconds):
        raise invalid_output(f"has {len(joined.seconds)} frames; its segments have {len(wanted)}")
    slack = joined.tick + max(clock.tick for _, clock in segments) + _ROUNDING
    shift = joined.seconds[0] - wanted[0]
    for found, second in zip(joined.seconds, wanted, strict=True):
        if abs(found - shift - second) > slack:
            raise invalid_output(f"has a frame at {found - shift:.6f} s that belongs to {second:.6f} s")
