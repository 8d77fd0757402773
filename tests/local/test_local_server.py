"""The local AWS as one endpoint: its services, its connections, its cost when nobody asks for anything."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from cpe.errors import ConfigError, CpeError
from cpe.local.server import LocalAws
from cpe.local.services import service_of
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_it_answers_for_all_services(local_aws: LocalAws) -> None:
    boto3.client("swf").register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    boto3.client("s3").create_bucket(Bucket="videos")
    queue = boto3.client("sqs").create_queue(QueueName="in")["QueueUrl"]
    topic = boto3.client("sns").create_topic(Name="news")["TopicArn"]
    assert queue.startswith(local_aws.endpoint)
    assert topic.endswith(":news")
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["videos"]
    domains = boto3.client("swf").list_domains(registrationStatus="REGISTERED")["domainInfos"]
    assert [domain["name"] for domain in domains] == ["d"]


@pytest.mark.parametrize("region", ["mars-north-1", "eu-west-1", "nowhere"])
def test_it_answers_in_any_region(local_aws: LocalAws, region: str) -> None:
    s3, sqs = boto3.client("s3", region_name=region), boto3.client("sqs", region_name=region)
    url = sqs.create_queue(QueueName="in")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    assert "QueueUrls" not in boto3.client("sqs").list_queues()  # regions are apart, as ever
    assert f":{region}:" in boto3.client("sns", region_name=region).create_topic(Name="news")["TopicArn"]
    s3.create_bucket(
        Bucket="videos",
        CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]  # any region
    )
    s3.put_object(Bucket="videos", Key="a", Body=b"x")
    assert s3.get_object(Bucket="videos", Key="a")["Body"].read() == b"x"
    swf = boto3.client("swf", region_name=region)
    swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")


def test_reset_forgets_everything_at_once(local_aws: LocalAws) -> None:
    s3, sqs, swf = boto3.client("s3"), boto3.client("sqs"), boto3.client("swf")
    took = []
    for _ in range(10):
        s3.create_bucket(Bucket="videos")
        sqs.create_queue(QueueName="in")
        swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
        before = time.perf_counter()
        local_aws.reset()
        took.append(time.perf_counter() - before)
        assert s3.list_buckets()["Buckets"] == []
        assert "QueueUrls" not in sqs.list_queues()
        assert swf.list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
    assert min(took) < 0.05


_FOREIGN_TESTS = """
import boto3

def test_one(local_aws):
    boto3.client("s3").create_bucket(Bucket="videos")
    boto3.client("swf").register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")

