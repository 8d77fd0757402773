"""How long a fleet would take for one long film: ``python -m benchmarks.fleet [--json]``.

Two films, one three times as long as the other, are split on this machine, their sounds are encoded and their
parts joined, by the activities themselves. Some segments are encoded: the picture comes again after each, so
that these stand for the others in the join. From what that took, in any case and for each second of film, and
from the bytes that went to and from the buckets, the time of a long film is predicted for fleets of 1 to 64
workers with one task each at a time: the parts are handed out as they come, the longest first, and no worker
waits while there is one. Splitting and joining are done by one worker, before and after. What a fleet waits
for is told by its parts: splitting, the parts until the last is made, and joining.

What is assumed and not measured: that parts differ in length by as much as those here did, that every worker
is as fast as this machine and has a network of the given rate to itself, and that a task comes to a worker in
the time that :mod:`benchmarks.latency` measures.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.join_asset import JoinAsset
from activities.media.segments import default_segments
from activities.split_asset import SplitAsset
from activities.transcode_asset import TranscodeAsset
from activities.transcode_segment import TranscodeSegment
from benchmarks.fleet_film import SCENE, MeteredStorage, make_film, make_scene
from benchmarks.transcode import SIZES
from benchmarks.transcode_ways import rendition
from cpe.activity import Activity
from cpe.testing import ActivityEnvironment

FLEETS = (1, 2, 4, 8, 16, 32, 64)
HOURS = 2.0
RATE = 100_000_000
"""Bytes a second between a worker and the buckets."""

_POLL = 0.05
"""Seconds from the end of a task to the start of the next, of `benchmarks.latency`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What something takes: in any case, and for each second of film."""

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
        """Return what so many seconds of film take."""
        return self.fixed + self.slope * seconds


@dataclass(frozen=True, slots=True)
class Task:
    """What a task took: seconds of work, and bytes to and from the buckets."""

    seconds: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCost:
    """What a task takes of any film: seconds of work, and bytes to and from the buckets."""

    work: Cost
    size: Cost

    @classmethod
    def through(cls, short: tuple[float, Task], long: tuple[float, Task]) -> TaskCost:
        """Tell it from the same task of two films: the seconds of each, and what it took."""
        (first, one), (second, other) = short, long
        return cls(
            work=Cost.through((first, one.seconds), (second, other.seconds)),
            size=Cost.through((first, one.size), (second, other.size)),
        )

    def of(self, film: float, rate: float) -> float:
        """Return the seconds for so many seconds of film, at a rate of so many bytes a second."""
        return self.work.of(film) + self.size.of(film) / rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What was measured.

    Attributes:
        split: For splitting.
        segments: For each segment that was encoded, what a second of it took.
        sound: For the sound.
        join: For joining.
    """

    split: TaskCost
    segments: Sequence[Task]
    sound: TaskCost
    join: TaskCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one film's activities took; `segments` those that were encoded, for a second of film."""

    split: Task
    segments: Sequence[Task]
    sound: Task
    join: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a fleet waits for, in seconds."""

    split: float
    sound: float
    parts: float
    join: float

    @property
    def whole(self) -> float:
        """Seconds from start to end."""
        return self.split + self.parts + self.join


def measure(seconds: int, folder: Path) -> Rates:
    """Split, encode and join a film of so many seconds, and one three times as long."""
    TranscodeAsset().check_worker({})
    make_scene(folder / "scene")
    films = (seconds, 3 * seconds)
    short, long = (run(film, folder) for film in films)

    def cost(part: str) -> TaskCost:
        return TaskCost.through((films[0], getattr(short, part)), (films[1], getattr(long, part)))

    return Rates(
        split=cost("split"),
        segments=(*short.segments, *long.segments),
        sound=cost("sound"),
        join=cost("join"),
    )


def run(seconds: int, folder: Path) -> Run:
    """Split and join one film, and encode its sound and three of its segments."""
    environment = ActivityEnvironment(folder / f"{seconds}")
    environment.storage = storage = MeteredStorage(folder / f"{seconds}" / "metered")
    make_film(folder / "film", folder / "scene", seconds)
    storage.put("media-in", "film", folder / "film")
    storage.make_bucket("media-out")

    def timed(activity: Activity, job: dict[str, Any]) -> tuple[dict[str, Any], Task]:
        with storage.metered() as traffic:
            start = time.monotonic()
            result: dict[str, Any] = environment.run(activity, job)
            return result, Task(time.monotonic() - start, traffic.size)

    asset = {"input_asset": {"type": "VIDEO", "bucket": "media-in", "file": "film"}}
    outputs = [rendition(size, speed="veryfast", bit_rate="1000k") for size in SIZES]
    split, splitting = timed(SplitAsset(), {**asset, "output_assets": outputs, "segment_seconds": SCENE})
    shared = {**asset, "output_assets": split["outputs"], "split": split["split"]}
    sound, *parts = split["parts"]
    _, hearing = timed(TranscodeSegment(), {**shared, "part": sound})
    segments = []
    for part in (parts[0], parts[1], parts[-1]):
        _, took = timed(TranscodeSegment(), {**shared, "part": part})
        segments.append(Task(took.seconds / SCENE, took.size / SCENE))
    places = f"{split['split']['folder']}/segment-{{:04d}}/output-{{}}"
    for number, output in itertools.product(range(2, len(parts) - 1), range(len(outputs))):
        content = storage.get("media-out", places.format(1, output))
        storage.put("media-out", places.format(number, output), content)
    _, joining = timed(JoinAsset(), {**shared, "parts": split["parts"]})
    return Run(split=splitting, segments=segments, sound=hearing, join=joining)


def predict(rates: Rates, *, seconds: float, workers: int, rate: float = RATE) -> Waiting:
    """Predict what a fleet waits for with a film.

    Example:
        >>> free = TaskCost(work=Cost(0.0, 0.0), size=Cost(0.0, 0.0))
        >>> rates = Rates(split=free, segments=[Task(1.0, 0.0)], sound=free, join=free)
        >>> one, four = (predict(rates, seconds=1200, workers=workers).whole for workers in (1, 4))
        >>> round(four / one, 2)
        0.25
    """
    count = default_segments(Fraction(seconds))
    cycle = itertools.cycle(rates.segments)
    each = [next(cycle) for _ in range(count)]
    segments = [(one.seconds + one.size / rate) * seconds / count for one in each]
    sound = rates.sound.of(seconds, rate)
    return Waiting(
        split=_POLL + rates.split.of(seconds, rate),
        sound=sound,
        parts=max(schedule([_POLL + task for task in (sound, *segments)], workers)),
        join=_POLL + rates.join.of(seconds, rate),
    )


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
    parser.add_argument(
        "--seconds", type=int, default=300, help=f"of the shorter film, a multiple of {SCENE} (300)"
    )
    parser.add_argument("--hours", type=float, default=HOURS, help="of the film that is predicted (2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.seconds % SCENE or options.seconds < 3 * SCENE:
        parser.error(f"--seconds must be a multiple of {SCENE}, at least {3 * SCENE}")
    with tempfile.TemporaryDirectory() as name:
        rates = measure(options.seconds, Path(name))
    told = report(rates, hours=options.hours)
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        show(told)
    return 0


def report(rates: Rates, *, hours: float) -> dict[str, Any]:
    """Tell what was measured and what follows from it."""
    seconds = hours * 3600
    alone = predict(rates, seconds=seconds, workers=1).whole
    paths = [(workers, predict(rates, seconds=seconds, workers=workers)) for workers in FLEETS]
    return {
        "hours": hours,
        "segments": default_segments(Fraction(seconds)),
        "encode": round(statistics.mean(one.seconds for one in rates.segments), 3),
        "costs": {
            task: {
                "fixed_seconds": round(cost.work.fixed, 3),
                "seconds_of_a_second": round(cost.work.slope, 5),
                "fixed_bytes": round(cost.size.fixed),
                "bytes_of_a_second": round(cost.size.slope),
            }
            for task, cost in (("split", rates.split), ("sound", rates.sound), ("join", rates.join))
        },
        "fleets": [
            {
                "workers": workers,
                "seconds": round(path.whole),
                "speed_up": round(alone / path.whole, 1),
                "waits_for": {part: round(spent, 1) for part, spent in asdict(path).items()},
            }
            for workers, path in paths
        ],
    }


def show(told: dict[str, Any]) -> None:
    """Print tables."""
    console = Console()
    costs = Table("task", "s in any case", "s a minute of film", "MB in any case", "MB a minute of film")
    for task, cost in told["costs"].items():
        costs.add_row(
            task,
            f"{cost['fixed_seconds']:.2f}",
            f"{60 * cost['seconds_of_a_second']:.3f}",
            f"{cost['fixed_bytes'] / 1e6:.1f}",
            f"{60 * cost['bytes_of_a_second'] / 1e6:.1f}",
        )
    console.print(costs)
    print(f"measured here: {told['encode']:.3f} s of encoding for a second of film")
    title = f"a film of {told['hours']:g} h in {told['segments']} segments, predicted; seconds"
    table = Table("workers", "in all", "times as fast", "split", "parts", "sound alone", "join", title=title)
    for row in told["fleets"]:
        waits = row["waits_for"]
        table.add_row(
            *(f"{row['workers']}", f"{row['seconds']}", f"{row['speed_up']}"),
            *(f"{waits[part]:.0f}" for part in ("split", "parts", "sound", "join")),
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
