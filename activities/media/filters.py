"""FFmpeg filter graphs, written from values.

A graph is composed here rather than with ffmpeg-python: what is needed is thirty lines, typed, with the
options in the order they are given, and it refuses every value that could change the graph's meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Numbers, names and simple expressions. Whatever separates or quotes in a graph has no place in a value.
_VALUE = re.compile(r"[A-Za-z0-9_.+*/-]+")


def filter_text(name: str, **options: str | float) -> str:
    """Write one filter.

    Example:
        >>> filter_text("scale", w=640, h=360)
        'scale=w=640:h=360'

    Raises:
        ValueError: A value has characters that mean something in a graph.
    """
    parts = []
    for key, value in options.items():
        text = str(value)
        if not _VALUE.fullmatch(text):
            raise ValueError(f"{text!r} is no value for {name}={key}")
        parts.append(f"{key}={text}")
    return f"{name}={':'.join(parts)}" if parts else name


def chain(inputs: Sequence[str], filters: Sequence[str], output: str) -> str:
    """Write one chain from labelled inputs to a labelled output.

    Example:
        >>> chain(["0:1"], ["scale=w=2:h=2", "setsar=1"], "v")
        '[0:1]scale=w=2:h=2,setsar=1[v]'
    """
    return "".join(f"[{label}]" for label in inputs) + ",".join(filters) + f"[{output}]"


def graph(chains: Sequence[str]) -> str:
    """Join chains into one graph."""
    return ";".join(chains)
