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
        cover: Fill the wished size, still in the source's ratio, and cut off what is over on both sides.
        unscaled: Leave the picture as large as it is, and cut off what is over on all sides.
        padding: Add black bars up to the wished size.
    """

    size: Size
    keep_ratio: bool = True
    no_enlarge: bool = True
    cover: bool = False
    unscaled: bool = False
    padding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The way from an upright picture to an output's, each as width and height.

    Attributes:
        window: The middle of the picture that is kept, in its own pixels; None for all of it.
        scaled: What that is scaled to, in square pixels.
        canvas: The output, with bars around the picture where it is larger.
    """

    window: tuple[int, int] | None
    scaled: tuple[int, int]
    canvas: tuple[int, int]

    @property
    def offset(self) -> tuple[int, int]:
        """Where the picture's upper left corner lies on the canvas; even, as colours of 4:2:0 are."""
        (width, height), (wide, high) = self.scaled, self.canvas
        return (wide - width) // 4 * 2, (high - height) // 4 * 2


def fit(source: VideoStream, sizing: Sizing, *, even: bool) -> tuple[int, int]:
    """Return width and height of the output in square pixels; see :func:`lay_out`.

    Example:
        >>> fit(VideoStream(index=0, codec="h264", width=640, height=480),
        ...     Sizing(size=Size(width=1280, height=720), no_enlarge=False), even=True)
        (960, 720)
    """
    return lay_out(source, sizing, even=even).canvas


def lay_out(source: VideoStream, sizing: Sizing, *, even: bool) -> Layout:
    """Tell what is kept of a picture, how large it becomes, and on what canvas.

    The source counts as it is shown: its sample aspect ratio and its rotation are applied first. What is cut
    off is cut off before anything is scaled.

    Args:
        source: The source's video stream.
        sizing: What is wished.
        even: Round to even sides, which 4:2:0 video needs.
    """
    shown = source.display_size
    box = (sizing.size.width, sizing.size.height)
    scales = _scales(shown, sizing)
    kept = [
        min(side, Fraction(limit) / scale)
        if limit is not None and (sizing.cover or sizing.unscaled)
        else side
        for side, limit, scale in zip(shown, box, scales, strict=True)
    ]
    stored = source.upright_size
    window = [
        pixels if part == whole else max(round(pixels * part / whole / 2) * 2, min(pixels, _MIN_SIDE))
        for pixels, part, whole in zip(stored, kept, shown, strict=True)
    ]
    width, height = (
        _side(part * scale, limit, even=even) for part, scale, limit in zip(kept, scales, box, strict=True)
    )
    wide, high = (
        max(side, _side(Fraction(limit or side), limit, even=even)) if sizing.padding else side
        for side, limit in zip((width, height), box, strict=True)
    )
    return Layout(
        window=None if tuple(window) == stored else (window[0], window[1]),
        scaled=(width, height),
        canvas=(wide, high),
    )


def _scales(shown: tuple[Fraction, Fraction], sizing: Sizing) -> tuple[Fraction, Fraction]:
    """Return the factors by which a shown picture becomes wider and higher."""
    if sizing.unscaled:
        return Fraction(1), Fraction(1)
    shown_width, shown_height = shown
    wish = sizing.size
    by_width = None if wish.width is None else Fraction(wish.width) / shown_width
    by_height = None if wish.height is None else Fraction(wish.height) / shown_height
    if sizing.keep_ratio or by_width is None or by_height is None:
        known = [factor for factor in (by_width, by_height) if factor is not None]
        by_width = by_height = max(known) if sizing.cover else min(known)
    if sizing.no_enlarge:
        by_width, by_height = min(by_width, Fraction(1)), min(by_height, Fraction(1))
    return by_width, by_height


def _side(exact: Fraction, box: int | None, *, even: bool) -> int:
    step = 2 if even else 1
    side = round(exact / step) * step
    highest = min(box or MAX_SIDE, MAX_SIDE)
    return max(min(side, highest - highest % step), _MIN_SIDE if even else 1)
