"""Elastic Transcoder's presets as ours: settings of a video or a sound, and keys of its outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cpe.migration.document import Document
from cpe.migration.et_sound import fitting_codec, read_sound
from cpe.migration.et_watermark import WatermarkPlace, read_place

_VIDEO_CODECS = {"h.264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9", "mpeg2": "mpeg2video"}

VIDEO_EXTENSIONS = {"mp4": "mp4", "ts": "ts", "flv": "flv", "webm": "webm", "fmp4": "mp4"}
AUDIO_EXTENSIONS = {
    "mp3": "mp3",
    "mp4": "m4a",
    "fmp4": "m4a",
    "ogg": "ogg",
    "oga": "ogg",
    "flac": "flac",
    "wav": "wav",
    "webm": "weba",
    "ts": "aac",
}
"""What a key ends in with us, by container."""

# What `auto` means to Elastic Transcoder (developer guide, "Preset settings").
_AUTO_SIZE = {"MaxWidth": "1920", "MaxHeight": "1080"}
_LEVEL = re.compile(r"[1-6](\.[0-3])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnails:
    """How thumbnails are made: keys of a THUMB output, and their extension."""

    keys: Mapping[str, Any]
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A preset, read.

    Attributes:
        container: The file format, in the service's words.
        extension: What the key of an output ends in with us.
        preset: Our preset of a video; None for a sound.
        keys: Keys of each output that names it.
        has_sound: Whether it has a sound.
        thumbnails: How thumbnails are made; None where it does not say.
        watermarks: Where watermarks go, by id.
        size: The largest picture, in pixels; None for a sound.
    """

    container: str
    extension: str
    preset: Mapping[str, Any] | None
    keys: Mapping[str, Any]
    has_sound: bool = True
    thumbnails: Thumbnails | None = None
    watermarks: Mapping[str, WatermarkPlace] = field(default_factory=dict)
    size: tuple[int, int] | None = None


def read_preset(document: Document) -> Settings | None:
    """Read a preset, as ``read-preset`` gives it, without its wrapping.

    Returns:
        None if nothing can be made by it; a note says why.
    """
    document.ignore("Id", "Arn", "Type", "Name", "Description")
    container = document.text("Container").lower()
    video, audio = document.child("Video"), document.child("Audio")
    known = VIDEO_EXTENSIONS if video is not None else AUDIO_EXTENSIONS
    extension = known.get(container)
    if extension is None:
        document.notes.refused(
            "CONTAINER_UNSUPPORTED",
            document.place("Container"),
            f"{container or 'nothing'} cannot be made; choose one of {', '.join(known)}",
        )
        return None
    sound = read_sound(audio, alone=video is None) if audio is not None else None
    if video is None and sound is None:
        document.notes.refused(
            "PRESET_EMPTY", document.where, "it says how to make neither picture nor sound"
        )
        return None
    if video is None:
        document.ignore("Thumbnails")
        document.finish()
        return Settings(container=container, extension=extension, preset=None, keys=sound or {})
    settings = _video(video, document, container, extension, sound)
    document.finish()
    return settings


def _video(
    video: Document,
    document: Document,
    container: str,
    extension: str,
    sound: Mapping[str, Any] | None,
) -> Settings | None:
    codec = _VIDEO_CODECS.get(video.text("Codec").lower())
    if codec is None:
        video.notes.refused(
            "CODEC_UNSUPPORTED",
            video.place("Codec"),
            f"{video.text('Codec') or 'nothing'} cannot be made; choose one of {', '.join(_VIDEO_CODECS)}",
        )
        return None
    keys: dict[str, Any] = {}
    width, height = _size(video)
    options = _options(video, codec, keys)
    rate = video.text("BitRate", "auto").lower()
    if not rate.isdigit():
        keys["crf"] = 21
        video.notes.changed(
            "BIT_RATE", video.place("BitRate"), "auto: a constant quality (crf 21) takes its place"
        )
    preset = {
        "name": preset_name(document),
        "description": document.text("Description") or document.text("Name"),
        "size": f"{width}x{height}",
        "frame_rate": _frame_rate(video),
        "video_bitrate": f"{rate}k" if rate.isdigit() else "5000k",
        "audio_bitrate": (sound or {}).get("audio_bitrate", "128k"),
        "video_codec": codec,
        "audio_codec": fitting_codec(container, (sound or {}).get("audio_codec", "aac"), document),
        **({"video_codec_options": options} if options else {}),
    }
    sizing = video.text("SizingPolicy", "Fit")
    if sizing != "ShrinkToFit":  # which is what ours do anyway
        keys["sizing"] = sizing
    if video.text("PaddingPolicy", "NoPad").lower() == "pad":
        keys["padding"] = True
    if sound is not None and "audio_channels" in sound:
        keys["audio_channels"] = sound["audio_channels"]
    _left_of_video(video)
    thumbnails = document.child("Thumbnails")
    places = {one.id: one for one in (read_place(each) for each in video.children("Watermarks"))}
    video.finish()
    return Settings(
        container=container,
        extension=extension,
        preset=preset,
        keys=keys,
        has_sound=sound is not None,
        thumbnails=None if thumbnails is None else _thumbnails(thumbnails),
        watermarks=places,
        size=(width, height),
    )


