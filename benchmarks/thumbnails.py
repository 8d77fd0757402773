"""What thumbnails of a long film cost: ``python -m benchmarks.thumbnails [--json] [--input FILM]``.

The usual command decodes the whole film and keeps a frame now and then. TranscodeAsset seeks the frames that
it wants where that is less work. Both make the same pictures. The seconds of TranscodeAsset include fetching,
probing, reading the index of the film, verifying and publishing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.ffmpeg.tools import Tools, find_tools
from activities.sample_clip import make_clip
from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment

INTERVALS = (60, 30, 10)
_CLIP_SECONDS = 40
_SIZE = "320:-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Seconds that pictures at so long intervals took."""

    every: int
    pictures: int
    ffmpeg: float
    activity: float

    @property
    def times(self) -> float:
        """How much faster the activity was."""
        return self.ffmpeg / self.activity


def film_of(tools: Tools, clip: Path, folder: Path, minutes: float) -> Path:
    """Repeat a clip until it lasts so long; nothing is encoded."""
    film = folder / "film.mp4"
    probed = subprocess.run(
        [tools.ffprobe, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", clip],
        check=True,
        capture_output=True,
        text=True,
    )
    again = max(int(minutes * 60 / float(probed.stdout)) - 1, 0)
    repeated = ("-stream_loop", str(again), "-i", clip, "-c", "copy", "-map", "0:v", film)
    subprocess.run([tools.ffmpeg, "-nostdin", "-v", "error", *repeated], check=True)
    return film


def by_ffmpeg(tools: Tools, film: Path, folder: Path, every: int) -> float:
    """Make the pictures by the usual command; return the seconds."""
    folder.mkdir()
    picture = f"fps=1/{every}:start_time=0:round=up,scale={_SIZE}"
    began = time.perf_counter()
    subprocess.run(
        [tools.ffmpeg, "-nostdin", "-v", "error", "-i", film, "-vf", picture, folder / "%06d.jpg"],
        check=True,
    )
    return time.perf_counter() - began


def by_activity(film: Path, folder: Path, every: int) -> tuple[float, int]:
    """Make the pictures by TranscodeAsset; return the seconds, and how many there are."""
    environment = ActivityEnvironment(folder)
    for bucket in ("media-in", "media-out"):
        environment.storage.make_bucket(bucket)
    environment.storage.put("media-in", "film.mp4", film)
    output = {"type": "THUMB", "mode": "intervals", "intervals": every, "size": _SIZE}
    document: Any = {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "film.mp4"},
        "output_asset": {**output, "bucket": "media-out", "file": "t.jpg"},
    }
    began = time.perf_counter()
    environment.run(TranscodeAsset(), document)
    return time.perf_counter() - began, len(environment.storage.keys("media-out"))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--input", type=Path, help="a clip that is repeated; a made one by default")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the film")
    options = parser.parse_args()
    tools, rows = find_tools(None, None), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = options.input or folder / "clip.mp4"
        if options.input is None:
            make_clip(clip, seconds=_CLIP_SECONDS, size="1280x720")
        film = film_of(tools, clip, folder, options.minutes)
        for every in INTERVALS:
            bare = by_ffmpeg(tools, film, folder / f"ffmpeg-{every}", every)
            seconds, pictures = by_activity(film, folder / f"activity-{every}", every)
            rows.append(Row(every=every, pictures=pictures, ffmpeg=bare, activity=seconds))
    if options.json:
        print(json.dumps([asdict(row) | {"times": row.times} for row in rows], indent=2))
    else:
        table = Table("a picture every", "pictures", "FFmpeg s", "TranscodeAsset s", "times as fast")
        for row in rows:
            times = f"{row.times:.1f}"
            table.add_row(
                f"{row.every} s", str(row.pictures), f"{row.ffmpeg:.1f}", f"{row.activity:.1f}", times
            )
        Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
