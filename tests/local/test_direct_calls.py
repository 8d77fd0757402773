"""What is called once a job goes the short way; whatever goes wrong on it goes botocore's way."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials
from structlog.testing import capture_logs

from cpe.aws.claims import Claims
from cpe.aws.connections import Connections, Response
from cpe.aws.direct import Direct, DirectJson, DirectS3
from cpe.aws.sending import Outgoing
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import StartRequest
from cpe.errors import AwsError, ConfigError
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.protocol import JobIdentity
from cpe.protocol.references import PayloadPlace
from tests.certificate import Certificate
from tests.local.stage import Stage, wait_for

JOB = JobIdentity("ClientA", "j1")
LOG = get_logger()
START = {"domain": "d", "workflowId": "w", "workflowType": {"name": "Works", "version": "1.0"}}


def direct_s3() -> DirectS3:
    direct = AwsSession().direct_s3(LOG)
    assert direct is not None
    return direct


def direct_swf() -> DirectJson:
    direct = AwsSession().direct_swf(LOG)
    assert direct is not None
    return direct


class Site:
    """A claim and a start on the local AWS, and how often botocore was called for them."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.stage.register_domain()
        self.stage.register_workflow()
        place = self.stage.provide_payloads()
        aws = AwsSession()
        s3, swf, self._sqs = aws.s3(), aws.swf(), aws.sqs()
        self._direct_sqs = aws.direct_sqs(LOG)
        self.long_ways: list[str] = []
        for client in (s3, swf, self._sqs):
            client.meta.events.register(
                "before-call", lambda model, **_: self.long_ways.append(str(model.name))
            )
        self.claims = Claims(s3, place, direct=aws.direct_s3(LOG))
        self.swf = SwfGateway(polls=swf, calls=swf, direct=aws.direct_swf(LOG))

    def queue(self, url: str) -> Queue:
        return Queue(self._sqs, url, direct=self._direct_sqs)

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


def cancelling(job: str) -> str:
    """A CANCEL_JOB."""
    body = {"time": 1.0, "type": "CANCEL_JOB", "jobId": job, "data": {}}
    return json.dumps(body, ensure_ascii=False)


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


def test_a_queue_is_read_and_written_without_botocore(site: Site) -> None:
    queue = site.queue(site.stage.client.input_queue)
    bodies = [cancelling("ä"), cancelling("b")]
    outcomes = queue.send_batch([Outgoing(body=body) for body in bodies])
    messages = queue.receive()
    assert (outcomes, sorted(message.body for message in messages)) == ([None, None], sorted(bodies))
    assert all(message.receive_count == 1 and message.sent > 0 for message in messages)
    queue.delete(messages)
    assert queue.receive(wait_seconds=0) == []
    assert site.long_ways == []
    assert queue.count() == 0


def test_what_sqs_refuses_botocore_tells(site: Site) -> None:
    queue = site.queue(site.stage.client.input_queue)
    queue.send(cancelling("a"))
    (message,) = queue.receive()
    with pytest.raises(AwsError) as caught:
        queue.delete([message, replace(message, receipt="none")])
    assert caught.value.code == "DELETE_FAILED"
    absent = site.queue(f"{queue.url}-absent")
    with pytest.raises(AwsError) as caught:
        absent.receive()
    assert caught.value.code == "QUEUE_NOT_FOUND"
    (outcome,) = absent.send_batch([Outgoing(body=cancelling("a"))])
    assert outcome is not None
    assert outcome.code == "QUEUE_NOT_FOUND"


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
    claims = Claims(aws.s3(), PayloadPlace(bucket="absent-bucket"), direct=aws.direct_s3(LOG))
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
    hangs_up = False
    connections: list[int]
    gone: list[int]

    def setup(self) -> None:
        self.connections.append(id(self))
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.gone.append(id(self))

    def _take(self) -> None:
        # Before the answer: the test goes on with it.
        self.close_connection = self.breaks_off or self.hangs_up
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

    do_PUT = do_POST = _take  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Nothing: what arrived is in `seen`."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Wire]]:
    handler = type("TestWire", (Wire,), {"seen": [], "connections": [], "gone": []})
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
    assert direct_s3().create("my-bucket", "claims/a key~1/ä") is True
    assert direct_swf().call("StartWorkflowExecution", {**START, "input": "ä"}) == {}
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
    assert direct_swf().call("StartWorkflowExecution", START) is None
    wire.breaks_off = True
    assert direct_swf().call("StartWorkflowExecution", START) is None
    assert len(wire.seen) == 2


@pytest.mark.parametrize(("status", "asked"), [(409, 2), (500, 2), (503, 2), (403, 1), (301, 1)])
def test_who_does_not_know_us_is_left_alone(wire: type[Wire], status: int, asked: int) -> None:
    wire.status = status
    with capture_logs() as logs:
        direct = AwsSession().direct_s3(get_logger())
        assert direct is not None
        assert [direct.create("my-bucket", "key") for _ in range(2)] == [None, None]
    assert len(wire.seen) == asked
    paused = [(one["event"], one["service"], one["status"], one["seconds"]) for one in logs]
    assert paused == ([("quick_calls_paused", "s3", status, 300.0)] if asked == 1 else [])


