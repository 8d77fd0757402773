"""Simulations: what each kind of outcome comes to, on SWF's rules and in simulated time."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from cpe.decider import replay
from cpe.errors import ConfigError
from cpe.plan import Plan, parse_plan
from cpe.simulation import (
    Behaviour,
    Cancel,
    Fail,
    Limits,
    Moment,
    Run,
    Script,
    Signal,
    Status,
    Succeed,
    Task,
    TimeOut,
    TimeoutKind,
    simulate,
)

QUICK = (
    "{ heartbeat_timeout: 30, schedule_to_start_timeout: 100, schedule_to_close_timeout: 500, "
    "start_to_close_timeout: 300 }"
)


def make_plan(steps: str, head: str = "", activity: str = "") -> Plan:
    """A plan with one activity, `Act`, whose result's `value` is its output."""
    return parse_plan(
        f"name: P\nversion: 1\n{head}\n"
        f"activities: [{{ name: Act, version: v1, outputs_spec: {{ value: '$.value' }}{activity} }}]\n"
        f"steps:\n{steps}"
    )


ONE = make_plan("  - { name: A, activity: Act }\n", "result: '{{A}}'")
TIMED = make_plan(f"  - {{ name: A, activity: Act, timeouts: {QUICK} }}\n")


OK = Succeed.with_value({"value": 1})


def play(behaviour: Behaviour, plan: Plan = ONE, **more: Any) -> Run:
    return simulate(plan, None, Script(default=(behaviour,)), **more)


def times(run: Run, event_type: str) -> list[float]:
    """When events of a type happened, in seconds since the start of the job."""
    return [
        round(event["eventTimestamp"] - run.started_at, 3)
        for event in run.history
        if event["eventType"] == event_type
    ]


def attributes(run: Run, event_type: str) -> list[Mapping[str, Any]]:
    name = f"{event_type[0].lower()}{event_type[1:]}EventAttributes"
    return [event[name] for event in run.history if event["eventType"] == event_type]


def test_an_activity_that_succeeds_takes_its_time() -> None:
    run = play(Succeed.with_value({"value": 3}, after=30))
    assert (run.status, run.value, run.seconds) == (Status.COMPLETED, {"value": 3}, 30.0)
    assert times(run, "ActivityTaskStarted") == [0.0]
    assert times(run, "ActivityTaskCompleted") == [30.0]


def test_an_activity_that_works_longer_than_a_heartbeat_beats() -> None:
    assert play(Succeed.with_value({"value": 1}, after=299), TIMED).succeeded


def test_an_activity_fails_with_its_code() -> None:
    run = play(Fail(code="NO_DISK", details="disk is full", after=2))
    assert (run.status, run.reason, run.details) == (Status.FAILED, "A: NO_DISK", "disk is full")
    assert run.seconds == 2.0


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        (
            TimeOut(kind=TimeoutKind.HEARTBEAT, after=25),
            50.0,
        ),  # 30 s after the last heartbeat, that of second 20
        (TimeOut(kind=TimeoutKind.START_TO_CLOSE), 300.0),
        (TimeOut(kind=TimeoutKind.SCHEDULE_TO_START), 100.0),
    ],
)
def test_each_timeout_comes_when_swf_lets_it_come(behaviour: TimeOut, seconds: float) -> None:
    run = play(behaviour, TIMED)
    assert (run.reason, run.seconds) == (f"A: TIMEOUT_{behaviour.kind}", seconds)


def test_a_task_that_begins_late_runs_out_of_time_in_all() -> None:
    timeouts = (
        "{ schedule_to_start_timeout: 400, schedule_to_close_timeout: 500, start_to_close_timeout: 300 }"
    )
    plan = make_plan(f"  - {{ name: A, activity: Act, timeouts: {timeouts} }}\n")
    run = play(TimeOut(kind=TimeoutKind.SCHEDULE_TO_CLOSE), plan)
    assert (run.reason, run.seconds) == ("A: TIMEOUT_SCHEDULE_TO_CLOSE", 500.0)
    assert times(run, "ActivityTaskStarted") == [201.0]


def test_a_timeout_that_the_plan_rules_out_does_not_come() -> None:
    # Whoever waits 100 s at most and then runs 300 s at most is never 500 s under way.
    assert play(TimeOut(kind=TimeoutKind.SCHEDULE_TO_CLOSE), TIMED).reason == "A: TIMEOUT_START_TO_CLOSE"


def test_one_task_that_nobody_takes_does_not_hold_up_others() -> None:
    plan = make_plan("  - { name: A, activity: Act }\n  - { name: B, activity: Act }\n")
    never = (TimeOut(kind=TimeoutKind.SCHEDULE_TO_START),)
    run = simulate(plan, None, Script(behaviours={"A": never}, default=(OK,)))
    assert times(run, "ActivityTaskCompleted") == [0.0]
    assert run.reason == "A: TIMEOUT_SCHEDULE_TO_START"


