"""Every option that a command for pictures may have, run by the real ImageMagick, and its effect looked at."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import ImageStat
from PIL.JpegImagePlugin import get_sampling

from activities.media.convert_options import DEFINE, DEFINITIONS, FLAGS, OPERATORS, READING, SETTINGS
from tests.media.magicks import BLUE, LIME, RED, WHITE, Darkroom, Made, magick_of, sources

Check = Callable[[Made], bool]


@pytest.fixture(scope="module", params=[6, 7])
def darkroom(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Darkroom:
    magick = magick_of(request.param)
    if magick is None:
        pytest.skip(f"ImageMagick {request.param} is not installed")
    return Darkroom(magick=magick, folder=tmp_path_factory.mktemp("darkroom"))


@pytest.fixture(scope="module")
def pictures() -> Mapping[str, bytes]:
    return sources()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A command, what it is run on, and what shows that it was carried out."""

    words: str
    check: Check
    source: str = "quadrants"
    extension: str = "png"
    before: str = ""

    def __str__(self) -> str:
        return f"{self.before} {self.words}".strip()


def _row(
    words: str, check: Check, source: str = "quadrants", extension: str = "png", before: str = ""
) -> Row:
    return Row(words=words, check=check, source=source, extension=extension, before=before)


def _size(width: int, height: int) -> Check:
    return lambda made: made.image.size == (width, height)


def _at(x: int, y: int, colour: tuple[int, ...]) -> Check:
    return lambda made: all(abs(one - other) <= 6 for one, other in zip(made.at(x, y), colour, strict=True))


def _all(*checks: Check) -> Check:
    return lambda made: all(check(made) for check in checks)


def _values(made: Made) -> tuple[int, int]:
    shades = [shade for shade, count in enumerate(made.gray.histogram()) if count]
    return shades[0], shades[-1]


def _spread(made: Made) -> float:
    return float(ImageStat.Stat(made.gray).stddev[0])


def _mean(made: Made) -> float:
    return float(ImageStat.Stat(made.gray).mean[0])


def _colours(made: Made) -> int:
    return len(made.image.convert("RGB").getcolors(1 << 16) or [])


def _alpha(made: Made, x: int) -> int:
    return made.image.convert("RGBA").getchannel("A").crop((x, 5, x + 1, 6)).tobytes()[0]


def _tag(number: int) -> Callable[[Made], Any]:
    return lambda made: made.image.tag_v2.get(number)  # type: ignore[attr-defined]  # of pictures in TIFF


def _patch(made: Made, frame: int) -> tuple[int, int]:
    """Return the size of what a frame of a GIF stores."""
    made.image.seek(frame)
    left, top, right, bottom = made.image.tile[0][1]  # type: ignore[attr-defined]  # of files that are read
    return right - left, bottom - top


_RAMP_SPREAD = 43.6
_NOISE_SPREAD = 24.0
_GRAY = 125.0

