"""Text in an SVG: how wide it will be, and how it is written so that it stays text."""

from __future__ import annotations

import unicodedata
from html import escape

_WIDTHS = {
    **dict.fromkeys("iljI.,:;'|!", 0.3),
    **dict.fromkeys('frt()[]{}/\\ -`"', 0.4),
    **dict.fromkeys("mwMW@%", 0.95),
    "…": 1.0,
}
"""Ems of letters that are narrower or wider than others, rather more than most fonts give them."""

_CAPITAL, _WIDE, _OTHER = 0.74, 1.05, 0.61


def text_width(text: str, size: float) -> float:
    """Estimate how wide a text is in a sans-serif font, in pixels.

    The reader's browser chooses the font, so the estimate errs on the wide side.

    Example:
        >>> text_width("ill", 10) < text_width("MMM", 10)
        True
    """
    return size * sum(map(_ems, text))


def fitted(text: str, size: float, width: float) -> str:
    """Cut a text to a width in pixels; an ellipsis stands for what is cut off."""
    if text_width(text, size) <= width:
        return text
    left = width - text_width("…", size)
    kept = []
    for letter in text:
        left -= size * _ems(letter)
        if left < 0:
            break
        kept.append(letter)
    return f"{''.join(kept).rstrip()}…"


def written(text: str) -> str:
    """Write a text so that it is text in XML, between tags and in quoted attributes.

    Example:
        >>> written('<a href="b">')
        '&lt;a href=&quot;b&quot;&gt;'
    """
    return escape(text, quote=True)


def number(value: float) -> str:
    """Write a coordinate with a tenth of a pixel at most.

    Example:
        >>> number(12.0), number(0.25)
        ('12', '0.2')
    """
    return f"{value:.1f}".removesuffix(".0")


def _ems(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0.0
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return _WIDE
    return _CAPITAL if letter.isupper() else _OTHER
