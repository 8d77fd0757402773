"""A video to make: ``output_asset`` objects of type VIDEO as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.media.captions import CaptionMode, Captions, parse_captions
from activities.media.channels import Channels, parse_channels
from activities.media.codecs import AudioEncoder, VideoEncoder, audio_encoder, video_encoder
from activities.media.containers import Container, container_of
from activities.media.excerpt import Excerpt, parse_excerpt
from activities.media.fields import Fields, shown
from activities.media.frame_rates import parse_output_rate
from activities.media.geometry import Layout, Sizing, lay_out
from activities.media.locations import (
    COMMON_KEYS,
    Location,
    Target,
    parse_location,
    parse_target,
)
from activities.media.loudness import parse_loudness
from activities.media.notation import Size, parse_size
from activities.media.presets import (
    CodecOptions,
    Preset,
    PresetLibrary,
    parse_preset,
    video_bit_rate,
)
from activities.media.probe import VideoStream
from activities.media.rate import parse_crf, parse_max_bit_rate
from activities.media.sizing import SIZING_KEYS, parse_rotation, parse_sizing
from activities.media.sound_rate import parse_sound_rate
from cpe.errors import InvalidInput

VIDEO_KEYS = (
    COMMON_KEYS
    | SIZING_KEYS
    | {
        "preset",
        "video_codec",
        "audio_codec",
        "video_bitrate",
        "max_bitrate",
        "crf",
        "audio_bitrate",
        "audio_channels",
        "frame_rate",
        "rotate",
        "two_pass",
        "start",
        "duration",
        "loudness",
        "tone_map",
        "captions",
        "watermark",
    }
)
"""The keys of a VIDEO output."""

WATERMARK_KEYS = frozenset({"bucket", "file", "size", "opacity", "x", "y"})
"""The keys of its watermark."""

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
    """A video to make.

    Attributes:
        target: Where it goes and how it is stored.
        container: Its format.
        sizing: Its size, and how that meets the source's shape.
        rotation: Degrees to turn the stored picture clockwise; None for what the source says of itself.
        frame_rate: Frames per second; None for the source's.
        video: The encoder.
        video_bit_rate: Bits per second on average; no matter with a constant quality.
        crf: A constant quality on the encoder's scale; None for an average bit rate.
        max_bit_rate: The highest bits per second; None for the usual peaks.
        options: Profile, level and reference frames.
        audio: The encoder of the sound.
        audio_bit_rate: Bits per second, or as many as the encoder makes of the source's channels.
        channels: How many channels the sound has.
        watermark: A picture laid over it.
        two_pass: Whether the encoder looks at all of it before it encodes it.
        excerpt: The part of the source that is taken; None for all of it.
        loudness: LUFS that the whole sound is brought to; None to leave it.
        tone_map: Whether a high dynamic range is brought to the usual one.
        captions: Its captions.
        gridded: Whether its key frames stand on a grid in time, as those of a playlist's renditions do; else
            the encoder chooses them.
    """

    target: Target
    container: Container
    sizing: Sizing
    rotation: int | None
    frame_rate: Fraction | None
    video: VideoEncoder
    video_bit_rate: int
    crf: int | None
    max_bit_rate: int | None
    options: CodecOptions
    audio: AudioEncoder
    audio_bit_rate: int
    channels: Channels
    watermark: Watermark | None
    two_pass: bool = False
    excerpt: Excerpt | None = None
    loudness: float | None = None
    tone_map: bool = False
    gridded: bool = False
    captions: tuple[Captions, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether it needs runs of its own: it is not made together with others, nor in segments."""
        return self.two_pass or any(captions.mode is CaptionMode.BURN for captions in self.captions)

    @property
    def places(self) -> tuple[Location, ...]:
        """Where its objects go: its own, and those of captions beside it."""
        own = self.target.location
        beside = (
            Location(bucket=own.bucket, key=captions.key_beside(own.key))
            for captions in self.captions
            if captions.mode is CaptionMode.SIDECAR
        )
        return (own, *beside)

    def view(self, source: VideoStream) -> VideoStream:
        """Return the source as this output takes it: turned as the job says, where it says so."""
        return source if self.rotation is None else replace(source, rotation=self.rotation)

    def layout_for(self, source: VideoStream) -> Layout:
        """Return the way from this source, upright, to the picture."""
        return lay_out(self.view(source), self.sizing, even=True)

    def size_for(self, source: VideoStream) -> tuple[int, int]:
        """Return the width and height made of this source, in pixels."""
        return self.layout_for(source).canvas


def parse_video(fields: Fields, presets: PresetLibrary) -> VideoOutput:
    """Read a VIDEO output.

    Raises:
        InvalidInput: Something about it is wrong.
    """
    fields.refuse_others(VIDEO_KEYS)
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
    average = (
        video_bit_rate(fields.scalar("video_bitrate"), fields.path("video_bitrate"))
        if "video_bitrate" in fields
        else preset.video_bit_rate
    )
    crf = parse_crf(fields, video)
    channels = parse_channels(fields, "audio_channels", audio)
    return VideoOutput(
        target=target,
        container=container,
        sizing=parse_sizing(fields, preset.size),
        rotation=parse_rotation(fields),
        frame_rate=parse_output_rate(fields, video, preset.frame_rate),
        video=video,
        video_bit_rate=average,
        crf=crf,
        max_bit_rate=parse_max_bit_rate(fields, video, average=average if crf is None else None),
        options=options,
        audio=audio,
        audio_bit_rate=parse_sound_rate(fields, audio, channels) or preset.audio_bit_rate,
        channels=channels,
        watermark=parse_watermark(fields.child("watermark")),
        two_pass=_two_pass(fields, video),
        excerpt=parse_excerpt(fields),
        loudness=parse_loudness(fields),
        tone_map=fields.flag("tone_map", default=False),
        captions=parse_captions(fields, muxer=container.muxer),
    )


def _preset(fields: Fields, presets: PresetLibrary) -> Preset:
    """Return the preset by name, or the one that the job carries as an object."""
    where = fields.path("preset")
    if isinstance(fields.raw("preset"), Mapping):
        return parse_preset("preset of the job", fields.raw("preset"), where)
    return presets.find(fields.text("preset"), where)


def _two_pass(fields: Fields, video: VideoEncoder) -> bool:
    two_pass = fields.flag("two_pass", default=False)
    if two_pass and not video.two_pass:
        raise InvalidInput(f"{fields.path('two_pass')}: FFmpeg gives {video.name} one pass only.")
    return two_pass


def parse_watermark(fields: Fields | None) -> Watermark | None:
    """Read a watermark, if there is one."""
    if fields is None:
        return None
    fields.refuse_others(WATERMARK_KEYS)
    return Watermark(
        location=parse_location(fields),
        size=parse_size(fields.scalar("size"), fields.path("size")) if "size" in fields else None,
        opacity=fields.number("opacity", 0.7, low=0, high=1),
        x=round(fields.number("x", -10, low=-_FAR, high=_FAR)),
        y=round(fields.number("y", -10, low=-_FAR, high=_FAR)),
    )
