"""What HLS and DASH add to a ladder: ``python -m benchmarks.packaging [--json] [--seconds 40]``.

TranscodeAsset makes four renditions of a 720p film and their segments and playlists. Its own clock tells how
long it encoded, and how long it packaged: copied the tracks, cut them, wrote playlists, verified all of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.sample_clip import make_clip
from activities.transcode_asset import TranscodeAsset
from cpe.testing import ActivityEnvironment

SIZES = {"1280x720": "2400k", "854x480": "1200k", "640x360": "720k", "426x240": "400k"}
ADDED = 0.05

_KINDS: Mapping[str, Mapping[str, Any]] = {
    "HLS and DASH": {},
    "HLS, playlists of key frames": {"formats": ["hls"], "iframes": True},
    "HLS, AES-128": {"encryption": "AES-128"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Seconds of making a ladder, and of packaging it."""

    kind: str
    ladder: float
    packaging: float

    @property
    def added(self) -> float:
        """What packaging adds, as a share."""
        return self.packaging / self.ladder


def measure(film: Path, folder: Path, keys: Mapping[str, Any]) -> Mapping[str, float]:
    """Make a ladder; return the seconds of each part of the work."""
    environment = ActivityEnvironment(folder)
    for bucket in ("media-in", "media-out"):
        environment.storage.make_bucket(bucket)
    environment.storage.put("media-in", "film.mp4", film)
    preset = {"video_codec": "libx264", "audio_codec": "aac", "audio_bitrate": "128k"}
    document: Any = {
        "input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "film.mp4"},
        "output_asset": {
            "type": "PLAYLIST",
            "bucket": "media-out",
            "file": "out/film.m3u8",
            **keys,
            "renditions": [
                {"preset": {**preset, "size": size, "video_bitrate": rate}} for size, rate in SIZES.items()
            ],
        },
    }
    result: Any = environment.run(TranscodeAsset(), document)
    timing: Mapping[str, float] = result["timing"]
    return timing


def main() -> int:
    """Measure, print, and tell by the status whether packaging costs what it may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the film")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is made; medians count")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        film = Path(name, "film.mp4")
        make_clip(film, seconds=options.seconds, size="1280x720")
        for kind, keys in _KINDS.items():
            runs = [measure(film, Path(name, f"{kind}-{number}"), keys) for number in range(options.rounds)]
            made = statistics.median(run["encode"] + run["verify"] for run in runs)
            packaged = statistics.median(run["package"] for run in runs)
            rows.append(Row(kind=kind, ladder=made, packaging=packaged))
    if options.json:
        print(json.dumps([asdict(row) | {"added": row.added} for row in rows], indent=2))
    else:
        table = Table("", "ladder s", "packaging s", "added", f"at most {ADDED:.0%}")
        for row in rows:
            within = "yes" if row.added <= ADDED else "no"
            table.add_row(row.kind, f"{row.ladder:.2f}", f"{row.packaging:.2f}", f"{row.added:.1%}", within)
        Console().print(table)
    return 0 if all(row.added <= ADDED for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
