"""What `cpe up` says of a stack that becomes ready, whatever AWS answers meanwhile."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path

import pytest

from cpe.aws.provision import registered_types
from cpe.aws.session import AwsSession
from cpe.local.server import LocalAws
from cpe.stack.readiness import watching
from tests.local.stage import Stage, wait_for


def test_a_fault_of_aws_is_told_once_and_tried_again(
    local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpe.stack.readiness.FAULT_STEP", 0.01)
    stage = Stage(tmp_path)
    swf = AwsSession().swf()
    looks: list[None] = []
    complaints: list[str] = []
    announced = threading.Event()

    def ready() -> bool:
        looks.append(None)
        return {("Works", "1.0")} <= registered_types(swf, stage.domain)

    with watching(ready, announced.set, complaints.append):
        wait_for(lambda: len(looks) > 2)
        assert not announced.is_set()
        (complaint,) = complaints
        assert f"types of SWF domain '{stage.domain}'" in complaint
        stage.register_domain()
        stage.register_workflow()
        assert announced.wait(100)
    assert complaints == [complaint]


def test_a_local_aws_in_trouble_is_waited_for(local_aws: LocalAws, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.register_workflow()
    swf = AwsSession(quick=True).swf()
    connection = http.client.HTTPConnection(local_aws.endpoint.removeprefix("http://"))
    connection.request("PUT", "/cpe-local/faults", "swf.ListWorkflowTypes.error=1,limit=2")
    assert connection.getresponse().status == http.HTTPStatus.OK
    connection.close()
    complaints: list[str] = []
    announced = threading.Event()
    with watching(lambda: bool(registered_types(swf, stage.domain)), announced.set, complaints.append):
        assert announced.wait(100)
    assert len(complaints) == 1


def test_what_is_announced_is_announced_when_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpe.stack.readiness.FAULT_STEP", 0.01)
    file = tmp_path / "folder" / "environment.json"
    complaints: list[str] = []
    with watching(lambda: True, file.touch, complaints.append):
        wait_for(lambda: complaints)
        file.parent.mkdir()
        wait_for(file.exists)
    assert len(complaints) == 1


def test_who_ends_is_not_held_up(tmp_path: Path) -> None:
    def fail() -> bool:
        raise OSError("no room")

    complaints: list[str] = []
    with watching(fail, lambda: None, complaints.append):
        wait_for(lambda: complaints)
    assert complaints == ["no room"]
