"""SWF's protocol over HTTP: bad requests, connections that last, polls, the endpoint's own paths."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from cpe.local.server import LocalAws
from cpe.local.swf.clock import Clock
from cpe.local.swf.http import LARGEST_REQUEST

TARGET = "SimpleWorkflowService."
FRAMEWORK = "com.amazon.coral.service#"
DECIDERS = {"name": "deciders"}
JOB = {"name": "Job", "version": "1"}


class Raw:
    """One connection, spoken to without an SDK."""

    def __init__(self, aws: LocalAws) -> None:
        self.connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=70)

    def __call__(
        self, body: bytes | str, target: str | None = f"{TARGET}ListDomains", **headers: str
    ) -> tuple[int, Any]:
        """Send a body to SWF and return the status and the JSON that came back."""
        fields = {
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260131/us-east-1/swf/aws4_request",
            **headers,
        }
        if target is not None:
            fields["X-Amz-Target"] = target
        self.connection.request("POST", "/", body, fields)
        return self.answer()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask for one of the endpoint's own paths."""
        self.connection.request(method, path, None if body is None else json.dumps(body))
        return self.answer()

    def call(self, operation: str, **params: Any) -> Any:
        """Call an operation that succeeds."""
        status, answer = self(json.dumps(params), TARGET + operation)
        assert status == 200, answer
        return answer

    def answer(self) -> tuple[int, Any]:
        response = self.connection.getresponse()
        body = response.read()
        return response.status, json.loads(body) if body else None


@pytest.fixture
def raw(local_aws: LocalAws) -> Any:
    raw = Raw(local_aws)
    yield raw
    raw.connection.close()


def furnish(raw: Raw) -> None:
    raw.call("RegisterDomain", name="d", workflowExecutionRetentionPeriodInDays="1")
    raw.call(
        "RegisterWorkflowType", domain="d", **JOB, defaultTaskList=DECIDERS, defaultChildPolicy="ABANDON"
    )


def start(raw: Raw, workflow_id: str, **more: Any) -> str:
    timeouts = {"executionStartToCloseTimeout": "600", "taskStartToCloseTimeout": "60"}
    params = {"workflowId": workflow_id, "workflowType": JOB, **timeouts, **more}
    return str(raw.call("StartWorkflowExecution", domain="d", **params)["runId"])


@pytest.mark.parametrize(
    ("body", "target", "fault"),
    [
        ("{", f"{TARGET}ListDomains", f"{FRAMEWORK}SerializationException"),
        (b"\xff\xfe", f"{TARGET}ListDomains", f"{FRAMEWORK}SerializationException"),
        ("[]", f"{TARGET}ListDomains", f"{FRAMEWORK}SerializationException"),
        ("[" * 200_000, f"{TARGET}ListDomains", f"{FRAMEWORK}SerializationException"),
        ('{"registrationStatus": 5}', f"{TARGET}ListDomains", f"{FRAMEWORK}SerializationException"),
        ("", f"{TARGET}ListDomains", "com.amazon.coral.validate#ValidationException"),
        ("{}", f"{TARGET}StartLunch", f"{FRAMEWORK}UnknownOperationException"),
        ("{}", TARGET, f"{FRAMEWORK}UnknownOperationException"),
        ("{}", "Nonsense", f"{FRAMEWORK}UnknownOperationException"),
        ("{}", None, f"{FRAMEWORK}UnknownOperationException"),
        (
            " " * (LARGEST_REQUEST + 1),
            f"{TARGET}ListDomains",
            f"{FRAMEWORK}RequestEntityTooLargeException",
        ),
        ('{"name": "none"}', f"{TARGET}DescribeDomain", "com.amazonaws.swf.base.model#UnknownResourceFault"),
    ],
)
def test_bad_requests_are_refused_and_the_service_goes_on(
    raw: Raw, body: bytes | str, target: str | None, fault: str
) -> None:
    status, answer = raw(body, target)
    assert (status, answer["__type"]) == (400, fault)
    assert answer["message"]
    assert raw.call("ListDomains", registrationStatus="REGISTERED") == {"domainInfos": []}


def test_sdks_raise_their_typed_exceptions(raw: Raw, local_aws: LocalAws) -> None:
    swf = boto3.client("swf", config=Config(parameter_validation=False))
    with pytest.raises(swf.exceptions.UnknownResourceFault, match="Unknown domain: none"):
        swf.describe_domain(name="none")
    furnish(raw)
    with pytest.raises(swf.exceptions.DomainAlreadyExistsFault):
        swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    with pytest.raises(swf.exceptions.ClientError, match=r"\(ValidationException\).*'name' failed"):
        swf.describe_domain(name="a:b")
    with pytest.raises(swf.exceptions.ClientError, match=r"\(SerializationException\)"):
        swf.describe_domain(name=5)  # type: ignore[arg-type]  # that is the test


