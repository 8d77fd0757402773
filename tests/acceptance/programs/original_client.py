"""A client as the original's were: boto3, the original's message, the original's fields, and nothing of CPE.

``original_client.py CONFIG MESSAGE INPUT OUTPUT`` sends the recorded START_JOB with the client's own entry of
clientConfig.json, for the object INPUT, and follows the job on the output queue to its end. Standard output
gets a line for each event: its type, and of an activity its name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

SECONDS = 90


def received(sqs: Any, queue: str) -> Iterator[dict[str, Any]]:
    """What comes on a queue; it is deleted when the next one is asked for."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in answer.get("Messages", []):
            yield json.loads(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    raise SystemExit(f"the job did not end within {SECONDS} s")


def of_job(messages: Iterator[dict[str, Any]], job_id: str) -> Iterator[dict[str, Any]]:
    """The events of a job: one names its run, and the others name the run only. They come in any order."""
    run_id, held = None, []
    for message in messages:
        held.append(message)
        if message["type"] == "WORKFLOW_SCHEDULED" and message["jobId"] == job_id:
            assert message["workflowType"] == {"name": "Transcode", "version": "1.0"}
            assert message["input"]["input_asset"]["type"] == "VIDEO"
            run_id = message["runId"]
            held.insert(0, held.pop())
        if run_id is not None:
            for one in held:
                workflow = one.get("data", {}).get("workflow", one)
                if workflow.get("runId") == run_id:
                    yield one
            held.clear()


def line(message: dict[str, Any]) -> str:
    """One event as it is shown."""
    if not message["type"].startswith("ACTIVITY_"):
        return str(message["type"])
    activity = message["data"]["activity"]
    kind = activity["activityType"]
    if message["type"] == "ACTIVITY_PROGRESS":
        assert 0 <= activity["result"]["progress"] <= 100
    # Only ACTIVITY_SCHEDULED has the bare name.
    name = kind if message["type"] == "ACTIVITY_SCHEDULED" else kind["name"]
    return f"{message['type']} {name}"


def main() -> None:
    """Send the job and follow it."""
    config, message = (json.loads(Path(file).read_text("utf-8")) for file in sys.argv[1:3])
    source, target = sys.argv[3:]
    message["data"]["client"] = {"name": config["name"], "queues": config["queues"]}
    message["data"]["input_asset"]["file"] = source
    message["data"]["output_asset"]["file"] = target
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=config["queues"]["input"], MessageBody=json.dumps(message))
    for event in of_job(received(sqs, config["queues"]["output"]), message["jobId"]):
        sys.stdout.write(f"{line(event)}\n")
        sys.stdout.flush()
        if event["type"].startswith("WORKFLOW_") and event["type"] != "WORKFLOW_SCHEDULED":
            return


if __name__ == "__main__":
    main()
