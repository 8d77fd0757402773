"""Which filter graphs a job may write itself: filters that open nothing, by allow-list.

A graph is split into filters as FFmpeg splits it. What a filter's options may hold is narrow on top of that:
no path, and no ``/option``, by which FFmpeg reads an option's value from a file.
"""

from __future__ import annotations

import re

from activities.media.command_words import refused
from activities.media.fields import shown


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


FILTERS = words(
    """
    acompressor adelay aecho afade aformat agate alimiter allpass amerge amix anull apad aresample
    asetnsamples asetpts asetrate asplit atadenoise atempo atrim avgblur bandpass bandreject bass bbox
    blend boxblur bwdif channelmap channelsplit chromakey colorbalance colorchannelmixer colorhold
    colorkey colorlevels colorspace colortemperature compand concat copy crop cropdetect crystalizer
    deband deblock decimate dedot deesser deflicker dejudder delogo drawbox drawgrid dynaudnorm earwax
    ebur128 edgedetect eq equalizer exposure extrastereo fade fieldmatch fieldorder fillborders format
    fps framerate framestep gblur geq gradfun haas hflip highpass highshelf hqdn3d hue hysteresis idet
    il interlace interleave kerndeint lagfun limiter loudnorm lowpass lowshelf lut lutrgb lutyuv
    maskedmerge mcdeint median mergeplanes minterpolate mix monochrome negate nlmeans noise normalize
    null overlay owdenoise pad pan pixelize pixscope pp7 premultiply prewitt pullup readeia608
    removegrain repeatfields rgbashift roberts rotate scale select selectivecolor separatefields setdar
    setfield setparams setpts setrange setsar settb shuffleframes sidechaincompress silenceremove
    smartblur sobel speechnorm split spp stereotools stereowiden super2xsai swapuv tblend telecine
    tinterlace tmix tonemap tpad transpose treble tremolo trim unpremultiply unsharp untile
    vaguedenoiser vflip vibrance vibrato vignette volume volumedetect weave xbr xfade yadif yaepblur
    zoompan zscale
    """
)
"""Those that read their inputs only; sources, sinks, and what takes the name of a file are none of them."""

_MAX_GRAPH = 4_000
_MAX_FILTERS = 60
_GRAPH = re.compile(r"[A-Za-z0-9_.,:;=+*/<>()\[\]'\\|@ %#-]*", re.ASCII)
_NAME = re.compile(r"\s*([a-z0-9_]+)(@[A-Za-z0-9_]+)?\s*", re.ASCII)
_LABELS = re.compile(r"(\s*\[[A-Za-z0-9_:.]{1,40}\]\s*)*", re.ASCII)
# A slash divides numbers and names; anywhere else it could begin a path, or an option that a file holds.
_DIVISION = re.compile(r"(?<=[A-Za-z0-9_)])/(?=[A-Za-z0-9_(.-])", re.ASCII)
_FORBIDDEN = re.compile(r"file|movie|\.\.|/", re.ASCII | re.IGNORECASE)


def check_graph(text: str, where: str) -> None:
    """Refuse a graph with a filter that is not known to be harmless.

    Raises:
        InvalidInput: ``CUSTOM_CMD_REFUSED``.
    """
    if len(text) > _MAX_GRAPH or not _GRAPH.fullmatch(text):
        raise refused(f"{where}: the filters {shown(text)} have a character that is not allowed")
    forbidden = _FORBIDDEN.search(_DIVISION.sub(" ", text))
    if forbidden is not None:
        raise refused(f"{where}: filters may name no files; {shown(forbidden[0])} is not allowed in them")
    parts = _filters(text, where)
    if len(parts) > _MAX_FILTERS:
        raise refused(f"{where}: {len(parts)} filters are more than {_MAX_FILTERS}")
    for part in parts:
        labels = _LABELS.match(part)
        rest = part[labels.end() if labels else 0 :]
        name = _NAME.match(rest)
        if name is None or name[1] not in FILTERS or rest[name.end() : name.end() + 1] not in ("", "=", "["):
            raise refused(f"{where}: the filter {shown(rest.split('=')[0].strip())} is not allowed")


def _filters(text: str, where: str) -> list[str]:
    """Split a graph at the separators that are neither quoted nor escaped, as FFmpeg does."""
    parts, start, position, quoted = [], 0, 0, False
    while position < len(text):
        character = text[position]
        if character == "'":
            quoted = not quoted
        elif character == "\\" and not quoted:
            position += 1
        elif character in ",;" and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    if quoted or position > len(text):
        raise refused(f"{where}: a quotation in the filters {shown(text)} does not end")
    return [*parts, text[start:]]