def test_unsigned_requests_are_answered_too(raw: Raw) -> None:
    status, answer = raw('{"registrationStatus": "REGISTERED"}', Authorization="")
    assert (status, answer) == (200, {"domainInfos": []})


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_its_connection_alone(raw: Raw, local_aws: LocalAws, head: bytes) -> None:
    host, _, port = local_aws.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert raw.ask("GET", "/cpe-local/health")[0] == 200


@pytest.mark.parametrize(
    ("version", "wish", "kept"),
    [("1.1", "", True), ("1.1", "close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
def test_connections_last_as_long_as_the_client_wishes(
    local_aws: LocalAws, version: str, wish: str, kept: bool
) -> None:
    host, _, port = local_aws.endpoint.removeprefix("http://").partition(":")
    request = f"GET /cpe-local/health HTTP/{version}\r\n{f'Connection: {wish}' if wish else 'A: b'}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request.encode())
        assert b'{"status": "ok"' in connection.recv(65536)
        if kept:
            connection.sendall(request.encode())
        assert bool(connection.recv(65536)) == kept


def test_a_body_in_chunks_is_read_whole(raw: Raw) -> None:
    raw.connection.request(
        "POST",
        "/",
        iter([b'{"registrationStatus":', b'"REGISTERED"}']),
        {"X-Amz-Target": f"{TARGET}ListDomains"},
    )
    assert raw.answer() == (200, {"domainInfos": []})


def test_health_tells_the_services(raw: Raw) -> None:
    assert raw.ask("GET", "/cpe-local/health") == (
        200,
        {"status": "ok", "services": ["s3", "sns", "sqs", "swf"]},
    )


def test_the_clock_moves_over_http(raw: Raw) -> None:
    assert raw.ask("GET", "/cpe-local/clock")[1]["offset"] == 0
    furnish(raw)
    run_id = start(raw, "job", executionStartToCloseTimeout="31536000")
    status, answer = raw.ask("POST", "/cpe-local/clock", {"advance": 31536000})
    assert (status, answer["offset"]) == (200, 31536000)
    assert answer["now"] == pytest.approx(time.time() + 31536000, abs=60)
    execution = {"workflowId": "job", "runId": run_id}
    info = raw.call("DescribeWorkflowExecution", domain="d", execution=execution)["executionInfo"]
    assert info["closeStatus"] == "TIMED_OUT"
    raw.ask("POST", "/moto-api/reset")
    assert raw.ask("GET", "/cpe-local/clock")[1]["offset"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"advance": -1}, {"advance": "1"}, {"advance": True}, [], {"advance": 1e999}]
)
def test_a_clock_moves_ahead_by_seconds_only(raw: Raw, body: Any) -> None:
    status, answer = raw.ask("POST", "/cpe-local/clock", body)
    assert (status, answer["code"]) == (400, "CLOCK_INVALID")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/cpe-local/clock", 405),
        ("POST", "/cpe-local/health", 405),
        ("GET", "/cpe-local/nonsense", 404),
        ("GET", "/cpe-local/faults", 200),
    ],
)
def test_the_endpoints_own_paths(raw: Raw, method: str, path: str, status: int) -> None:
    assert raw.ask(method, path)[0] == status


def test_endpoints_share_no_executions(raw: Raw) -> None:
    furnish(raw)
    with LocalAws() as other:
        there = Raw(other)
        assert there.call("ListDomains", registrationStatus="REGISTERED") == {"domainInfos": []}
        there.connection.close()


def test_a_clock_of_ones_own() -> None:
    with LocalAws(clock=Clock(system=lambda: 1000.0)) as aws:
        raw = Raw(aws)
        assert raw.ask("GET", "/cpe-local/clock")[1] == {"now": 1000.0, "offset": 0}
        raw.connection.close()


def test_data_outlives_the_endpoint(tmp_path: Path) -> None:
    with LocalAws(data=tmp_path) as aws:
        raw = Raw(aws)
        furnish(raw)
        run_id = start(raw, "job")
        raw.ask("POST", "/cpe-local/clock", {"advance": 300})
        token = raw.call("PollForDecisionTask", domain="d", taskList=DECIDERS)["taskToken"]
        raw.connection.close()
    with LocalAws(data=tmp_path) as aws:
        raw = Raw(aws)
        # It goes on from where time was: the task, and the half of its execution's time, are left.
        decisions = [{"decisionType": "CompleteWorkflowExecution"}]
        raw.call("RespondDecisionTaskCompleted", taskToken=token, decisions=decisions)
        execution = {"workflowId": "job", "runId": run_id}
        info = raw.call("DescribeWorkflowExecution", domain="d", execution=execution)["executionInfo"]
        assert info["closeStatus"] == "COMPLETED"
        assert info["closeTimestamp"] - info["startTimestamp"] >= 300
        raw.ask("POST", "/moto-api/reset")
        assert raw.call("ListDomains", registrationStatus="REGISTERED") == {"domainInfos": []}
        raw.connection.close()


