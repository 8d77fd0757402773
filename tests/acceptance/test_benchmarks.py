"""The benchmark of the local SWF runs; what it measures in a hurry says little and is not judged."""

from __future__ import annotations

import json

from tests.acceptance.stack import REPOSITORY, run_python


def test_the_benchmark_of_the_local_swf_runs() -> None:
    done = run_python("-m", "benchmarks.local_swf", "--quick", "--json", cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["machine"]["moto"]
    assert len(told["figures"]) == 15
    assert all(figure["value"] > 0 for figure in told["figures"])
