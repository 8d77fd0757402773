"""How fast the input poller takes commands, for `benchmarks.commands`.

Bare boto3, one thread, makes the calls that answer commands: receive ten, start each, send the answers and
delete the commands in batches. The input poller makes one more for each job, the claim that lets a job start
once however often its command comes; bare boto3 is measured with that, too. All is done once more with an
endpoint that answers each call ten milliseconds later, as one in a region does.
"""

from __future__ import annotations

import http
import http.client
import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from benchmarks.commands_stack import BUCKET, Pollers, Stack, backlog, command
from benchmarks.swf_servers import ours

LEAST_RATIO = 0.9
MOST_WAITING = 2.0
_FAR_MS = 10
_DEADLINE = 600.0


def measure(commands: int, rounds: int) -> dict[str, Any]:
    """Measure the input poller and the waiting."""
    with endpoint():
        stack = Stack()
        near = _beside(stack, commands, rounds, "near")
        waiting = measure_waiting(stack, commands)
        with latency(_FAR_MS):
            far = _beside(stack, max(commands // 4, 10), 1, "far")
    slower = waiting["beside"] / waiting["alone"]
    return {
        "input_poller": {**near, "target": LEAST_RATIO, "met": near["ratio"] >= LEAST_RATIO},
        "far_input_poller": {**far, "latency_ms": _FAR_MS, "met": far["ratio"] >= LEAST_RATIO},
        "waiting": {
            "backlog": commands,
            "alone_seconds": round(waiting["alone"], 3),
            "beside_seconds": round(waiting["beside"], 3),
            "ratio": round(slower, 2),
            "target": MOST_WAITING,
            "met": slower <= MOST_WAITING,
        },
    }


def _beside(stack: Stack, commands: int, rounds: int, name: str) -> dict[str, Any]:
    """Let bare boto3, without and with claims, and the input poller answer a backlog each, by turns."""
    bare, claiming, poller = [], [], []
    for number in range(rounds):
        bare.append(commands / answer_bare(stack, commands, f"{name}-bare{number}", claim=False))
        claiming.append(commands / answer_bare(stack, commands, f"{name}-claims{number}", claim=True))
        poller.append(commands / answer_polled(stack, commands, f"{name}-polled{number}"))
    return {
        "commands": commands,
        "commands_per_second": round(max(poller), 1),
        "bare_boto3_per_second": round(max(bare), 1),
        "bare_boto3_with_claims_per_second": round(max(claiming), 1),
        "ratio": round(max(poller) / max(bare), 2),
        "ratio_with_claims": round(max(poller) / max(claiming), 2),
    }


@contextmanager
def latency(milliseconds: int) -> Iterator[None]:
    """Let every call take so much longer, as over a network."""
    rule = {"service": "*", "operation": "*", "kind": "latency", "ms": milliseconds}
    _faults("PUT", {"rules": [rule]})
    try:
        yield
    finally:
        _faults("DELETE")


def _faults(method: str, plan: dict[str, Any] | None = None) -> None:
    connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
    try:
        connection.request(method, "/cpe-local/faults", None if plan is None else json.dumps(plan))
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"the local AWS refuses the latency: {answer.read().decode()}")
    finally:
        connection.close()


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


def answer_bare(stack: Stack, count: int, name: str, *, claim: bool) -> float:
    """Answer a backlog with boto3 alone, with the input poller's claims or without; tell the seconds."""
    client = stack.client(name)
    backlog(stack, client, count)
    sqs, swf, s3 = boto3.client("sqs"), boto3.client("swf"), boto3.client("s3")
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
            if claim:
                s3.put_object(Bucket=BUCKET, Key=f"claims/{name}/{body['jobId']}", IfNoneMatch="*")
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