def test_fifty_pollers_get_their_tasks_at_once(local_aws: LocalAws) -> None:
    """No poller sees its task late; the benchmark of the local SWF measures by how little.

    What else runs on the machine only adds to a delay, so that one good round is enough.
    """
    raw = Raw(local_aws)
    furnish(raw)
    rounds: list[tuple[float, float]] = []
    while len(rounds) < 20 and not any(half < 0.010 and last < 0.5 for half, last in rounds):
        delays = delays_of_fifty(raw, local_aws, len(rounds))
        rounds.append((delays[150], delays[-1]))
    raw.connection.close()
    assert any(half < 0.010 and last < 0.5 for half, last in rounds), rounds


def delays_of_fifty(raw: Raw, local_aws: LocalAws, number: int) -> list[float]:
    """Start three hundred executions under fifty pollers; tell the sorted seconds to each one's task."""
    with subprocess.Popen(
        [sys.executable, "-c", _POLLERS, local_aws.endpoint.removeprefix("http://")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pollers:
        assert pollers.stdout is not None
        assert pollers.stdout.readline() == "ready\n"
        started = []
        for task in range(300):
            begun = time.monotonic()
            start(raw, f"{number}-{task}")
            started.append(begun)
            wait = time.monotonic() + 0.003  # tasks come one by one, not in one burst
            while time.monotonic() < wait:
                pass
        for ending in range(50):
            start(raw, f"{number}-end-{ending}", input="end")
        answered = json.loads(pollers.stdout.readline())
    return sorted(answered[f"{number}-{task}"] - begun for task, begun in enumerate(started))


_POLLERS = """
import http.client, json, sys, threading, time
answered = {}
def poll():
    connection = http.client.HTTPConnection(sys.argv[1], timeout=70)
    body = json.dumps({"domain": "d", "taskList": {"name": "deciders"}})
    while True:
        connection.request("POST", "/", body, {"X-Amz-Target": "SimpleWorkflowService.PollForDecisionTask"})
        task = json.loads(connection.getresponse().read())
        now = time.monotonic()
        if "input" in task["events"][0]["workflowExecutionStartedEventAttributes"]:
            return
        answered[task["workflowExecution"]["workflowId"]] = now
threads = [threading.Thread(target=poll) for _ in range(50)]
for thread in threads: thread.start()
print("ready", flush=True)
for thread in threads: thread.join()
print(json.dumps(answered), flush=True)
"""


def test_tasks_wait_for_no_poller_that_hung_up(local_aws: LocalAws) -> None:
    furnisher = Raw(local_aws)
    furnish(furnisher)
    body = json.dumps({"domain": "d", "taskList": DECIDERS})
    gone = [Raw(local_aws) for _ in range(10)]
    for raw in gone:
        raw.connection.request("POST", "/", body, {"X-Amz-Target": f"{TARGET}PollForDecisionTask"})
    with ThreadPoolExecutor() as pool:
        there = Raw(local_aws)
        poll = pool.submit(there.call, "PollForDecisionTask", domain="d", taskList=DECIDERS)
        for raw in gone:
            raw.connection.close()
        for number in range(3):
            start(furnisher, f"job-{number}")
        assert poll.result(60)["taskToken"]
        for _ in range(2):
            assert furnisher.call("PollForDecisionTask", domain="d", taskList=DECIDERS)["taskToken"]
        there.connection.close()
    furnisher.connection.close()


@pytest.mark.parametrize("poll", ["PollForDecisionTask", "PollForActivityTask"], ids=["decider", "worker"])
def test_tasks_wait_for_no_process_that_was_killed(local_aws: LocalAws, poll: str) -> None:
    """Once the process is gone, so are its polls: each task is there at once for whoever polls next."""
    raw = Raw(local_aws)
    furnish(raw)
    raw.call("RegisterActivityType", domain="d", name="Work", version="1")
    arguments = [local_aws.endpoint.removeprefix("http://"), TARGET + poll]
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, *arguments], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "4 polls\n"
        victim.kill()
    for number in range(4):
        start(raw, f"job-{number}")
        task = raw.call("PollForDecisionTask", domain="d", taskList=DECIDERS)
        assert task["startedEventId"] == 3
        if poll == "PollForActivityTask":
            raw.call("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=[_WORK])
            assert raw.call(poll, domain="d", taskList=DECIDERS)["activityId"] == "work"
    raw.connection.close()


_WORK = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {
        "activityId": "work",
        "activityType": {"name": "Work", "version": "1"},
        "taskList": DECIDERS,
        **{
            f"{timeout}Timeout": "60"
            for timeout in ("heartbeat", "scheduleToClose", "scheduleToStart", "startToClose")
        },
    },
}

_VICTIM = """
import http.client, json, sys
body = json.dumps({"domain": "d", "taskList": {"name": "deciders"}})
polls = [http.client.HTTPConnection(sys.argv[1], timeout=70) for _ in range(4)]
for poll in polls:
    poll.request("POST", "/", body, {"X-Amz-Target": sys.argv[2]})
print(len(polls), "polls", flush=True)
polls[0].getresponse()
"""
