"""The benchmarks run; what they measure in a hurry says little and is not judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.acceptance.stack import REPOSITORY, run_python


def test_the_benchmark_of_the_local_swf_runs() -> None:
    done = run_python("-m", "benchmarks.local_swf", "--quick", "--json", cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["machine"]["moto"]
    assert len(told["figures"]) == 15
    assert all(figure["value"] > 0 for figure in told["figures"])


def test_the_benchmark_of_the_decider_runs_and_goes_on_without_a_rival(tmp_path: Path) -> None:
    done = run_python(
        *("-m", "benchmarks.decider", "--quick", "--json", "--only", "cpe", "--only", "garcon"),
        cwd=REPOSITORY,
        # No index to install from, and nothing installed before.
        PIP_NO_INDEX="1",
        XDG_CACHE_HOME=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert all(figure["value"] > 0 for figure in told["figures"])
    rows = {(row["workflow"], row["decider"]): row for row in told["deciders"]}
    assert len(rows) == 4
    for workflow in ("chain", "fan-out"):
        assert rows[workflow, "cpe"]["measured"]["decisions"] > 3
        assert rows[workflow, "cpe"]["measured"]["history_bytes"] > 10_000
        assert rows[workflow, "garcon"]["measured"] is None
        assert rows[workflow, "garcon"]["missing"].startswith("garcon 1.1.1 could not be installed: ")


def test_the_benchmark_of_the_input_poller_and_the_tracker_runs() -> None:
    little = ("--commands", "20", "--rounds", "1", "--events", "400")
    told = commands_told("--only", "poller", "--only", "tracker", *little)
    assert told["input_poller"]["commands_per_second"] > 0
    assert told["waiting"]["alone_seconds"] > 0
    assert told["tracker"]["events_per_second"] > 0


def test_the_benchmark_of_the_command_line_runs() -> None:
    told = commands_told("--only", "cli", "--cli-rounds", "1")
    rows = {row["command"]: row for row in told["command_line"]["commands"]}
    assert len(rows) == 30
    assert rows["python -c pass"]["target"] is None
    assert rows["cpe job list"]["target"] == 0.7
    assert all(row["seconds"] >= row["least_seconds"] > 0 for row in rows.values())


def commands_told(*options: str) -> dict[str, Any]:
    """Run the benchmark of commands; tell what it prints."""
    done = run_python("-m", "benchmarks.commands", "--json", *options, cwd=REPOSITORY)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["met"] == (done.returncode == 0)
    return told
