"""The encoders that a job may name, and what is known of each.

Names from messages are looked up here and never passed on, so that a codec of a message cannot become an
option. Names of codecs (``h264``) are taken for the encoder (``libx264``) too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from activities.media.fields import did_you_mean, shown
from cpe.errors import InvalidInput

SPEEDS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""How much work an encoder puts into a frame, the least first: the names that x264 and x265 have for it."""

_MANY_BITS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEncoder:
    """A video encoder.

    Attributes:
        name: FFmpeg's name of the encoder.
        codec: FFprobe's name of what it makes.
        profiles: The profiles it takes by name; empty when it takes none.
        levels: Whether it takes a level and a number of reference frames.
        speeds: Its options for each of :data:`SPEEDS`, in their order; empty when it takes none.
        usual_speed: The one it has where a preset names none; None leaves it to the encoder.
        capped: Whether it takes a highest bit rate and a buffer size beside the average.
        crf: The constant qualities it takes, the best first; None when it takes none.
        crf_cap: Whether the cap of a constant quality is given as an average rate, as libvpx has it.
        two_pass: Whether it may look at the whole video before it encodes it.
        any_time: Whether a frame may come at any tick of a fine clock. MPEG-2 knows a few rates only, MPEG-4
            Part 2 no clock finer than 1/65535 s.
        rates: The frame rates it knows; empty when it knows all.
        extra: Options it is always given.
        grid: Options with which key frames come where they are asked for and nowhere else, and with which
            nothing before one is needed after it.
    """

    name: str
    codec: str
    profiles: frozenset[str] = frozenset()
    levels: bool = False
    speeds: tuple[tuple[str, ...], ...] = ()
    usual_speed: str | None = None
    capped: bool = True
    crf: tuple[int, int] | None = None
    crf_cap: bool = False
    two_pass: bool = True
    any_time: bool = True
    rates: frozenset[Fraction] = frozenset()
    extra: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()

    def speed_options(self, speed: str | None) -> tuple[str, ...]:
        """Return its options for one of :data:`SPEEDS`; for None those of its usual one.

        Example:
            >>> VIDEO_ENCODERS["libsvtav1"].speed_options("veryfast")
            ('-preset:v', '11')
        """
        chosen = speed or self.usual_speed
        return self.speeds[SPEEDS.index(chosen)] if chosen is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioEncoder:
    """An audio encoder.

    Attributes:
        name: FFmpeg's name of the encoder.
        codec: FFprobe's name of what it makes.
        fallback: One that does the same where FFmpeg was built without this one.
        lossless: Whether it keeps every sample, and so takes no bit rate.
        channels: The most it takes.
        bits: The most bits per second that it makes; None where only those of a channel are bounded.
        bits_of_a_channel: The most bits per second that it makes of each channel.
    """

    name: str
    codec: str
    fallback: str | None = None
    lossless: bool = False
    channels: int = 8
    bits: int | None = None
    bits_of_a_channel: int | None = None

    def most_bits(self, channels: int) -> int:
        """Return the most bits per second that it makes of so many channels."""
        each = self.bits_of_a_channel
        return min(self.bits or _MANY_BITS, each * channels if each else _MANY_BITS)


# What FFmpeg's encoder knows of ISO 13818-2, 6.3.3; it moves frames to these. `ffmpeg -h encoder=mpeg2video`
_MPEG2_RATES = frozenset(
    {
        *map(
            Fraction, (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 25, 30, 32, 36, 40, 45, 48, 50, 60)
        ),
        *map(Fraction, (72, 75, 80, 90, 96, 100, 120, 150, 180, 200, 240)),
        *(Fraction(whole * 1000, 1001) for whole in (12, 15, 24, 30, 60)),
    }
)
_NAMED = tuple(("-preset:v", speed) for speed in SPEEDS)
# SVT-AV1 counts from 13 down; 8 is its own default.
_SVT = tuple(("-preset:v", str(number)) for number in (13, 12, 11, 10, 9, 8, 7, 6, 4))
# libvpx knows six, 0 to 5, with the deadline "good"; "realtime" knows more, but one pass only.
_VP9 = tuple(("-deadline:v", "good", "-cpu-used:v", str(number)) for number in (5, 5, 5, 5, 5, 4, 2, 1, 0))
_VP8 = tuple(("-deadline:v", "good", "-cpu-used:v", str(number)) for number in (5, 5, 4, 3, 2, 1, 0, 0, 0))
_AVC_PROFILES = frozenset({"baseline", "main", "high"})

