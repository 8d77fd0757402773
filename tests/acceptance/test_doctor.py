"""`cpe doctor`: a sound stack has no finding; each of the prepared faults is named, with a way out."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from activities.ffmpeg.tools import find_tools
from cpe.aws.client_queues import create_client_queues
from cpe.aws.provision import PAYLOADS, provision_stack
from cpe.aws.session import AwsSession
from cpe.cli.doctor import PARTS, doctor
from cpe.config import load_settings
from cpe.doctor import Part
from cpe.doctor.advice import ADVICE
from cpe.stack.configuration import client_entry, stack_configuration
from tests.acceptance.stack import PATIENCE, REPOSITORY, Stack

PLANS = str(REPOSITORY / "plans")
GUIDE = (REPOSITORY / "docs" / "operations.md").read_text("utf-8").split("\n## Doctor\n")[1].split("\n## ")[0]

IN_TIME = ("--timeout", "100")
"""More than its half a minute: a busy machine is no finding."""


def run(*arguments: str | Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the doctor as its users do."""
    return subprocess.run(
        [sys.executable, "-m", "cpe.cli.main", "doctor", *IN_TIME, *map(str, arguments)],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def examine(
    *arguments: str | Path, environment: Mapping[str, str], exit_code: int = 1
) -> dict[str, dict[str, Any]]:
    """Ask the doctor, in this process; give the findings that are not well by their codes."""
    unset: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("AWS_"))
    asked = ["--json", *IN_TIME, *map(str, arguments)]
    done = CliRunner().invoke(doctor, asked, env={**unset, **environment}, catch_exceptions=False)
    assert done.exit_code == exit_code, done.output
    return read(done.stdout, exit_code=exit_code)


def read(output: str, *, exit_code: int) -> dict[str, dict[str, Any]]:
    document = json.loads(output)
    assert document["sound"] is (exit_code == 0)
    return {one["code"]: one for one in document["findings"] if one["code"]}


def assert_named(found: Mapping[str, Mapping[str, Any]], code: str, *, status: str = "fault") -> None:
    assert code in found, sorted(found)
    assert found[code]["status"] == status
    assert found[code]["what"]
    assert found[code]["why"]
    assert found[code]["wayOut"] == ADVICE[code].way_out


class World:
    """A provisioned stack on the local AWS; `environment` and `tree` lead to it, and may be spoilt."""

    def __init__(self, folder: Path) -> None:
        queues = provision_stack(AwsSession(), domain="SADomain", client="ClientA")
        self.config = folder / "config.json"
        self.environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self.environment |= {"CPE_CONFIG": str(self.config), "CPE_SCRATCH": str(folder / "scratch")}
        settings = load_settings(REPOSITORY / "config" / "cpe.yml", environ={})
        self.tree: dict[str, Any] = stack_configuration(
            domain="SADomain",
            client=client_entry("ClientA", input_queue=queues.input, output_queue=queues.output),
            activities=settings.activities[:2],
            payloads=PAYLOADS,
        )

    def examine(self, *only: str, exit_code: int = 1, **environment: str) -> dict[str, dict[str, Any]]:
        """Ask the doctor about parts; an empty variable is unset."""
        self.config.write_text(json.dumps(self.tree))
        merged = {**self.environment, **environment}
        return examine(
            *(argument for part in only for argument in ("--only", part)),
            environment={name: value for name, value in merged.items() if value},
            exit_code=exit_code,
        )