def test_two(local_aws):
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("swf").list_domains(registrationStatus="REGISTERED")["domainInfos"] == []
"""


def test_the_fixture_works_in_any_project(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["cpe.testing.pytest_plugin"]\n')
    (tmp_path / "test_something.py").write_text(_FOREIGN_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_large_objects_come_back_as_they_went(local_aws: LocalAws, tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="videos")
    content = os.urandom(20 * 1024 * 1024)
    (tmp_path / "sent").write_bytes(content)
    s3.upload_file(str(tmp_path / "sent"), "videos", "a b/ü.mp4", ExtraArgs={"Metadata": {"job_id": "1"}})
    s3.download_file("videos", "a b/ü.mp4", str(tmp_path / "received"))
    assert (tmp_path / "received").read_bytes() == content
    head = s3.head_object(Bucket="videos", Key="a b/ü.mp4")
    assert (head["ContentLength"], head["Metadata"]) == (len(content), {"job_id": "1"})


def test_a_connection_serves_many_requests(local_aws: LocalAws) -> None:
    connection = http.client.HTTPConnection(local_aws.endpoint.removeprefix("http://"), timeout=10)
    connection.connect()
    socket = connection.sock
    for method, path, status in (("PUT", "/videos", 200), ("HEAD", "/videos", 200), ("GET", "/none/x", 404)):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        assert connection.sock is socket
    connection.request("PUT", "/videos/chunked", body=iter([b"ab", b"cd"]))
    connection.getresponse().read()
    connection.close()
    assert boto3.client("s3").get_object(Bucket="videos", Key="chunked")["Body"].read() == b"abcd"


def test_a_message_ends_the_wait(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="in")["QueueUrl"]

    def seconds(number: int) -> float:
        receiver = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        with pytest.raises(TimeoutError):
            receiver.result(timeout=0.3)
        before = time.monotonic()
        sqs.send_message(QueueUrl=queue, MessageBody=f"hello {number}")
        bodies = [message["Body"] for message in receiver.result(timeout=60)["Messages"]]
        assert bodies == [f"hello {number}"]
        return time.monotonic() - before

    with ThreadPoolExecutor() as pool:
        # What else runs on the machine only adds to it, so that one good round is enough.
        assert any(seconds(number) < 0.5 for number in range(20))


def hang_up(aws: LocalAws, service: str, target: str, body: dict[str, Any]) -> None:
    """Ask for something to wait for, and go away."""
    connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=0.2)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20260131/us-east-1/{service}/aws4_request",
    }
    connection.request("POST", "/", json.dumps(body), headers)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_a_receiver_that_hung_up_takes_no_message(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="in")["QueueUrl"]
    hang_up(local_aws, "sqs", "AmazonSQS.ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 20})
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    assert [message["Body"] for message in received["Messages"]] == ["hello"]


def test_a_poller_that_hung_up_takes_no_task(local_aws: LocalAws) -> None:
    swf = boto3.client("swf")
    swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    swf.register_workflow_type(domain="d", name="Job", version="1")
    poll = {"domain": "d", "taskList": {"name": "t"}}
    hang_up(local_aws, "swf", "SimpleWorkflowService.PollForDecisionTask", poll)
    swf.start_workflow_execution(
        domain="d",
        workflowId="job",
        workflowType={"name": "Job", "version": "1"},
        taskList={"name": "t"},
        childPolicy="TERMINATE",
        executionStartToCloseTimeout="60",
        taskStartToCloseTimeout="60",
    )
    assert swf.poll_for_decision_task(domain="d", taskList={"name": "t"})["taskToken"]


def test_no_message_is_lost_between_many_clients(local_aws: LocalAws) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    expected = {f"{sender}-{number}" for sender in range(3) for number in range(40)}

    def send(sender: int) -> None:
        for number in range(40):
            sqs.send_message(QueueUrl=queue, MessageBody=f"{sender}-{number}")

    received: list[str] = []
    with ThreadPoolExecutor() as pool:
        for sender in range(3):
            pool.submit(send, sender)
        deadline = time.monotonic() + 100
        while len(received) < len(expected) and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
                "Messages", []
            ):
                received.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(received) == sorted(expected)


def test_a_port_in_use_is_said_in_one_sentence(local_aws: LocalAws) -> None:
    port = int(local_aws.endpoint.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 is in use") as caught:
        LocalAws(port=port).start()
    assert caught.value.code == "PORT_IN_USE"


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:0") as caught:
        LocalAws(host="192.0.2.1").start()
    assert caught.value.code == "CANNOT_LISTEN"


def test_there_is_no_endpoint_before_the_start() -> None:
    with pytest.raises(CpeError, match="has not been started"):
        LocalAws().endpoint  # noqa: B018 - reading it is the test


def test_ended_polls_bring_nothing() -> None:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=70)
    with LocalAws() as aws, ThreadPoolExecutor() as pool:
        sqs = boto3.client("sqs", endpoint_url=aws.endpoint, config=config)
        swf = boto3.client("swf", endpoint_url=aws.endpoint, config=config)
        queue = sqs.create_queue(QueueName="ending")["QueueUrl"]
        swf.register_domain(name="ending", workflowExecutionRetentionPeriodInDays="1")
        receiver = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        poller = pool.submit(swf.poll_for_activity_task, domain="ending", taskList={"name": "t"})
        with pytest.raises(TimeoutError):
            poller.result(timeout=0.3)
        aws.end_polls()
        # Sooner than they would have ended by themselves.
        assert "Messages" not in receiver.result(timeout=10)
        assert "taskToken" not in poller.result(timeout=10)
        sqs.send_message(QueueUrl=queue, MessageBody="still here")
        assert sqs.receive_message(QueueUrl=queue)["Messages"]


def test_stop_hangs_up_and_frees_the_port() -> None:
    port = free_port()
    aws = LocalAws(port=port)
    aws.start()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("PUT", "/stopping")
    connection.getresponse().read()
    aws.stop()
    assert connection.sock.recv(1) == b""
    connection.close()
    with LocalAws(port=port) as again:
        assert again.endpoint.endswith(f":{port}")


@pytest.mark.parametrize(
    ("authorization", "service"),
    [
        ("AWS4-HMAC-SHA256 Credential=k/20260131/us-east-1/swf/aws4_request, SignedHeaders=host", "swf"),
        ("AWS4-HMAC-SHA256 Credential=k/20260131/eu-west-3/sqs/aws4_request, SignedHeaders=host", "sqs"),
        ("AWS k:signature", "s3"),
        ("", "s3"),
    ],
)
def test_the_signature_names_the_service(authorization: str, service: str) -> None:
    assert service_of({"HTTP_AUTHORIZATION": authorization}) == service


_SERVER = """
import sys, time
from cpe.local.server import LocalAws
with LocalAws() as aws:
    print(aws.endpoint, flush=True)
    for line in sys.stdin:
        print(time.process_time(), time.monotonic(), flush=True)
"""


def test_waiting_clients_cost_nearly_nothing() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        config = Config(retries={"total_max_attempts": 1}, read_timeout=70)
        swf = boto3.client("swf", endpoint_url=endpoint, config=config)
        sqs = boto3.client("sqs", endpoint_url=endpoint, config=config)
        swf.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
        queue = sqs.create_queue(QueueName="in")["QueueUrl"]
        with ThreadPoolExecutor() as pool:
            waiting: list[Future[Any]] = [
                pool.submit(swf.poll_for_activity_task, domain="d", taskList={"name": "t"}) for _ in range(5)
            ]
            waiting += [pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)]
            used = []
            for _ in range(2):
                assert not wait(waiting, timeout=2, return_when=FIRST_COMPLETED).done
                server.stdin.write("\n")
                used.append([float(figure) for figure in server.stdout.readline().split()])
            server.stdin.close()
            assert not any("taskToken" in poll.result(timeout=60) for poll in waiting)
    (before, begun), (after, ended) = used
    assert (after - before) / (ended - begun) < 0.02
