"""What FFprobe tells of a file and of each of its packets, in one run."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from activities.media.probe import MediaInfo, parse_probe

# A line is a packet; what it brings along besides may follow on lines of its own.
_PACKET = re.compile(r'\s*\{ "stream_index": (\d+),(?: "pts": (-?\d+),)? "flags": "([^"]*)"')
_PACKETS = '"packets": ['
_PACKETS_END = re.compile(r" {4}\],?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTimes:
    """The times of a stream's frames and of the key frames among them, in ticks, in order."""

    times: Sequence[int]
    keys: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A file that was read from end to end.

    Attributes:
        info: Its streams.
        frames: For the number of each stream that has packets, when they are shown. A stream with a packet
            without a time is left out.
    """

    info: MediaInfo
    frames: Mapping[int, FrameTimes]


class SurveyReader:
    """Reads FFprobe's answer to :func:`~activities.media.command.survey_arguments`, line by line.

    Packets are many and are not kept; the rest of the answer is read as JSON when it is whole.
    """

    def __init__(self) -> None:
        self._rest: list[str] = []
        self._among_packets = False
        self._times: dict[int, array[int]] = {}
        self._keys: dict[int, array[int]] = {}
        self._timeless: set[int] = set()

    def feed(self, line: str) -> None:
        """Take one line."""
        if not self._among_packets or _PACKETS_END.fullmatch(line.rstrip()):
            self._among_packets = line.strip() == _PACKETS
            self._rest.append(line)
            return
        packet = _PACKET.match(line)
        if packet is None:
            return
        stream, time, flags = packet.groups()
        if time is None:
            self._timeless.add(int(stream))
        # Frames marked D are decoded and not shown: an edit list leaves them out.
        elif "D" not in flags:
            self._times.setdefault(int(stream), array("q")).append(int(time))
            if "K" in flags:
                self._keys.setdefault(int(stream), array("q")).append(int(time))

    def survey(self) -> Survey:
        """Return what was read, after the last line."""
        return Survey(
            info=parse_probe(json.loads("\n".join(self._rest))),
            frames={
                stream: FrameTimes(times=sorted(times), keys=sorted(self._keys.get(stream, ())))
                for stream, times in self._times.items()
                if stream not in self._timeless
            },
        )
