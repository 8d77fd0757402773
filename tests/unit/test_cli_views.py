"""What the operator's commands show: tables, lines and bars."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cpe.cli import event_view
from cpe.cli.event_view import Bars, event_line, make_view
from cpe.cli.happenings import Happenings
from cpe.cli.job_view import ACTIVITY_HEADERS, JOB_HEADERS, activity_rows, job_lines, job_row, visible
from cpe.cli.masking import masked_body
from cpe.cli.moments import Since, duration, moment
from cpe.cli.sightings import Sightings
from cpe.jobs import ActivityReport, ActivityStatus, JobReport, JobStatus, JobSummary
from cpe.protocol import Event, EventType, JobIdentity
from cpe.protocol.codec import encode_event
from cpe.protocol.schema import validator

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))
SUMMARY = JobSummary(
    identity=JobIdentity("ClientA", "j1"),
    run_id="r1",
    workflow_name="W",
    workflow_version="1.0",
    status=JobStatus.RUNNING,
    started=1_000.0,
    closed=None,
)
ACTIVITY = ActivityReport(
    activity_id="Do",
    name="Work",
    version="v1",
    status=ActivityStatus.FAILED,
    attempt=2,
    scheduled=1_001.0,
    started=1_002.0,
    ended=1_077.0,
    reason="BROKEN",
    explanation="two\nlines",
)


def history(file: Path) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(file.read_text())["events"]
    return events


def happened(file: Path) -> list[Event]:
    return Happenings("ClientA.j1", "r1").take(history(file))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_a_history_tells_valid_events(file: Path) -> None:
    events = happened(file)
    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        message = json.loads(encode_event(event))
        assert list(validator(event.type).iter_errors(message)) == []
        assert event_line(event, with_job=True).isprintable()
    assert events[-1].type.closes_job or events[-1].type is EventType.WORKFLOW_CONTINUED
    assert [event.time for event in events] == sorted(event.time for event in events)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_a_history_tells_the_same_in_pieces(file: Path) -> None:
    piecemeal = Happenings("ClientA.j1", "r1")
    pieces = [told for raw in history(file) for told in piecemeal.take([raw])]
    assert pieces == happened(file)
    assert piecemeal.seen == len(history(file))


def test_a_time_out_tells_what_the_activity_was_at() -> None:
    file = next(file for file in HISTORIES if file.stem == "when_and_timeout")
    raw = json.loads(json.dumps(history(file)))
    for event in raw:
        if event["eventType"] == "ActivityTaskTimedOut":
            event["activityTaskTimedOutEventAttributes"]["details"] = '{"frame": 7}'
        if event["eventType"] == "ActivityTaskScheduled":
            event["activityTaskScheduledEventAttributes"]["input"] = '{"file": "a.mp4"}'
    events = Happenings("ClientA.j1", "r1").take(raw)
    timeouts = [one for one in events if one.type is EventType.ACTIVITY_TIMEOUT]
    assert timeouts
    for one in timeouts:
        assert one.details.keys() == {"input", "heartbeat", "timeoutType", "attempt"}
        assert (one.details["input"], one.details["heartbeat"]) == ({"file": "a.mp4"}, {"frame": 7})
        assert list(validator(one.type).iter_errors(json.loads(encode_event(one)))) == []


def test_a_line_says_what_matters() -> None:
    retried = next(file for file in HISTORIES if file.stem == "retry_success")
    lines = [event_line(event, with_job=False)[21:] for event in happened(retried)]
    assert lines == [
        "WORKFLOW_SCHEDULED         Again 1.0",
        "ACTIVITY_SCHEDULED         Try",
        "ACTIVITY_STARTED           Try",
        "ACTIVITY_FAILED            Try  NOT_YET: not yet",
        "ACTIVITY_SCHEDULED         Try  attempt 2",
        "ACTIVITY_STARTED           Try  attempt 2",
        'ACTIVITY_COMPLETED         Try  attempt 2, {"value": 7}',
        "WORKFLOW_COMPLETED         7",
    ]


def test_bars_show_where_each_activity_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=110, color_system=None, legacy_windows=False)
    monkeypatch.setattr(event_view, "console", lambda: terminal)
    failed = next(file for file in HISTORIES if file.stem == "retry_never")
    with Bars(clock=lambda: 0.0) as bars:
        bars.show(happened(failed))
    shown = screen.getvalue()
    assert "WORKFLOW_FAILED" in shown
    last = [line for line in shown.splitlines() if "FAILED " in line and "WORKFLOW" not in line][-1]
    assert last.rstrip().endswith("BROKEN: as asked")
    assert "Try" in last


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    file = HISTORIES[0]
    with make_view(as_json=True) as view:
        view.show(happened(file))
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [message["eventId"] for message in printed] == [event.event_id for event in happened(file)]


def test_rows_of_tables() -> None:
    row = job_row(SUMMARY, now=1_090.0)
    assert len(row) == len(JOB_HEADERS)
    assert row == ("ClientA.j1", "W 1.0", "RUNNING", moment(1_000.0), "1m30s")
    (row,) = activity_rows([ACTIVITY], now=0.0)
    assert len(row) == len(ACTIVITY_HEADERS)
    assert row == (
        *("Do", "Work v1", "FAILED", "2", moment(1_001.0), moment(1_002.0), "1m15s"),
        "BROKEN: two lines",
    )
    report = JobReport(summary=SUMMARY, cancel_requested=True, reason="R", explanation="D", result={"a": 1})
    assert dict(job_lines(report, now=1_001.0)) == {
        "job": "ClientA.j1",
        "workflow": "W 1.0",
        "run": "r1",
        "status": "RUNNING, asked to stop",
        "started": moment(1_000.0),
        "took": "1.0s",
        "reason": "R: D",
        "result": '{"a": 1}',
    }


@settings(deadline=None)
@given(st.text(max_size=400))
def test_what_is_shown_is_one_line_without_commands_for_the_terminal(text: str) -> None:
    shown = visible(text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert len(visible(text, most=50).replace("\\x", "")) <= 50 * 6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 99_970.0), ("5m", 99_700.0), ("2h", 92_800.0), ("1d", 13_600.0), ("1w", 0.0)],
)
def test_ages(text: str, seconds: float) -> None:
    since = Since(lambda: 100_000.0)
    assert since.convert(text, None, None) == seconds
    assert since.convert("1970-01-02T00:00:00+00:00", None, None) == 86_400.0


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "-2h", "2y", "yesterday", "9999999h"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no age such as"):
        Since(lambda: 0.0).convert(text, None, None)


def test_durations_and_moments() -> None:
    assert [duration(seconds) for seconds in (0.04, 9.99, 10, 59.9, 60, 3_599, 3_600, 86_400)] == [
        *("0.0s", "10.0s", "10s", "59s", "1m00s", "59m59s", "1h00m", "1d00h"),
    ]
    assert moment(None) == ""


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {"password": "hunter2", "list": [{"apiKey": "hunter2"}]}}',
        '{"url": "https://user:hunter2@host/path?X-Amz-Signature=hunter2"}',
        '{"token": {"deep": "hunter2"}}',
        '{"password": "hunter2"',
        "{'password': 'hunter2', broken",
        "secret_key=hunter2&x=1",
        '"https://user:hunter2@host/',
    ],
)
def test_secrets_are_masked(body: str) -> None:
    assert "hunter2" not in masked_body(body)
    assert "***" in masked_body(body)


def test_what_is_no_secret_stays() -> None:
    assert masked_body('{"jobId": "j1", "n": [1, null]}', indent=None) == '{"jobId": "j1", "n": [1, null]}'
    assert masked_body("no JSON at all") == "no JSON at all"


def test_who_was_seen() -> None:
    def event(number: int, kind: str, when: float, **attributes: Any) -> dict[str, Any]:
        name = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        return {"eventId": number, "eventType": kind, "eventTimestamp": when, name: attributes}

    sightings = Sightings(since=2.0)
    sightings.take(
        [
            event(1, "WorkflowExecutionStarted", 1.0, workflowType={"name": "W", "version": "1"}),
            event(2, "DecisionTaskScheduled", 1.0, taskList={"name": "d"}),
            event(3, "DecisionTaskStarted", 1.0, scheduledEventId=2, identity="early"),
            event(4, "DecisionTaskCompleted", 2.0, startedEventId=3),
            event(5, "DecisionTaskScheduled", 2.0, taskList={"name": "d"}),
            event(6, "DecisionTaskStarted", 3.0, scheduledEventId=5, identity="host:1"),
            event(7, "DecisionTaskCompleted", 4.0, startedEventId=6),
            *(
                event(
                    number,
                    "ActivityTaskScheduled",
                    4.0,
                    activityType={"name": "A", "version": "v1"},
                    taskList={"name": "a"},
                )
                for number in (8, 9, 10)
            ),
            event(11, "ActivityTaskStarted", 5.0, scheduledEventId=8, identity="host:2"),
            event(12, "ActivityTaskStarted", 6.0, scheduledEventId=9, identity="host:2"),
            event(13, "ActivityTaskStarted", 6.0, scheduledEventId=10, identity="host:3"),
            event(14, "ActivityTaskTimedOut", 9.0, scheduledEventId=8, startedEventId=11),
            event(15, "ActivityTaskFailed", 8.0, scheduledEventId=10, startedEventId=13),
        ]
    )
    told = [one.details() for one in sightings.found()]
    assert [(one["identity"], one["role"], one["taskList"]) for one in told] == [
        ("host:1", "DECIDER", "d"),
        ("host:3", "WORKER", "a"),
        ("host:2", "WORKER", "a"),
    ]
    assert told[2] == {
        "identity": "host:2",
        "role": "WORKER",
        "taskList": "a",
        "types": [{"name": "A", "version": "v1"}],
        "tasks": 2,
        "running": 1,
        "firstSeen": 5.0,
        "lastSeen": 6.0,
    }
    assert (told[0]["lastSeen"], told[0]["running"]) == (4.0, 0)


def test_a_lost_activity_shows_where_it_was() -> None:
    lost = replace(
        ACTIVITY,
        reason="TIMEOUT_HEARTBEAT",
        explanation="the activity timed out: HEARTBEAT",
        heartbeat={"page": 7},
    )
    (row,) = activity_rows([lost], now=0.0)
    assert row[-1].endswith('the activity timed out: HEARTBEAT; its last heartbeat: {"page": 7}')
    assert lost.details()["heartbeat"] == {"page": 7}
