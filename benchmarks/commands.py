"""How fast commands are taken, and events tracked. Run: python -m benchmarks.commands [--json]

The local AWS runs as a process of its own. *Input poller* is the ratio of commands a second that the input
poller answers to what bare boto3 reaches, one thread, with the same calls: receive ten, start each, send the
answers and delete the commands in batches; the runs alternate. *Waiting* is how long a client's command takes
from the send to its answer while another client has a backlog, as a multiple of how long it takes alone.
*Tracker* is how many events a second `cpe.client.Tracker` takes in, in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from benchmarks.commands_stack import Pollers, Stack, backlog, command
from benchmarks.swf_servers import ours
from cpe.client import Tracker
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

LEAST_RATIO = 0.9
MOST_WAITING = 2.0
LEAST_EVENTS = 50_000
_DEADLINE = 600.0


def main() -> None:
    """Measure, print, and exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="Measure the input poller and the tracker.")
    parser.add_argument("--commands", type=int, default=1000, help="commands to answer (1000)")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each, alternating (2)")
    parser.add_argument("--events", type=int, default=200_000, help="events to track (200000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = measure(options.commands, options.rounds, options.events)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    sys.exit(0 if result["met"] else 1)


def measure(commands: int, rounds: int, events: int) -> dict[str, Any]:
    """Measure all three."""
    with endpoint():
        stack = Stack()
        bare, poller = [], []
        for number in range(rounds):
            bare.append(commands / answer_bare(stack, commands, f"bare{number}"))
            poller.append(commands / answer_polled(stack, commands, f"polled{number}"))
        waiting = measure_waiting(stack, commands)
    tracked = track(events)
    ratio = max(poller) / max(bare)
    slower = waiting["beside"] / waiting["alone"]
    return {
        "input_poller": {
            "commands": commands,
            "commands_per_second": round(max(poller), 1),
            "bare_boto3_per_second": round(max(bare), 1),
            "ratio": round(ratio, 2),
            "target": LEAST_RATIO,
        },
        "waiting": {
            "backlog": commands,
            "alone_seconds": round(waiting["alone"], 3),
            "beside_seconds": round(waiting["beside"], 3),
            "ratio": round(slower, 2),
            "target": MOST_WAITING,
        },
        "tracker": {"events": events, "events_per_second": round(tracked), "target": LEAST_EVENTS},
        "met": ratio >= LEAST_RATIO and slower <= MOST_WAITING and tracked >= LEAST_EVENTS,
    }


@contextmanager
def endpoint() -> Iterator[None]:
    """Run the local AWS, and let boto3 find it."""
    with ours() as url:
        os.environ.update(
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - of an AWS that has no secrets
            AWS_DEFAULT_REGION="us-east-1",
        )
        yield


def answer_bare(stack: Stack, count: int, name: str) -> float:
    """Answer a backlog with boto3 alone; tell the seconds."""
    client = stack.client(name)
    backlog(stack, client, count)
    sqs, swf = boto3.client("sqs"), boto3.client("swf")
    done = 0
    began = time.perf_counter()
    while done < count:
        taken = sqs.receive_message(
            QueueUrl=client.input_queue, MaxNumberOfMessages=10, WaitTimeSeconds=20
        ).get("Messages", [])
        if not taken:
            continue
        answers: list[Any] = []
        for number, message in enumerate(taken):
            body = json.loads(message["Body"])
            workflow = body["data"]["workflow"]
            run_id = swf.start_workflow_execution(
                domain=stack.domain,
                workflowId=f"{name}.{body['jobId']}",
                workflowType={"name": workflow["name"], "version": workflow["version"]},
                input=json.dumps(body["data"]),
                tagList=[name, body["jobId"]],
            )["runId"]
            answer = {"type": "WORKFLOW_SCHEDULED", "runId": run_id, "input": body["data"]}
            answers.append({"Id": str(number), "MessageBody": json.dumps(answer)})
        sqs.send_message_batch(QueueUrl=client.output_queue, Entries=answers)
        sqs.delete_message_batch(
            QueueUrl=client.input_queue,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(taken)
            ],
        )
        done += len(taken)
    return time.perf_counter() - began


