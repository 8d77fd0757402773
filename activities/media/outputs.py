"""What a job wants made: the ``output_asset`` objects as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

from activities.media.codecs import (
    AudioEncoder,
    Container,
    ImageFormat,
    VideoEncoder,
    audio_encoder,
    container_of,
    image_format_of,
    video_encoder,
)
from activities.media.fields import Fields, shown
from activities.media.geometry import Sizing, fit
from activities.media.locations import Location, Target, parse_location, parse_target
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
from cpe.errors import InvalidInput

_COMMON = frozenset({"type", "bucket", "file", "path", "s3_rrs", "s3_encrypt", "content_type", "metadata"})
_COMMON_PLANNED = frozenset({"kms_key_id", "tags", "on_exists"})
_VIDEO = _COMMON | {
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
_VIDEO_PLANNED = _COMMON_PLANNED | {
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
_THUMB = _COMMON | {"mode", "size", "snapshot_sec", "intervals", "keep_ratio", "no_enlarge", "allow_upscale"}
_THUMB_PLANNED = _COMMON_PLANNED | {"sprite", "count", "format"}
_WATERMARK = frozenset({"bucket", "file", "size", "opacity", "x", "y"})

_DAY = 86_400.0
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One picture, `at` seconds from the start."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """A picture at 0 and every `seconds` after it."""

    seconds: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbOutput:
    """Thumbnails to make. The target's key is the picture's, or names the series that is numbered."""

    target: Target
    image: ImageFormat
    sizing: Sizing
    when: Snapshot | Intervals

    def size_for(self, source: VideoStream) -> tuple[int, int]:
        """Return the width and height made of this source, in pixels."""
        return fit(source, self.sizing, even=False)

    def numbered_key(self, number: int | str) -> str:
        """Return the key of picture `number` (from 1) of a series: ``a/t.jpg`` → ``a/t000001.jpg``.

        A text, such as ``%06d``, takes the number's place as it is.
        """
        path = PurePosixPath(self.target.location.key)
        digits = number if isinstance(number, str) else f"{number:06d}"
        return str(path.with_name(f"{path.stem}{digits}{path.suffix}"))


Output = VideoOutput | ThumbOutput


def parse_outputs(
    documents: Sequence[tuple[str, Mapping[str, object]]], presets: PresetLibrary
) -> tuple[Output, ...]:
    """Read all outputs of a job.

    Args:
        documents: Where each stands in the input, and the object.
        presets: Where presets are looked up.

    Raises:
        InvalidInput: An output is wrong, wants what is not supported, or has the place of another one.
    """
    outputs = tuple(_parse_output(Fields(document, where), presets) for where, document in documents)
    seen: dict[Location, str] = {}
    for (where, _), output in zip(documents, outputs, strict=True):
        location = output.target.location
        if location in seen:
            raise InvalidInput(
                f"{where} and {seen[location]} are the same object {location}. Give each a key of its own.",
                code="DUPLICATE_OUTPUT",
            )
        seen[location] = where
    return outputs


def _parse_output(fields: Fields, presets: PresetLibrary) -> Output:
    if "custom_cmd" in fields:
        raise InvalidInput(
            f"{fields.path('custom_cmd')}: commands of one's own are not enabled here. "
            "Use a preset and its overrides.",
            code="CUSTOM_CMD_DISABLED",
        )
    return _parse_thumb(fields) if fields.text("type").upper() == "THUMB" else _parse_video(fields, presets)


def _parse_video(fields: Fields, presets: PresetLibrary) -> VideoOutput:
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
        sizing=_sizing(fields, preset.size),
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


def _parse_thumb(fields: Fields) -> ThumbOutput:
    fields.refuse_others(_THUMB, _THUMB_PLANNED)
    target = parse_target(fields)
    mode = fields.text("mode", "snapshot").lower()
    if mode not in {"snapshot", "intervals"}:
        raise InvalidInput(f"{fields.path('mode')} must be snapshot or intervals, not {shown(mode)}.")
    when: Snapshot | Intervals
    if mode == "snapshot":
        when = Snapshot(at=fields.number("snapshot_sec", 0, low=0, high=_DAY * 7))
    else:
        seconds = fields.number("intervals", 10, low=0.1, high=_DAY)
        when = Intervals(seconds=Fraction(seconds).limit_denominator(1000))
    return ThumbOutput(
        target=target,
        image=image_format_of(target.location.key, fields.path("file")),
        sizing=_sizing(fields, parse_size(fields.scalar("size"), fields.path("size"))),
        when=when,
    )


def _sizing(fields: Fields, default: Size) -> Sizing:
    upscale = fields.flag("allow_upscale", default=None)
    no_enlarge = fields.flag("no_enlarge", default=None)
    if upscale is not None and upscale == no_enlarge:
        raise InvalidInput(
            f"{fields.where}: no_enlarge and allow_upscale contradict each other. Give one of them."
        )
    if no_enlarge is None:
        no_enlarge = not upscale
    return Sizing(
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else default,
        keep_ratio=fields.flag("keep_ratio", default=True),
        no_enlarge=no_enlarge,
    )


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
