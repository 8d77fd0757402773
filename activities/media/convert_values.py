"""What the values of ImageMagick's options may look like in a job's own command.

Each shape is narrow on purpose. No value begins with ``@`` or ``|``, has a colon or a slash that could make a
coder, a file or an address of it, or a ``%`` that does not follow a digit: ImageMagick writes names of files
and computes where it finds others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a value may be: its pattern, and the same in words for people."""

    pattern: re.Pattern[str]
    says: str

    def fits(self, value: str) -> bool:
        return self.pattern.fullmatch(value) is not None


def _like(pattern: str, says: str) -> Shape:
    return Shape(pattern=re.compile(pattern, re.ASCII | re.IGNORECASE), says=says)


def one_of(words: str) -> Shape:
    """Return the shape of a value that is one of some words.

    ImageMagick minds neither case nor hyphens in them.

    Example:
        >>> one_of("none floyd-steinberg").fits("FloydSteinberg")
        True
    """
    known = words.split()
    alternatives = "|".join(re.escape(word).replace(r"\-", "[-_]?") for word in known)
    return _like(f"(?:{alternatives})", f"one of {', '.join(known)}")


def between(low: int, high: int) -> Shape:
    """Return the shape of a whole number from `low` to `high`."""
    numbers = "|".join(str(number) for number in range(low, high + 1))
    return _like(f"0{{0,2}}(?:{numbers})", f"a whole number from {low} to {high}")


_N = r"\d{1,9}(?:\.\d{1,6})?"
_SMALL = r"\d{1,3}(?:\.\d{1,6})?"
_SIDES = rf"(?:{_N}%?)?(?:x(?:{_N}%?)?)?"
_OFFSETS = r"(?:[+-]\d{1,6}){0,2}"

SIZE = _like(rf"(?=x?\d){_SIDES}[!<>^@]{{0,2}}", "a size such as 200x200^, 50% or 800x600>")
PLAIN_SIZE = _like(r"\d{1,6}(?:x\d{1,6})?", "a size such as 200x200")
AREA = _like(rf"(?=[x+-]?\d){_SIDES}[!<>^]?{_OFFSETS}[!<>^]?", "an area such as 200x100+10+20")
ANGLE = _like(rf"-?{_SMALL}[<>]?", "degrees such as 90 or -12.5")
NUMBER = _like(_SMALL, "a number such as 2.2")
WHOLE = _like(r"\d{1,6}", "a whole number")
PART = _like(rf"{_N}%?", "a number or a percentage such as 10%")
PARTS = _like(rf"-?{_N}%?(?:[x,]-?{_N}%?){{0,2}}", "one to three numbers or percentages such as 10%,90%")
NUMBERS = _like(rf"{_SMALL}(?:[,x]{_SMALL}){{0,2}}", "one to three numbers such as 1.2,1,1")
BLUR = _like(rf"{_SMALL}(?:x{_SMALL})?", "a radius and a sigma such as 0x3")
UNSHARP = _like(
    rf"{_SMALL}(?:x{_SMALL}(?:\+{_SMALL}){{0,2}})?", "radius, sigma, gain, threshold such as 0x1+0.8+0.02"
)
DENSITY = _like(rf"{_N}(?:x{_N})?", "dots such as 300 or 300x300")
SAMPLING = _like(
    r"[1-4]:[0-4]:[0-4]|[1-4]x[1-4](?:,[1-4]x[1-4]){0,3}", "sampling factors such as 4:2:0 or 2x1"
)
DELAY = _like(r"\d{1,6}(?:x\d{1,6})?[<>]?", "ticks such as 20 or 1x25")
BYTES = _like(r"\d{1,9}(?:[km]?b)?", "bytes such as 200KB")
SWITCH = one_of("true false on off 1 0")
_CHUNK = "all|none|bkgd|caln|chrm|date|exif|gama|iccp|itxt|ornt|phys|srgb|text|time|trns|vpag|zccp|ztxt"
CHUNKS = _like(rf"(?:{_CHUNK})(?:,(?:{_CHUNK})){{0,18}}", "names of chunks such as date,tIME")
_PROFILE = r"!?(?:\*|8bim|app1?\d|exif|icc|icm|iptc|xmp)"
PROFILES = _like(rf"{_PROFILE}(?:,{_PROFILE}){{0,7}}", "kinds of profiles such as * or !icc,*")
CHANNELS = _like(r"[rgba]{1,4}|all|default|red|green|blue|alpha", "channels such as RGB or A")
GRAVITY = one_of("northwest north northeast west center east southwest south southeast none")

_COLOUR_NAMES = """
    none transparent aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue
    blueviolet brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan
    darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen
    darkorange darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey
    darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite
    forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink
    indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral
    lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen
    lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta
    maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue
    mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin
    navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen
    paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple red rosybrown
    royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue slategray
    slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke
    yellow yellowgreen
"""
_HEX = "#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}|[0-9a-f]{12}|[0-9a-f]{16})"
_PARTS_OF_A_COLOUR = rf"\( ?{_SMALL}%?(?: ?, ?{_SMALL}%?){{2,4}} ?\)"
# A closed list: what ImageMagick does not know as a colour of -fill it opens as a file.
COLOUR = _like(
    rf"(?:{'|'.join(_COLOUR_NAMES.split())})|gr[ae]y(?:\d\d?|100)|{_HEX}|(?:s?rgba?|hsla?|cmyka?){_PARTS_OF_A_COLOUR}",
    "a colour such as white, none, #ff8000 or rgba(255,0,0,0.5)",
)
