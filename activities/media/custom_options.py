"""The options of FFmpeg that a job's own command may have, and what each may be.

None of them names a file, an address, or a program's way to one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from activities.media.codecs import AUDIO_ENCODERS, VIDEO_ENCODERS
from activities.media.containers import CONTAINERS
from activities.media.graph_rules import words

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?([kKmMgG]i?)?", re.ASCII)
_TIME = re.compile(r"(\d{1,3}:){0,2}\d{1,7}(\.\d{1,6})?(ms|us|s)?", re.ASCII)
_RATIO = re.compile(r"\d{1,9}(\.\d{1,9})?([:/]\d{1,9})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,60}", re.ASCII)
_SIZE = re.compile(r"\d{1,5}x\d{1,5}|[a-z0-9]{2,10}", re.ASCII)
_MAP = re.compile(r"-?[0-9](:[a-z0-9]{1,2}){0,3}\??|\[[A-Za-z0-9_]{1,40}\]", re.ASCII)
_FLAGS = re.compile(r"[+-]?[a-z_]{1,30}([+-][a-z_]{1,30}){0,9}", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_]{1,40}=[^\x00-\x1f\x7f]{0,200}")
_KEY_FRAMES = re.compile(r"[0-9.,:]{1,400}|expr:[a-z0-9_.,()*+ -]{1,200}", re.ASCII)
_X264_KEYS = words(
    """
    aq-mode aq-strength aud b-adapt b-pyramid bframes cabac colormatrix colorprim crf deblock direct
    force-cfr fps interlaced ip-factor keyint level log-level me merange min-keyint mixed-refs nal-hrd
    no-cabac no-scenecut open-gop partitions pb-factor profile psy-rd qcomp qpmax qpmin qpstep
    rc-lookahead ref repeat-headers scenecut sliced-threads slices subme threads transfer trellis
    vbv-bufsize vbv-init vbv-maxrate weightb weightp
    """
)
_X264_VALUE = re.compile(r"[A-Za-z0-9_.,+-]{0,60}", re.ASCII)
_ENCODERS = {
    *VIDEO_ENCODERS,
    *AUDIO_ENCODERS,
    "copy",
    "mov_text",
    "srt",
    "webvtt",
    "h264",
    "hevc",
    "vp9",
    "vp8",
}
_MUXERS = {container.muxer for container in CONTAINERS.values()}

Check = Callable[[str], bool]


def _like(*patterns: re.Pattern[str]) -> Check:
    return lambda value: any(pattern.fullmatch(value) for pattern in patterns)


def _of(*known: str) -> Check:
    return lambda value: value in known


def _encoder_options(value: str) -> bool:
    pairs = [pair.partition("=") for pair in value.split(":")]
    return all(key in _X264_KEYS and _X264_VALUE.fullmatch(setting) for key, _, setting in pairs)


_number, _time, _word = _like(_NUMBER), _like(_TIME), _like(_WORD)

_BOTH: Mapping[str, Check] = {"ss": _time, "t": _time, "to": _time}
INPUT_OPTIONS: Mapping[str, Check] = {**_BOTH, "itsoffset": _time, "seek_timestamp": _of("0", "1")}
"""The options before the input, and the check of the value of each."""

FILTER_OPTIONS = frozenset({"vf", "af", "filter", "filter_complex", "lavfi"})
"""The options that take a filter graph."""

READING_FLAGS = frozenset({"-accurate_seek", "-noaccurate_seek"})
WRITING_FLAGS = frozenset({"-an", "-vn", "-sn", "-dn", "-shortest"})
FLAGS = READING_FLAGS | WRITING_FLAGS
"""The options that take no value."""

DROPPED_FLAGS = frozenset({"-y", "-nostdin", "-hide_banner"})
DROPPED_VALUES: Mapping[str, Check] = {"loglevel": _word, "v": _word}
"""What the activity sets itself: it is taken, and left out."""

_NUMBERS = words(
    """
    ab ac aframes aq-mode aq-strength ar async auto-alt-ref b b_strategy bf bufsize compression_level
    cpu-used cq crf cutoff frag_duration frames fs g keyint_min lag-in-frames max_muxing_queue_size
    maxrate me_range minrate muxrate packetsize pcr_period q qcomp qdiff qmax qmin qp qscale
    rc-lookahead refs row-mt sc_threshold speed subq threads tile-columns tile-rows trellis vb vframes
    video_track_timescale weightb weightp
    """
)
_WORDS = words(
    """
    application atag brand channel_layout chroma_sample_location coder color_primaries color_range
    color_trc colorspace deadline field_order fps_mode frame_duration level me me_method pix_fmt preset
    profile quality sample_fmt strict tag tune vbr vsync vtag
    """
)
OUTPUT_OPTIONS: Mapping[str, Check] = {
    **_BOTH,
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_WORDS, _word),
    **dict.fromkeys(("c", "codec", "vcodec", "acodec", "scodec"), lambda value: value in _ENCODERS),
    **dict.fromkeys(("r", "aspect"), _like(_RATIO)),
    **dict.fromkeys(("movflags", "flags", "mpegts_flags", "disposition", "fflags"), _like(_FLAGS)),
    **dict.fromkeys(("map_metadata", "map_chapters"), _of("-1", "0")),
    **dict.fromkeys(("x264opts", "x264-params", "x265-params"), _encoder_options),
    "s": _like(_SIZE),
    "map": _like(_MAP),
    "metadata": _like(_TAG),
    "force_key_frames": _like(_KEY_FRAMES),
    "f": lambda value: value in _MUXERS,
}
"""The options after the input, and the check of the value of each."""