def preset_name(document: Document) -> str:
    """Make a file's name of a preset's.

    Example:
        >>> preset_name(Document({"Name": "System preset: Smooth 3M"}, "p", Notes()))  # doctest: +SKIP
        'Smooth-3M'
    """
    name = document.text("Name").removeprefix("System preset: ")
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.") or f"et-{document.text('Id', 'preset')}"


def _size(video: Document) -> tuple[int, int]:
    resolution = video.text("Resolution", "auto").lower()
    if "MaxWidth" not in video and re.fullmatch(r"\d+x\d+", resolution):
        width, height = resolution.split("x")
        video.ignore("AspectRatio", "MaxWidth", "MaxHeight")
        return int(width), int(height)
    video.ignore("AspectRatio")
    width, height = (
        text if (text := video.text(key, "auto")).isdigit() else _AUTO_SIZE[key] for key in _AUTO_SIZE
    )
    # Elastic Transcoder takes even sizes only.
    return int(width) // 2 * 2, int(height) // 2 * 2


def _frame_rate(video: Document) -> str | float:
    rate = video.text("FrameRate", "auto").lower()
    if "MaxFrameRate" in video and rate == "auto":
        video.notes.changed(
            "MAX_FRAME_RATE",
            video.place("MaxFrameRate"),
            "frames keep the source's rate, however high; give frame_rate where that is too much",
        )
    video.ignore("MaxFrameRate")
    return "auto" if rate == "auto" else float(rate)


def _options(video: Document, codec: str, keys: dict[str, Any]) -> str:
    options = video.child("CodecOptions")
    if options is None:
        return ""
    notes, parts = video.notes, []
    peak = options.text("MaxBitRate")
    if peak.isdigit():
        keys["max_bitrate"] = f"{peak}k"
    if "BufferSize" in options:
        notes.changed("BUFFER_SIZE", options.place("BufferSize"), "max_bitrate holds over two seconds")
    options.ignore("BufferSize")
    if codec == "libx264":
        for key, pattern in (("MaxReferenceFrames", r"[1-9]|1[0-6]"), ("Profile", r"\w+"), ("Level", _LEVEL)):
            text = options.text(key)
            if text and re.fullmatch(pattern, text):
                parts.append(f"{key}:{text}")
            elif text:
                notes.changed("CODEC_OPTION", options.place(key), f"{text} is left to the encoder")
    elif "Profile" in options:
        notes.changed("CODEC_OPTION", options.place("Profile"), "it is left to the encoder")
    options.ignore("Profile", "LoopCount")
    if options.text("InterlacedMode", "Progressive") not in ("Progressive", "Auto"):
        notes.changed("INTERLACED", options.place("InterlacedMode"), "videos are made progressive")
    if options.text("ColorSpaceConversionMode", "None") not in ("None", "Auto"):
        notes.lost(
            "COLOUR_CONVERSION",
            options.place("ColorSpaceConversionMode"),
            "colours stay what the source says they are; use tone_map for a high dynamic range",
        )
    if options.text("ChromaSubsampling", "yuv420p") != "yuv420p":
        notes.lost("CHROMA", options.place("ChromaSubsampling"), "pixels are 4:2:0")
    options.finish()
    return ",".join(parts)


def _left_of_video(video: Document) -> None:
    if "KeyframesMaxDist" in video or "FixedGOP" in video:
        video.notes.changed(
            "KEY_FRAMES",
            video.place("KeyframesMaxDist"),
            "the encoder chooses key frames; in playlists they come every two seconds",
        )
    video.ignore("KeyframesMaxDist", "FixedGOP")
    if video.text("DisplayAspectRatio", "auto") != "auto":
        video.notes.changed(
            "ASPECT_RATIO",
            video.place("DisplayAspectRatio"),
            "pixels are square; with sizing Stretch the size alone makes the ratio",
        )


def _thumbnails(thumbnails: Document) -> Thumbnails:
    notes = thumbnails.notes
    extension = {"png": "png", "jpg": "jpg"}.get(thumbnails.text("Format", "png").lower(), "png")
    keys: dict[str, Any] = {"mode": "intervals", "intervals": float(thumbnails.text("Interval", "60"))}
    width, height = _size(thumbnails)
    keys["size"] = f"{width}:{height}"
    policy = thumbnails.text("SizingPolicy", "Fit")
    keys.update({"Fit": {"allow_upscale": True}, "Stretch": {"keep_ratio": False}}.get(policy, {}))
    if policy not in ("Fit", "ShrinkToFit", "Stretch"):
        notes.changed("THUMBNAIL_SIZING", thumbnails.place("SizingPolicy"), f"{policy} becomes ShrinkToFit")
    if thumbnails.text("PaddingPolicy", "NoPad").lower() == "pad":
        notes.changed("THUMBNAIL_PADDING", thumbnails.place("PaddingPolicy"), "thumbnails have no bars")
    thumbnails.finish()
    return Thumbnails(keys=keys, extension=extension)
