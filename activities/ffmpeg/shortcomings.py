"""What FFmpeg lacks on this machine for some of the jobs, though not for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from activities.ffmpeg.tools import Tools, demuxers, encoders
from activities.media.command import MEDIA_LIMITS
from activities.media.presets import PresetLibrary
from activities.sandbox import landlock, seccomp
from cpe.errors import CpeError

_USUAL = ("mov", "matroska", "mpegts", "avi", "flv", "mp3", "wav", "aac", "ogg")
"""The formats that nearly all inputs have; those of the others are missing in many builds."""


def missing_demuxers(tools: Tools) -> Iterator[CpeError]:
    """Tell which of the usual input formats cannot be read (``DEMUXER_UNAVAILABLE``)."""
    allowed = MEDIA_LIMITS["format_whitelist"].split(",")
    missing = sorted(set(_USUAL) & set(allowed) - demuxers(tools))
    if missing:
        yield CpeError(
            f"{tools.ffmpeg} was built without the demuxers {', '.join(missing)}", code="DEMUXER_UNAVAILABLE"
        )


def missing_confinement() -> Iterator[CpeError]:
    """Tell what the kernel lacks to keep programs within their sandbox (``SANDBOX_INCOMPLETE``)."""
    missing = [
        *([] if landlock.version() else ["Landlock, so that FFmpeg could read this user's files"]),
        *([] if seccomp.available() else ["filters of system calls, so that FFmpeg could reach the network"]),
    ]
    if missing:
        yield CpeError(f"the kernel has no {', and no '.join(missing)}", code="SANDBOX_INCOMPLETE")


def missing_encoders(tools: Tools, library: PresetLibrary) -> Iterator[CpeError]:
    """Tell which encoders presets ask for and FFmpeg lacks (``ENCODER_UNAVAILABLE``)."""
    available = encoders(tools)
    wanting: dict[str, list[str]] = defaultdict(list)
    for name, preset in sorted(library.presets.items()):
        if preset.video.name not in available:
            wanting[preset.video.name].append(name)
        if available.isdisjoint({preset.audio.name, preset.audio.fallback}):
            wanting[preset.audio.fallback or preset.audio.name].append(name)
    for encoder, presets in wanting.items():
        yield CpeError(
            f"{tools.ffmpeg} was built without the encoder {encoder}, which presets need: "
            f"{', '.join(presets)}",
            code="ENCODER_UNAVAILABLE",
        )
