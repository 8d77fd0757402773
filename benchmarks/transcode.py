"""How fast TranscodeAsset makes a ladder, beside others: ``python -m benchmarks.transcode [--json]``.

Four renditions of one 720p film are made by turns

- one ffmpeg for each output, one after the other, as the original did it;
- by one ffmpeg with four outputs, which decodes once;
- by TranscodeAsset, with fetching, probing, verifying and publishing; its buckets are folders.

All are given the same encoders with the same preset, rates and caps. How many threads work, and how, is
part of the way. The first two leave it to ffmpeg, as the original did and as people do; TranscodeAsset has
one thread in each segment. (A video in one piece it makes with slice threads, which give the same bytes in
every run and take longer; with them the first two would look slower than they are.) Every rendition is
compared with the source at its own size (SSIM).

*One output* is a short film made by TranscodeAsset, and by bare ffmpeg with the very same arguments: it shows
what fetching, probing, verifying and publishing add.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.machine import this_machine
from activities.media.command import MEDIA_LIMITS, written
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import MediaInfo, parse_probe
from activities.media.video_command import VideoNames, video_arguments
from activities.media.video_output import VideoOutput
from activities.sample_clip import make_clip
from activities.tools import choose_audio, find_tools
from activities.transcode_asset import TranscodeAsset
from activities.workshop import Workshop
from cpe.activity import Cancellation
from cpe.testing import ActivityEnvironment

SIZES = ("1280x720", "854x480", "640x360", "426x240")
OF_SEQUENCE, OF_ONE_FFMPEG, OF_CPU, OVER_IDEAL = 0.58, 0.76, 0.65, 1.10
SSIM_LOST, SIZE_OFF = 0.001, 0.03
ONE_FACTOR, ONE_EXTRA = 1.03, 0.3

_SSIM = re.compile(r"All:([\d.]+)")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one way: on the clock, and of all processors."""

    wall: float
    cpu: float


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
        head: tuple[str, ...] = ()
        tails: list[str] = []
        graph = [f"[0:v]split={len(self.outputs)}" + "".join(f"[v{n}]" for n in range(len(self.outputs)))]
        for number, output in enumerate(self.outputs):
            arguments = self.arguments(_as_people_ask(output), f"single-{number}")
            at = arguments.index("-filter_complex")
            head = arguments[:at]
            filters = re.sub(r"\[[^]]*\]", "", arguments[at + 1].replace(";", ","))
            graph.append(f"[v{number}]{filters}[o{number}]")
            maps = [place for place, word in enumerate(arguments) if word == "-map"]
            tails += ["-map", f"[o{number}]", "-map", "0:a", *arguments[maps[-1] + 2 :]]
        self._ffmpeg((*head, "-filter_complex", ";".join(graph), *tails))

    def _ffmpeg(self, arguments: Sequence[str]) -> None:
        subprocess.run(
            [self.tools.ffmpeg, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, check=True
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


def cost(work: Callable[[], None]) -> Cost:
    """Do work; return what it and its processes cost."""
    began, before = time.perf_counter(), _cpu()
    work()
    return Cost(time.perf_counter() - began, _cpu() - before)


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )


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


def measure_ladder(film: Path, folder: Path, *, rounds: int, speed: str) -> dict[str, Any]:
    """Make the ladder by turns, and look at the quality of the last round."""
    documents = [rendition(size, speed=speed, bit_rate="1000k") for size in SIZES]
    bench = Bench(film, folder, documents)
    ways: dict[str, Callable[[], None]] = {
        "sequence": bench.one_after_the_other,
        "one_ffmpeg": bench.one_ffmpeg,
        "activity": bench.activity,
    }
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            costs[name].append(cost(way))
    # What disturbs a run makes it longer and costlier, never less: the least of each is nearest to the truth.
    best = {
        name: Cost(wall=min(one.wall for one in taken), cpu=min(one.cpu for one in taken))
        for name, taken in costs.items()
    }
    cores = this_machine().cores
    quality: list[dict[str, Any]] = []
    for number, output in enumerate(bench.outputs):
        whole, cut = (bench.ssim(f"{way}-{number}", output) for way in ("sequence", "activity"))
        sizes = [(folder / f"{way}-{number}").stat().st_size for way in ("sequence", "activity")]
        quality.append(
            {
                "size": SIZES[number],
                "ssim_whole": whole,
                "ssim_activity": cut,
                "bytes_whole": sizes[0],
                "bytes_activity": sizes[1],
            }
        )
    activity = best["activity"]
    ratios = {
        "of_sequence": activity.wall / best["sequence"].wall,
        "of_one_ffmpeg": activity.wall / best["one_ffmpeg"].wall,
        "cpu_of_sequence": activity.cpu / best["sequence"].cpu,
        "over_ideal": activity.wall * cores / activity.cpu,
    }
    same = all(
        one["ssim_activity"] >= one["ssim_whole"] - SSIM_LOST
        and abs(one["bytes_activity"] / one["bytes_whole"] - 1) <= SIZE_OFF
        for one in quality
    )
    return {
        "cores": cores,
        "speed": speed,
        "rounds": rounds,
        "seconds": {
            name: {"wall": round(one.wall, 2), "cpu": round(one.cpu, 2)} for name, one in best.items()
        },
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "targets": {
            "of_sequence": OF_SEQUENCE,
            "of_one_ffmpeg": OF_ONE_FFMPEG,
            "cpu_of_sequence": OF_CPU,
            "over_ideal": OVER_IDEAL,
        },
        "quality": quality,
        "met": ratios["of_sequence"] <= OF_SEQUENCE
        and ratios["of_one_ffmpeg"] <= OF_ONE_FFMPEG
        and ratios["cpu_of_sequence"] <= OF_CPU
        and ratios["over_ideal"] <= OVER_IDEAL
        and same,
    }


def measure_one(film: Path, folder: Path, *, rounds: int) -> dict[str, Any]:
    """Make one output of a short film by bare ffmpeg and by the activity, by turns."""
    bench = Bench(film, folder, [rendition("640x360", speed="medium", bit_rate="800k")])
    bare, whole = [], []
    for _ in range(rounds):
        bare.append(cost(bench.bare).wall)
        whole.append(cost(bench.activity).wall)
    ffmpeg, activity = statistics.median(bare), statistics.median(whole)
    bound = ffmpeg * ONE_FACTOR + ONE_EXTRA
    return {
        "ffmpeg": round(ffmpeg, 2),
        "activity": round(activity, 2),
        "bound": round(bound, 2),
        "met": activity <= bound,
    }


def show(ladder: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    """Print tables."""
    table = Table("way", "wall s", "CPU s", title=f"four renditions, x264 {ladder['speed']}")
    for name, taken in ladder["seconds"].items():
        table.add_row(name.replace("_", " "), f"{taken['wall']}", f"{taken['cpu']}")
    ratios = Table("TranscodeAsset", "measured", "target")
    for name, value in ladder["ratios"].items():
        ratios.add_row(name.replace("_", " "), f"{value}", f"≤ {ladder['targets'][name]}")
    ratios.add_row("one output", f"{one['activity']} s", f"≤ {one['bound']} s")
    quality = Table("rendition", "SSIM whole", "SSIM activity", "bytes, activity to whole")
    for each in ladder["quality"]:
        quality.add_row(
            each["size"],
            f"{each['ssim_whole']:.4f}",
            f"{each['ssim_activity']:.4f}",
            f"{each['bytes_activity'] / each['bytes_whole']:.3f}",
        )
    console = Console()
    for each in (table, ratios, quality):
        console.print(each)


def main() -> int:
    """Run the command line; status 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcode", description=__doc__)
    parser.add_argument("--input", type=Path, help="a film (default: a generated one, 720p)")
    parser.add_argument("--seconds", type=float, default=40, help="how long the generated film is (40)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--speed", default="veryfast", help="of x264 (veryfast)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("ladder", "one"):
            (folder / part).mkdir()
        film, short = options.input or folder / "film.mp4", folder / "short.mp4"
        if options.input is None:
            make_clip(film, seconds=options.seconds)
        make_clip(short, seconds=min(options.seconds, 10))
        # The worker asks FFmpeg for its encoders once, when it starts.
        TranscodeAsset().check_worker({})
        ladder = measure_ladder(film, folder / "ladder", rounds=options.rounds, speed=options.speed)
        one = measure_one(short, folder / "one", rounds=options.rounds)
    if options.json:
        print(json.dumps({"ladder": ladder, "one": one}, indent=2))
    else:
        show(ladder, one)
    return 0 if ladder["met"] and one["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
