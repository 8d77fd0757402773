"""How much TranscodeAsset adds to FFmpeg: ``python -m benchmarks.transcode_overhead [--json]``.

One video is made of one input, by turns with TranscodeAsset and with bare FFmpeg given the very same
arguments, in one run on one machine. The activity's time holds fetching, probing, verifying and publishing
too, with buckets that are folders. The bound is 1.05 times bare FFmpeg plus half a second.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.ffmpeg.tools import choose_audio, find_tools
from activities.ffmpeg.workshop import Workshop
from activities.media.outputs import parse_outputs
from activities.media.presets import preset_library
from activities.media.probe import parse_probe
from activities.media.video_command import VideoNames, video_arguments
from activities.media.video_output import VideoOutput
from activities.sample_clip import make_clip
from activities.transcode_asset import TranscodeAsset
from cpe.activity import Cancellation
from cpe.testing import ActivityEnvironment

FACTOR, EXTRA_SECONDS = 1.05, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Seconds of one round: FFmpeg alone, the activity, and the activity's parts."""

    bare: float
    activity: float
    parts: Mapping[str, float]


def bare_arguments(source: Path, output: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that TranscodeAsset gives FFmpeg for this output."""
    tools = find_tools(None, None)
    workshop = Workshop(
        tools=tools, directory=source.parent, cancellation=Cancellation(), encode_seconds=3600
    )
    info = parse_probe(workshop.probe(source.name))
    (wanted,) = parse_outputs([("output", output)], preset_library())
    assert isinstance(wanted, VideoOutput)
    assert info.video is not None
    names = VideoNames(source=source.name, output="output-0")
    return video_arguments(wanted, info, info.video, audio=choose_audio(wanted.audio, tools), names=names)


def measure(source: Path, preset: str, rounds: int, folder: Path) -> list[Round]:
    """Run both ways by turns."""
    output = {"type": "VIDEO", "bucket": "media-out", "file": "out.mp4", "preset": preset}
    shutil.copyfile(source, folder / "input")
    command = [str(find_tools(None, None).ffmpeg), *bare_arguments(folder / "input", output)]
    environment = ActivityEnvironment(folder / "activity")
    environment.storage.put("media-in", "input", source)
    environment.storage.make_bucket("media-out")
    job = {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "input"},
        "output_asset": output,
    }
    # The worker asks FFmpeg for its encoders once, when it starts.
    TranscodeAsset().check_worker({})
    measured = []
    for _ in range(rounds):
        started = time.monotonic()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        between = time.monotonic()
        result = environment.run(TranscodeAsset(), job)
        measured.append(
            Round(bare=between - started, activity=time.monotonic() - between, parts=result["timing"])
        )
        made = environment.storage.get("media-out", "out.mp4")
        assert made == (folder / "output-0").read_bytes(), "both ways must make the same file"
    return measured


def report(rounds: Sequence[Round], *, as_json: bool) -> bool:
    """Print the rounds; return whether the median keeps the bound."""
    bare = statistics.median(one.bare for one in rounds)
    activity = statistics.median(one.activity for one in rounds)
    bound = bare * FACTOR + EXTRA_SECONDS
    if as_json:
        document = {
            "rounds": [asdict(one) for one in rounds],
            "median": {"bare": bare, "activity": activity},
            "bound": bound,
            "kept": activity <= bound,
        }
        print(json.dumps(document, indent=2))
        return activity <= bound
    table = Table(title="TranscodeAsset and bare FFmpeg, seconds", caption=f"bound {bound:.2f} s")
    parts = list(rounds[0].parts)
    for heading in ("round", "bare", "activity", "added", *parts):
        table.add_column(heading, justify="right")
    for number, one in enumerate(rounds, start=1):
        seconds = (one.bare, one.activity, one.activity - one.bare, *(one.parts[part] for part in parts))
        table.add_row(str(number), *(f"{value:.2f}" for value in seconds))
    table.add_row("median", f"{bare:.2f}", f"{activity:.2f}", f"{activity - bare:.2f}", style="bold")
    Console().print(table)
    return activity <= bound


def main() -> int:
    """Run the command line; status 1 when the bound is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcode_overhead", description=__doc__)
    parser.add_argument("--input", type=Path, help="a video (default: a generated one of ten seconds, 720p)")
    parser.add_argument("--preset", default="360p-16.9-generic")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.input
        if source is None:
            source = folder / "clip.mp4"
            make_clip(source)
        rounds = measure(source, options.preset, options.rounds, folder)
    return 0 if report(rounds, as_json=options.json) else 1


if __name__ == "__main__":
    sys.exit(main())
