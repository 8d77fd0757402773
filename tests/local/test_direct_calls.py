"""What is called once a job goes the short way; whatever goes wrong on it goes botocore's way."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.claims import Claims
from cpe.aws.session import AwsSession
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from cpe.protocol import JobIdentity
from cpe.protocol.references import PayloadPlace
from tests.local.stage import Stage

JOB = JobIdentity("ClientA", "j1")
START = {"domain": "d", "workflowId": "w", "workflowType": {"name": "Works", "version": "1.0"}}


class Site:
    """A claim and a start on the local AWS, and how often botocore was called for them."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.stage.register_domain()
        self.stage.register_workflow()
        place = self.stage.provide_payloads()
        aws = AwsSession()
        s3, swf = aws.s3(), aws.swf()
        self.long_ways: list[str] = []
        for client in (s3, swf):
            client.meta.events.register(
                "before-call", lambda model, **_: self.long_ways.append(str(model.name))
            )
        self.claims = Claims(s3, place, direct=aws.direct_s3())
        self.swf = SwfGateway(polls=swf, calls=swf, direct=aws.direct_swf())

    def start(self, job: str = "j1", workflow: str = "Works") -> str:
        return self.swf.start_workflow(
            StartRequest(
                domain=self.stage.domain,
                workflow_id=f"ClientA.{job}",
                workflow_name=workflow,
                workflow_version="1.0",
                input=json.dumps({"text": "ä\n\"'"}),
                tags=("ClientA", job),
                priority="-3",
            )
        )


@pytest.fixture
def site(local_aws: LocalAws, tmp_path: Path) -> Site:
    return Site(tmp_path)


def let_fail(aws: LocalAws, rule: str) -> None:
    connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"))
    connection.request("PUT", "/cpe-local/faults", rule)
    assert connection.getresponse().status == http.HTTPStatus.OK
    connection.close()


def test_a_job_is_claimed_and_started_without_botocore(site: Site) -> None:
    assert site.claims.take(site.stage.domain, JOB)
    assert not site.claims.take(site.stage.domain, JOB)
    run_id = site.start()
    assert site.long_ways == []
    (started, *_) = site.stage.swf.get_workflow_execution_history(
        domain=site.stage.domain, execution={"workflowId": "ClientA.j1", "runId": run_id}
    )["events"]
    attributes = started["workflowExecutionStartedEventAttributes"]
    assert json.loads(attributes["input"]) == {"text": "ä\n\"'"}
    assert (attributes["tagList"], attributes["taskPriority"]) == (["ClientA", "j1"], "-3")
    assert site.claims.taken(site.stage.domain, JOB) is not None


def test_what_swf_refuses_botocore_tells(site: Site) -> None:
    site.start()
    for workflow, code in (("Works", "ALREADY_STARTED"), ("Absent", "UNKNOWN_RESOURCE")):
        with pytest.raises(AwsError) as caught:
            site.start(workflow=workflow)
        assert caught.value.code == code
    assert site.start("j2")
    assert site.long_ways == ["StartWorkflowExecution"] * 2


@pytest.mark.parametrize("kind", ["error", "throttle", "reset"])
def test_a_passing_fault_is_botocores_to_deal_with(site: Site, local_aws: LocalAws, kind: str) -> None:
    let_fail(local_aws, f"s3.PutObject.{kind}=1,limit=1 swf.StartWorkflowExecution.{kind}=1,limit=1")
    assert site.claims.take(site.stage.domain, JOB)
    assert site.start()
    assert site.long_ways == ["PutObject", "StartWorkflowExecution"]
    assert not site.claims.take(site.stage.domain, JOB)
    assert site.start("j2")


def test_an_answer_that_got_lost_does_not_start_a_job_twice(site: Site, local_aws: LocalAws) -> None:
    let_fail(local_aws, "swf.StartWorkflowExecution.lost=1,limit=1")
    with pytest.raises(AwsError) as caught:
        site.start()
    assert caught.value.code == "ALREADY_STARTED"


def test_a_bucket_that_is_not_there_is_told_and_not_asked_for_twice_again(site: Site) -> None:
    aws = AwsSession()
    claims = Claims(aws.s3(), PayloadPlace(bucket="absent-bucket"), direct=aws.direct_s3())
    for _ in range(2):
        with pytest.raises(AwsError) as caught:
            claims.take(site.stage.domain, JOB)
        assert caught.value.code == "BUCKET_NOT_FOUND"


class Wire(BaseHTTPRequestHandler):
    """Takes down what arrives, and answers as the test wants."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str], bytes]]
    status = 200
    answer = b"{}"
    breaks_off = False

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer) + self.breaks_off))
        self.end_headers()
        self.wfile.write(self.answer)
        if self.breaks_off:  # with a reset instead of an end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True

    do_PUT = do_POST = _take  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Nothing: what arrived is in `seen`."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Wire]]:
    handler = type("TestWire", (Wire,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        yield handler
        server.shutdown()


def signature(method: str, path: str, headers: dict[str, str], body: bytes, service: str) -> str:
    """Sign a request as AWS describes it ("Create a signed AWS API request", IAM User Guide)."""
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    canonical = "\n".join(
        [
            *(method, path, ""),
            *(f"{name}:{headers[name]}" for name in names.split(";")),
            *("", names, hashlib.sha256(body).hexdigest()),
        ]
    )
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/eu-west-1/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4wJalrXUtnFEMI"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()


def test_what_is_sent_is_what_was_signed(wire: type[Wire]) -> None:
    aws = AwsSession()
    assert aws.direct_s3().create("my-bucket", "claims/a key~1/ä") is True
    assert aws.direct_swf().call("StartWorkflowExecution", {**START, "input": "ä"}) == {}
    (put, post) = wire.seen
    assert put[1] == "/my-bucket/claims/a%20key~1/%C3%A4"
    assert (put[2]["if-none-match"], put[2]["content-length"]) == ("*", "0")
    assert post[2]["x-amz-target"] == "SimpleWorkflowService.StartWorkflowExecution"
    assert json.loads(post[3]) == {**START, "input": "ä"}
    for sent, service in ((put, "s3"), (post, "swf")):
        assert sent[2]["authorization"].endswith(f"Signature={signature(*sent, service)}")
        assert sent[2]["x-amz-security-token"] == "a-session"
        assert "cpe/" in sent[2]["user-agent"]


def test_what_broke_off_is_no_answer(wire: type[Wire]) -> None:
    wire.answer = b'{"runId": "2'
    assert AwsSession().direct_swf().call("StartWorkflowExecution", START) is None
    wire.breaks_off = True
    assert AwsSession().direct_swf().call("StartWorkflowExecution", START) is None
    assert len(wire.seen) == 2


@pytest.mark.parametrize(("status", "asked"), [(500, 2), (503, 2), (403, 1), (301, 1)])
def test_who_does_not_know_us_is_not_asked_again(wire: type[Wire], status: int, asked: int) -> None:
    wire.status = status
    direct = AwsSession().direct_s3()
    assert [direct.create("my-bucket", "key") for _ in range(2)] == [None, None]
    assert len(wire.seen) == asked


def test_nobody_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert AwsSession().direct_swf().call("StartWorkflowExecution", START) is None


def test_virtual_hosts_are_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    direct = AwsSession().direct_s3()
    assert direct.folder("my-bucket") == "https://my-bucket.s3.eu-west-1.amazonaws.com/"
    assert direct.folder("my.bucket") == "https://s3.eu-west-1.amazonaws.com/my.bucket/"
