"""From the source's shape and the wished size to the pixels of an output."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from activities.media.notation import MAX_SIDE, Size
from activities.media.probe import VideoStream

_MIN_SIDE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """A wished size and how it meets the source's shape.

    Attributes:
        size: The wished size; a missing side follows from the ratio.
        keep_ratio: Fit into the wished size with the source's ratio; else take it as it is.
        no_enlarge: Make no side larger than the source's.
    """

    size: Size
    keep_ratio: bool = True
    no_enlarge: bool = True


def fit(source: VideoStream, sizing: Sizing, *, even: bool) -> tuple[int, int]:
    """Return width and height of the output in square pixels.

    The source counts as it is shown: its sample aspect ratio and its rotation are applied first.

    Args:
        source: The source's video stream.
        sizing: What is wished.
        even: Round to even sides, which 4:2:0 video needs.

    Example:
        >>> fit(VideoStream(index=0, codec="h264", width=640, height=480),
        ...     Sizing(size=Size(width=1280, height=720), no_enlarge=False), even=True)
        (960, 720)
    """
    wish = sizing.size
    shown_width, shown_height = source.display_size
    by_width = None if wish.width is None else Fraction(wish.width) / shown_width
    by_height = None if wish.height is None else Fraction(wish.height) / shown_height
    if sizing.keep_ratio or by_width is None or by_height is None:
        scale = min(factor for factor in (by_width, by_height) if factor is not None)
        by_width = by_height = scale
    if sizing.no_enlarge:
        by_width, by_height = min(by_width, Fraction(1)), min(by_height, Fraction(1))
    return (
        _side(shown_width * by_width, wish.width, even=even),
        _side(shown_height * by_height, wish.height, even=even),
    )


def _side(exact: Fraction, box: int | None, *, even: bool) -> int:
    step = 2 if even else 1
    side = round(exact / step) * step
    highest = min(box or MAX_SIDE, MAX_SIDE)
    return max(min(side, highest - highest % step), _MIN_SIDE if even else 1)
