"""Faults as AWS's own SDK sees them."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from cpe.local.faults import FaultPlan, parse_faults
from cpe.local.faults.control import PATH
from cpe.local.server import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

#: boto3's types want a service's name to be written out.
make_client: Any = boto3.client


def client(service: str, **config: Any) -> Any:
    """A client that tries once."""
    return make_client(service, config=Config(**{"retries": {"total_max_attempts": 1}, **config}))


def ask(aws: LocalAws, method: str, body: str = "", path: str = PATH) -> tuple[int, dict[str, Any]]:
    """Talk to the endpoint about its faults."""
    connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=60)
    connection.request(method, path, body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content else {}


def break_it(aws: LocalAws, faults: str) -> None:
    status, answer = ask(aws, "PUT", faults)
    assert status == 200, answer


def hits(aws: LocalAws) -> list[int]:
    return [rule["hits"] for rule in ask(aws, "GET")[1]["rules"]]


CALLS = [
    ("swf", "list_domains", {"registrationStatus": "REGISTERED"}),
    ("sqs", "list_queues", {}),
    ("sns", "list_topics", {}),
    ("s3", "list_buckets", {}),
]
each_service = pytest.mark.parametrize(("service", "method", "params"), CALLS)


@pytest.mark.parametrize(
    ("service", "method", "params", "refusal"),
    [
        (*CALLS[0], ("ThrottlingException", 400)),
        (*CALLS[1], ("RequestThrottled", 400)),
        (*CALLS[2], ("Throttling", 400)),
        (*CALLS[3], ("SlowDown", 503)),
    ],
)
def test_throttling_has_each_services_own_name(
    local_aws: LocalAws, service: str, method: str, params: dict[str, Any], refusal: tuple[str, int]
) -> None:
    break_it(local_aws, f"{service}.*.throttle=1")
    with pytest.raises(ClientError) as refused:
        getattr(client(service), method)(**params)
    response: Any = refused.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == refusal
    assert response["Error"]["Message"]
    assert response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("fault", ["throttle", "error", "reset", "lost"])
@each_service
def test_sdks_try_again_as_they_do_on_aws(
    local_aws: LocalAws, service: str, method: str, params: dict[str, Any], fault: str
) -> None:
    break_it(local_aws, f"{service}.*.{fault}=1,limit=1")
    patient = client(service, retries={"total_max_attempts": 2, "mode": "standard"})
    answer = getattr(patient, method)(**params)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert hits(local_aws) == [1]


@each_service
def test_an_internal_failure(local_aws: LocalAws, service: str, method: str, params: dict[str, Any]) -> None:
    break_it(local_aws, "*.*.error=1")
    with pytest.raises(ClientError) as refused:
        getattr(client(service), method)(**params)
    response: Any = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert response["Error"]["Code"] in {"InternalFailure", "InternalError"}


def test_a_head_that_fails(local_aws: LocalAws) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="videos")
    break_it(local_aws, "s3.HeadBucket.throttle=1,limit=1 s3.HeadBucket.error=1")
    for status in (503, 500):
        with pytest.raises(ClientError) as refused:
            s3.head_bucket(Bucket="videos")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(("fault", "executed"), [("reset", False), ("lost", True), ("error", False)])
def test_what_was_executed(local_aws: LocalAws, fault: str, executed: bool) -> None:
    swf, sqs, s3 = client("swf"), client("sqs"), client("s3")
    s3.create_bucket(Bucket="videos")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    break_it(local_aws, f"*.*.{fault}=1")
    with pytest.raises((ConnectionClosedError, HTTPClientError, ClientError)):
        swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    with pytest.raises((ConnectionClosedError, HTTPClientError, ClientError)):
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
    with pytest.raises((ConnectionClosedError, HTTPClientError, ClientError)):
        s3.put_object(Bucket="videos", Key="k", Body=b"x" * 100_000)
    assert hits(local_aws) == [3]
    ask(local_aws, "DELETE")
    assert len(swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]) == executed
    assert ("Messages" in sqs.receive_message(QueueUrl=queue)) == executed
    assert ("Contents" in s3.list_objects_v2(Bucket="videos")) == executed


def test_a_reset_is_one_on_the_wire(local_aws: LocalAws) -> None:
    break_it(local_aws, "s3.*.reset=1")
    connection = http.client.HTTPConnection(local_aws.endpoint.removeprefix("http://"), timeout=60)
    connection.request("GET", "/")
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()


def test_a_timeout_is_held_and_not_executed(local_aws: LocalAws) -> None:
    sqs = client("sqs", read_timeout=0.3)
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    break_it(local_aws, "sqs.SendMessage.timeout=1,limit=1 sqs.SendMessage.timeout=1,ms=100")
    before = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert time.monotonic() - before > 0.25
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
    ask(local_aws, "DELETE")
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_latency_is_added_to_one_call_and_holds_no_other(local_aws: LocalAws) -> None:
    break_it(local_aws, "swf.ListDomains.latency=1,ms=2000 swf.ListDomains.latency=1,ms=500")

    def seconds(call: Any, **params: Any) -> float:
        before = time.monotonic()
        call(**params)
        return time.monotonic() - before

    swf, sqs = client("swf"), client("sqs")
    seconds(sqs.list_queues)
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(seconds, swf.list_domains, registrationStatus="REGISTERED") for _ in range(3)]
        assert seconds(sqs.list_queues) < 2
    # One after the other they would take three times as long.
    assert all(2.5 <= each.result() < 7 for each in slow)


def test_an_object_is_corrupted_on_its_way(local_aws: LocalAws) -> None:
    content = bytes(range(256)) * 40
    # Without checksums, which would give it away: CPE's own must find it.
    s3 = client(
        "s3", response_checksum_validation="when_required", request_checksum_calculation="when_required"
    )
    s3.create_bucket(Bucket="videos")
    s3.put_object(Bucket="videos", Key="k", Body=content)
    s3.put_object(Bucket="videos", Key="empty", Body=b"")
    break_it(local_aws, "*.*.corrupt=1,limit=1")
    assert client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    corrupted = s3.get_object(Bucket="videos", Key="k")
    received = corrupted["Body"].read()
    assert corrupted["ContentLength"] == len(received) == len(content)
    assert sum(one != two for one, two in zip(received, content, strict=True)) == 1
    assert s3.get_object(Bucket="videos", Key="k")["Body"].read() == content
    break_it(local_aws, "s3.GetObject.corrupt=1")
    assert s3.get_object(Bucket="videos", Key="empty")["Body"].read() == b""
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="videos", Key="none")


def test_the_same_seed_meets_the_same_calls_again(local_aws: LocalAws) -> None:
    swf = client("swf")

    def run(seed: int) -> str:
        break_it(local_aws, f"seed={seed} swf.ListDomains.throttle=0.3")
        marks = ""
        for _ in range(40):
            try:
                swf.list_domains(registrationStatus="REGISTERED")
                marks += "."
            except ClientError:
                marks += "x"
        assert hits(local_aws) == [marks.count("x")]
        return marks

    assert run(5) == run(5) != run(6)


def test_faults_are_switched_over_http(local_aws: LocalAws) -> None:
    assert ask(local_aws, "GET") == (200, {"seed": 0, "rules": []})
    rules = [{"service": "sqs", "operation": "ListQueues", "kind": "error", "probability": 0.5, "limit": 2}]
    status, answer = ask(local_aws, "PUT", json.dumps({"seed": 3, "rules": rules}))
    assert (status, answer) == (200, {"seed": 3, "rules": [{**rules[0], "calls": 0, "hits": 0}]})
    for _ in range(20):
        try:
            client("sqs").list_queues()
        except ClientError:
            continue
    (counted,) = ask(local_aws, "GET")[1]["rules"]
    assert (counted["calls"], counted["hits"]) == (20, 2)
    # What was told can be sent back; the counts begin anew.
    assert ask(local_aws, "PUT", json.dumps(ask(local_aws, "GET")[1]))[1] == answer
    assert ask(local_aws, "DELETE") == (200, {"seed": 0, "rules": []})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("swf.*.explode=1", "the request: 'swf.*.explode=1': kind cannot be 'explode'"),
        ('{"rules": [{"service": "swf"}]}', "the request: rules[0] lacks 'kind'"),
        ("[", "the request:1:2: "),
    ],
)
def test_a_mistake_changes_nothing(local_aws: LocalAws, body: str, message: str) -> None:
    break_it(local_aws, "sns.*.error=1")
    status, answer = ask(local_aws, "PUT", body)
    assert (status, answer["code"]) == (400, "FAULTS_INVALID")
    assert answer["message"].startswith(message)
    assert hits(local_aws) == [0]


def test_other_methods_are_refused(local_aws: LocalAws) -> None:
    assert ask(local_aws, "POST", "swf.*.error=1")[0] == 405


def test_the_endpoints_own_paths_meet_no_faults(local_aws: LocalAws) -> None:
    break_it(local_aws, "*.*.reset=1")
    for path in ("/cpe-local/health", "/cpe-local/clock", PATH):
        assert ask(local_aws, "GET", path=path)[0] == 200
    local_aws.reset()
    assert ask(local_aws, "GET")[1]["rules"] == []


@pytest.fixture
def broken_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    plan: FaultPlan = parse_faults("swf.*.throttle=1,limit=1")
    with LocalAws(faults=plan) as aws:
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        yield aws


def test_a_reset_begins_with_the_faults_of_the_start(broken_aws: LocalAws) -> None:
    swf = client("swf")
    for _ in range(2):
        with pytest.raises(ClientError, match="ThrottlingException"):
            swf.list_domains(registrationStatus="REGISTERED")
        swf.list_domains(registrationStatus="REGISTERED")
        break_it(broken_aws, "swf.*.error=1")
        broken_aws.reset()
