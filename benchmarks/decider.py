"""How fast CPE's decider is: python -m benchmarks.decider [--quick] [--json].

The first table is about the decider's own work, in this process: reading histories as long as SWF allows and
deciding on them, and loading plans. Nothing there waits, so time is CPU time, which other programs lengthen
least, and the best of some rounds. Its last lines are one job over thousands of items, by the decider as a
process on the local SWF. The second table is the decider as a process, beside garcon's and simpleflow's; see
`benchmarks.decider_rivals`.

Exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from benchmarks import decider_for_each, decider_load, decider_rivals, decider_sticky
from benchmarks.decider_histories import LONGEST, RUN_ID, WORKFLOW_ID, Recorded, chain, fan
from benchmarks.local_swf import Figure, machine, show
from cpe.decider import Execution, decide, fold_history

_LOADED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    steps: int = 800
    events: int = LONGEST
    decisions: int = 300
    rounds: int = 5
    executions: int = 20
    items: int = 5000


QUICK = Size(steps=20, events=600, decisions=20, rounds=1, executions=1, items=20)


def work(size: Size) -> Iterator[Figure]:
    """Measure decisions from scratch and sticky ones, and what is kept for the latter."""
    chained, fanned = chain(size.steps), fan(size.events)
    length = f"{len(fanned.events):,} events"
    yield _most(f"fold of {length}", _fold_seconds(fanned, size.rounds), "s", 0.25)
    what = f"decision from scratch, chain of {size.steps} ({len(chained.events):,} events)"
    yield _most(what, _decide_seconds(chained, size.rounds), "s", 0.05)
    what = f"decision from scratch, for_each ({length})"
    yield Figure(what=what, value=_decide_seconds(fanned, size.rounds), unit="s")
    sticky = decider_sticky.decisions(fanned, size.decisions)
    yield _most(f"sticky decision at {length}, median", 1000 * sticky[len(sticky) // 2], "ms", 2)
    yield Figure(what="the same, p99", value=1000 * sticky[len(sticky) * 99 // 100], unit="ms")
    for what, recorded in ((f"chain of {size.steps}", chained), (f"for_each, {length}", fanned)):
        kept = decider_sticky.bytes_kept(recorded)
        yield Figure(what=f"memory of a kept execution, {what}", value=kept / 1024, unit="KiB")


def loading() -> Iterator[Figure]:
    """Measure how long plans take to load and check."""
    for steps, seconds in decider_load.measure().items():
        what = f"load of a plan of {steps:,} steps"
        if steps == _LOADED:
            yield _most(what, seconds, "s", 1)
        else:
            yield Figure(what=what, value=seconds, unit="s")


def many(size: Size) -> Iterator[Figure]:
    """Measure one job over many items, through the local SWF."""
    carried = decider_for_each.carry(size.items)
    what = f"for_each over {carried.items:,} items, from start to close"
    yield Figure(what=what, value=carried.seconds, unit="s")
    yield Figure(what="the same, runs of the workflow", value=carried.runs, unit="")
    yield Figure(what="the same, history events", value=carried.events, unit="")
    yield Figure(what="the same, decisions", value=carried.decisions, unit="")


def _most(what: str, value: float, unit: str, most: float) -> Figure:
    return Figure(what=what, value=value, unit=unit, target=f"≤ {most:g} {unit}", met=value <= most)


def _fold(recorded: Recorded) -> Callable[[], Execution]:
    events = recorded.as_read()
    return lambda: fold_history(events, workflow_id=WORKFLOW_ID, run_id=RUN_ID)


def _fold_seconds(recorded: Recorded, rounds: int) -> float:
    return _best(_fold(recorded), rounds)


def _decide_seconds(recorded: Recorded, rounds: int) -> float:
    """Time the decision that closes the execution, the dearest: it looks at every step."""
    fold = _fold(recorded)
    now = recorded.events[-1]["eventTimestamp"]

    def decide_once() -> None:
        (closing,) = decide(recorded.plan, fold(), now=now).decisions
        assert closing["decisionType"] == "CompleteWorkflowExecution"

    return _best(decide_once, rounds)


def _best(what: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        what()
        times.append(time.thread_time() - began)
    return min(times)


def main() -> int:
    """Run the command line; status 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decider", description="Measure the decider.")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of the second table (1)")
    decider_rivals.add_only(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    figures = [*work(size), *loading(), *many(size)]
    rows = decider_rivals.compare(executions=size.executions, rounds=options.rounds, only=options.only)
    if options.json:
        document = {
            "machine": machine(),
            "figures": [asdict(figure) for figure in figures],
            "deciders": decider_rivals.as_json(rows),
        }
        print(json.dumps(document, indent=2))
    else:
        show(figures)
        decider_rivals.show(rows)
    met = all(figure.met is not False for figure in figures)
    return 0 if met or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
