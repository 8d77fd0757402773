"""Sizes and areas as ImageMagick writes them; the expected sizes are those that its ``convert`` makes."""

from __future__ import annotations

import pytest

from activities.media.image_geometry import parse_crop, parse_geometry, parse_gravity
from cpe.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("800x600", (800, 450)),
        ("800", (800, 450)),
        ("800x", (800, 450)),
        ("x600", (1067, 600)),
        ("800x600!", (800, 600)),
        ("!800x600", None),
        ("800x600^", (1067, 600)),
        ("800x^", (1422, 800)),
        ("x1200^", (2133, 1200)),
        ("800x!", (800, 900)),
        ("x600!", (1600, 600)),
        ("800x600>", (800, 450)),
        ("3200x3200>", (1600, 900)),
        ("3200x3200<", (3200, 1800)),
        ("800x600<", (1600, 900)),
        ("800x600^>", (1067, 600)),
        ("3200x600!>", (1600, 600)),
        ("50%", (800, 450)),
        ("50%x25%", (800, 225)),
        ("50x25%", (800, 225)),
        ("150%", (2400, 1350)),
        ("150%>", (2400, 1350)),
        ("12.5%", (200, 113)),
        ("1x1", (1, 1)),
        ("3X3", (3, 2)),
    ],
)
def test_sizes(text: str, size: tuple[int, int] | None) -> None:
    if size is None:
        with pytest.raises(InvalidInput):
            parse_geometry(text, "resize")
    else:
        assert parse_geometry(text, "resize").size_of(1600, 900) == size


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "0x0",
            "-5x5",
            "800x600;ls",
            "800x600+0+0",
            "a",
            "800x600<>",
            "%",
            "1e3",
            "99999x1",
            "٣x٣",
        ),
        *("800x600@", "@/etc/passwd", "800 x 600", "800x600\n", "$(id)"),
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"output\.resize must be a size"):
        parse_geometry(text, "output.resize")


@pytest.mark.parametrize(
    ("text", "gravity", "box"),
    [
        ("50x40+10+20", "NorthWest", (10, 20, 60, 60)),
        ("50x40", "NorthWest", (0, 0, 50, 40)),
        ("50x40-10-20", "NorthWest", (0, 0, 40, 20)),
        ("50x40+0+0", "Center", (75, 30, 125, 70)),
        ("50x40+5-5", "center", (80, 25, 130, 65)),
        ("50x40+10+10", "SouthEast", (140, 50, 190, 90)),
        ("50x40+10+10", "North", (85, 10, 135, 50)),
        ("50x40+10+10", "West", (10, 40, 60, 80)),
        ("50%x50%+0+0", "Center", (50, 25, 150, 75)),
        ("50x50%", "NorthWest", (0, 0, 100, 50)),
        ("50x", "NorthWest", (0, 0, 50, 100)),
        ("x40+0+60", "NorthWest", (0, 60, 200, 100)),
        ("500x500+150+90", "NorthWest", (150, 90, 200, 100)),
        ("50x40+200+0", "NorthWest", None),
        ("50x40+0-40", "NorthWest", None),
    ],
)
def test_areas(text: str, gravity: str, box: tuple[int, int, int, int] | None) -> None:
    crop = parse_crop(text, "crop", parse_gravity(gravity, "gravity"))
    assert crop.box_of(200, 100) == box


@pytest.mark.parametrize(
    "text", ["", "x", "+1+1", "50x40+1", "50x40+1+1;ls", "50x40+1+1+1", "a", "5.5x5", "@f"]
)
def test_what_is_no_area(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"output\.crop must be an area"):
        parse_crop(text, "output.crop", parse_gravity("center", "gravity"))


def test_a_gravity_that_is_none() -> None:
    with pytest.raises(InvalidInput, match="northwest"):
        parse_gravity("up", "output.gravity")
