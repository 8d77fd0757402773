"""The layout of drawings, over random graphs: what a reader needs to be true of any of them."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.plan.layout import Layout, Link, Rectangle, Route, Size, lay_out
from cpe.plan.layout_columns import rising

LABEL = Size(width=60, height=18)
SIZE = Size(width=100, height=40, inset=8)

sizes = st.builds(
    Size,
    width=st.integers(40, 300).map(float),
    height=st.integers(30, 90).map(float),
    inset=st.sampled_from([0.0, 8.0, 20.0]),
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], list[Link]]:
    boxes = draw(st.lists(sizes, max_size=12))
    pairs = list(combinations(range(len(boxes)), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    labels = st.sampled_from([None, LABEL, Size(width=48, height=18)])
    return boxes, [Link(source=source, target=target, label=draw(labels)) for source, target in chosen]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.bottom
        and other.top < one.bottom
    )


def area_of(route: Route) -> list[Rectangle]:
    """The areas that an arrow stays in: its stretches, and the rectangles that its bends lie in."""
    points = [point for stretch in route.stretches for point in stretch]
    return [
        Rectangle(
            left=min(one.x, two.x), top=one.y, width=max(abs(one.x - two.x), 0.01), height=two.y - one.y
        )
        for one, two in pairwise(points)
        if two.y > one.y
    ]


def check(boxes: list[Size], links: list[Link], layout: Layout) -> None:
    labels = [route.label for route in layout.routes if route.label]
    for one, other in combinations([*layout.boxes, *labels], 2):
        assert not overlap(one, other)
    for place in [*layout.boxes, *labels]:
        assert place.left >= 0
        assert place.top >= 0
        assert place.left + place.width <= layout.width
        assert place.bottom <= layout.height
    for link, route in zip(links, layout.routes, strict=True):
        first, last = route.stretches[0][0], route.stretches[-1][1]
        for number, point, y in (
            (link.source, first, layout.boxes[link.source].bottom),
            (link.target, last, layout.boxes[link.target].top),
        ):
            box, inset = layout.boxes[number], boxes[number].inset
            assert point.y == y
            assert box.left + inset - 0.1 <= point.x <= box.left + box.width - inset + 0.1
        points = [point for stretch in route.stretches for point in stretch]
        assert all(one.y <= two.y for one, two in pairwise(points))
        assert all(above.x == below.x for above, below in route.stretches)
        assert first.y < last.y
        assert not any(overlap(area, box) for area in area_of(route) for box in layout.boxes)
        assert (route.label is None) == (link.label is None)
        if route.label:
            assert any(overlap(area, route.label) for area in area_of(route))


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_boxes_stand_apart_and_arrows_lead_down_from_border_to_border(
    graph: tuple[list[Size], list[Link]],
) -> None:
    boxes, links = graph
    layout = lay_out(boxes, links)
    assert [(box.width, box.height) for box in layout.boxes] == [(size.width, size.height) for size in boxes]
    check(boxes, links, layout)


def test_arrows_too_many_to_be_led_through_the_drawing_pass_beside_it() -> None:
    # Each box requires all before it: 50 · 49 · 48 / 6 places would be passed.
    links = [Link(source=one, target=two, label=LABEL) for one, two in combinations(range(50), 2)]
    boxes = [SIZE] * 50
    layout = lay_out(boxes, links)
    check(boxes, links, layout)
    right = max(box.left + box.width for box in layout.boxes)
    assert any(point.x > right for route in layout.routes for stretch in route.stretches for point in stretch)


def test_a_chain_is_one_straight_line() -> None:
    layout = lay_out([SIZE] * 5, [Link(source=n, target=n + 1, label=LABEL) for n in range(4)])
    assert {point.x for route in layout.routes for stretch in route.stretches for point in stretch} == {66.0}


def test_a_long_arrow_bends_twice_at_most_when_nothing_is_in_its_way() -> None:
    links = [*(Link(source=n, target=n + 1) for n in range(9)), Link(source=0, target=9)]
    route = lay_out([SIZE] * 10, links).routes[-1]
    assert len({stretch[0].x for stretch in route.stretches}) <= 3


def test_labels_stand_above_the_boxes_of_a_fan() -> None:
    layout = lay_out([SIZE] * 8, [Link(source=0, target=number, label=LABEL) for number in range(1, 8)])
    for route, box in zip(layout.routes, layout.boxes[1:], strict=True):
        assert route.label
        assert route.label.left + LABEL.width / 2 == pytest.approx(box.left + SIZE.width / 2, abs=0.2)


def test_arrows_that_need_not_cross_do_not() -> None:
    # Drawn in the order of their numbers, the two arrows would cross.
    layout = lay_out([SIZE] * 4, [Link(source=0, target=3), Link(source=1, target=2)])
    left = [box.left for box in layout.boxes]
    assert (left[0] < left[1]) == (left[3] < left[2])


def test_nothing_makes_an_empty_drawing() -> None:
    assert lay_out([], []).boxes == ()


@pytest.mark.parametrize(("source", "target"), [(1, 0), (0, 0), (0, 2), (-1, 0)])
def test_a_link_must_lead_to_a_later_box(source: int, target: int) -> None:
    with pytest.raises(ValueError, match="not to a later box"):
        lay_out([SIZE] * 2, [Link(source=source, target=target)])


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=12))
def test_rising_numbers_stay_as_near_as_they_can(values: list[float]) -> None:
    found = rising(values, [1.0] * len(values))
    assert all(one <= two for one, two in pairwise(found))
    assert sum(found) == pytest.approx(sum(values))
    assert rising(found, [1.0] * len(values)) == found
