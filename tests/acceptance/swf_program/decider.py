"""The shop's decider: python -m tests.acceptance.swf_program.decider."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.acceptance.swf_program.history import History
from tests.acceptance.swf_program.shop import DECISIONS, DOMAIN, connect
from tests.acceptance.swf_program.workflows import decide

_log = logging.getLogger(__name__)

#: Small, so that even short histories come in pages.
PAGE = 7


def main() -> None:
    """Decide until the process is ended."""
    swf = connect()
    while True:
        task = poll(swf)
        if not task.get("taskToken"):
            continue
        try:
            history = History(events(swf, task), task["previousStartedEventId"])
            decisions = decide(task["workflowType"]["name"], history)
            swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
        except swf.exceptions.UnknownResourceFault:
            _log.warning("a decision came too late; SWF gives the task out again")
        except ClientError as error:
            # A page's token lives a day, and the tests let days pass at any moment.
            if "maximum lifetime" not in str(error):
                raise
            _log.warning("the history could not be read in time; SWF gives the task out again")


def poll(swf: Any, **more: Any) -> Any:
    """Wait for a decision task, or ask for the next page of one."""
    return swf.poll_for_decision_task(
        domain=DOMAIN, taskList=DECISIONS, identity=f"decider-{os.getpid()}", maximumPageSize=PAGE, **more
    )


def events(swf: Any, task: Any) -> Iterator[Any]:
    """Read the task's history, all pages."""
    yield from task["events"]
    while token := task.get("nextPageToken"):
        task = poll(swf, nextPageToken=token)
        yield from task["events"]


if __name__ == "__main__":
    main()
