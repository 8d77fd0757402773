from __future__ import annotations

import pytest

from activities.media.filters import Input, arguments

_SOURCE = Input("input", {"ss": "2.5", "format_whitelist": "mov"})


def test_a_graph_of_two_inputs() -> None:
    picture = _SOURCE.stream(2).filter("scale", w=2, h=-1).filter("setsar", sar=1)
    mark = Input("mark", {}).stream(0).filter("colorchannelmixer", aa=0.5)
    assert arguments(picture.overlay(mark, y="H-h-10", x=5), _SOURCE.stream(1)) == (
        *("-format_whitelist", "mov", "-ss", "2.5", "-i", "input", "-i", "mark"),
        "-filter_complex",
        "[0:2]scale=h=-1:w=2[s0];[s0]setsar=sar=1[s1];[1:0]colorchannelmixer=aa=0.5[s2];[s1][s2]overlay=x=5:y=H-h-10[s3]",
        *("-map", "[s3]", "-map", "0:1"),
    )


def test_inputs_are_written_in_the_order_that_the_graph_counts_them() -> None:
    mark, picture = Input("mark", {}).stream(0), _SOURCE.stream(0)
    written = " ".join(arguments(picture.filter("scale", w=2).overlay(mark), _SOURCE.stream(1)))
    assert written.index("-i input") < written.index("-i mark")
    assert "[0:0]scale=w=2[s0];[s0][1:0]overlay[s1] -map [s1] -map 0:1" in written

    written = " ".join(arguments(mark.filter("scale", w=2).overlay(picture), _SOURCE.stream(1)))
    assert written.index("-i mark") < written.index("-i input")
    assert "[0:0]scale=w=2[s0];[s0][1:0]overlay[s1] -map [s1] -map 1:1" in written


def test_streams_as_they_are_need_no_graph() -> None:
    assert arguments(_SOURCE.stream(0))[-2:] == ("-map", "0:0")
    assert "-filter_complex" not in arguments(_SOURCE.stream(0))


@pytest.mark.parametrize(
    "value", ["1,movie=/etc/passwd", "a:b", "a;b", "[x]", "a'b", "a\\b", "a b", "", "a=b", "1\n"]
)
def test_no_value_changes_a_graphs_meaning(value: str) -> None:
    stream = _SOURCE.stream(0)
    with pytest.raises(ValueError, match="is no value for scale=w"):
        stream.filter("scale", w=value)
    with pytest.raises(ValueError, match="is no value for overlay=x"):
        stream.overlay(stream, x=value)
