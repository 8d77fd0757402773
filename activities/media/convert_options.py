"""The options of ImageMagick that a job's own command may have, and what the value of each may be.

None of them opens or writes a file, runs something, draws text, or computes from a formula. An option that is
not here is refused; so are parentheses, which only commands with several pictures need.
"""

from __future__ import annotations

from collections.abc import Mapping

from activities.media.convert_values import (
    ANGLE,
    AREA,
    BLUR,
    BYTES,
    CHANNELS,
    CHUNKS,
    COLOUR,
    DELAY,
    DENSITY,
    GRAVITY,
    NUMBER,
    NUMBERS,
    PART,
    PARTS,
    PLAIN_SIZE,
    PROFILES,
    SAMPLING,
    SIZE,
    SWITCH,
    UNSHARP,
    WHOLE,
    Shape,
    between,
    one_of,
)

FLAGS = frozenset(
    {
        *("-strip", "-auto-orient", "-flip", "-flop", "-transpose", "-transverse", "-trim", "+repage"),
        *("-flatten", "-coalesce", "-normalize", "-equalize", "-auto-level", "-auto-gamma", "-contrast"),
        *("+contrast", "-negate", "-monochrome", "-enhance", "-despeckle"),
    }
)
"""What is done to the picture and takes no value."""

_SIZES = ("-resize", "-thumbnail", "-sample", "-scale", "-adaptive-resize")
_AREAS = ("-extent", "-crop", "-border", "-shave", "-chop", "-splice", "-repage", "-roll")
_BLURS = ("-blur", "-gaussian-blur", "-sharpen", "-adaptive-blur", "-adaptive-sharpen")
_TO_PARTS = ("-contrast-stretch", "-linear-stretch", "-level", "-brightness-contrast", "-sigmoidal-contrast")
_THRESHOLDS = ("-threshold", "-black-threshold", "-white-threshold", "-sepia-tone", "-solarize", "-deskew")

OPERATORS: Mapping[str, Shape] = {
    **dict.fromkeys(_SIZES, SIZE),
    **dict.fromkeys(_AREAS, AREA),
    **dict.fromkeys(_BLURS, BLUR),
    **dict.fromkeys(_TO_PARTS, PARTS),
    **dict.fromkeys(_THRESHOLDS, PART),
    "-rotate": ANGLE,
    "-unsharp": UNSHARP,
    "-modulate": PARTS,
    "-gamma": NUMBERS,
    "-colorize": PARTS,
    "-posterize": between(2, 256),
    "-paint": NUMBER,
    "-colors": WHOLE,
    "-transparent": COLOUR,
    "-opaque": COLOUR,
    "+profile": PROFILES,
    "-alpha": one_of(
        "on off set opaque transparent extract copy background remove shape associate disassociate"
    ),
    "-colorspace": one_of(
        "srgb rgb gray linear-gray cmyk cmy hsl hsb hsv lab lch luv xyz ycbcr yuv rec601-luma rec709-luma"
    ),
    "-layers": one_of(
        "coalesce dispose flatten merge mosaic optimize optimize-frame optimize-plus optimize-transparency "
        "remove-dups remove-zero trim-bounds"
    ),
    "-orient": one_of(
        "undefined top-left top-right bottom-right bottom-left left-top right-top right-bottom left-bottom"
    ),
}
"""What is done to the picture, with the shape of its value."""

SETTINGS: Mapping[str, Shape] = {
    **dict.fromkeys(("-background", "-bordercolor", "-fill"), COLOUR),
    "-gravity": GRAVITY,
    "-quality": between(0, 100),
    "-fuzz": PART,
    "-density": DENSITY,
    "-depth": between(1, 16),
    "-sampling-factor": SAMPLING,
    "-channel": CHANNELS,
    "-loop": WHOLE,
    "-interlace": one_of("none line plane partition jpeg gif png"),
    "-units": one_of("undefined pixels-per-inch pixels-per-centimeter"),
    "-type": one_of(
        "bilevel grayscale grayscale-alpha grayscale-matte palette palette-alpha palette-matte true-color "
        "true-color-alpha true-color-matte color-separation optimize"
    ),
    "-filter": one_of(
        "point box triangle hermite hann hanning hamming blackman gaussian quadratic cubic catrom mitchell "
        "jinc sinc sinc-fast kaiser welch parzen bohman bartlett lagrange lanczos lanczos-sharp lanczos2 "
        "lanczos2-sharp robidoux robidoux-sharp cosine spline"
    ),
    "-dither": one_of("none riemersma floyd-steinberg"),
    "-compress": one_of("none lzw zip jpeg rle"),
    "-compose": one_of(
        "over atop copy src dst src-over dst-over multiply screen overlay darken lighten plus"
    ),
}
"""What holds for what comes after, with the shape of its value; may stand before the input too."""

READING: Mapping[str, Shape] = {"-delay": DELAY}
"""What only means something before the input."""

DEFINE = "-define"

DEFINITIONS: Mapping[str, Shape] = {
    "jpeg:size": PLAIN_SIZE,
    "jpeg:extent": BYTES,
    "jpeg:sampling-factor": SAMPLING,
    "jpeg:dct-method": one_of("default fastest float ifast islow"),
    **dict.fromkeys(("jpeg:fancy-upsampling", "jpeg:optimize-coding"), SWITCH),
    "png:compression-level": between(0, 9),
    "png:compression-filter": between(0, 9),
    "png:compression-strategy": between(0, 4),
    "png:bit-depth": one_of("1 2 4 8 16"),
    "png:color-type": one_of("0 2 3 4 6"),
    "png:format": one_of("png8 png24 png32 png48 png64 png00"),
    **dict.fromkeys(("png:exclude-chunk", "png:exclude-chunks"), CHUNKS),
    **dict.fromkeys(("png:include-chunk", "png:include-chunks"), CHUNKS),
    **dict.fromkeys(
        ("webp:lossless", "webp:auto-filter", "webp:use-sharp-yuv", "webp:exact", "webp:low-memory"), SWITCH
    ),
    "webp:method": between(0, 6),
    **dict.fromkeys(
        ("webp:alpha-quality", "webp:near-lossless", "webp:filter-strength", "webp:sns-strength"),
        between(0, 100),
    ),
    "webp:filter-sharpness": between(0, 7),
    "webp:image-hint": one_of("default graph photo picture"),
    "webp:target-size": WHOLE,
    "webp:pass": between(1, 10),
    "webp:thread-level": between(0, 1),
    "tiff:endian": one_of("lsb msb"),
    "tiff:alpha": one_of("associated unassociated unspecified"),
    "tiff:predictor": between(1, 3),
    "tiff:rows-per-strip": WHOLE,
    "bmp:format": one_of("bmp2 bmp3 bmp4"),
    "modulate:colorspace": one_of("hsl hsb hsv hcl lch"),
    **dict.fromkeys(("filter:blur", "filter:support", "filter:sigma", "filter:lobes"), NUMBER),
}
"""What ``-define`` may set, with the shape of its value."""
