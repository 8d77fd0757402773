"""Captions of a ladder: a track of text beside its videos, cut like them.

HLS takes WebVTT in segments, each with the cues that are on show in it; a cue over a cut stands in both. DASH
takes the whole track as one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from activities.media.cues import Cue, write_webvtt

WHOLE = "captions.vtt"
"""The file that has all cues."""

_HEAD = "WEBVTT\n"
_CLOCK = "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
"""Time 0 of the cues is time 0 of the videos (RFC 8216, 3.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTrack:
    """A track of text.

    Attributes:
        name: Its folder, such as ``text-1``.
        label: What viewers choose it by; no other track has the same.
        language: ISO 639-2; None where it is not known.
        cues: In order.
        seconds: How long a segment is.
        end: The second at which the ladder ends.
    """

    name: str
    label: str
    language: str | None
    cues: Sequence[Cue]
    seconds: int
    end: Fraction

    def whole(self) -> str:
        """Write all of it as WebVTT."""
        return write_webvtt(self.cues)

    def segments(self) -> list[tuple[str, Fraction, str]]:
        """Return name, duration and text of each segment.

        Example:
            >>> cue = Cue(start=Fraction(1), end=Fraction(7), text="Hello")
            >>> track = TextTrack(name="text-1", label="eng", language="eng", cues=[cue], seconds=6,
            ...                   end=Fraction(9))
            >>> [(name, float(duration)) for name, duration, _ in track.segments()]
            [('00001.vtt', 6.0), ('00002.vtt', 3.0)]
        """
        found = []
        for number in range(max(ceil(self.end / self.seconds), 1)):
            begin, until = number * self.seconds, min(Fraction((number + 1) * self.seconds), self.end)
            shown = [cue for cue in self.cues if cue.start < until and cue.end > begin]
            text = write_webvtt(shown).replace(_HEAD, _HEAD + _CLOCK, 1)
            found.append((f"{number + 1:05d}.vtt", until - begin, text))
        return found
