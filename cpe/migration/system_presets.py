"""Elastic Transcoder's system presets, which jobs name by id and the service gives out no more."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPreset:
    """One of them.

    Attributes:
        id: Such as ``1351620000001-000010``.
        name: As the service called it, without ``System preset:``.
        shipped: The preset of ours that says the same; None if there is none.
        overrides: Keys of an output in which ours differs.
        document: Its settings, as ``read-preset`` gave them.
        assumed: Whether its sound is not known here and was assumed.
    """

    id: str
    name: str
    shipped: str | None
    overrides: Mapping[str, str]
    document: Mapping[str, Any]
    assumed: bool


@cache
def system_presets() -> Mapping[str, SystemPreset]:
    """All of them, by id."""
    text = files("cpe.migration").joinpath("system_presets.csv").read_text("utf-8")
    return {row["id"]: _preset(row) for row in csv.DictReader(text.splitlines())}


def _preset(row: Mapping[str, str]) -> SystemPreset:
    return SystemPreset(
        id=row["id"],
        name=row["name"],
        shipped=row["shipped"] or None,
        overrides=dict(part.split("=") for part in row["overrides"].split()),
        document={
            "Id": row["id"],
            "Name": row["name"],
            "Container": row["container"],
            **({"Video": _video(row), "Thumbnails": _thumbnails(row)} if row["video_codec"] else {}),
            **({"Audio": _audio(row)} if row["audio_codec"] else {}),
        },
        assumed=row["assumed"] == "audio",
    )


def _video(row: Mapping[str, str]) -> Mapping[str, Any]:
    width, height = row["size"].split("x")
    options = {
        "Profile": row["profile"],
        "Level": row["level"],
        "MaxReferenceFrames": row["refs"],
        "MaxBitRate": row["max_bitrate"],
        "InterlacedMode": row["interlaced"],
    }
    return {
        "Codec": row["video_codec"],
        "CodecOptions": {key: value for key, value in options.items() if value},
        "BitRate": row["video_bitrate"],
        "FrameRate": row["frame_rate"],
        "MaxWidth": width,
        "MaxHeight": height,
        "SizingPolicy": row["sizing"],
        "PaddingPolicy": row["padding"],
    }


def _audio(row: Mapping[str, str]) -> Mapping[str, Any]:
    depth = row["assumed"].removeprefix("depth=") if row["assumed"].startswith("depth=") else ""
    audio = {"Codec": row["audio_codec"], "BitRate": row["audio_bitrate"], "Channels": "2"}
    if not row["video_codec"]:
        audio["SampleRate"] = "48000" if row["container"] == "fmp4" else "44100"
    return {**audio, **({"CodecOptions": {"BitDepth": depth}} if depth else {})}


def _thumbnails(row: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "Format": "png",
        "Interval": "300" if row["container"] == "fmp4" else "60",
        "MaxWidth": "192",
        "MaxHeight": "108",
        "SizingPolicy": "ShrinkToFit",
        "PaddingPolicy": "NoPad",
    }
