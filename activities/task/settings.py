"""The settings of the media activities in a worker's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activities.media.fields import Fields
from activities.sandbox.limits import Limits
from activities.task.machine import this_machine
from cpe.errors import ConfigError, InvalidInput

_KEYS = frozenset(
    {
        "ffmpeg",
        "ffprobe",
        "presets",
        "soffice",
        "imagemagick",
        "max_input_bytes",
        "max_scratch_bytes",
        "max_memory_bytes",
        "fetch_time_limit",
        "encode_time_limit",
        "allow_private_networks",
        "cores",
        "custom_cmd",
    }
)
_HUGE = 1e15
_MOST_CORES = 1024
_GIB = 1024**3
_HOUR = 3600.0
_INPUTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """What an operator may set.

    Attributes:
        ffmpeg: The program, by path or name; None to look for it.
        ffprobe: The same for FFprobe; None for the one beside `ffmpeg`, else to look for it.
        presets: A directory of presets beside the shipped ones.
        soffice: LibreOffice, by path or name; None to look for it.
        imagemagick: ImageMagick, by path or name; None to look for it.
        max_input_bytes: Largest input, 50 GiB by default.
        max_scratch_bytes: Bytes that a task's scratch directory may hold, four largest inputs by default.
        max_memory_bytes: Memory of one run of FFmpeg; None for as much as the worker has.
        fetch_seconds: Longest download of an `http` input, six hours by default.
        encode_seconds: Longest run of FFmpeg for one output, a day by default.
        allow_private_networks: Whether `http` inputs may come from private and local addresses.
        custom_cmd: Whether jobs may have commands of their own.
        cores: Processors that one task uses; None for all that the worker may use.
    """

    ffmpeg: str | None
    ffprobe: str | None
    presets: Path | None
    soffice: str | None
    max_input_bytes: int
    max_scratch_bytes: int
    max_memory_bytes: int | None
    fetch_seconds: float
    encode_seconds: float
    allow_private_networks: bool
    cores: int | None
    custom_cmd: bool = False
    imagemagick: str | None = None

    @property
    def limits(self) -> Limits:
        """What a program in the sandbox may use."""
        return Limits(memory=self.max_memory_bytes or this_machine().memory, scratch=self.max_scratch_bytes)


def read_settings(settings: Mapping[str, Any]) -> MediaSettings:
    """Read an activity's `settings`.

    Raises:
        ConfigError: A key is unknown or has a value that cannot be, ``SETTINGS_INVALID``.
    """
    fields = Fields(settings, "settings")
    try:
        fields.refuse_others(_KEYS)
        presets = fields.text("presets", None)
        max_input_bytes = int(fields.number("max_input_bytes", 50 * _GIB, low=1, high=_HUGE))
        scratch = fields.number("max_scratch_bytes", _INPUTS * max_input_bytes, low=1, high=_HUGE * _INPUTS)
        memory = fields.number("max_memory_bytes", 0, low=0, high=_HUGE)
        return MediaSettings(
            ffmpeg=fields.text("ffmpeg", None),
            ffprobe=fields.text("ffprobe", None),
            presets=Path(presets) if presets else None,
            soffice=fields.text("soffice", None),
            max_input_bytes=max_input_bytes,
            max_scratch_bytes=int(scratch),
            max_memory_bytes=int(memory) or None,
            fetch_seconds=fields.number("fetch_time_limit", 6 * _HOUR, low=1, high=_HUGE),
            encode_seconds=fields.number("encode_time_limit", 24 * _HOUR, low=1, high=_HUGE),
            allow_private_networks=fields.flag("allow_private_networks", default=False),
            cores=round(fields.number("cores", 1, low=1, high=_MOST_CORES)) if "cores" in fields else None,
            custom_cmd=fields.flag("custom_cmd", default=False),
            imagemagick=fields.text("imagemagick", None),
        )
    except InvalidInput as error:
        raise ConfigError(f"The activity's settings are invalid: {error}", code="SETTINGS_INVALID") from error
