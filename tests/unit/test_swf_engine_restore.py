"""An engine that comes back from what was kept goes on like the one that lived on."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.swf_engine import DOMAIN, Driver, decision, schedule
from tests.unit.swf_kept import Kept
from tests.unit.swf_random import Player, Step, steps


def restored(swf: Driver, kept: Kept) -> Driver:
    """Make a driver whose engine comes back from what was kept; the other one stays as it is."""
    again = Driver()
    again.now = swf.now
    again.runs_begun = swf.runs_begun
    again.store.save(swf.changes)
    again.engine = again.another_engine()
    again.engine.restore(kept.executions(), swf.now)
    again.save()
    return again


def kept_of(swf: Driver) -> Kept:
    """Fold what a driver saved."""
    kept = Kept()
    kept.save(swf.changes)
    return kept


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.integers(0, 40).flatmap(steps), steps(20))
def test_a_restored_engine_goes_on_like_the_one_that_lived_on(before: list[Step], after: list[Step]) -> None:
    swf = Driver()
    lived = Player(swf)
    for step in [("start", "a", "deciders", "TERMINATE", {}), *before]:
        lived.play(step)
    swf.pass_time(0)  # what is due by now has happened in an engine that comes back
    again = restored(swf, kept_of(swf))
    came_back = Player(again)
    came_back.decision_tokens = list(lived.decision_tokens)
    came_back.activity_tokens = list(lived.activity_tokens)
    lived.seen.clear()
    assert again.engine.next_due() == swf.engine.next_due()
    for step in after:
        lived.play(step)
        came_back.play(step)
        assert came_back.seen == lived.seen
        assert again.engine.next_due() == swf.engine.next_due()
    assert list(again.engine.open_executions(DOMAIN)) == list(swf.engine.open_executions(DOMAIN))
    for info in swf.engine.open_executions(DOMAIN):
        assert again.describe(info.run_id, info.workflow_id) == swf.describe(info.run_id, info.workflow_id)
        assert again.history(info.run_id, info.workflow_id) == swf.history(info.run_id, info.workflow_id)


def test_what_fell_due_while_nobody_lived_happens_at_its_own_time() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(decision("StartTimer", timerId="t", startToFireTimeout="30"))
    kept = kept_of(swf)
    swf.now += 1000
    again = restored(swf, kept)
    fired = again.history(run_id)[5]
    assert (fired["eventType"], fired["eventTimestamp"]) == ("TimerFired", swf.now - 970)
    assert again.poll_decision() is not None


def test_task_tokens_and_heartbeats_survive() -> None:
    swf = Driver()
    run_id = swf.start()
    swf.decide(schedule())
    token = swf.activity_task()["taskToken"]
    swf.pass_time(40)
    swf.call("record_activity_task_heartbeat", taskToken=token, details="half")
    again = restored(swf, kept_of(swf))
    again.pass_time(49)
    again.call("record_activity_task_heartbeat", taskToken=token)
    again.pass_time(50)
    assert again.last(run_id, "ActivityTaskTimedOut")["timeoutType"] == "HEARTBEAT"


def test_the_last_heartbeat_of_an_activity_alone_is_kept() -> None:
    swf = Driver()
    swf.start()
    swf.decide(schedule())
    token = swf.activity_task()["taskToken"]
    for details in ("one", "two"):
        params = {"taskToken": token, "details": details}
        swf.engine.record_activity_task_heartbeat(params, swf.now)
    changes = swf.engine.take_changes()
    assert [getattr(change, "details", None) for change in changes] == ["two"]
    assert swf.engine.take_changes() == ()
