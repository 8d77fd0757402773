from __future__ import annotations

import pytest

from activities.media.filters import chain, filter_text, graph


def test_a_graph_of_two_chains() -> None:
    assert (
        graph(
            [
                chain(["0:0"], [filter_text("scale", w=2, h=-1), "setsar=1"], "a"),
                chain(["a", "1:0"], ["overlay"], "b"),
            ]
        )
        == "[0:0]scale=w=2:h=-1,setsar=1[a];[a][1:0]overlay[b]"
    )


@pytest.mark.parametrize(
    "value", ["1,movie=/etc/passwd", "a:b", "a;b", "[x]", "a'b", "a\\b", "a b", "", "a=b"]
)
def test_no_value_changes_a_graphs_meaning(value: str) -> None:
    with pytest.raises(ValueError, match="is no value"):
        filter_text("scale", w=value)
