from __future__ import annotations

from fractions import Fraction

import pytest

from activities.media.notation import Size, parse_bit_rate, parse_frame_rate, parse_size
from cpe.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280x720", Size(width=1280, height=720)),
        ("-2x480", Size(width=None, height=480)),
        ("-1:159", Size(width=None, height=159)),
        ("160:-1", Size(width=160, height=None)),
        ("75.2:28.4", Size(width=75, height=28)),
    ],
)
def test_sizes(text: str, size: Size) -> None:
    assert parse_size(text, "size") == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "720",
        "0x0",
        "-1x-1",
        "-3x4",
        "99999x1",
        "1x2x3",
        "640x360,format=gray",
        "1x\uff12",
        "1x\n2",
        "nanx1",
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^output\.size must be WIDTHxHEIGHT"):
        parse_size(text, "output.size")


@pytest.mark.parametrize(
    ("text", "rate"), [("720k", 720_000), ("5M", 5_000_000), ("1.5M", 1_500_000), ("64000", 64_000)]
)
def test_bit_rates(text: str, rate: int) -> None:
    assert parse_bit_rate(text, "video_bitrate", low=1000, high=10**8) == rate


@pytest.mark.parametrize("text", ["", "720kb", "720", "1e9k", "-5k", "5k;ls", "999M"])
def test_what_is_no_bit_rate(text: str) -> None:
    with pytest.raises(InvalidInput, match="such as 720k or 5M"):
        parse_bit_rate(text, "video_bitrate", low=1000, high=10**8)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("auto", None),
        ("30", Fraction(30)),
        ("29.97", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("24000/1001", Fraction(24000, 1001)),
    ],
)
def test_frame_rates(text: str, rate: Fraction | None) -> None:
    assert parse_frame_rate(text, "frame_rate") == rate


@pytest.mark.parametrize("text", ["", "0", "1/0", "1/00", "fast", "-1", "1000", "25:1"])
def test_what_is_no_frame_rate(text: str) -> None:
    with pytest.raises(InvalidInput, match="frames per second"):
        parse_frame_rate(text, "frame_rate")