def answer_polled(stack: Stack, count: int, name: str) -> float:
    """Answer a backlog with the input poller; tell the seconds."""
    client = stack.client(name)
    backlog(stack, client, count)
    with Pollers(stack, [client]) as pollers:
        pollers.start()
        began = time.perf_counter()
        while pollers.answered() < count:
            if time.perf_counter() > began + _DEADLINE:
                raise SystemExit(f"{pollers.answered()} of {count} commands within {_DEADLINE:g} s")
            time.sleep(0.1)
        return time.perf_counter() - began


def measure_waiting(stack: Stack, count: int, samples: int = 15) -> dict[str, float]:
    """Tell the median seconds that a command waits for its answer, alone and beside a backlog."""
    quiet, busy = stack.client("quiet"), stack.client("busy")
    with Pollers(stack, [quiet, busy]) as pollers:
        pollers.start()
        alone = statistics.median(one_command(quiet, f"alone-{number}") for number in range(samples))
        backlog(stack, busy, count)
        beside = statistics.median(one_command(quiet, f"beside-{number}") for number in range(samples))
    return {"alone": alone, "beside": beside}


def one_command(client: Any, job_id: str) -> float:
    """Send a command; tell the seconds until its answer came."""
    sqs = boto3.client("sqs")
    began = time.perf_counter()
    sqs.send_message(QueueUrl=client.input_queue, MessageBody=command(job_id))
    while time.perf_counter() < began + _DEADLINE:
        answer = sqs.receive_message(QueueUrl=client.output_queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        waited = time.perf_counter() - began
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=client.output_queue, ReceiptHandle=message["ReceiptHandle"])
            if json.loads(message["Body"])["jobId"] == job_id:
                return waited
    raise SystemExit(f"{job_id} was not answered within {_DEADLINE:g} s")


def track(count: int) -> float:
    """Tell how many events a second a tracker takes in: jobs of two activities, twenty events each."""
    told = list(stories(count))
    tracker = Tracker()
    began = time.perf_counter()
    for event in told:
        tracker.apply(event)
    return len(told) / (time.perf_counter() - began)


def stories(count: int) -> Iterator[Event]:
    """Events of as many jobs as it takes, in order."""
    for number in range(count // 20):
        job_id = f"job-{number}"
        run = WorkflowRef(workflow_id=f"A.{job_id}", run_id=f"run-{number}")

        def tell(
            kind: EventType,
            place: int,
            activity: ActivityRef | None = None,
            *,
            run: WorkflowRef = run,
            job_id: str = job_id,
            **details: Any,
        ) -> Event:
            return Event(
                type=kind,
                time=1e9 + place,
                event_id=f"{run.run_id}:{place}",
                job_id=job_id,
                workflow=run,
                activity=activity,
                details=details,
            )

        yield tell(EventType.WORKFLOW_SCHEDULED, 1, workflowType={"name": "T", "version": "1"}, input={})
        for step in (0, 1):
            activity = ActivityRef(activity_id=f"Step{step}", name="Work", version="v1")
            base = 2 + 9 * step
            yield tell(EventType.ACTIVITY_SCHEDULED, base, activity, attempt=1)
            yield tell(EventType.ACTIVITY_STARTED, base + 1, activity, input={})
            for percent in range(6):
                report = {"output": "a.mp4", "progress": percent * 20.0}
                yield tell(EventType.ACTIVITY_PROGRESS, base + 2 + percent, activity, result=report)
            yield tell(EventType.ACTIVITY_COMPLETED, base + 8, activity, result={}, attempt=1)
        yield tell(EventType.WORKFLOW_COMPLETED, 20, result={})


def show(result: dict[str, Any]) -> None:
    """Print a table."""
    table = Table("what", "measured", "target")
    poller, waiting, tracker = result["input_poller"], result["waiting"], result["tracker"]
    table.add_row(f"bare boto3, {poller['commands']} commands", f"{poller['bare_boto3_per_second']} /s", "")
    table.add_row("input poller, the same", f"{poller['commands_per_second']} /s", "")
    table.add_row("ratio", f"{poller['ratio']}", f"≥ {poller['target']}")
    table.add_row("a command's wait, alone", f"{waiting['alone_seconds']} s", "")
    table.add_row(f"beside a backlog of {waiting['backlog']}", f"{waiting['beside_seconds']} s", "")
    table.add_row("ratio", f"{waiting['ratio']}", f"≤ {waiting['target']}")
    table.add_row("tracker", f"{tracker['events_per_second']:,} events/s", f"≥ {tracker['target']:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