_ROWS = [
    _row("-strip", lambda made: b"SECRET" not in made.content, "photo", "jpg"),
    _row("-quality 90", lambda made: b"SECRET-PHONE" in made.content, "photo", "jpg"),
    _row("-auto-orient", _all(_size(60, 80), _at(5, 5, BLUE)), "photo"),
    _row("-flip", _at(5, 5, BLUE)),
    _row("-flop", _at(5, 5, LIME)),
    _row("-transpose", _all(_size(60, 80), _at(-5, 5, BLUE))),
    _row("-transverse", _all(_size(60, 80), _at(5, 5, WHITE))),
    _row("-trim", _size(10, 10), "framed"),
    _row("-fuzz 5% -trim +repage", _size(10, 10), "framed", "gif"),
    _row("-crop 10x10+5+5", _size(80, 60), extension="gif"),
    _row("-crop 10x10+5+5 +repage", _size(10, 10), extension="gif"),
    _row("-repage 100x90+5+5", _size(100, 90), extension="gif"),
    _row("-background lime -flatten", _all(_at(5, 5, LIME), _at(-5, 5, BLUE)), "half clear"),
    _row("-coalesce", lambda made: _patch(made, 1) == (40, 30), "moving", "gif"),
    _row("-quality 90", lambda made: _patch(made, 1) != (40, 30), "moving", "gif"),
    _row("-layers coalesce", lambda made: _patch(made, 1) == (40, 30), "moving", "gif"),
    _row("-coalesce -layers optimize", lambda made: _patch(made, 1) != (40, 30), "moving", "gif"),
    _row("-coalesce -layers OptimizeFrame", lambda made: _patch(made, 1) != (40, 30), "moving", "gif"),
    _row("-layers flatten", lambda made: getattr(made.image, "n_frames", 1) == 1, "moving", "gif"),
    _row("-normalize", lambda made: _values(made) == (0, 255), "ramp"),
    _row("-equalize", lambda made: _values(made)[0] <= 1 and _values(made)[1] == 255, "ramp"),
    _row("-auto-level", lambda made: _values(made) == (0, 255), "ramp"),
    _row("-auto-gamma", lambda made: abs(_mean(made) - _GRAY) > 1, "ramp"),
    _row("-contrast", lambda made: _spread(made) > _RAMP_SPREAD + 1, "ramp"),
    _row("+contrast", lambda made: _spread(made) < _RAMP_SPREAD - 1, "ramp"),
    _row("-negate", _at(5, 5, (0, 255, 255))),
    _row("-channel R -negate", _at(5, 5, (0, 0, 0))),
    _row("-monochrome", lambda made: _colours(made) == 2, "ramp"),
    _row("-enhance", lambda made: _spread(made) < _NOISE_SPREAD, "noise"),
    _row("-despeckle", lambda made: _spread(made) < _NOISE_SPREAD, "noise"),
    _row("-resize 40x40", _size(40, 30)),
    _row("-resize 40x40^", _size(53, 40)),
    _row("-resize '40x40!'", _size(40, 40)),
    _row("-resize '200x200>'", _size(80, 60)),
    _row("-resize '200x200<'", _size(200, 150)),
    _row("-resize 50%x25%", _size(40, 15)),
    _row("-resize 1200@", _size(40, 30)),
    _row("", _size(40, 30), before="-resize 50%"),
    _row(
        "-thumbnail 20x20",
        _all(_size(20, 15), lambda made: b"SECRET-PHONE" not in made.content),
        "photo",
        "jpg",
    ),
    _row("-sample 50%", _all(_size(40, 30), lambda made: _colours(made) == 4)),
    _row("-scale 40x40", _size(40, 30)),
    _row("-adaptive-resize 40x40", _size(40, 30)),
    _row("-filter Point -resize 200%", lambda made: made.image.size == (160, 120) and _colours(made) == 4),
    _row("-filter Lanczos -resize 200%", lambda made: _colours(made) > 4),
    _row(
        "-background red -gravity center -extent 100x100",
        _all(_size(100, 100), _at(2, 2, RED), _at(15, 25, RED)),
    ),
    _row("-gravity SouthEast -crop 10x10+0+0 +repage", _all(_size(10, 10), _at(5, 5, WHITE))),
    _row("-bordercolor blue -border 3x4", _all(_size(86, 68), _at(1, 1, BLUE))),
    _row("-bordercolor lime -border 3", _at(10, 10, LIME), "half clear"),
    _row("-compose Copy -bordercolor lime -border 3", lambda made: _alpha(made, 10) == 0, "half clear"),
    _row("-shave 5x5", _size(70, 50)),
    _row("-chop 10x0", _size(70, 60)),
    _row("-background white -splice 10x5", _all(_size(90, 65), _at(3, 3, WHITE))),
    _row("-roll +40+0", _at(5, 5, LIME)),
    *(
        _row(f"{blur} 0x4", lambda made: 105 < made.at(21, 20)[0] < 145, "step")
        for blur in ("-blur", "-gaussian-blur")
    ),
    _row("-adaptive-blur 0x4", lambda made: _colours(made) > 2, "step"),
    *(
        _row(f"{sharpen} 0x3", lambda made: _values(made)[1] > 150, "step")
        for sharpen in ("-sharpen", "-adaptive-sharpen")
    ),
    _row("-unsharp 0x2+2+0", lambda made: _values(made)[1] > 150, "step"),
    _row("-contrast-stretch 5%x5%", lambda made: _values(made) == (0, 255), "ramp"),
    _row("-linear-stretch 5%x5%", lambda made: _values(made) == (0, 255), "ramp"),
    _row("-level 30%,70%", lambda made: _values(made) == (0, 255), "ramp"),
    _row("-brightness-contrast 20x0", lambda made: _mean(made) > _GRAY + 10, "ramp"),
    _row("-brightness-contrast -20", lambda made: _mean(made) < _GRAY - 10, "ramp"),
    _row("-sigmoidal-contrast 10,50%", lambda made: _spread(made) > _RAMP_SPREAD + 10, "ramp"),
    _row("-threshold 50%", lambda made: _colours(made) == 2 and _values(made) == (0, 255), "ramp"),
    _row("-black-threshold 50%", lambda made: _values(made) == (0, 200), "ramp"),
    _row("-white-threshold 50%", lambda made: _values(made) == (50, 255), "ramp"),
    _row("-sepia-tone 80%", lambda made: made.at(75, 5)[0] > made.at(75, 5)[2] + 20, "ramp"),
    _row("-solarize 50%", lambda made: _values(made)[1] < 140, "ramp"),
    _row("-deskew 40%", lambda made: made.image.size != (200, 200), "skewed"),
    _row("-rotate 90", _all(_size(60, 80), _at(5, 5, BLUE))),
    _row("-background lime -rotate -45", _at(1, 1, LIME)),
    _row("-rotate '90<'", _size(80, 60)),
    _row("-modulate 100,0", lambda made: len(set(made.at(5, 5))) == 1),
    _row("-gamma 2", lambda made: _mean(made) > _GRAY + 10, "ramp"),
    _row("-fill blue -colorize 100", lambda made: _colours(made) == 1 and made.at(5, 5) == BLUE),
    _row("-posterize 2", lambda made: _colours(made) <= 3, "ramp"),
    _row("-paint 3", lambda made: _spread(made) != _NOISE_SPREAD, "noise"),
    _row("-dither None -colors 2", lambda made: _colours(made) <= 2),
    _row("-dither None -colors 4", lambda made: len({made.at(60, y) for y in range(20)}) == 1, "ramp"),
    _row(
        "-dither FloydSteinberg -colors 4", lambda made: len({made.at(60, y) for y in range(20)}) > 1, "ramp"
    ),
    _row("-transparent red", lambda made: (_alpha(made, 5), _alpha(made, 75)) == (0, 255)),
    _row("-fuzz 20% -transparent '#f01010'", lambda made: (_alpha(made, 5), _alpha(made, 75)) == (0, 255)),
    _row("-fill 'rgb(10,20,30)' -opaque red", _at(5, 5, (10, 20, 30))),
    _row("+profile '*'", lambda made: b"SECRET-PHONE" not in made.content, "photo", "jpg"),
    _row("+profile '!exif,*'", lambda made: b"SECRET-PHONE" in made.content, "photo", "jpg"),
    _row("-alpha opaque", lambda made: _alpha(made, 5) == 255, "half clear"),
    _row("-alpha off", lambda made: not made.image.has_transparency_data, "half clear"),
    _row("-background lime -alpha remove", _at(5, 5, LIME), "half clear"),
    _row("-colorspace Gray", lambda made: len(set(made.at(5, 5))) == 1),
    _row("-orient TopLeft", lambda made: made.image.getexif().get(0x0112) == 1, "photo", "jpg"),
    _row(
        "-density 300 -units PixelsPerInch",
        lambda made: made.image.info["dpi"] == (300, 300),
        extension="jpg",
    ),
    _row("-depth 8", lambda made: made.content[24] == 8, "deep"),
    _row("-quality 90", lambda made: made.content[24] == 16, "deep"),
    _row("-sampling-factor 4:4:4", lambda made: get_sampling(made.image) == 0, extension="jpg"),
    _row("-sampling-factor 2x2,1x1,1x1", lambda made: get_sampling(made.image) == 2, extension="jpg"),
    _row("", lambda made: made.image.info["duration"] == 500, "moving", "gif", before="-delay 50"),
    _row("-loop 7", lambda made: made.image.info["loop"] == 6, "moving", "gif"),
    _row("-interlace Plane", lambda made: "progressive" in made.image.info, extension="jpg"),
    _row("-interlace PNG", lambda made: made.image.info.get("interlace") == 1),
    _row("-type Grayscale", lambda made: made.image.mode == "L"),
    _row("-type Palette", lambda made: made.image.mode == "P"),
    _row("-compress LZW", lambda made: made.image.info["compression"] == "tiff_lzw", extension="tiff"),
    _row("-compress None", lambda made: made.image.info["compression"] == "raw", extension="tiff"),
    _row("", lambda made: made.image.width < 320, "large", before="-define jpeg:size=80x60"),
    _row(
        "-quality 95 -define jpeg:extent=5KB", lambda made: 4000 < len(made.content) <= 5120, "large", "jpg"
    ),
    _row("-define jpeg:sampling-factor=1x1", lambda made: get_sampling(made.image) == 0, extension="jpg"),
    _row("-define png:bit-depth=16", lambda made: made.content[24] == 16),
    _row("-define png:color-type=2", lambda made: made.content[25] == 2),
    _row("-define png:format=png8", lambda made: made.image.mode == "P"),
    _row(
        "-define png:exclude-chunk=all",
        lambda made: b"tIME" not in made.content and b"tEXt" not in made.content,
    ),
    _row("-define webp:lossless=true", lambda made: _colours(made) == 4, extension="webp"),
    _row("-define tiff:endian=msb", lambda made: made.content[:2] == b"MM", extension="tiff"),
    _row("-define tiff:endian=lsb", lambda made: made.content[:2] == b"II", extension="tiff"),
    _row("-define tiff:alpha=unassociated", lambda made: _tag(338)(made) == (2,), "half clear", "tiff"),
    _row("-define tiff:alpha=associated", lambda made: _tag(338)(made) == (1,), "half clear", "tiff"),
    _row("-compress zip -define tiff:predictor=2", lambda made: _tag(317)(made) == 2, extension="tiff"),
    _row("-define tiff:rows-per-strip=7", lambda made: _tag(278)(made) == 7, extension="tiff"),
    _row(
        "-define bmp:format=bmp3",
        lambda made: struct.unpack_from("<I", made.content, 14) == (40,),
        extension="bmp",
    ),
    _row("-define modulate:colorspace=LCH -modulate 100,50", lambda made: made.at(5, 5) != RED),
]