def test_an_activity_answers_that_it_was_cancelled() -> None:
    assert play(Cancel(after=4)).reason == "A: ACTIVITY_CANCELED"


def test_what_a_worker_gives_need_not_be_json_and_may_be_too_large() -> None:
    assert play(Succeed(text="no json")).reason == "A: RESULT_NOT_JSON"
    assert play(Succeed(text="x" * 40_000), place=None).reason == "A: RESULT_TOO_LARGE"


def test_retries_wait_in_simulated_time() -> None:
    plan = make_plan("  - { name: A, activity: Act, retry: { max_attempts: 4, interval: 10, backoff: 3 } }\n")
    outcomes = (Fail(code="BUSY", after=1), Fail(code="BUSY", after=1), Succeed.with_value({"value": 1}))
    run = simulate(plan, None, Script(behaviours={"A": outcomes}))
    assert run.succeeded
    assert times(run, "ActivityTaskScheduled") == [0.0, 11.0, 42.0]
    # The last outcome goes for all attempts that follow.
    assert simulate(plan, None, Script(behaviours={"A": outcomes[:2]})).reason == "A: BUSY"


def test_the_nearest_name_in_a_script_counts() -> None:
    steps = "  - { name: Each, activity: Act, for_each: '[1, 2]', tolerate: 2 }\n  - { name: One, activity: Act }\n"
    behaviours = {
        "Act": (Succeed.with_value({"value": "type"}),),
        "Each": (Succeed.with_value({"value": "step"}),),
        "Each[1]": (Succeed.with_value({"value": "item"}),),
    }
    run = simulate(make_plan(steps, "result: '[{{Each}}, {{One}}]'"), None, Script(behaviours=behaviours))
    assert run.value == [[{"value": "step"}, {"value": "item"}], {"value": "type"}]


def test_signals_come_from_the_start_of_the_job_or_of_a_step() -> None:
    steps = (
        "  - { name: A, wait: 50 }\n  - { name: B, activity: Act, requires: [A] }\n"
        "  - { name: Go, signal: go }\n  - { name: Late, signal: late }\n"
    )
    signals = (
        Signal(name="go", at=Moment(seconds=60), text='{"by": "Ann"}'),
        Signal(name="late", at=Moment(seconds=20, step="B")),
    )
    run = simulate(make_plan(steps, "result: '{{Go}}'"), None, Script(signals=signals, default=(OK,)))
    assert run.value == {"by": "Ann"}
    assert times(run, "WorkflowExecutionSignaled") == [60.0, 70.0]


def test_a_running_activity_learns_of_a_cancel_by_heartbeat() -> None:
    script = Script(default=(Succeed(after=100),), cancel=Moment(seconds=15))
    run = simulate(TIMED, None, script)
    assert (run.status, run.reason, run.seconds) == (Status.CANCELED, "JOB_CANCELED", 20.0)
    assert times(run, "ActivityTaskCanceled") == [20.0]


def test_a_cancel_may_count_from_the_start_of_a_step() -> None:
    plan = make_plan("  - { name: W, wait: 30 }\n  - { name: A, activity: Act, requires: [W] }\n")
    script = Script(default=(Succeed(after=100),), cancel=Moment(seconds=1, step="A"))
    assert times(simulate(plan, None, script), "WorkflowExecutionCancelRequested") == [31.0]


def test_tasks_wait_for_a_free_worker() -> None:
    plan = make_plan("  - { name: Each, activity: Act, for_each: '[1, 2, 3, 4, 5]' }\n")
    done = Succeed.with_value({"value": 1}, after=10)
    assert simulate(plan, None, Script(default=(done,))).seconds == 10.0
    two = simulate(plan, None, Script(default=(done,), workers=2))
    assert two.seconds == 30.0
    assert times(two, "ActivityTaskStarted") == [0.0, 0.0, 10.0, 10.0, 20.0]


def test_max_parallel_holds_in_simulated_time() -> None:
    plan = make_plan("  - { name: Each, activity: Act, for_each: '[1, 2, 3, 4]', max_parallel: 2 }\n")
    run = simulate(plan, None, Script(default=(Succeed.with_value({"value": 1}, after=10),)))
    assert times(run, "ActivityTaskScheduled") == [0.0, 0.0, 10.0, 10.0]


def test_a_list_of_a_thousand_items_is_played() -> None:
    plan = make_plan("  - { name: Each, activity: Act, for_each: '{{__input__}}' }\n", "result: '{{Each}}'")
    run = simulate(
        plan,
        list(range(1000)),
        behave=lambda task: Succeed.with_value({"value": int(task.activity_id[5:-1])}),
    )
    assert [one["value"] for one in run.value] == list(range(1000))


