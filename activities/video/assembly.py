"""Puts one video together from its segments, its sound and its captions, and verifies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.ffmpeg.workshop import Workshop
from activities.media.join_command import concat_list, join_arguments
from activities.media.probe import MediaInfo
from activities.media.progress import Progress
from activities.media.video_command import CaptionFile
from activities.media.video_output import VideoOutput
from activities.verify.verify import (
    check_video,
    frame_times_made,
    invalid_output,
    probe_made,
    survey_made,
    verify_captions,
)
from activities.verify.verify_parts import FrameClock, Picture, Sound, clock_of, picture_of, verify_joined

_NO_FRAMES = "has no frames, or frames without a time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one video.

    Attributes:
        pictures: Its segments.
        begins: When each begins, in seconds.
        sound: Its sound; None for a silent one.
        captions: Those that go into it.
    """

    pictures: Sequence[Picture]
    begins: Sequence[Fraction]
    sound: Sound | None
    captions: Sequence[CaptionFile] = ()

    @property
    def end(self) -> float:
        """The second at which the last frame is shown."""
        return float(self.begins[-1]) + self.pictures[-1].clock.seconds[-1]


def look_at_picture(workshop: Workshop, file: str) -> Picture:
    """Look at a segment of a video.

    Raises:
        ActivityError: It has no frames, or frames without a time, ``OUTPUT_INVALID``.
    """
    picture = picture_of(file, survey_made(workshop, file))
    if picture is None:
        raise invalid_output(_NO_FRAMES)
    return picture


def look_at_sound(workshop: Workshop, file: str) -> Sound:
    """Look at the sound of a video.

    Raises:
        ActivityError: There is none in it, ``OUTPUT_INVALID``.
    """
    info = probe_made(workshop, file)
    if info.audio is None:
        raise invalid_output("has no sound")
    return Sound(file=file, stream=info.audio, duration=info.duration)


def assemble(
    workshop: Workshop,
    output: VideoOutput,
    parts: Parts,
    file: str,
    *,
    report: Callable[[Progress], None],
) -> None:
    """Join the parts of a video into a file."""
    pictures = f"{file}-list"
    files = [picture.file for picture in parts.pictures]
    text = concat_list(list(zip(files, parts.begins, strict=True)))
    (workshop.directory / pictures).write_text(text, encoding="ascii")
    sound = parts.sound
    arguments = join_arguments(
        output,
        picture=pictures,
        begin=parts.begins[0],
        sound=sound.file if sound is not None else None,
        language=sound.stream.language if sound is not None else None,
        captions=parts.captions,
        file=file,
    )
    workshop.encode(arguments, duration=parts.end, report=report)


def verify_assembled(workshop: Workshop, output: VideoOutput, parts: Parts, file: str) -> MediaInfo:
    """Check a joined video: it has every frame of its segments at its time, and is what it should be.

    Raises:
        ActivityError: ``OUTPUT_INVALID`` or ``OUTPUT_TOO_SHORT``.
    """
    info = probe_made(workshop, file)
    clocks = [picture.clock for picture in parts.pictures]
    verify_joined(_clock(workshop, file, info), list(zip(parts.begins, clocks, strict=True)))
    verify_captions(output, info)
    first = parts.pictures[0].stream
    check_video(
        workshop,
        file,
        info,
        output,
        size=(first.width, first.height),
        # As if it had been made of one file with all segments in it.
        source=MediaInfo(
            demuxer="concat",
            duration=parts.end,
            video=replace(first, duration=parts.end),
            audio=parts.sound.stream if parts.sound is not None else None,
        ),
    )
    return info


def _clock(workshop: Workshop, file: str, info: MediaInfo) -> FrameClock:
    """Read when the frames of a joined video are shown; its sound, which has most of the packets, is not."""
    known = frame_times_made(workshop, file, info.video.index) if info.video is not None else None
    if info.video is None or info.video.time_base is None or known is None or not known.times:
        raise invalid_output(_NO_FRAMES)
    return clock_of(known, info.video.time_base)
