"""Puts one video together from its segments and its sound, and verifies it. Nothing is encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.media.probe import AudioStream, MediaInfo, VideoStream
from activities.media.progress import Progress
from activities.media.segment_command import concat_list, join_arguments
from activities.media.video_output import VideoOutput
from activities.verify import invalid_output, probe_made, verify_video
from activities.verify_parts import FrameClock, frame_clock, verify_joined
from activities.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one video.

    Attributes:
        pictures: The files of its segments.
        begins: When each begins, in seconds.
        clocks: When the frames of each are shown.
        stream: The video stream of the first.
        sound: The file of its sound; None for a silent one.
        audio: The stream in that.
    """

    pictures: Sequence[str]
    begins: Sequence[Fraction]
    clocks: Sequence[FrameClock]
    stream: VideoStream
    sound: str | None
    audio: AudioStream | None

    @property
    def end(self) -> float:
        """The second at which the last frame is shown."""
        return float(self.begins[-1]) + self.clocks[-1].seconds[-1]

    @property
    def files(self) -> tuple[str, ...]:
        """All files."""
        return (*self.pictures, *([self.sound] if self.sound else []))


def look_at_parts(
    workshop: Workshop, pictures: Sequence[str], begins: Sequence[Fraction], sound: str | None
) -> Parts:
    """Look at the parts of a video.

    Raises:
        ActivityError: One has no frames, or frames without a time, ``OUTPUT_INVALID``.
    """
    stream = probe_made(workshop, pictures[0]).video
    if stream is None:
        raise invalid_output("has a segment without video")
    return Parts(
        pictures=pictures,
        begins=begins,
        clocks=[frame_clock(workshop, picture) for picture in pictures],
        stream=stream,
        sound=sound,
        audio=probe_made(workshop, sound).audio if sound is not None else None,
    )


def assemble(
    workshop: Workshop,
    output: VideoOutput,
    parts: Parts,
    file: str,
    *,
    report: Callable[[Progress], None],
) -> None:
    """Join the parts of a video into a file."""
    picture = f"{file}-list"
    text = concat_list(list(zip(parts.pictures, parts.begins, strict=True)))
    (workshop.directory / picture).write_text(text, encoding="ascii")
    arguments = join_arguments(
        output,
        picture=picture,
        begin=parts.begins[0],
        sound=parts.sound,
        language=parts.audio.language if parts.audio is not None else None,
        file=file,
    )
    workshop.encode(arguments, duration=parts.end, report=report)


def verify_assembled(workshop: Workshop, output: VideoOutput, parts: Parts, file: str) -> MediaInfo:
    """Check a joined video: it has every frame of its segments at its time, and is what it should be.

    Raises:
        ActivityError: ``OUTPUT_INVALID`` or ``OUTPUT_TOO_SHORT``.
    """
    verify_joined(frame_clock(workshop, file), list(zip(parts.begins, parts.clocks, strict=True)))
    return verify_video(
        workshop,
        file,
        output,
        size=(parts.stream.width, parts.stream.height),
        # As if it had been made of one file with all segments in it.
        source=MediaInfo(
            demuxer="concat",
            duration=parts.end,
            video=replace(parts.stream, duration=parts.end),
            audio=parts.audio,
        ),
    )
