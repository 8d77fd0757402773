"""FFmpeg and FFprobe at work in one task's scratch directory."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activities.ffmpeg.tools import Tools
from activities.media import command, fragment_command
from activities.media.progress import Progress, ProgressParser
from activities.media.survey import FrameTimes, Survey, SurveyReader
from activities.sandbox import ffmpeg
from activities.sandbox.limits import Limits
from cpe.activity import Cancellation

PROBE_SECONDS = 120.0
"""Time limit of a run that only looks at a file."""

_NO_SEEKING = "Could not seek to position"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketPlace:
    """Where a packet lies in a file.

    Attributes:
        time: When its frame is shown, in ticks.
        start: The place of its first byte.
        size: Its bytes.
        key: Whether decoding can start with it.
        shown: Whether its frame is shown; an edit list leaves some out.
    """

    time: int
    start: int
    size: int
    key: bool
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The tools, bound to a directory and to what stops the task.

    Attributes:
        tools: The programs.
        directory: Where they run; all file names are relative to it.
        cancellation: Stops what runs.
        encode_seconds: Time limit of a run that makes an output.
        limits: What a run may use.
    """

    tools: Tools
    directory: Path
    cancellation: Cancellation
    encode_seconds: float
    limits: Limits = field(default_factory=Limits)

    def probe(self, file: str) -> Mapping[str, Any]:
        """Return FFprobe's JSON about a file."""
        document: Mapping[str, Any] = json.loads(self._look(command.probe_arguments(file)))
        return document

    def last_packet_end(self, file: str, start: float) -> float:
        """Return the time at which the last packet at or after `start` seconds ends; 0 when there is none."""
        ends = [0.0]
        for line in self._tail(file, start).splitlines():
            _, time, duration, *_ = [*line.split(","), "", ""]
            if _is_number(time):
                ends.append(float(time) + (float(duration) if _is_number(duration) else 0))
        return max(ends)

    def frame_times(self, file: str, stream: int, *, indexed: bool = False) -> FrameTimes | None:
        """Return when the frames of a stream are shown, in ticks of its clock; None if some have no time.

        With `indexed` that is what the file's index says, and the packets need not be there.
        """
        times, keys = array("q"), array("q")
        timeless = False

        def on_line(line: str) -> None:
            nonlocal timeless
            time, flags, *_ = [*line.split(","), ""]
            if _is_number(time):
                # Frames marked D are decoded and not shown: an edit list leaves them out.
                if "D" not in flags:
                    times.append(int(time))
                    keys.extend([int(time)] if "K" in flags else [])
            elif line:
                timeless = True

        self._follow(self.tools.ffprobe, command.frames_arguments(file, stream, indexed=indexed), on_line)
        return None if timeless else FrameTimes(times=sorted(times), keys=sorted(keys))

    def packet_places(self, file: str, stream: int, *, begin: float, end: float) -> list[PacketPlace] | None:
        """Return where packets of a stream lie, as they are decoded; None if the file does not tell.

        They are those from the key frame on or before `begin` to the first that is shown at or after `end`,
        in seconds by the file's own clock.
        """
        places: list[PacketPlace] = []
        unknown = False

        def on_line(line: str) -> None:
            nonlocal unknown
            time, size, place, flags, *_ = [*line.split(","), "", "", "", ""]
            if all(map(_is_number, (time, size, place))):
                places.append(
                    PacketPlace(
                        time=int(time),
                        start=int(place),
                        size=int(size),
                        key="K" in flags,
                        shown="D" not in flags,
                    )
                )
            elif line:
                unknown = True

        self._follow(
            self.tools.ffprobe, command.places_arguments(file, stream, begin=begin, end=end), on_line
        )
        return None if unknown else places

    def survey(self, file: str) -> Survey:
        """Read a file from end to end; return its streams and the times of their frames."""
        reader = SurveyReader()
        self._follow(self.tools.ffprobe, command.survey_arguments(file), reader.feed)
        return reader.survey()

    def samples(self, file: str, stream: int, times: Sequence[float]) -> bool:
        """Tell whether the key frame on or before each of the times can be decoded.

        No tells nothing: a seek in a file without an index lands between key frames. :meth:`decodes` costs
        more, and goes on until there is a frame.

        Args:
            file: The file.
            stream: FFmpeg's number of the stream.
            times: Seconds by the file's own clock.
        """
        printed = self._printed(self.tools.ffprobe, command.sample_arguments(file, stream, times))
        return printed.count("frame,") >= len(times)

    def decodes(self, file: str, stream: int, times: Sequence[float]) -> bool:
        """Tell whether a frame of the stream can be decoded at each of the times, in seconds."""
        printed = self._printed(self.tools.ffmpeg, command.decode_arguments(file, stream, times))
        return len(_frames(printed)) >= len(times)

    def decodes_each(self, files: Sequence[str]) -> bool:
        """Tell whether the first frame of each of these files, of one stream each, can be decoded."""
        printed = self._run(self.tools.ffmpeg, fragment_command.sample_arguments(files), PROBE_SECONDS)
        return len(_frames(printed)) >= len(files)

    def encode(
        self, arguments: Sequence[str], *, duration: float | None, report: Callable[[Progress], None]
    ) -> None:
        """Run FFmpeg to make an output, reporting each progress it prints."""
        parser = ProgressParser(duration)

        def on_line(line: str) -> None:
            progress = parser.feed(line)
            if progress is not None:
                report(progress)

        self.follow(arguments, on_line)

    def follow(self, arguments: Sequence[str], on_line: Callable[[str], None]) -> None:
        """Run FFmpeg over a whole input for what it prints; `on_line` takes each line."""
        self._follow(self.tools.ffmpeg, arguments, on_line)

    def _follow(self, program: Path, arguments: Sequence[str], on_line: Callable[[str], None]) -> None:
        ffmpeg.run(
            program,
            arguments,
            directory=self.directory,
            cancellation=self.cancellation,
            time_limit=self.encode_seconds,
            limits=self.limits,
            on_line=on_line,
        )

    def _tail(self, file: str, start: float) -> str:
        try:
            return self._look(command.tail_arguments(file, start))
        except ffmpeg.FFmpegError as error:
            if start <= 0 or _NO_SEEKING not in error.tail:
                raise
            return self._look(command.tail_arguments(file, 0))

    def _printed(self, program: Path, arguments: Sequence[str]) -> str:
        """Return what a program printed that looks at a file; nothing when it fails on it."""
        try:
            return self._run(program, arguments, PROBE_SECONDS)
        except ffmpeg.FFmpegError as error:
            if error.code != ffmpeg.FFmpegError.default_code:
                raise
            return ""

    def _look(self, arguments: Sequence[str]) -> str:
        return self._run(self.tools.ffprobe, arguments, PROBE_SECONDS)

    def _run(self, program: Path, arguments: Sequence[str], seconds: float) -> str:
        return ffmpeg.run(
            program,
            arguments,
            directory=self.directory,
            cancellation=self.cancellation,
            time_limit=seconds,
            limits=self.limits,
        )


def _frames(printed: str) -> list[str]:
    """Return what FFmpeg printed of each frame that it decoded."""
    return [line for line in printed.splitlines() if line and not line.startswith("#")]


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").replace(".", "", 1).isdecimal()
