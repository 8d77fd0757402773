"""Presets: named settings of a video output.

A preset is a JSON file in the layout of the original. Its name is the file's, with or without ``.json``.
Names from jobs are looked up in what the directories hold; they never become a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from activities.media.codecs import SPEEDS, AudioEncoder, VideoEncoder, audio_encoder, video_encoder
from activities.media.fields import Fields, did_you_mean, shown
from activities.media.notation import Size, parse_bit_rate, parse_frame_rate, parse_size
from cpe.errors import ConfigError, InvalidInput

SHIPPED = Path(__file__).parent.parent / "presets"

VIDEO_BIT_RATE = (10_000, 200_000_000)
AUDIO_BIT_RATE = (6_000, 1_536_000)

_LISTED = 30
"""As many names as a message tells at most."""

_KEYS = frozenset(
    {
        "name",
        "description",
        "size",
        "frame_rate",
        "video_bitrate",
        "audio_bitrate",
        "video_codec",
        "audio_codec",
        "video_codec_options",
    }
)
_LEVEL = re.compile(r"[1-6](\.[0-3])?")
_MAX_REFERENCES = 16
_OPTIONS = frozenset({"MaxReferenceFrames", "Profile", "Level", "Speed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecOptions:
    """What ``video_codec_options`` asks of the encoder; None leaves the choice to it."""

    references: int | None = None
    profile: str | None = None
    level: str | None = None
    speed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Settings of a video output. Bit rates in bits per second; a frame rate of None is the source's."""

    name: str
    description: str
    size: Size
    frame_rate: Fraction | None
    video_bit_rate: int
    audio_bit_rate: int
    video: VideoEncoder
    audio: AudioEncoder
    options: CodecOptions


def parse_codec_options(text: str, where: str) -> CodecOptions:
    """Read ``MaxReferenceFrames:3,Profile:baseline,Level:3.1``; each part is optional.

    ``Speed:veryfast`` is ours: how much work the encoder puts into each frame, one of :data:`SPEEDS`.

    Example:
        >>> parse_codec_options("Profile:main,Level:4", "options")
        CodecOptions(references=None, profile='main', level='4', speed=None)
    """
    parts: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, value = part.partition(":")
        if not colon or name not in _OPTIONS:
            raise InvalidInput(
                f"{where} must list MaxReferenceFrames:N, Profile:NAME, Level:N and Speed:NAME, separated by "
                f"commas; {shown(part)} is none of these."
            )
        parts[name] = value.strip()
    references = parts.get("MaxReferenceFrames")
    if references is not None and not (references.isdecimal() and 1 <= int(references) <= _MAX_REFERENCES):
        raise InvalidInput(
            f"{where}: MaxReferenceFrames must be 1 to {_MAX_REFERENCES}, not {shown(references)}."
        )
    level = parts.get("Level")
    if level is not None and not _LEVEL.fullmatch(level):
        raise InvalidInput(f"{where}: Level must be such as 3 or 3.1, not {shown(level)}.")
    return CodecOptions(
        references=int(references) if references else None,
        profile=parts.get("Profile"),
        level=level,
        speed=parts.get("Speed"),
    )


def check_options(options: CodecOptions, encoder: VideoEncoder, where: str) -> None:
    """Refuse options that the encoder does not know."""
    if options.profile is not None and options.profile not in encoder.profiles:
        known = ", ".join(sorted(encoder.profiles)) or "none"
        raise InvalidInput(
            f"{where}: {encoder.name} has no profile {shown(options.profile)}; it knows {known}.",
            code="UNKNOWN_PROFILE",
        )
    if not encoder.levels and (options.level or options.references):
        raise InvalidInput(f"{where}: {encoder.name} takes no Level and no MaxReferenceFrames.")
    if options.speed is not None and not (encoder.speeds and options.speed in SPEEDS):
        known = ", ".join(SPEEDS) if encoder.speeds else "none"
        raise InvalidInput(
            f"{where}: {encoder.name} has no Speed {shown(options.speed)}; it knows {known}.",
            code="UNKNOWN_SPEED",
        )


def parse_preset(name: str, value: object, where: str) -> Preset:
    """Read a preset from JSON.

    Raises:
        InvalidInput: A key is missing, unknown, or has a value that cannot be.
    """
    fields = Fields(value, where)
    fields.refuse_others(_KEYS)
    video = video_encoder(fields.text("video_codec"), fields.path("video_codec"))
    options = parse_codec_options(fields.text("video_codec_options", ""), fields.path("video_codec_options"))
    check_options(options, video, fields.path("video_codec_options"))
    return Preset(
        name=name,
        description=fields.text("description", ""),
        size=parse_size(fields.scalar("size"), fields.path("size")),
        frame_rate=parse_frame_rate(fields.scalar("frame_rate", "auto"), fields.path("frame_rate")),
        video_bit_rate=video_bit_rate(fields.scalar("video_bitrate"), fields.path("video_bitrate")),
        audio_bit_rate=audio_bit_rate(fields.scalar("audio_bitrate"), fields.path("audio_bitrate")),
        video=video,
        audio=audio_encoder(fields.text("audio_codec"), fields.path("audio_codec")),
        options=options,
    )


def video_bit_rate(text: str, where: str) -> int:
    """Read a bit rate of video."""
    return parse_bit_rate(text, where, low=VIDEO_BIT_RATE[0], high=VIDEO_BIT_RATE[1])


def audio_bit_rate(text: str, where: str) -> int:
    """Read a bit rate of audio."""
    return parse_bit_rate(text, where, low=AUDIO_BIT_RATE[0], high=AUDIO_BIT_RATE[1])


class PresetLibrary:
    """All presets of some directories, checked when it is made; a later directory wins.

    Raises:
        ConfigError: A directory or a preset in it cannot be read.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        presets: dict[str, Preset] = {}
        for directory in directories:
            if not directory.is_dir():
                raise ConfigError(
                    f"The directory of presets {directory} does not exist.", code="PRESETS_INVALID"
                )
            for path in sorted(directory.glob("*.json")):
                presets[path.stem] = _load(path)
        self.presets: Mapping[str, Preset] = presets

    def find(self, name: str, where: str) -> Preset:
        """Return the preset of that name.

        Raises:
            InvalidInput: There is none, code ``UNKNOWN_PRESET``.
        """
        stem = name.removesuffix(".json")
        if stem not in self.presets:
            known = ", ".join(sorted(self.presets)[:_LISTED])
            near = did_you_mean(stem, self.presets.keys()) or f" Known are {known}."
            raise InvalidInput(f"{where}: there is no preset {shown(name)}.{near}", code="UNKNOWN_PRESET")
        return self.presets[stem]


@cache
def preset_library(own: Path | None = None) -> PresetLibrary:
    """Return the shipped presets and those in the user's `own` directory, read once per process."""
    return PresetLibrary([SHIPPED] if own is None else [SHIPPED, own])


def _load(path: Path) -> Preset:
    try:
        return parse_preset(path.stem, json.loads(path.read_text(encoding="utf-8")), path.name)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The preset {path} cannot be read: {error}", code="PRESETS_INVALID") from error
    except InvalidInput as error:
        raise ConfigError(f"The preset {path} is invalid: {error}", code="PRESETS_INVALID") from error
