"""The benchmarks run; what they measure in a hurry says little and is not judged."""

from __future__ import annotations

import json
from pathlib import Path

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