@pytest.mark.parametrize("row", _ROWS, ids=str)
def test_effect(row: Row, darkroom: Darkroom, pictures: Mapping[str, bytes]) -> None:
    made = darkroom.make(row.words, content=pictures[row.source], extension=row.extension, before=row.before)
    assert row.check(made), (
        made.image,
        made.image.info,
        made.at(5, 5),
        _values(made),
        _spread(made),
        _mean(made),
    )


_SUBTLE = {
    # What changes the file's bytes, and what such a file is made of.
    **dict.fromkeys(("jpeg:dct-method=float", "jpeg:optimize-coding=off"), ("noise", "jpg", "")),
    "jpeg:fancy-upsampling=off": ("photo", "png", ""),
    **dict.fromkeys(
        ("png:compression-level=1", "png:compression-filter=0", "png:compression-strategy=2"),
        ("noise", "png", ""),
    ),
    **dict.fromkeys(("png:exclude-chunks=date", "png:include-chunk=none"), ("quadrants", "png", "")),
    **dict.fromkeys(("png:include-chunks=none",), ("quadrants", "png", "")),
    **dict.fromkeys(
        (
            *("webp:method=0", "webp:near-lossless=10", "webp:filter-strength=90", "webp:sns-strength=0"),
            *("webp:filter-sharpness=7", "webp:image-hint=graph", "webp:target-size=300", "webp:pass=5"),
            *("webp:auto-filter=true", "webp:use-sharp-yuv=true", "webp:exact=true", "webp:low-memory=true"),
            *("webp:thread-level=1", "webp:alpha-quality=1"),
        ),
        ("half clear", "webp", ""),
    ),
    **dict.fromkeys(
        ("filter:blur=2", "filter:support=1", "filter:sigma=2", "filter:lobes=2"),
        ("quadrants", "png", "-resize 30%"),
    ),
}


@pytest.mark.parametrize("definition", _SUBTLE)
def test_definitions_are_taken(definition: str, darkroom: Darkroom, pictures: Mapping[str, bytes]) -> None:
    source, extension, words = _SUBTLE[definition]
    made = darkroom.make(
        f"{words} -strip", before=f"{DEFINE} {definition}", content=pictures[source], extension=extension
    )
    made.image.load()
    assert made.image.width > 0


def test_every_option_is_among_them() -> None:
    run = {word for row in _ROWS for word in str(row).replace("'", "").split() if word[:1] in "+-"}
    assert {*FLAGS, *OPERATORS, *SETTINGS, *READING} <= run
    defined = {
        word.partition("=")[0] for row in _ROWS for word in str(row).split() if ":" in word and "=" in word
    }
    assert set(DEFINITIONS) <= defined | {definition.partition("=")[0] for definition in _SUBTLE}
