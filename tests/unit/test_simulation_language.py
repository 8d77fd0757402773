"""The parts of the language that span executions, or only begin when a job is asked to stop."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.decider import Outcome, replay
from cpe.plan import parse_plan
from cpe.simulation import (
    Answer,
    Behaviour,
    Fail,
    Fate,
    Moment,
    Question,
    Remembering,
    Run,
    Script,
    Signal,
    Status,
    Succeed,
    Task,
    from_scratch,
    simulate,
)

PARENT = parse_plan("""
name: Parent
version: 1
activities: [{ name: Act, version: v1, outputs_spec: { value: "$.value" } }]
result: "{{Sub}}"
steps:
  - name: Sub
    workflow: { name: Child, version: 1 }
    for_each: "{{__input__}}"
    max_parallel: 2
    retry: { interval: 5 }
    input: "{{item}}"
""")
CHILD = parse_plan("""
name: Child
version: 1
activities: [{ name: Act, version: v1, outputs_spec: { value: "$.value" } }]
result: "{{Work.value}}"
steps: [{ name: Work, activity: Act, input: "{{__input__}}" }]
""")


def square(task: Task) -> Behaviour:
    return Succeed.with_value({"value": task.value**2}, after=10)


def test_children_go_by_their_own_plans_if_these_are_given() -> None:
    run = simulate(PARENT, [1, 2, 3], behave=square, plans=[CHILD])
    assert (run.value, run.seconds) == ([1, 4, 9], 20.0)
    children = {one.workflow_id for one in run.recorded} - {run.workflow_id}
    assert len(children) == 3


def test_children_go_by_the_script_otherwise() -> None:
    outcomes = (Fail(code="BROKEN", after=1), Succeed.with_value("late"))
    script = Script(behaviours={"Sub[1]": outcomes, "Child": (Succeed.with_value("soon"),)})
    run = simulate(PARENT, [1, 2, 3], script)
    assert (run.value, run.seconds) == (["soon", "late", "soon"], 6.0)


CLEANING = parse_plan("""
name: P
version: 1
activities: [{ name: Act, version: v1 }]
steps:
  - { name: Make, activity: Act, on_cancel: Tidy }
  - { name: Tidy, activity: Act }
""")


def test_a_job_that_is_asked_to_stop_is_cleaned_up_after() -> None:
    script = Script(
        behaviours={"Make": (Succeed(after=100),), "Tidy": (Succeed(after=3),)}, cancel=Moment(seconds=5)
    )
    run = simulate(CLEANING, None, script)
    assert (run.status, run.seconds) == (Status.CANCELED, 13.0)  # told of it at second 10
    assert run.steps["Tidy"] == "succeeded"


LONG = parse_plan("""
name: Long
version: 1
continue_after: 60
activities: [{ name: Act, version: v1, outputs_spec: { value: "$.value" } }]
result: '{ "each": {{Each}}, "go": {{Go}} }'
steps:
  - { name: Each, activity: Act, for_each: "{{__input__}}", max_parallel: 3, input: "{{item}}", retry: { interval: 4 } }
  - { name: Go, signal: go }
""")
GO = Signal(name="go", at=Moment(seconds=3), text="7")


def test_a_long_job_continues_as_new_and_the_client_sees_one_job() -> None:
    run = simulate(LONG, list(range(60)), Script(signals=(GO,)), behave=square)
    assert run.value == {"each": [{"value": index**2} for index in range(60)], "go": 7}
    assert len(run.run_ids) > 2
    assert {event.job_id for event in run.events} == {"job"}
    told = [event for event in run.events if event.type.value == "WORKFLOW_CONTINUED"]
    assert [event.details["newRunId"] for event in told] == run.run_ids[1:]


FATES = st.sampled_from(
    [Fate(), Fate(), Fate(answer=Answer.LOST), Fate(answer=Answer.UNHEARD), Fate(after=4)]
)


def both(remembering: Remembering, question: Question) -> Outcome:
    """Decide in both ways, and insist that they agree."""
    outcome = remembering(question)
    assert outcome == from_scratch(question)
    return outcome


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_remembering_changes_nothing_whatever_happens(data: st.DataObject) -> None:
    durations = st.integers(0, 6)

    def behave(task: Task) -> Behaviour:
        after = data.draw(durations)
        return Fail(code="BUSY", after=after) if task.attempt == 1 and after > 4 else square(task)

    remembering = Remembering()
    run: Run = simulate(
        LONG,
        list(range(8)),
        Script(signals=(GO,)),
        behave=behave,
        fate=lambda _: data.draw(FATES),
        choose=lambda count: data.draw(st.integers(0, count - 1)) if count > 1 else 0,
        decide=lambda question: both(remembering, question),
    )
    assert run.value == {"each": [{"value": index**2} for index in range(8)], "go": 7}
    for run_id in run.run_ids:
        assert replay(LONG, run.history_of(run_id), run_id=run_id) == []