VIDEO_ENCODERS: Mapping[str, VideoEncoder] = {
    encoder.name: encoder
    for encoder in (
        # With a capped rate, x264's frame threads give other bytes in every run. Slice threads do not; on two
        # cores they take 5 to 13% longer at the same quality.
        VideoEncoder(
            name="libx264",
            codec="h264",
            profiles=_AVC_PROFILES,
            levels=True,
            speeds=_NAMED,
            crf=(1, 51),
            extra=("-thread_type", "slice"),
            grid=("-sc_threshold", "0"),
        ),
        VideoEncoder(
            name="libx265",
            codec="hevc",
            profiles=frozenset({"main"}),
            speeds=_NAMED,
            crf=(0, 51),
            grid=("-forced-idr", "1", "-x265-params", "open-gop=0:scenecut=0"),
        ),
        # Its own choice, 1, takes twice the time of 4, for an SSIM of 0.986 instead of 0.985.
        VideoEncoder(
            name="libvpx-vp9",
            codec="vp9",
            speeds=_VP9,
            usual_speed="medium",
            crf=(0, 63),
            crf_cap=True,
            extra=("-row-mt:v", "1"),
        ),
        VideoEncoder(name="libvpx", codec="vp8", speeds=_VP8, crf=(4, 63), crf_cap=True),
        # SVT-AV1 takes a cap only with a constant quality, not with an average rate. FFmpeg gives it one
        # pass.
        VideoEncoder(name="libsvtav1", codec="av1", speeds=_SVT, capped=False, crf=(1, 63), two_pass=False),
        VideoEncoder(name="mpeg4", codec="mpeg4", any_time=False),
        VideoEncoder(name="mpeg2video", codec="mpeg2video", any_time=False, rates=_MPEG2_RATES),
    )
}

AUDIO_ENCODERS: Mapping[str, AudioEncoder] = {
    encoder.name: encoder
    for encoder in (
        # 6144 bits for each channel of a frame of 1024 samples (ISO 14496-3), at 48 kHz.
        AudioEncoder(name="aac", codec="aac", bits_of_a_channel=288_000),
        AudioEncoder(name="libfdk_aac", codec="aac", fallback="aac", bits_of_a_channel=288_000),
        AudioEncoder(name="libmp3lame", codec="mp3", channels=2, bits=320_000),
        AudioEncoder(name="libopus", codec="opus", bits_of_a_channel=256_000),
        AudioEncoder(name="libvorbis", codec="vorbis"),
        AudioEncoder(name="ac3", codec="ac3", channels=6, bits=640_000),
        AudioEncoder(name="flac", codec="flac", lossless=True),
        AudioEncoder(name="alac", codec="alac", lossless=True),
        AudioEncoder(name="pcm_s16le", codec="pcm_s16le", lossless=True),
        AudioEncoder(name="pcm_s24le", codec="pcm_s24le", lossless=True),
    )
}

_VIDEO_ALIASES = {
    "h264": "libx264",
    "hevc": "libx265",
    "h265": "libx265",
    "vp9": "libvpx-vp9",
    "vp8": "libvpx",
    "av1": "libsvtav1",
}
_AUDIO_ALIASES = {"libfaac": "aac", "mp3": "libmp3lame", "opus": "libopus", "vorbis": "libvorbis"}


def video_encoder(name: str, where: str) -> VideoEncoder:
    """Look up a video encoder by FFmpeg's name or the codec's."""
    known = {*VIDEO_ENCODERS, *_VIDEO_ALIASES}
    if name not in known:
        raise _unknown("video codec", name, where, known)
    return VIDEO_ENCODERS[_VIDEO_ALIASES.get(name, name)]


def audio_encoder(name: str, where: str) -> AudioEncoder:
    """Look up an audio encoder by FFmpeg's name or the codec's."""
    known = {*AUDIO_ENCODERS, *_AUDIO_ALIASES}
    if name not in known:
        raise _unknown("audio codec", name, where, known)
    return AUDIO_ENCODERS[_AUDIO_ALIASES.get(name, name)]


def _unknown(kind: str, name: str, where: str, known: Collection[str]) -> InvalidInput:
    return InvalidInput(
        f"{where}: there is no {kind} {shown(name)}.{did_you_mean(name, known)} "
        f"Known are {', '.join(sorted(known))}.",
        code="UNKNOWN_CODEC",
    )
