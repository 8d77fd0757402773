"""The manifest of MPEG-DASH (ISO/IEC 23009-1): the same segments as those of HLS, as a text of XML."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.sax.saxutils import escape, quoteattr

from activities.media.hls import INIT
from activities.media.packaging import PackagedStream
from activities.media.text_track import WHOLE, TextTrack
from cpe.languages import language_tag

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILE = "urn:mpeg:dash:profile:isoff-live:2011"
_ROLE = "urn:mpeg:dash:role:2011"
_STEREO = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"


def manifest(
    streams: Sequence[PackagedStream],
    *,
    folder: str,
    segment_seconds: int,
    texts: Sequence[TextTrack] = (),
) -> str:
    """Write the manifest.

    Args:
        streams: All videos and sounds. Those that a player may change between while it plays, of one kind and
            one family of codecs, become one set.
        folder: Their folder, as a reference from here.
        segment_seconds: How long segments are; a player shall have as much before it starts.
        texts: Captions that viewers may choose.
    """
    end = max(stream.start + stream.duration for stream in streams)
    attributes = {
        "xmlns": _NAMESPACE,
        "profiles": _PROFILE,
        "type": "static",
        "mediaPresentationDuration": _duration(end),
        "minBufferTime": _duration(Fraction(segment_seconds)),
    }
    sets: dict[tuple[str, str, str | None], list[PackagedStream]] = {}
    for stream in streams:
        family = stream.track.codec.partition(".")[0]
        sets.setdefault((stream.track.kind, family, stream.language), []).append(stream)
    lines = [_HEAD, _tag("MPD", attributes), f'  <Period id="0" start="PT0S" duration="{_duration(end)}">']
    for number, members in enumerate(sets.values()):
        lines += _set(number, members, folder)
    for number, text in enumerate(texts, start=len(sets)):
        lines += _text_set(number, text, folder)
    return "\n".join((*lines, "  </Period>", "</MPD>", ""))


def _set(number: int, streams: Sequence[PackagedStream], folder: str) -> list[str]:
    kind, language = streams[0].track.kind, streams[0].language
    attributes = {
        "id": str(number),
        "contentType": kind,
        "mimeType": f"{kind}/mp4",
        **({"lang": language_tag(language)} if language else {}),
        "segmentAlignment": "true",
        "startWithSAP": "1",
    }
    lines = [f"    {_tag('AdaptationSet', attributes)}"]
    for stream in streams:
        lines += [f"      {line}" for line in _representation(stream, folder)]
    return [*lines, "    </AdaptationSet>"]


def _text_set(number: int, text: TextTrack, folder: str) -> list[str]:
    attributes = {
        "id": str(number),
        "contentType": "text",
        "mimeType": "text/vtt",
        **({"lang": language_tag(text.language)} if text.language else {}),
    }
    rate = len(text.whole().encode()) * 8 / text.end
    representation = {"id": text.name, "bandwidth": str(int(rate) + 1)}
    return [
        f"    {_tag('AdaptationSet', attributes)}",
        f"      {_tag('Role', {'schemeIdUri': _ROLE, 'value': 'subtitle'}, empty=True)}",
        f"      <Label>{escape(text.label)}</Label>",
        f"      {_tag('Representation', representation)}",
        f"        <BaseURL>{escape(f'{folder}/{text.name}/{WHOLE}')}</BaseURL>",
        "      </Representation>",
        "    </AdaptationSet>",
    ]


def _representation(stream: PackagedStream, folder: str) -> list[str]:
    track = stream.track
    attributes = {"id": stream.name, "codecs": track.codec, "bandwidth": str(stream.peak)}
    inside: list[str] = []
    if track.size is not None:
        width, height = track.size
        rate = stream.frame_rate.limit_denominator(1001)
        attributes |= {
            "width": str(width),
            "height": str(height),
            "sar": "1:1",
            "frameRate": str(rate),
        }
    else:
        attributes["audioSamplingRate"] = str(track.sample_rate)
        channels = {"schemeIdUri": _STEREO, "value": str(track.channels)}
        inside.append(f"  {_tag('AudioChannelConfiguration', channels, empty=True)}")
    template = {
        "timescale": str(track.timescale),
        "startNumber": "1",
        "initialization": f"{folder}/{stream.name}/{INIT}",
        "media": f"{folder}/{stream.name}/$Number%05d$.m4s",
    }
    return [
        _tag("Representation", attributes),
        *inside,
        f"  {_tag('SegmentTemplate', template)}",
        "    <SegmentTimeline>",
        *(f"      {line}" for line in _timeline(stream)),
        "    </SegmentTimeline>",
        "  </SegmentTemplate>",
        "</Representation>",
    ]


def _timeline(stream: PackagedStream) -> list[str]:
    """Write when the segments are shown, in ticks; equal durations are counted."""
    lengths = [int(segment.duration * stream.track.timescale) for segment in stream.segments]
    runs: list[list[int]] = []
    for length in lengths:
        if runs and runs[-1][0] == length:
            runs[-1][1] += 1
        else:
            runs.append([length, 0])
    first = int(stream.start * stream.track.timescale)
    return [
        _tag(
            "S",
            {
                **({"t": str(first)} if index == 0 else {}),
                "d": str(length),
                **({"r": str(again)} if again else {}),
            },
            empty=True,
        )
        for index, (length, again) in enumerate(runs)
    ]


def _tag(name: str, attributes: dict[str, str], *, empty: bool = False) -> str:
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{written}{'/' if empty else ''}>"


def _duration(seconds: Fraction) -> str:
    return f"PT{float(seconds):.3f}S"
