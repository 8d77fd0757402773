"""The ways to make renditions of one film that :mod:`benchmarks.transcode` compares."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from activities.ffmpeg.tools import choose_audio, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.media.command import MEDIA_LIMITS, written
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import MediaInfo, parse_probe
from activities.media.video_command import VideoNames, video_arguments
from activities.media.video_output import VideoOutput
from activities.transcode_asset import TranscodeAsset
from cpe.activity import Cancellation
from cpe.testing import ActivityEnvironment

_SSIM = re.compile(r"All:([\d.]+)")


class Bench:
    """One film, and the ways to make renditions of it.

    Args:
        film: The source.
        folder: Where everything is made.
        outputs: What to make, as jobs say it.
    """

    def __init__(self, film: Path, folder: Path, outputs: Sequence[Mapping[str, Any]]) -> None:
        self.folder = folder
        self.tools = find_tools(None, None)
        self.documents = [dict(output) for output in outputs]
        self.film = folder / "input"
        shutil.copyfile(film, self.film)
        parsed = parse_outputs(
            [(f"output {number}", document) for number, document in enumerate(self.documents)],
            preset_library(),
        )
        self.outputs = [output for output in parsed if isinstance(output, VideoOutput)]
        workshop = Workshop(
            tools=self.tools, directory=folder, cancellation=Cancellation(), encode_seconds=3600
        )
        self.info: MediaInfo = parse_probe(workshop.probe(self.film.name))

    def arguments(self, output: VideoOutput, file: str) -> tuple[str, ...]:
        """Return TranscodeAsset's arguments for one output by itself."""
        assert self.info.video is not None
        return video_arguments(
            output,
            self.info,
            self.info.video,
            audio=choose_audio(output.audio, self.tools),
            names=VideoNames(source=self.film.name, output=file),
        )

    def bare(self) -> None:
        """Make the first output with ffmpeg alone, as TranscodeAsset does."""
        self._ffmpeg(self.arguments(self.outputs[0], "bare"))

    def one_after_the_other(self) -> None:
        """Make each output with an ffmpeg of its own."""
        for number, output in enumerate(self.outputs):
            self._ffmpeg(self.arguments(_as_people_ask(output), f"sequence-{number}"))

    def one_ffmpeg(self) -> None:
        """Make all outputs with one ffmpeg, as people write it who know that it decodes once then."""
        self._ffmpeg(self._together("single"))

    def pieces(self, count: int) -> None:
        """Make all outputs in pieces, all at once, one thread each, and the sound beside them: no more.

        Nothing is fetched, looked at, joined or verified. So long it takes at least.
        """
        seconds = (self.info.duration or 0.0) / count
        commands = [
            self._together(
                f"piece-{number}",
                read=("-ss", f"{number * seconds:.3f}", "-t", f"{seconds:.3f}", "-threads", "1"),
                write=("-an", "-threads", "1"),
            )
            for number in range(count)
        ]
        sound = ("-v", "error", "-y", "-i", self.film.name, "-vn", "-c:a", "aac", "-b:a", "128k", "sound.mp4")
        running = [self._start(command) for command in (*commands, sound)]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit("ffmpeg failed")

    def _together(self, name: str, *, read: Sequence[str] = (), write: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the arguments that make all outputs of one decoding, with more to read and to write by."""
        head: tuple[str, ...] = ()
        tails: list[str] = []
        graph = [f"[0:v]split={len(self.outputs)}" + "".join(f"[v{n}]" for n in range(len(self.outputs)))]
        for number, output in enumerate(self.outputs):
            arguments = self.arguments(_as_people_ask(output), f"{name}-{number}")
            at = arguments.index("-filter_complex")
            head = arguments[:at]
            filters = re.sub(r"\[[^]]*\]", "", arguments[at + 1].replace(";", ","))
            graph.append(f"[v{number}]{filters}[o{number}]")
            maps = [place for place, word in enumerate(arguments) if word == "-map"]
            sound = () if "-an" in write else ("-map", "0:a")
            tails += ["-map", f"[o{number}]", *sound, *arguments[maps[-1] + 2 : -1], *write, arguments[-1]]
        source = head.index("-i")
        return (*head[:source], *read, *head[source:], "-filter_complex", ";".join(graph), *tails)

    def _ffmpeg(self, arguments: Sequence[str]) -> None:
        if self._start(arguments).wait():
            raise SystemExit("ffmpeg failed")

    def _start(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.tools.ffmpeg, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def activity(self) -> None:
        """Make all outputs with TranscodeAsset."""
        with tempfile.TemporaryDirectory(dir=self.folder) as root:
            environment = ActivityEnvironment(Path(root))
            environment.storage.put("media-in", "input", self.film)
            environment.storage.make_bucket("media-out")
            job: dict[str, Any] = {
                "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "input"},
                "output_assets": self.documents,
            }
            environment.run(TranscodeAsset(), job)
            for number, document in enumerate(self.documents):
                made = environment.storage.get("media-out", document["file"])
                (self.folder / f"activity-{number}").write_bytes(made)

    def ssim(self, file: str, output: VideoOutput) -> float:
        """Compare a rendition with the source at its size; 1 is equal."""
        assert self.info.video is not None
        width, height = output.size_for(self.info.video)
        limits = written(MEDIA_LIMITS)
        graph = f"[1:v]scale={width}:{height}[s];[0:v][s]ssim"
        arguments = (
            *("-hide_banner", "-nostdin", *limits, "-i", file),
            *(*limits, "-i", self.film.name, "-lavfi", graph, "-an", "-f", "null", "-"),
        )
        done = subprocess.run(
            [self.tools.ffmpeg, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        found = _SSIM.findall(done.stderr)
        return float(found[-1])


def _as_people_ask(output: VideoOutput) -> VideoOutput:
    """Leave to ffmpeg how its threads divide the work."""
    return replace(output, video=replace(output.video, extra=()))


def rendition(size: str, *, speed: str, bit_rate: str) -> dict[str, Any]:
    """Say a rendition as a job says it."""
    preset = {
        "size": size,
        "video_bitrate": bit_rate,
        "audio_bitrate": "128k",
        "video_codec": "libx264",
        "audio_codec": "aac",
        "video_codec_options": f"Speed:{speed}",
    }
    return {"type": "VIDEO", "bucket": "media-out", "file": f"{size}.mp4", "preset": preset}
