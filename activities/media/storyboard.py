"""The index of a sprite: which part of which sheet shows which part of the video, in WebVTT.

Players take it for the preview above their seek bar. A cue's text names a sheet, which lies beside the index,
and the picture on it, as a media fragment (``sheet.jpg#xywh=160,0,160,90``).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from urllib.parse import quote

from activities.media.thumb_output import Sprite


def storyboard(
    sheets: Sequence[str],
    sprite: Sprite,
    *,
    tile: tuple[int, int],
    count: int,
    every: Fraction,
    end: Fraction,
) -> str:
    """Write the index.

    Args:
        sheets: The names of the sheets, without their folder.
        sprite: How many pictures a sheet has.
        tile: Width and height of a picture, in pixels.
        count: How many pictures there are.
        every: Seconds that each stands for, the first from 0.
        end: The second at which the video ends.

    Example:
        >>> print(storyboard(["s1.jpg"], Sprite(columns=2, rows=1), tile=(160, 90), count=2,
        ...                  every=Fraction(5), end=Fraction(8)))
        WEBVTT
        <BLANKLINE>
        00:00:00.000 --> 00:00:05.000
        s1.jpg#xywh=0,0,160,90
        <BLANKLINE>
        00:00:05.000 --> 00:00:08.000
        s1.jpg#xywh=160,0,160,90
        <BLANKLINE>
    """
    width, height = tile
    cues = ["WEBVTT", ""]
    for number in range(count):
        sheet, place = divmod(number, sprite.tiles)
        row, column = divmod(place, sprite.columns)
        until = min((number + 1) * every, end) if number + 1 < count else end
        cues += [
            f"{_clock(number * every)} --> {_clock(until)}",
            f"{quote(sheets[sheet])}#xywh={column * width},{row * height},{width},{height}",
            "",
        ]
    return "\n".join(cues)


def _clock(seconds: Fraction) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}.{thousandths:03d}"
