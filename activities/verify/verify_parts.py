"""Checks the parts of a job, and what was joined of them, before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from activities.ffmpeg.workshop import Workshop
from activities.media.codecs import AudioEncoder
from activities.media.probe import AudioStream, VideoStream
from activities.media.segments import Stretch
from activities.media.survey import FrameTimes, Survey
from activities.verify.verify import invalid_output, probe_made

_SLACK_SECONDS = 1.0
_SLACK_SHARE = 0.02
_ROUNDING = 2e-6
_LAST_SLACK_SECONDS = 2.0
"""Seconds by which the last frame of an output may lie beside the source's, at the lowest frame rate."""


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
    return Picture(file=file, stream=video, clock=clock_of(known, video.time_base))


def clock_of(known: FrameTimes, time_base: Fraction) -> FrameClock:
    """Return when frames are shown in seconds, of times in ticks."""
    tick = float(time_base)
    return FrameClock(seconds=[time * tick for time in known.times], tick=tick)


def verify_segments(pictures: Sequence[Picture], stretches: Sequence[Stretch], *, last: Fraction) -> None:
    """Check that the segments of a video are those that its stretches call for, coded alike.

    Args:
        pictures: The segments, in order.
        stretches: What the video has in each.
        last: The time of the source's last frame, in seconds.

    Raises:
        ActivityError: One is of another film, or lacks frames, ``OUTPUT_INVALID``.
    """
    coding = _coding(pictures[0])
    for index, (picture, stretch) in enumerate(zip(pictures, stretches, strict=True)):
        seconds = picture.clock.seconds
        if _coding(picture) != coding:
            raise invalid_output(f"has a segment {index} of {_coding(picture)}; the first is of {coding}")
        if seconds[0] != 0:
            raise invalid_output(f"has a segment {index} that starts at {seconds[0]:.6f} s")
        if stretch.frames not in (None, len(seconds)):
            wanted = f"it should have {stretch.frames}"
            raise invalid_output(f"has {len(seconds)} frames in segment {index}; {wanted}")
        if stretch.frames is None and abs(seconds[-1] - float(last - stretch.begin)) > _LAST_SLACK_SECONDS:
            wanted = f"{float(last - stretch.begin):.2f} s"
            raise invalid_output(
                f"has a last frame at {seconds[-1]:.2f} s of its last segment, not at {wanted}"
            )


def _coding(picture: Picture) -> str:
    stream = picture.stream
    return f"{stream.codec} {stream.width}x{stream.height}"


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