def test_a_function_may_choose_what_tasks_come_to() -> None:
    seen: list[Task] = []

    def behave(task: Task) -> Behaviour:
        seen.append(task)
        return Fail(code="ONCE") if task.attempt == 1 else Succeed()

    plan = make_plan(
        "  - { name: A, activity: Act, input: '{\"a\": 1}', retry: { interval: 5 } }\n", activity=""
    )
    assert simulate(plan, None, behave=behave).reason == "A: OUTPUT_MISSING"
    assert [(task.activity_id, task.name, task.attempt, task.value) for task in seen] == [
        ("A", "Act", 1, {"a": 1}),
        ("A", "Act", 2, {"a": 1}),
    ]


def test_the_same_script_and_seed_give_the_same_history() -> None:
    retry = "retry: { max_attempts: 9, interval: 100, jitter: 1 }"
    plan = make_plan(f"  - {{ name: Each, activity: Act, for_each: '[1, 2, 3]', tolerate: 3, {retry} }}\n")

    def run(seed: int) -> Run:
        chance = random.Random(seed)
        return simulate(
            plan,
            None,
            Script(default=(Fail(code="BUSY", after=3),)),
            seed=seed,
            choose=chance.randrange,
        )

    assert run(1).recorded == run(1).recorded
    assert run(1).events == run(1).events
    assert run(1).run_id != run(2).run_id
    assert run(1).seconds != run(2).seconds  # the jitter comes from the run id


def test_the_history_replays_to_the_same_decisions() -> None:
    plan = make_plan("  - { name: A, activity: Act, retry: { interval: 5 } }\n  - { name: B, wait: 7 }\n")
    run = play(Fail(code="BUSY", after=3), plan)
    assert replay(plan, json.loads(json.dumps(run.history)), run_id=run.run_id) == []


def test_what_the_client_is_told_ends_with_the_closing() -> None:
    run = play(Succeed.with_value({"value": 3}))
    assert [event.type.value for event in run.events] == [
        "ACTIVITY_SCHEDULED",
        "ACTIVITY_COMPLETED",
        "WORKFLOW_COMPLETED",
    ]
    assert run.closing == run.events[-1]
    assert run.closing is not None
    assert run.closing.details["result"] == {"value": 3}


def test_a_job_that_waits_for_ever_says_what_for() -> None:
    steps = (
        "  - { name: A, activity: Act }\n  - { name: Review, signal: review, requires: [A] }\n"
        "  - { name: After, signal: after, requires: [Review] }\n"
    )
    run = play(OK, make_plan(steps))
    assert (run.status, run.seconds) == (Status.TIMED_OUT, 2_592_000.0)
    assert run.waits == ("signal 'review' (step Review)",)
    assert run.closing is None


def test_a_simulation_is_given_up_after_so_many_decisions_or_so_long() -> None:
    plan = make_plan(
        "  - { name: A, activity: Act, retry: { max_attempts: 1000, interval: 1, backoff: 1 } }\n"
    )
    run = simulate(plan, None, Script(default=(Fail(code="BUSY"),)), limits=Limits(decisions=20))
    assert (run.status, run.stopped) == (Status.OPEN, "the simulation was stopped: 20 decisions were made")
    assert run.decisions == 20
    run = simulate(plan, None, Script(default=(Succeed(after=60),)), limits=Limits(seconds=30))
    assert run.stopped == "the simulation was stopped: 30 simulated seconds went by"
    assert run.waits == ("activity A",)


def test_large_texts_travel_by_reference_and_nobody_notices() -> None:
    large = "x" * 40_000
    plan = make_plan("  - { name: A, activity: Act, input: '{{__input__}}' }\n", "result: '{{A.value}}'")
    seen = []

    def behave(task: Task) -> Behaviour:
        seen.append(task.value)
        return Succeed.with_value({"value": large})

    assert simulate(plan, large, behave=behave).value == large
    assert seen == [large]


def test_an_input_that_swf_does_not_carry_is_refused() -> None:
    with pytest.raises(ConfigError, match="SWF takes at most 32768"):
        simulate(ONE, "x" * 40_000, place=None)
    with pytest.raises(ConfigError, match="the input of signal 'go' has 40000 characters"):
        simulate(ONE, None, Script(signals=(Signal(name="go", text="x" * 40_000),)), place=None)


def test_a_run_tells_where_its_steps_stood() -> None:
    steps = (
        "  - { name: A, activity: Act }\n  - { name: B, wait: 1, requires: [[A, failed]] }\n"
        "  - { name: C, activity: Act, requires: [[A, skipped]] }\n"
    )
    run = play(Fail(code="BROKEN"), make_plan(steps))
    assert run.steps == {"A": "failed", "B": "succeeded", "C": "skipped"}
