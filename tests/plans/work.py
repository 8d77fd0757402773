"""An activity for tests of plans."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityError

LONGEST = 120.0
"""Seconds that a task runs at most, whatever it waits for."""


class Work(Activity):
    """Does what its input says.

    ==============  ==========================================================
    ``fail``        fails with that code
    ``fail_times``  fails so many times with NOT_YET, then succeeds
    ``for_ever``    runs until it is stopped
    ``until``       runs until there is a file of that name, or it is stopped
    ``characters``  returns a value of so many
    ``value``       returns it
    ==============  ==========================================================
    """

    def run(self, context: ActivityContext) -> JsonValue:
        what = context.input
        if "fail" in what:
            raise ActivityError("as asked", code=what["fail"])
        if _tries(context) <= what.get("fail_times", 0):
            raise ActivityError("not yet", code="NOT_YET")
        if "for_ever" in what or "until" in what:
            _wait(context, what.get("until"))
        if "characters" in what:
            return {"value": "x" * what["characters"]}
        return {"value": what.get("value")}


def _tries(context: ActivityContext) -> int:
    """Count this attempt among those at the same activity of the same job."""
    task = context.task
    tries = Path(tempfile.gettempdir()) / f"{task.workflow_id}.{task.activity_id}.tries"
    with tries.open("a") as file:
        file.write("x")
    return tries.stat().st_size


def _wait(context: ActivityContext, file: Any) -> None:
    stop = threading.Event()
    with context.cancellation.calling(stop.set):
        for _ in range(int(LONGEST / 0.05)):
            if stop.wait(0.05) or (file is not None and Path(file).exists()):
                break
    context.check()
