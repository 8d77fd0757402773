"""FFmpeg's commands around a ladder: copying tracks into fragmented MP4, and decoding segments of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from activities.media.command import MEDIA_LIMITS, NO_TAGS, PROGRESS, RUN, written

# Times are those of the file, whenever a track starts: one clock for the whole ladder.
_FLAGS = "+frag_discont+delay_moov+default_base_moof+skip_trailer"

_SOUND_FRAGMENT = 500_000
"""Microseconds; a segment of sound starts with the first fragment in its cell of the grid."""


class Kind(StrEnum):
    """What a track holds; the value is FFmpeg's way to choose the first of its kind."""

    VIDEO = "v:0"
    AUDIO = "a:0"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackCopy:
    """A track of a file, and the fragmented file to write.

    Attributes:
        source: The file.
        target: What to write.
        codec: FFprobe's name of its codec.
        kind: Which track; fragments of a video start with its key frames.
        language: The language of a sound.
    """

    source: str
    target: str
    codec: str
    kind: Kind
    language: str | None = None


def fragment_arguments(copies: Sequence[TrackCopy]) -> tuple[str, ...]:
    """Compose the command that copies tracks into fragmented MP4, all in one run; nothing is encoded."""
    inputs = [argument for copy in copies for argument in (*written(MEDIA_LIMITS), "-i", copy.source)]
    outputs = [
        argument
        for index, copy in enumerate(copies)
        for argument in (
            "-map",
            f"{index}:{copy.kind}",
            "-c",
            "copy",
            *NO_TAGS,
            *_fragments(copy),
            copy.target,
        )
    ]
    return (*RUN, "-copyts", *PROGRESS, *inputs, *outputs)


def sample_arguments(files: Sequence[str]) -> tuple[str, ...]:
    """Decode the first frame of each file, and print a line for it, all in one run."""
    # Else the first packet of AAC is left out, as what an encoder puts before the sound.
    read = (*written(MEDIA_LIMITS), "-flags2", "+skip_manual")
    inputs = [argument for file in files for argument in (*read, "-i", file)]
    frames = [
        argument
        for index in range(len(files))
        for argument in (
            *("-map", f"{index}:0", "-frames:v", "1", "-frames:a", "1"),
            *("-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"),
        )
    ]
    return (*RUN, "-copyts", *inputs, *frames)


def _fragments(copy: TrackCopy) -> tuple[str, ...]:
    if copy.kind is Kind.AUDIO:
        language = ("-metadata:s:a:0", f"language={copy.language}") if copy.language else ()
        return (*language, "-movflags", _FLAGS, "-frag_duration", str(_SOUND_FRAGMENT), "-f", "mp4")
    # Players of Apple take HEVC under this name only.
    tag = ("-tag:v", "hvc1") if copy.codec == "hevc" else ()
    return (*tag, "-movflags", f"{_FLAGS}+frag_keyframe", "-f", "mp4")
