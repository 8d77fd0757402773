"""Logs: one JSON object a line, stable names, no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from cpe.errors import ConfigError
from cpe.logs import configure_logging, get_logger


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_is_json_with_what_was_bound() -> None:
    stream = io.StringIO()
    configure_logging("cpe-worker", stream=stream, fields={"name": "w1"})
    get_logger(jobId="j1").info("task_started", activityId="A")
    (line,) = lines(stream.getvalue())
    assert line.pop("timestamp")
    assert line == {
        "event": "task_started",
        "level": "info",
        "daemon": "cpe-worker",
        "name": "w1",
        "jobId": "j1",
        "activityId": "A",
    }


def test_debug_events_need_debug() -> None:
    for debug, count in ((False, 0), (True, 1)):
        stream = io.StringIO()
        configure_logging("cpe-worker", debug=debug, stream=stream)
        get_logger().debug("event_published")
        assert len(lines(stream.getvalue())) == count


def test_a_traceback_is_one_line() -> None:
    stream = io.StringIO()
    configure_logging("cpe-worker", stream=stream)
    try:
        int("no")
    except ValueError:
        get_logger().error("handle_failed", exc_info=True)
    (line,) = lines(stream.getvalue())
    assert "ValueError: invalid literal" in line["exception"]


def test_libraries_log_in_the_same_form_but_no_debug() -> None:
    stream = io.StringIO()
    configure_logging("cpe-worker", debug=True, stream=stream)
    logging.getLogger("botocore.auth").debug("StringToSign: …")
    logging.getLogger("botocore").warning("slow %s", "down")
    (line,) = lines(stream.getvalue())
    assert (line["event"], line["level"]) == ("slow down", "warning")


def test_secrets_are_masked() -> None:
    stream = io.StringIO()
    configure_logging("cpe-worker", stream=stream)
    get_logger().info("e", taskToken="t", aws_secret_access_key="k", password="p", queue="q")
    (line,) = lines(stream.getvalue())
    assert (line["taskToken"], line["aws_secret_access_key"], line["password"]) == ("***",) * 3
    assert line["queue"] == "q"


def test_logs_go_to_a_file_of_the_folder(tmp_path: Path) -> None:
    configure_logging("cpe-worker", directory=tmp_path / "logs")
    get_logger().info("daemon_started")
    assert lines((tmp_path / "logs/cpe-worker.log").read_text())[0]["event"] == "daemon_started"


def test_a_file_that_is_moved_away_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "cpe.log"
    configure_logging("cpe-worker", file=file)
    get_logger().info("one")
    file.rename(tmp_path / "cpe.log.1")
    get_logger().info("two")
    assert [line["event"] for line in lines(file.read_text())] == ["two"]


def test_an_unwritable_folder_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--log") as caught:
        configure_logging("cpe-worker", directory=tmp_path / "file")
    assert caught.value.code == "LOG_NOT_WRITABLE"
