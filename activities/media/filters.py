"""Filter graphs, composed with ffmpeg-python.

ffmpeg-python numbers the inputs, names what flows between filters and writes the graph. Here it gets types
and a strict look at every value. It is never asked to run anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ffmpeg

# Numbers, names and simple expressions. ffmpeg-python escapes what separates or quotes in a graph; such
# characters have no place in a value at all.
_VALUE = re.compile(r"[A-Za-z0-9_.+*/-]+")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of an input, or what filters made of it; `node` is ffmpeg-python's."""

    node: Any

    def filter(self, name: str, **options: str | float) -> Stream:
        """Send the stream through a filter.

        Raises:
            ValueError: A value has characters that mean something in a graph.
        """
        return Stream(self.node.filter(name, **_checked(name, options)))

    def split(self, count: int, *, sound: bool = False) -> tuple[Stream, ...]:
        """Send a picture several ways, or a sound; each way has filters of its own."""
        node = self.node.filter_multi_output("asplit" if sound else "split", count)
        return tuple(Stream(node.stream(way)) for way in range(count))

    def overlay(self, picture: Stream, **options: str | float) -> Stream:
        """Lay another stream over this one; `options` and errors are those of :meth:`filter`."""
        return Stream(ffmpeg.filter([self.node, picture.node], "overlay", **_checked("overlay", options)))


def concat(streams: Sequence[Stream]) -> Stream:
    """Show streams of video one after the other."""
    return Stream(ffmpeg.concat(*(stream.node for stream in streams), v=1, a=0))


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read, with FFmpeg's options for it, without their dashes. Equal ones are one input.

    An option of None is a flag.
    """

    file: str
    options: Mapping[str, str | None]

    def stream(self, index: int) -> Stream:
        """Return a stream by FFmpeg's number in the file."""
        return Stream(ffmpeg.input(self.file, **self.options)[str(index)])


def arguments(*streams: Stream) -> tuple[str, ...]:
    """Write FFmpeg's arguments from the first input to the last stream for the output.

    Inputs are numbered as the streams come upon them, so a command that gives them in another order would mix
    them up. That is why they are written here too.

    Example:
        >>> source = Input("input", {})
        >>> arguments(source.stream(0).filter("scale", w=640, h=360), source.stream(1))
        ('-i', 'input', '-filter_complex', '[0:0]scale=h=360:w=640[s0]', '-map', '[s0]', '-map', '0:1')
    """
    *written, _ = ffmpeg.output(*(stream.node for stream in streams), "output").get_args()
    return tuple(written)


def graph(*streams: Stream) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write FFmpeg's arguments for inputs and filters, and the name by which each stream is mapped.

    For commands with an output of its own for each stream; see :func:`arguments`.
    """
    written = arguments(*streams)
    inputs, maps = written[: -2 * len(streams)], written[-2 * len(streams) :]
    return inputs, maps[1::2]


def _checked(name: str, options: Mapping[str, str | float]) -> dict[str, str]:
    values = {key: str(value) for key, value in options.items()}
    for key, value in values.items():
        if not _VALUE.fullmatch(value):
            raise ValueError(f"{value!r} is no value for {name}={key}")
    return values
