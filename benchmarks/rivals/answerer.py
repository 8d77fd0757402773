"""Does all activities at once: python -m benchmarks.rivals.answerer ENDPOINT TASK_LIST, until killed.

It talks through `benchmarks.swf_client`, which costs less than boto3: the deciders shall wait for nobody.
"""

from __future__ import annotations

import sys

from benchmarks.rivals.work import DOMAIN
from benchmarks.swf_client import SwfClient

RESULT = '{"answer": "' + "x" * 100 + '"}'


def main() -> None:
    """Poll and complete."""
    endpoint, task_list = sys.argv[1:]
    client = SwfClient(endpoint)
    while True:
        # Without an identity simpleflow cannot read the history.
        task = client.call(
            "PollForActivityTask", domain=DOMAIN, taskList={"name": task_list}, identity="answerer"
        )
        if token := task.get("taskToken"):
            client.call("RespondActivityTaskCompleted", taskToken=token, result=RESULT)


if __name__ == "__main__":
    main()