@pytest.fixture
def world(local_aws: object, tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_sound_stack_has_no_finding(stack: Stack) -> None:
    environment = {**stack.environment, "AWS_CONFIG_FILE": os.devnull, "TMPDIR": str(stack.scratch)}
    done = run("--json", "--plan", PLANS, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    # The shipped configuration allows commands for pictures; a machine without ImageMagick is warned of.
    assert set(read(done.stdout, exit_code=0)) <= {"IMAGEMAGICK_UNAVAILABLE"}


def test_people_get_a_table_without_colour(stack: Stack) -> None:
    environment = {**stack.environment, "NO_COLOR": "1"}
    done = run("--only", "queues", "--only", "scratch", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "input of ClientA" in done.stdout
    assert "activities" not in done.stdout
    assert done.stdout.endswith("faults: 0, warnings: 0\n")
    assert "\x1b" not in done.stdout


def test_ten_faults_at_once_are_each_named_by_the_command(world: World, tmp_path: Path) -> None:
    sqs = boto3.client("sqs")
    client = world.tree["clients"][0]
    other = {"input": sqs.create_queue(QueueName="bare")["QueueUrl"], "output": client["queues"]["output"]}
    dead = sqs.get_queue_url(QueueName="cpe-ClientA-input-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    sqs.set_queue_attributes(QueueUrl=client["queues"]["input"], Attributes={"VisibilityTimeout": "1"})
    sqs.delete_queue(QueueUrl=client["queues"]["output"])
    validate, transcode = world.tree["activities"]
    validate["class"] = "no.such.module:Echo"
    transcode["settings"]["ffmpeg"] = "/nowhere/ffmpeg"
    world.tree["payloads"]["bucket"] = "nobody-made-this"
    world.tree["clients"].append({"name": "ClientB", "queues": other})
    (tmp_path / "file").touch()
    world.config.write_text(json.dumps(world.tree))
    environment = {
        **world.environment,
        "CPE_SCRATCH": str(tmp_path / "file" / "below"),
    }
    done = run("--json", "--plan", PLANS, environment=environment)
    assert (done.returncode, done.stderr) == (1, "")
    found = read(done.stdout, exit_code=1)
    assert found.keys() == {
        *("QUEUE_NOT_FOUND", "DLQ_MISSING", "DLQ_NOT_EMPTY", "VISIBILITY_SHORT"),
        *("WORKFLOW_TYPE_NOT_REGISTERED", "ACTIVITY_TYPE_NOT_REGISTERED"),
        *("ACTIVITY_NOT_LOADED", "FFMPEG_NOT_FOUND", "BUCKET_NOT_FOUND", "SCRATCH_UNWRITABLE"),
    }
    for code in found:
        assert_named(found, code, status=found[code]["status"])
    table = run("--plan", PLANS, environment=environment)
    assert (table.returncode, table.stderr) == (1, "")
    # In a narrow table a code may not be broken, so that it can be looked up.
    assert [code for code in found if code not in table.stdout] == []


def test_no_credentials(world: World) -> None:
    found = world.examine(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert_named(found, "AWS_CREDENTIALS_MISSING")
    # Whatever needs no AWS was looked at all the same.
    assert found.keys() == {"AWS_CREDENTIALS_MISSING"}


def test_no_region(world: World) -> None:
    assert_named(world.examine("queues", AWS_DEFAULT_REGION=""), "AWS_REGION_MISSING")


def test_a_region_that_nobody_knows(world: World) -> None:
    found = world.examine("region", exit_code=0, AWS_DEFAULT_REGION="us-eest-1")
    assert_named(found, "REGION_UNKNOWN", status="warning")


def test_an_endpoint_that_is_no_url(world: World) -> None:
    assert_named(world.examine("swf", AWS_ENDPOINT_URL="localhost:4566"), "ENDPOINT_INVALID")


def test_an_endpoint_where_something_else_answers(world: World) -> None:
    with served(_Greeter) as url:
        found = world.examine(AWS_ENDPOINT_URL=url)
    assert_named(found, "NOT_AWS")


def test_an_endpoint_that_cannot_be_reached(world: World) -> None:
    with unserved() as url:
        assert_named(world.examine(AWS_ENDPOINT_URL=url), "ENDPOINT_UNREACHABLE")


def test_an_endpoint_that_never_answers_takes_no_minutes(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = world.examine(AWS_ENDPOINT_URL=url)
    assert_named(found, "ENDPOINT_UNREACHABLE")
    # Two tries of five seconds each; the rest is for a busy machine.
    assert time.monotonic() - began < 60


def test_no_queue(world: World) -> None:
    queues = world.tree["clients"][0]["queues"]
    boto3.client("sqs").delete_queue(QueueUrl=queues["input"])
    found = world.examine("queues")
    assert_named(found, "QUEUE_NOT_FOUND")
    assert queues["input"] in found["QUEUE_NOT_FOUND"]["what"]


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_queue_without_a_dead_letter_queue(world: World, side: str) -> None:
    url = boto3.client("sqs").create_queue(QueueName="bare")["QueueUrl"]
    world.tree["clients"][0]["queues"][side] = url
    assert_named(world.examine("queues", exit_code=0), "DLQ_MISSING", status="warning")


def test_attributes_that_are_not_sane(world: World) -> None:
    sqs = boto3.client("sqs")
    queues = world.tree["clients"][0]["queues"]
    arn = "arn:aws:sqs:us-east-1:123456789012:gone"
    sqs.create_queue(QueueName="gone")
    sqs.set_queue_attributes(
        QueueUrl=queues["input"],
        Attributes={
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
        },
    )
    sqs.set_queue_attributes(QueueUrl=queues["output"], Attributes={"MessageRetentionPeriod": "60"})
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="gone")["QueueUrl"])
    found = world.examine("queues")
    assert_named(found, "DLQ_NOT_FOUND")
    for code in ("DLQ_TOO_EAGER", "VISIBILITY_SHORT", "RETENTION_SHORT"):
        assert_named(found, code, status="warning")


@pytest.mark.parametrize("side", ["input", "output"])
def test_messages_in_a_dead_letter_queue(world: World, side: str) -> None:
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_url(QueueName=f"cpe-ClientA-{side}-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    assert_named(world.examine("queues", exit_code=0), "DLQ_NOT_EMPTY", status="warning")


def test_looking_takes_and_sends_nothing(world: World) -> None:
    sqs = boto3.client("sqs")
    queues = world.tree["clients"][0]["queues"]
    sqs.send_message(QueueUrl=queues["input"], MessageBody="{}")
    assert world.examine("queues", exit_code=0) == {}
    taken = sqs.receive_message(
        QueueUrl=queues["input"], MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    assert taken["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "Messages" not in sqs.receive_message(QueueUrl=queues["output"])


def test_fifo_queues_are_as_good(world: World) -> None:
    sqs = boto3.client("sqs")
    queues = create_client_queues(sqs, "ClientA", fifo=("input", "output"))
    world.tree["clients"][0]["queues"] = {"input": queues.input, "output": queues.output}
    assert world.examine("queues", exit_code=0) == {}
    dead = sqs.get_queue_url(QueueName="cpe-ClientA-output-dead.fifo")["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="{}", MessageGroupId="r", MessageDeduplicationId="1")
    assert_named(world.examine("queues", exit_code=0), "DLQ_NOT_EMPTY", status="warning")


def test_one_queue_for_both_ways(world: World) -> None:
    queues = world.tree["clients"][0]["queues"]
    queues["output"] = queues["input"]
    assert_named(world.examine("queues"), "QUEUES_ALIKE")


def test_no_domain(world: World) -> None:
    world.tree["domain"] = "Nowhere"
    assert_named(world.examine("swf"), "DOMAIN_NOT_FOUND")
    boto3.client("swf").deprecate_domain(name="SADomain")
    world.tree["domain"] = "SADomain"
    assert_named(world.examine("swf"), "DOMAIN_DEPRECATED")
    del world.tree["domain"]
    assert_named(world.examine("swf", exit_code=0), "DOMAIN_UNKNOWN", status="warning")


def test_types_that_nobody_registered(world: World) -> None:
    assert_named(world.examine("swf", exit_code=0), "ACTIVITY_TYPE_NOT_REGISTERED", status="warning")
    found = examine("--only", "swf", "--plan", PLANS, environment=world.environment)
    assert_named(found, "WORKFLOW_TYPE_NOT_REGISTERED")
    assert_named(found, "ACTIVITY_TYPE_NOT_REGISTERED")


def test_no_bucket(world: World) -> None:
    world.tree["payloads"]["bucket"] = "nobody-made-this"
    assert_named(world.examine("payloads"), "BUCKET_NOT_FOUND")
    del world.tree["payloads"]
    assert_named(world.examine("payloads", exit_code=0), "PAYLOADS_NOT_CONFIGURED", status="warning")


def test_the_bucket_is_left_as_it_was(world: World) -> None:
    assert world.examine("payloads", exit_code=0) == {}
    assert boto3.client("s3").list_objects_v2(Bucket=PAYLOADS.bucket)["KeyCount"] == 0


def test_no_ffmpeg(world: World) -> None:
    for activity in world.tree["activities"]:
        activity["settings"]["ffmpeg"] = "/nowhere/ffmpeg"
    assert_named(world.examine("activities"), "FFMPEG_NOT_FOUND")


def test_an_ffmpeg_without_an_encoder_and_a_demuxer(world: World, tmp_path: Path) -> None:
    tools = find_tools(None, None)
    program = tmp_path / "ffmpeg"
    program.write_text(f'#!/bin/sh\n{tools.ffmpeg} "$@" | grep -v -e libx264 -e matroska\n')
    program.chmod(0o755)
    for activity in world.tree["activities"]:
        activity["settings"] |= {"ffmpeg": str(program), "ffprobe": str(tools.ffprobe)}
    found = world.examine("activities")
    assert_named(found, "ENCODER_UNAVAILABLE")
    assert "libx264" in found["ENCODER_UNAVAILABLE"]["what"]
    assert_named(found, "DEMUXER_UNAVAILABLE")
    assert "matroska" in found["DEMUXER_UNAVAILABLE"]["what"]


def test_an_activity_that_cannot_be_loaded(world: World) -> None:
    world.tree["activities"][0]["class"] = "no.such.module:Echo"
    assert_named(world.examine("activities"), "ACTIVITY_NOT_LOADED")


def test_scratch_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = world.examine("scratch", CPE_SCRATCH=str(tmp_path / "file" / "below"))
    assert_named(found, "SCRATCH_UNWRITABLE")


@pytest.mark.parametrize(("minutes", "direction"), [(10, "behind"), (-10, "ahead of")])
def test_a_skewed_clock(world: World, minutes: int, direction: str) -> None:
    class Skewed(_Forwarder):
        target = world.environment["AWS_ENDPOINT_URL"]
        offset = timedelta(minutes=minutes)

    with served(Skewed) as url:
        found = world.examine("clock", AWS_ENDPOINT_URL=url)
    assert_named(found, "CLOCK_SKEWED")
    assert f" s {direction} that of" in found["CLOCK_SKEWED"]["what"]


def test_a_configuration_that_is_refused(world: World) -> None:
    world.tree["domian"] = "SADomain"
    found = world.examine("configuration", "scratch")
    assert_named(found, "CONFIG_INVALID")
    assert "did you mean 'domain'?" in found["CONFIG_INVALID"]["what"]
    assert f"{world.config}:" in found["CONFIG_INVALID"]["what"]


def test_secrets_are_never_shown(world: World) -> None:
    world.config.write_text(json.dumps(world.tree))
    with unserved() as url:
        spoken = url.replace("//", "//me:hidden@")
        found = world.examine(AWS_ENDPOINT_URL=spoken, AWS_SECRET_ACCESS_KEY="hidden")
    assert found
    assert "hidden" not in json.dumps(found)


def test_the_parts_can_be_chosen() -> None:
    assert tuple(Part) == PARTS


def test_the_commands_of_the_guide(stack: Stack) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for command in block.splitlines():
        done = run(*shlex.split(command)[2:], environment={**stack.environment, "TMPDIR": str(stack.scratch)})
        assert done.returncode == 0, command + done.stdout + done.stderr


def test_every_code_stands_in_the_guide() -> None:
    assert [code for code in ADVICE if f"`{code}`" not in GUIDE] == []


@contextlib.contextmanager
def unserved() -> Iterator[str]:
    """A place that nobody listens at, nor can meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler, ABC):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    @abstractmethod
    def answer(self) -> None:
        """Answer any request."""


class _Greeter(_Handler):
    """A web server that is no AWS."""

    def answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")


class _Forwarder(_Handler):
    """Hands requests on, and answers with another date."""

    target: str
    offset: timedelta

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(self.target.removeprefix("http://"), timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"date", "transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Date", format_datetime(datetime.now(UTC) + self.offset, usegmt=True))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