def test_who_was_left_alone_is_asked_again_after_a_while(wire: type[Wire]) -> None:
    now = [0.0]
    direct = quick_swf(now)
    url = os.environ["AWS_ENDPOINT_URL"]
    wire.status = 403
    assert direct.send("POST", url, {}) is None
    wire.status = 200
    now[0] = 299.0
    assert direct.send("POST", url, {}) is None
    now[0] = 301.0
    assert direct.send("POST", url, {}) == Response(status=200, content=b"{}")
    assert len(wire.seen) == 2


def test_a_connection_is_kept_until_its_server_hangs_up(wire: type[Wire]) -> None:
    direct = direct_swf()
    for hangs_up, connections in ((False, 1), (True, 1), (True, 2), (False, 3)):
        wire.hangs_up = hangs_up
        assert direct.call("StartWorkflowExecution", {"runId": "1"}) == {}
        assert len(wire.connections) == connections
        if hangs_up:
            wait_for(lambda: wire.gone == wire.connections)
    assert len(wire.seen) == 4


def test_a_proxy_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    aws = AwsSession()
    assert (aws.direct_s3(LOG), aws.direct_swf(LOG), aws.direct_sqs(LOG)) == (None, None, None)
    monkeypatch.setenv("NO_PROXY", ".amazonaws.com")
    assert aws.direct_swf(LOG) is not None


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_who_has_not_the_right_certificate_is_told_nothing(
    wire: type[Wire], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    identity = Certificate(tmp_path)
    with secured(wire, identity) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert direct_swf().call("StartWorkflowExecution", START) is None
        assert wire.seen == []
        monkeypatch.setenv(variable, str(identity.file))
        assert direct_swf().call("StartWorkflowExecution", START) == {}


def test_a_bundle_for_aws_goes_before_one_for_all(
    wire: type[Wire], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other, identity = (Certificate(folder) for folder in (tmp_path / "other", tmp_path / "own"))
    with secured(wire, identity) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(identity.file))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(other.file))
        assert direct_swf().call("StartWorkflowExecution", START) is None
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(identity.file))
        assert direct_swf().call("StartWorkflowExecution", START) == {}


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_bundle_that_cannot_be_read_is_told(
    wire: type[Wire], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    monkeypatch.setenv(variable, str(bundle))
    for content in (None, "no certificate"):
        if content is not None:
            bundle.write_text(content)
        with pytest.raises(ConfigError) as caught:
            direct_swf()
        assert caught.value.code == "CA_BUNDLE_INVALID"
        assert str(bundle) in str(caught.value)


@contextmanager
def secured(wire: type[Wire], identity: Certificate) -> Iterator[str]:
    """The wire behind TLS; its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), wire) as server:
        server.socket = identity.context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Deaf:
    """An endpoint that takes down who connects, and answers nobody."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"

    def asked(self) -> int:
        """How many have connected since this was looked at last."""
        came = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                came += 1
        return came

    def hang_up(self) -> None:
        """Be there no more."""
        self._socket.close()


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    endpoint = Deaf()
    yield endpoint
    endpoint.hang_up()


def quick_swf(now: list[float], *, read_timeout: float = 15) -> Direct:
    """Quick calls by a clock that the test sets."""
    return Direct(
        "swf",
        region="eu-west-1",
        credentials=Credentials("AKID", "wJalrXUtnFEMI"),
        connections=Connections(ssl.create_default_context(), connect_timeout=5, read_timeout=read_timeout),
        agent="cpe",
        monotonic=lambda: now[0],
        log=get_logger(),
    )


def paused(logs: list[MutableMapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (one["service"], one["error"], one["seconds"]) for one in logs if one["event"] == "quick_calls_paused"
    ]


def test_who_is_not_there_is_not_looked_for_by_every_call(deaf: Deaf) -> None:
    now = [0.0]
    deaf.hang_up()
    with capture_logs() as logs:
        direct = quick_swf(now)
        assert [direct.send("POST", deaf.url, {}) for _ in range(3)] == [None] * 3
        assert paused(logs) == [("swf", "ConnectionRefusedError", 60.0)]
        now[0] = 61.0
        assert direct.send("POST", deaf.url, {}) is None
    assert len(paused(logs)) == 2


def test_who_does_not_answer_is_not_waited_for_by_every_call(deaf: Deaf) -> None:
    with capture_logs() as logs:
        direct = quick_swf([0.0], read_timeout=0.1)
        assert [direct.send("POST", deaf.url, {}) for _ in range(3)] == [None] * 3
    assert paused(logs) == [("swf", "TimeoutError", 60.0)]
    assert deaf.asked() == 1


def test_who_is_there_again_is_asked_again(wire: type[Wire], deaf: Deaf) -> None:
    now = [0.0]
    deaf.hang_up()
    direct = quick_swf(now)
    assert direct.send("POST", deaf.url, {}) is None
    now[0] = 61.0
    assert direct.send("POST", os.environ["AWS_ENDPOINT_URL"], {}) == Response(status=200, content=b"{}")


def test_virtual_hosts_are_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    direct = direct_s3()
    assert direct.folder("my-bucket") == "https://my-bucket.s3.eu-west-1.amazonaws.com/"
    assert direct.folder("my.bucket") == "https://s3.eu-west-1.amazonaws.com/my.bucket/"
