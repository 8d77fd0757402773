"""An activity for tests of plans."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from cpe.activity import Activity, ActivityContext, JsonValue
from cpe.errors import ActivityError


class Work(Activity):
    """Does what its input says: fails, fails a number of times, or runs until it is stopped."""

    def run(self, context: ActivityContext) -> JsonValue:
        what = context.input
        if "fail" in what:
            raise ActivityError("as asked", code=what["fail"])
        if "fail_times" in what:
            tries = Path(tempfile.gettempdir()) / f"{context.task.run_id}.tries"
            with tries.open("a") as file:
                file.write("x")
            if tries.stat().st_size <= what["fail_times"]:
                raise ActivityError("not yet", code="NOT_YET")
        if "for_ever" in what:
            stop = threading.Event()
            with context.cancellation.calling(stop.set):
                stop.wait(60)
            context.check()
        value: JsonValue = what.get("value")
        return {"value": value}
