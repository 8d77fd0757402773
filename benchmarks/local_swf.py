"""How fast the local SWF is, beside moto's: python -m benchmarks.local_swf [--quick] [--json].

Each server is a process of its own; four more poll it, and a fifth starts the workflows. All of them use one
and the same small client for both servers (`benchmarks.swf_client`), so that the servers are measured and not
botocore. A rate is whole lives per second (start, two decisions, one activity: seven calls), from the first
start to the last close, after a few lives to warm up. Exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.swf_client import SwfClient
from benchmarks.swf_latency import latencies
from benchmarks.swf_load import furnish, lives
from benchmarks.swf_paging import read_long_history
from benchmarks.swf_servers import motos, ours

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    few: int = 100
    some: int = 600
    many: int = 10_000
    rounds: int = 3
    warm_up: int = 20
    pollers: int = 50
    samples: int = 1000
    closed: int = 100_000
    events: int = 25_000


QUICK = Size(few=5, some=8, many=20, rounds=1, warm_up=2, pollers=5, samples=20, closed=50, events=1500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; `target` and `met` are None where there is none."""

    what: str
    value: float
    unit: str
    target: str | None = None
    met: bool | None = None


def rate(server: AbstractContextManager[str], size: Size, count: int, *, tolerant: bool = False) -> float:
    """Run a server and tell how many lives a second it carries; a tolerated one may refuse calls."""
    with server as endpoint:
        client = SwfClient(endpoint)
        for domain, lifes in (("warm-up", size.warm_up), ("load", count)):
            furnish(client, domain)
            done = lives(endpoint, domain, lifes)
            if done.refused and not tolerant:
                raise SystemExit(f"{done.refused} calls were refused")
    return count / done.seconds


def rates(size: Size) -> Iterator[Figure]:
    """Measure both servers, by turns with and without the journal."""
    moto = rate(motos(), size, size.some, tolerant=True)
    few = statistics.median(rate(ours(), size, size.few) for _ in range(size.rounds))
    plain, journaled = [], []
    for _ in range(size.rounds):
        plain.append(rate(ours(), size, size.some))
        with tempfile.TemporaryDirectory() as folder:
            journaled.append(rate(ours(Path(folder) / "data"), size, size.some))
    some, kept = statistics.median(plain), statistics.median(journaled)
    many = rate(ours(), size, size.many)
    yield Figure(what=f"moto, {size.some} workflows", value=moto, unit="/s")
    yield Figure(what=f"{size.few} workflows", value=few, unit="/s")
    yield Figure(what=f"{size.some} workflows", value=some, unit="/s")
    yield Figure(what=f"{size.many} workflows", value=many, unit="/s")
    yield Figure(what=f"{size.some} workflows, with a journal", value=kept, unit="/s")
    yield _ratio(f"rate at {size.some} over moto's", some / moto, 20)
    yield _ratio(f"rate at {size.many} over that at {size.few}", many / few, 0.8)
    yield _ratio("rate with a journal over that without", kept / some, 0.5)


def waits(size: Size) -> Iterator[Figure]:
    """Measure how soon a poll that waits is answered."""
    with ours() as endpoint:
        found = latencies(endpoint, size.pollers, size.samples)
    for percent, most in ((50, 3), (99, 20)):
        value = 1000 * found[min(len(found) - 1, len(found) * percent // 100)]
        what = f"task to answered poll, p{percent}, {size.pollers} polls waiting"
        yield Figure(what=what, value=value, unit="ms", target=f"≤ {most} ms", met=value <= most)


def memory(size: Size) -> Iterator[Figure]:
    """Measure what closed executions take."""
    command = [sys.executable, "-m", "benchmarks.swf_memory", str(size.closed)]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert told["counted"] == size.closed
    value, what = told["rss_after"] / GIB, f"memory with {size.closed} closed executions"
    yield Figure(what=what, value=value, unit="GiB", target="≤ 1.5 GiB", met=value <= 1.5)
    yield Figure(what="memory per closed execution", value=told["bytes_each"], unit="bytes")


def paging(size: Size) -> Iterator[Figure]:
    """Measure how long a long history takes to read, from memory and from the journal."""
    with ours() as endpoint:
        plain = read_long_history(endpoint, size.events)
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder) / "data") as endpoint:
        journaled = read_long_history(endpoint, size.events)
    for where, value in (
        ("open", plain.open),
        ("closed", plain.closed),
        ("closed, with a journal", journaled.closed),
    ):
        what = f"reading {plain.events} events, {where}"
        yield Figure(what=what, value=value, unit="s", target="≤ 1 s", met=value <= 1)


def _ratio(what: str, value: float, least: float) -> Figure:
    return Figure(what=what, value=value, unit="x", target=f"≥ {least:g} x", met=value >= least)


def machine() -> Mapping[str, Any]:
    """Tell on what this was measured."""
    return {
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / GIB),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "moto": version("moto"),
    }


def show(figures: list[Figure]) -> None:
    """Print a table."""
    table = Table("what", "measured", "target", "met")
    for figure in figures:
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        table.add_row(figure.what, f"{figure.value:.4g} {figure.unit}", figure.target or "", met)
    Console().print(table)


def main() -> int:
    """Run the command line; status 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.local_swf", description="Measure the local SWF."
    )
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    figures = [*rates(size), *waits(size), *memory(size), *paging(size)]
    if options.json:
        document = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
        print(json.dumps(document, indent=2))
    else:
        show(figures)
    met = all(figure.met is not False for figure in figures)
    return 0 if met or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
