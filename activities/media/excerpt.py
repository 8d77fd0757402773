"""A part of a source in time: from where, and how long."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from activities.media.fields import Fields, shown
from activities.media.probe import MediaInfo
from cpe.errors import InvalidInput

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)", re.ASCII)
_SECONDS = re.compile(r"\d{1,7}(?:\.\d{1,6})?", re.ASCII)
_MINUTE, _HOUR = 60, 3600
_LONGEST = 7 * 24 * _HOUR
_HALF_A_FRAME = Fraction(1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A part of a source: `start` and `duration` in seconds; a duration of None goes on to the end."""

    start: Fraction = Fraction(0)
    duration: Fraction | None = None

    def of(self, source: MediaInfo) -> MediaInfo:
        """Return the source as if this part were all of it: how long it lasts, and where its clock starts.

        Raises:
            InvalidInput: The source ends before the part starts, ``START_OUT_OF_RANGE``.
        """
        self.left(source.video_duration)
        video, audio = source.video, source.audio
        return replace(
            source,
            skipped=self.start,
            taken=self.duration,
            duration=self._left(source.duration),
            video=replace(video, duration=self._left(video.duration)) if video else None,
            audio=replace(audio, duration=self._left(audio.duration)) if audio else None,
        )

    def shorter_than_a_frame(self, source: MediaInfo, rate: Fraction) -> bool:
        """Tell whether nothing is left of this part at a constant rate, which rounds it to whole frames."""
        lasts = self._left(source.video_duration)
        return lasts is not None and lasts * rate < _HALF_A_FRAME

    def left(self, seconds: float | None) -> float | None:
        """Return how many seconds are left of so many; None where nobody knows.

        Raises:
            InvalidInput: They end before the part starts, ``START_OUT_OF_RANGE``.
        """
        if seconds is not None and float(self.start) >= seconds:
            raise InvalidInput(
                f"The part starts at {float(self.start):g} s, but the source lasts {seconds:.3f} s.",
                code="START_OUT_OF_RANGE",
            )
        return self._left(seconds)

    def _left(self, seconds: float | None) -> float | None:
        if seconds is None:
            return None if self.duration is None else float(self.duration)
        rest = max(seconds - float(self.start), 0.0)
        return rest if self.duration is None else min(rest, float(self.duration))


def parse_excerpt(fields: Fields) -> Excerpt | None:
    """Read ``start`` and ``duration``; None for the whole source.

    Raises:
        InvalidInput: One is no time, or nothing would be left.
    """
    start = _parse_time(fields, "start") or Fraction(0)
    duration = _parse_time(fields, "duration")
    if duration == 0:
        raise InvalidInput(f"{fields.path('duration')} must be more than 0.")
    return Excerpt(start=start, duration=duration) if start or duration else None


def _parse_time(fields: Fields, key: str) -> Fraction | None:
    """Read ``12.5`` or ``00:00:12.500`` as seconds."""
    if key not in fields:
        return None
    text = fields.scalar(key)
    seconds: Fraction | None = None
    clock = _CLOCK.fullmatch(text)
    if _SECONDS.fullmatch(text):
        seconds = Fraction(text)
    elif clock is not None and int(clock[2]) < _MINUTE and Fraction(clock[3]) < _MINUTE:
        seconds = int(clock[1] or 0) * _HOUR + int(clock[2]) * _MINUTE + Fraction(clock[3])
    if seconds is None or seconds > _LONGEST:
        raise InvalidInput(
            f"{fields.path(key)} must be seconds such as 12.5, or HH:MM:SS.mmm, up to seven days; "
            f"not {shown(fields.raw(key))}."
        )
    return seconds
