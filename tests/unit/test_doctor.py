"""What the doctor makes of what it finds, where no real fault can be prepared."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cpe.aws.probe import Answer, Probe
from cpe.aws.session import AwsSession
from cpe.config import ActivitySettings, Client, Settings
from cpe.doctor.access import judge_answer
from cpe.doctor.activities import activity_checks
from cpe.doctor.advice import ADVICE
from cpe.doctor.check import Check, run_checks
from cpe.doctor.finding import Finding, Part, Status, well
from cpe.doctor.queues import judge_input, queue_checks
from cpe.doctor.scratch import GIB, Space, judge_space, probe_space
from cpe.errors import AwsError, ConfigError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOM = Space(free=100 * GIB, files=1_000_000, locks=True)


def codes(findings: Iterator[Finding]) -> list[tuple[str | None, Status]]:
    return [(finding.code, finding.status) for finding in findings]


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (ROOM, (None, Status.OK)),
        (replace(ROOM, files=None), (None, Status.OK)),
        (replace(ROOM, free=3 * GIB), ("SCRATCH_LOW", Status.WARNING)),
        (replace(ROOM, free=0), ("SCRATCH_FULL", Status.FAULT)),
        (replace(ROOM, files=3), ("SCRATCH_FULL", Status.FAULT)),
        (replace(ROOM, locks=False), ("LOCKS_BROKEN", Status.FAULT)),
    ],
)
def test_scratch_space_is_judged(space: Space, expected: tuple[str | None, Status]) -> None:
    assert codes(judge_space(space, Path("/scratch"))) == [expected]


def test_scratch_is_left_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "scratch"
    space = probe_space(root)
    assert space.locks
    assert space.free > 0
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, None), (110, None), (-110, None), (130, "CLOCK_SKEWED"), (-130, "CLOCK_SKEWED")],
)
def test_clocks_are_compared(seconds: int, expected: str | None) -> None:
    answer = Answer(endpoint="http://aws", date=NOW + timedelta(seconds=seconds))
    clock, endpoint = judge_answer(answer, service="swf", now=NOW)
    assert (clock.part, clock.code) == (Part.CLOCK, expected)
    assert (endpoint.part, endpoint.status) == (Part.ENDPOINTS, Status.OK)


def test_a_refusal_is_told_beside_the_clock() -> None:
    refusal = AwsError("SWF: signature expired", code="AWS_CREDENTIALS_REFUSED")
    answer = Answer(endpoint="http://aws", date=NOW - timedelta(hours=1), refusal=refusal)
    assert codes(judge_answer(answer, service="swf", now=NOW)) == [
        ("CLOCK_SKEWED", Status.FAULT),
        ("AWS_CREDENTIALS_REFUSED", Status.FAULT),
    ]


def test_a_queue_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    probe = Probe(AwsSession())
    client = Client(name="ClientA", input_queue="https://q/in", output_queue="https://q/out")
    for others, count in (("https://q/out", 2), ("https://q/others", 3)):
        assert len(queue_checks(probe, Settings(clients=(client,), output_queue=others))) == count


def test_a_check_that_finds_nothing_has_ended_all_the_same() -> None:
    assert run_checks([Check(part=Part.SWF, subject="it", look=tuple)], until=time.monotonic() + 60) == ()


def test_checks_run_whatever_becomes_of_others() -> None:
    ended = threading.Event()

    def refused() -> Iterator[Finding]:
        yield well(Part.SWF, "swf", "so far")
        raise ConfigError("no", code="DOMAIN_DEPRECATED")

    def stuck() -> Iterator[Finding]:
        ended.wait(60)
        yield well(Part.PAYLOADS, "payloads", "too late")

    checks = [
        Check(part=Part.SWF, subject="swf", look=refused),
        Check(part=Part.PAYLOADS, subject="payloads", look=stuck),
        Check(part=Part.QUEUES, subject="queues", look=lambda: (well(Part.QUEUES, "queues", "fine"),)),
        Check(part=Part.QUEUES, subject="odd", look=lambda: judge_input("odd", {"RedrivePolicy": "{"})),
    ]
    found = run_checks(checks, until=time.monotonic() + 2)
    ended.set()
    assert [(one.subject, one.code) for one in found] == [
        ("swf", None),
        ("swf", "DOMAIN_DEPRECATED"),
        ("payloads", "CHECK_TIMED_OUT"),
        ("queues", None),
        ("odd", "CHECK_FAILED"),
    ]


ACTIVITY = """
from cpe.activity import Activity
from cpe.errors import ActivityError

class Broken(Activity):
    def run(self, context): pass
    def check_worker(self, settings): raise KeyError("gpu")

class Lacking(Activity):
    def run(self, context): pass
    def shortcomings(self, settings):
        return [ActivityError("no fonts for " + settings["script"], code="FONT_MISSING")]

class WithoutATool(Activity):
    def run(self, context): pass
    def shortcomings(self, settings):
        return [ActivityError("no ImageMagick here", code="IMAGEMAGICK_UNAVAILABLE")]

class Plain(Activity):
    def run(self, context): pass
"""


def look_at(folder: Path, class_name: str, **settings: Any) -> tuple[Finding, ...]:
    file = folder / "work.py"
    file.write_text(ACTIVITY)
    configured = ActivitySettings(
        name="Work", version="v1", class_name=class_name, file=file, settings=settings
    )
    (check,) = activity_checks(Settings(activities=(configured,)))
    return check.run()


def test_activities_of_ones_own_tell_what_they_lack(tmp_path: Path) -> None:
    (broken,) = look_at(tmp_path, "Broken")
    assert (broken.code, broken.status) == ("ACTIVITY_CHECK_FAILED", Status.FAULT)
    assert "KeyError: 'gpu'" in broken.what
    (lacking,) = look_at(tmp_path, "Lacking", script="Thai")
    assert (lacking.code, lacking.what) == ("FONT_MISSING", "no fonts for Thai")
    assert lacking.why
    assert lacking.way_out
    assert lacking.status is Status.FAULT
    (without,) = look_at(tmp_path, "WithoutATool")
    assert (without.code, without.status) == ("IMAGEMAGICK_UNAVAILABLE", Status.WARNING)
    (plain,) = look_at(tmp_path, "Plain")
    assert plain.status is Status.OK


def test_advice_is_a_way_out_of_each() -> None:
    for code, advice in ADVICE.items():
        assert code.isupper()
        assert advice.why, code
        assert advice.way_out, code
        assert not advice.way_out.endswith("."), code
