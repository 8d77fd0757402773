"""CPE's decider beside garcon's and simpleflow's: python -m benchmarks.decider_rivals [--json].

All decide the same workflows of 50 activities (`benchmarks.rivals.work`), each as a process of its own,
started the way its users start it, against a new local SWF. One neutral program does the activities, this one
starts the executions, and a proxy on loopback counts what the decider receives and answers. A rate is the
decision tasks answered per second, from the first start to the last close, with all executions started at
once, after some to warm up. The rivals are installed on first use into environments of their own; one that
cannot be is left out, and the table says why.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from benchmarks.rivals.contenders import Contender, contenders
from benchmarks.rivals.environment import RivalMissingError
from benchmarks.rivals.measure import Measured, RunFailedError, measure
from benchmarks.rivals.work import ACTIVITIES, SHAPES

_COLUMNS = ("decisions /s", "CPU ms /decision", "decisions", "CPU ms", "KiB read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: either what was measured, or the reason why not."""

    workflow: str
    decider: str
    version: str
    measured: Measured | None
    missing: str | None


def compare(
    *, executions: int = 20, rounds: int = 1, warm_up: int = 2, only: Sequence[str] = ()
) -> list[Row]:
    """Measure all deciders by turns; a row holds the figures of the median round.

    Args:
        executions: Open at the same time.
        rounds: How often.
        warm_up: Executions before those.
        only: Names of deciders; all if empty.
    """
    chosen = [contender for contender in contenders() if not only or contender.name in only]
    return [row for shape in SHAPES for row in _rows(shape, chosen, executions, rounds, warm_up)]


def _rows(
    shape: str, chosen: Sequence[Contender], executions: int, rounds: int, warm_up: int
) -> Iterator[Row]:
    found: dict[str, list[Measured]] = {contender.name: [] for contender in chosen}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for contender in chosen:
            if contender.name in missing:
                continue
            try:
                found[contender.name].append(measure(contender, shape, executions, warm_up))
            except (RivalMissingError, RunFailedError) as error:
                missing[contender.name] = str(error)
    for contender in chosen:
        reason = missing.get(contender.name)
        yield Row(
            workflow=shape,
            decider=contender.name,
            version=contender.version,
            measured=None if reason else _median(found[contender.name]),
            missing=reason,
        )


def _median(rounds: Sequence[Measured]) -> Measured:
    return sorted(rounds, key=lambda measured: measured.seconds)[len(rounds) // 2]


def show(rows: Sequence[Row]) -> None:
    """Print a table for each workflow, and what is missing.

    Deciders need different numbers of decisions for one and the same workflow, so what an execution takes in
    all, in the last three columns, says more than a rate.
    """
    tables: dict[str, Table] = {}
    for workflow in {row.workflow: None for row in rows}:
        title = f"{workflow} of {ACTIVITIES}: rate, cost, and an execution's sums"
        tables[workflow] = Table(Column("decider", no_wrap=True), *_COLUMNS, title=title)
    for row in rows:
        tables[row.workflow].add_row(f"{row.decider} {row.version}", *_cells(row))
    console = Console()
    for table in tables.values():
        console.print(table)
    for row in rows:
        if row.missing:
            console.print(f"{row.decider} {row.version}, {row.workflow}: {row.missing}", markup=False)


def _cells(row: Row) -> list[str]:
    done = row.measured
    if done is None:
        return ["missing"]
    each = done.executions
    return [
        f"{done.decisions_per_second:.1f}",
        f"{1000 * done.cpu_seconds / done.decisions:.1f}",
        f"{done.decisions / each:.1f}",
        f"{1000 * done.cpu_seconds / each:.0f}",
        f"{done.history_bytes / 1024 / each:.0f}",
    ]


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Lay rows out for a program."""
    return [asdict(row) for row in rows]


def add_only(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses deciders."""
    names = [contender.name for contender in contenders()]
    parser.add_argument(
        "--only", action="append", default=[], choices=names, help="one decider of all; can be repeated"
    )


def main() -> int:
    """Run the command line; status 1 when CPE itself could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decider_rivals",
        description="Measure CPE's decider beside garcon's and simpleflow's.",
    )
    parser.add_argument("--executions", type=int, default=20, help="executions open at the same time (20)")
    parser.add_argument("--rounds", type=int, default=1, help="rounds; the median one is told (1)")
    add_only(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = compare(executions=options.executions, rounds=options.rounds, only=options.only)
    if options.json:
        print(json.dumps(as_json(rows), indent=2))
    else:
        show(rows)
    return 1 if any(row.missing and row.decider.startswith("cpe") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
