"""How long a fleet would take for one long film: ``python -m benchmarks.fleet [--json]``.

Two films, a short one and one three times as long, are split, encoded and joined on this machine by the
activities themselves. From what that took, the time of a long film is predicted for fleets of 1 to 64 workers
with one task each at a time: the parts are handed out as they come, the longest first, and no worker waits
while there is one. Splitting and joining are done by one worker, before and after.

What is assumed and not measured: that parts differ in length by as much as those here did, that every worker
is as fast as this machine's and fetches the source at the given rate.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.join_asset import JoinAsset
from activities.media.segments import DEFAULT_MOST, DEFAULT_SECONDS
from activities.sample_clip import make_clip
from activities.split_asset import SplitAsset
from activities.transcode_asset import TranscodeAsset
from activities.transcode_segment import TranscodeSegment
from benchmarks.transcode import SIZES
from benchmarks.transcode_ways import rendition
from cpe.testing import ActivityEnvironment

FLEETS = (1, 2, 4, 8, 16, 32, 64)
HOURS = 2.0
RATE = 100_000_000
"""Bytes a second at which a worker fetches the source."""

_PART = 10.0
"""Seconds of a part that is measured."""

_POLL = 0.05
"""Seconds from the end of a task to the start of the next, of `benchmarks.latency`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that something takes: what it takes in any case, and for each second of film."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, short: tuple[float, float], long: tuple[float, float]) -> Cost:
        """Tell it from two measurements: the seconds of film, and what they took.

        Example:
            >>> Cost.through((20.0, 3.0), (60.0, 5.0))
            Cost(fixed=2.0, slope=0.05)
        """
        slope = max((long[1] - short[1]) / (long[0] - short[0]), 0.0)
        return cls(max(short[1] - slope * short[0], 0.0), slope)

    def of(self, seconds: float) -> float:
        """Return the seconds for so many seconds of film."""
        return self.fixed + self.slope * seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What was measured.

    Attributes:
        split: For splitting.
        encodes: For each part, the seconds for a second of film; what does not grow with it included.
        sound: For the sound.
        join: For joining.
        size: Bytes of a second of film.
    """

    split: Cost
    encodes: tuple[float, ...]
    sound: Cost
    join: Cost
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Seconds of one film's activities."""

    split: float
    encodes: tuple[float, ...]
    sound: float
    join: float
    size: int


def measure(seconds: float, folder: Path) -> Rates:
    """Split, encode and join a film of so many seconds, and one three times as long."""
    TranscodeAsset().check_worker({})
    lengths = (seconds, 3 * seconds)
    short, long = (run(length, folder / f"{length:g}") for length in lengths)

    def cost(part: str) -> Cost:
        return Cost.through((lengths[0], getattr(short, part)), (lengths[1], getattr(long, part)))

    return Rates(
        split=cost("split"),
        encodes=(*short.encodes, *long.encodes),
        sound=cost("sound"),
        join=cost("join"),
        size=long.size / lengths[1],
    )


def run(seconds: float, folder: Path) -> Run:
    """Split, encode and join one film."""
    folder.mkdir()
    film = folder / "film.mp4"
    make_clip(film, seconds=seconds)
    environment = ActivityEnvironment(folder / "buckets")
    environment.storage.put("media-in", "input", film)
    environment.storage.make_bucket("media-out")
    outputs = [rendition(size, speed="veryfast", bit_rate="1000k") for size in SIZES]
    asset = {"input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "input"}}
    job: dict[str, Any] = {**asset, "output_assets": outputs, "segment_seconds": _PART}
    split = environment.run(SplitAsset(), job)
    encodes, sound = [], 0.0
    shared = {**asset, "output_assets": split["outputs"], "split": split["split"]}
    for part in split["parts"]:
        took = sum(environment.run(TranscodeSegment(), {**shared, "part": part})["timing"].values())
        if "segment" in part:
            encodes.append(took / _PART)
        else:
            sound = took
    joined = environment.run(JoinAsset(), {**shared, "parts": split["parts"]})
    return Run(
        split=sum(split["timing"].values()),
        encodes=tuple(encodes),
        sound=sound,
        join=sum(joined["timing"].values()),
        size=film.stat().st_size,
    )


def predict(rates: Rates, *, seconds: float, workers: int, fetch_rate: float = RATE) -> float:
    """Predict the seconds that a fleet takes for a film.

    Example:
        >>> none = Cost(0.0, 0.0)
        >>> rates = Rates(split=none, encodes=(1.0,), sound=none, join=none, size=0.0)
        >>> round(predict(rates, seconds=1200, workers=4) / predict(rates, seconds=1200, workers=1), 2)
        0.25
    """
    fetch = rates.size * seconds / fetch_rate
    count = min(max(int(seconds / DEFAULT_SECONDS), 1), DEFAULT_MOST)
    cycle = itertools.cycle(rates.encodes)
    parts = [next(cycle) * seconds / count for _ in range(count)]
    tasks = [fetch + _POLL + took for took in (rates.sound.of(seconds), *parts)]
    before, after = fetch + rates.split.of(seconds), rates.join.of(seconds)
    return before + max(schedule(tasks, workers)) + after + 2 * _POLL


def schedule(tasks: Sequence[float], workers: int) -> Iterator[float]:
    """Give tasks to workers, the longest first, each to the one that is free first; yield when each ends.

    Example:
        >>> max(schedule([3.0, 2.0, 2.0, 1.0], 2))
        4.0
    """
    free = [0.0] * workers
    for task in sorted(tasks, reverse=True):
        end = heapq.heappop(free) + task
        heapq.heappush(free, end)
        yield end


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of the shorter film that is measured (20)")
    parser.add_argument("--hours", type=float, default=HOURS, help="of the film that is predicted (2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rates = measure(options.seconds, Path(name))
    seconds = options.hours * 3600
    alone = predict(rates, seconds=seconds, workers=1)
    rows: list[dict[str, Any]] = []
    for workers in FLEETS:
        took = predict(rates, seconds=seconds, workers=workers)
        rows.append({"workers": workers, "seconds": round(took), "speed_up": round(alone / took, 1)})
    encode = statistics.mean(rates.encodes)
    if options.json:
        print(json.dumps({"hours": options.hours, "encode": round(encode, 3), "fleets": rows}, indent=2))
    else:
        table = Table(
            "workers", "minutes", "times as fast", title=f"a film of {options.hours:g} h, predicted"
        )
        for row in rows:
            table.add_row(str(row["workers"]), f"{row['seconds'] / 60:.1f}", f"{row['speed_up']}")
        Console().print(table)
        print(f"measured here: {encode:.3f} s of encoding for a second of film")
    return 0


if __name__ == "__main__":
    sys.exit(main())
