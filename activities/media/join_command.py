"""The command that joins the segments and the sound of a video, as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from activities.media.command import MEDIA_LIMITS, NO_TAGS, PROGRESS, RUN, written
from activities.media.reading import decimal
from activities.media.video_command import CAPTION_LIMITS, CaptionFile, caption_coding
from activities.media.video_output import VideoOutput

_LIST_LIMITS: Mapping[str, str] = {"protocol_whitelist": "file", "format_whitelist": "concat,mov,nut"}
"""What may be opened to join: a list that JoinAsset wrote, and the formats of segments."""

_MICRO = 1_000_000


def concat_list(segments: Sequence[tuple[str, Fraction]]) -> str:
    """Write the list that FFmpeg's demuxer `concat` reads.

    Each segment lasts until the next begins, to the microsecond; what is rounded does not add up.

    Args:
        segments: For each segment its file and the time of its first frame, in seconds.
    """
    begins = [Fraction(round(begin * _MICRO), _MICRO) for _, begin in segments]
    lines = ["ffconcat version 1.0"]
    for index, (file, _) in enumerate(segments):
        lines.append(f"file {file}")
        if index + 1 < len(segments):
            lines.append(f"duration {decimal(begins[index + 1] - begins[index])}")
    return "\n".join((*lines, ""))


def join_arguments(
    output: VideoOutput,
    *,
    picture: str,
    begin: Fraction,
    sound: str | None,
    language: str | None,
    captions: Sequence[CaptionFile] = (),
    file: str,
) -> tuple[str, ...]:
    """Compose the command that puts an output together; nothing but captions is encoded.

    Args:
        output: The output.
        picture: The list of its segments.
        begin: The time of its first frame, in seconds.
        sound: The file of its sound; None for a silent output.
        language: The sound's language.
        captions: Those that go into it.
        file: What to write.
    """
    first = 1 if sound is None else 2
    return (
        # The times as they are: else the sound would be moved to start with the picture.
        *(*RUN, "-copyts", *PROGRESS),
        *(*written(_LIST_LIMITS), "-itsoffset", decimal(begin), "-f", "concat", "-i", picture),
        *((*written(MEDIA_LIMITS), "-i", sound) if sound is not None else ()),
        *(argument for track in captions for argument in (*written(CAPTION_LIMITS), "-i", track.file)),
        *("-map", "0:v:0", *(("-map", "1:a:0") if sound is not None else ())),
        *(argument for number, _ in enumerate(captions, first) for argument in ("-map", f"{number}:0")),
        *("-c", "copy", *caption_coding(output, captions)),
        *NO_TAGS,
        *(("-metadata:s:a:0", f"language={language}") if sound is not None and language else ()),
        *(("-movflags", "+faststart") if output.container.fast_start else ()),
        *("-f", output.container.muxer, file),
    )
