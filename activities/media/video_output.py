"""A video to make: ``output_asset`` objects of type VIDEO as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from activities.media.codecs import (
    AudioEncoder,
    Container,
    VideoEncoder,
    audio_encoder,
    container_of,
    video_encoder,
)
from activities.media.fields import Fields, shown
from activities.media.geometry import Sizing, fit
from activities.media.locations import (
    COMMON_KEYS,
    COMMON_PLANNED,
    Location,
    Target,
    parse_location,
    parse_target,
)
from activities.media.notation import Size, parse_frame_rate, parse_size
from activities.media.presets import (
    CodecOptions,
    Preset,
    PresetLibrary,
    audio_bit_rate,
    parse_preset,
    video_bit_rate,
)
from activities.media.probe import VideoStream
from activities.media.sizing import parse_sizing
from cpe.errors import InvalidInput

_VIDEO = COMMON_KEYS | {
    "preset",
    "size",
    "video_codec",
    "audio_codec",
    "video_bitrate",
    "audio_bitrate",
    "frame_rate",
    "keep_ratio",
    "no_enlarge",
    "allow_upscale",
    "watermark",
}
_VIDEO_PLANNED = COMMON_PLANNED | {
    "sizing",
    "padding",
    "rotate",
    "crf",
    "max_bitrate",
    "two_pass",
    "start",
    "duration",
    "captions",
    "loudness",
    "audio_channels",
    "tone_map",
}
_WATERMARK = frozenset({"bucket", "file", "size", "opacity", "x", "y"})

_FAR = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """A picture laid over a video. A negative `x` or `y` counts from the right or bottom, in pixels.

    `size` is None for the picture's own size.
    """

    location: Location
    size: Size | None
    opacity: float
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOutput:
    """A video to make. Bit rates in bits per second; a frame rate of None is the source's."""

    target: Target
    container: Container
    sizing: Sizing
    frame_rate: Fraction | None
    video: VideoEncoder
    video_bit_rate: int
    options: CodecOptions
    audio: AudioEncoder
    audio_bit_rate: int
    watermark: Watermark | None

    def size_for(self, source: VideoStream) -> tuple[int, int]:
        """Return the width and height made of this source, in pixels."""
        return fit(source, self.sizing, even=True)


def parse_video(fields: Fields, presets: PresetLibrary) -> VideoOutput:
    """Read a VIDEO output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(_VIDEO, _VIDEO_PLANNED)
    preset = _preset(fields, presets)
    target = parse_target(fields)
    container = container_of(target.location.key, fields.path("file"))
    video, options = preset.video, preset.options
    if "video_codec" in fields:
        video = video_encoder(fields.text("video_codec"), fields.path("video_codec"))
        # Profile, level and reference frames of a preset mean its own encoder.
        options = preset.options if video == preset.video else CodecOptions()
    audio = preset.audio
    if "audio_codec" in fields:
        audio = audio_encoder(fields.text("audio_codec"), fields.path("audio_codec"))
    for codec in (video.codec, audio.codec):
        if container.codecs is not None and codec not in container.codecs:
            raise InvalidInput(
                f"{fields.where}: {codec} does not go into {container.muxer} ({shown(target.location.key)}). "
                f"Choose another codec or another extension.",
                code="CODEC_CONTAINER_MISMATCH",
            )
    return VideoOutput(
        target=target,
        container=container,
        sizing=parse_sizing(fields, preset.size),
        frame_rate=parse_frame_rate(fields.scalar("frame_rate"), fields.path("frame_rate"))
        if "frame_rate" in fields
        else preset.frame_rate,
        video=video,
        video_bit_rate=video_bit_rate(fields.scalar("video_bitrate"), fields.path("video_bitrate"))
        if "video_bitrate" in fields
        else preset.video_bit_rate,
        options=options,
        audio=audio,
        audio_bit_rate=audio_bit_rate(fields.scalar("audio_bitrate"), fields.path("audio_bitrate"))
        if "audio_bitrate" in fields
        else preset.audio_bit_rate,
        watermark=_watermark(fields.child("watermark")),
    )


def _preset(fields: Fields, presets: PresetLibrary) -> Preset:
    """Return the preset by name, or the one that the job carries as an object."""
    where = fields.path("preset")
    if isinstance(fields.raw("preset"), Mapping):
        return parse_preset("preset of the job", fields.raw("preset"), where)
    return presets.find(fields.text("preset"), where)


def _watermark(fields: Fields | None) -> Watermark | None:
    if fields is None:
        return None
    fields.refuse_others(_WATERMARK)
    return Watermark(
        location=parse_location(fields),
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else None,
        opacity=fields.number("opacity", 0.7, low=0, high=1),
        x=round(fields.number("x", -10, low=-_FAR, high=_FAR)),
        y=round(fields.number("y", -10, low=-_FAR, high=_FAR)),
    )
