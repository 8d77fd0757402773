from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.media.geometry import Sizing, fit, lay_out
from activities.media.notation import Size
from activities.media.probe import VideoStream


def _stream(width: int, height: int, *, aspect: Fraction = Fraction(1), rotation: int = 0) -> VideoStream:
    return VideoStream(
        index=0, codec="h264", width=width, height=height, sample_aspect=aspect, rotation=rotation
    )


def _sizing(width: int | None, height: int | None, *, keep: bool = True, no_enlarge: bool = True) -> Sizing:
    return Sizing(size=Size(width=width, height=height), keep_ratio=keep, no_enlarge=no_enlarge)


sides = st.integers(min_value=1, max_value=8192)


@pytest.mark.parametrize(
    ("source", "sizing", "expected"),
    [
        (_stream(1280, 720), _sizing(640, 360), (640, 360)),
        (_stream(1280, 720), _sizing(854, 480), (854, 480)),
        (_stream(1280, 720), _sizing(None, 480), (854, 480)),
        (_stream(640, 480), _sizing(640, 360), (480, 360)),
        (_stream(640, 480), _sizing(640, 360, keep=False), (640, 360)),
        (_stream(640, 360), _sizing(1280, 720), (640, 360)),
        (_stream(640, 360), _sizing(1280, 720, no_enlarge=False), (1280, 720)),
        (_stream(640, 360), _sizing(1280, 300, keep=False), (640, 300)),
        (_stream(1280, 720, rotation=90), _sizing(640, 360), (202, 360)),
        (_stream(720, 576, aspect=Fraction(64, 45)), _sizing(640, 360), (640, 360)),
        (_stream(321, 181), _sizing(1000, 1000), (320, 180)),
        (_stream(5000, 2), _sizing(100, 100), (100, 2)),
    ],
    ids=str,
)
def test_video_sizes(source: VideoStream, sizing: Sizing, expected: tuple[int, int]) -> None:
    assert fit(source, sizing, even=True) == expected


@given(
    source=st.tuples(sides, sides),
    box=st.tuples(sides, sides),
    rotation=st.sampled_from([0, 90]),
    sizing=st.sampled_from(
        [
            {"cover": True, "no_enlarge": False},
            {"cover": True},
            {"unscaled": True},
            {"no_enlarge": False},
            {},
        ]
    ),
    padding=st.booleans(),
)
def test_every_way_to_size_a_picture_stays_within_its_bounds(
    source: tuple[int, int], box: tuple[int, int], rotation: int, sizing: dict[str, bool], *, padding: bool
) -> None:
    stream = _stream(*source, rotation=rotation)
    layout = lay_out(
        stream,
        Sizing(size=Size(width=box[0], height=box[1]), padding=padding, **sizing),
        even=True,
    )
    limit = [max(side - side % 2, 2) for side in box]
    assert [side % 2 for side in (*layout.scaled, *layout.canvas)] == [0, 0, 0, 0]
    assert all(side <= most for side, most in zip(layout.canvas, limit, strict=True))
    if padding:
        assert list(layout.canvas) == limit
    if sizing.get("cover") and not sizing.get("no_enlarge", True):
        assert list(layout.scaled) == limit
    if layout.window is not None:
        assert all(0 < kept <= whole for kept, whole in zip(layout.window, stream.upright_size, strict=True))
    x, y = layout.offset
    assert 0 <= x <= layout.canvas[0] - layout.scaled[0]
    assert 0 <= y <= layout.canvas[1] - layout.scaled[1]


def test_a_thumbnail_may_be_odd() -> None:
    assert fit(_stream(1280, 720), _sizing(None, 159), even=False) == (283, 159)


@given(
    source=st.tuples(sides, sides), box=st.tuples(sides, sides), keep=st.booleans(), no_enlarge=st.booleans()
)
def test_a_size_is_even_fits_and_keeps_the_ratio(
    source: tuple[int, int], box: tuple[int, int], *, keep: bool, no_enlarge: bool
) -> None:
    (width, height), (box_width, box_height) = source, box
    made = fit(
        _stream(width, height), _sizing(box_width, box_height, keep=keep, no_enlarge=no_enlarge), even=True
    )
    assert all(side % 2 == 0 and side >= 2 for side in made)
    assert made[0] <= max(box_width, 2)
    assert made[1] <= max(box_height, 2)
    if no_enlarge:
        assert made[0] <= width + 1
        assert made[1] <= height + 1
    if keep and min(made) > 2:
        # Each side is at most one pixel from the exact ratio, two where the box has an odd side.
        scale = min(
            Fraction(box_width, width), Fraction(box_height, height), *([Fraction(1)] if no_enlarge else [])
        )
        assert abs(made[0] - width * scale) <= 2
        assert abs(made[1] - height * scale) <= 2
