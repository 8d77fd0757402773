"""Simulations in which answers of the decider are late or lost, and things of one instant come in any order."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.decider import Outcome
from cpe.plan import parse_plan
from cpe.simulation import (
    Answer,
    DecisionTask,
    Fail,
    Fate,
    Moment,
    Question,
    Run,
    Script,
    Signal,
    Status,
    Succeed,
    from_scratch,
    losing,
    simulate,
)

PLAN = parse_plan("""
name: P
version: 1
activities: [{ name: Act, version: v1, outputs_spec: { value: "$.value" } }]
result: '{ "each": {{Each}}, "last": {{Last.value}} }'
steps:
  - { name: Each, activity: Act, for_each: "{{__input__}}", max_parallel: 2, retry: { interval: 3 } }
  - { name: Pause, wait: 5, requires: [Each] }
  - { name: Last, activity: Act, requires: [Pause] }
""")
SCRIPT = Script(
    behaviours={"Each[1]": (Fail(code="BUSY", after=1), Succeed.with_value({"value": 2}))},
    default=(Succeed.with_value({"value": 1}, after=2),),
)
RESULT = {"each": [{"value": 1}, {"value": 2}, {"value": 1}], "last": 1}


def types(run: Run) -> list[str]:
    return [event["eventType"] for event in run.history]


def only(number: int, fate: Fate) -> Run:
    """Play the plan with a fate for one decision task."""
    return simulate(PLAN, [1, 2, 3], SCRIPT, fate=lambda task: fate if task.number == number else Fate())


def test_an_answer_that_is_lost_times_out_and_is_decided_again() -> None:
    run = only(2, Fate(answer=Answer.LOST))
    assert types(run).count("DecisionTaskTimedOut") == 1
    assert run.value == RESULT
    lost = run.decided[1]
    assert (lost.task.number, lost.answer, lost.is_taken) == (2, Answer.LOST, False)


def test_what_a_decider_does_not_hear_of_is_told_to_the_client_by_the_next() -> None:
    heard, unheard = only(0, Fate()), only(1, Fate(answer=Answer.UNHEARD))
    assert unheard.history == heard.history
    assert {event.event_id for event in unheard.events} == {event.event_id for event in heard.events}


def test_a_closing_that_nobody_heard_of_is_not_told() -> None:
    run = simulate(PLAN, [], SCRIPT, fate=lambda _: Fate(answer=Answer.UNHEARD))
    assert run.status is Status.COMPLETED
    assert run.closing is None


def test_an_answer_that_comes_too_late_is_refused() -> None:
    run = only(1, Fate(after=61))
    assert [(one.task.number, one.is_taken) for one in run.decided[:2]] == [(2, True), (1, False)]
    assert types(run).count("DecisionTaskTimedOut") == 1
    assert run.value == RESULT


def test_news_that_come_during_a_decision_keep_an_execution_open() -> None:
    plan = parse_plan("{ name: P, version: 1, activities: [], steps: [{ name: W, wait: 5 }] }")
    script = Script(signals=(Signal(name="noise", at=Moment(seconds=6)),))
    run = simulate(plan, None, script, fate=lambda task: Fate(after=2) if task.number == 2 else Fate())
    causes = [
        event["completeWorkflowExecutionFailedEventAttributes"]["cause"]
        for event in run.history
        if event["eventType"] == "CompleteWorkflowExecutionFailed"
    ]
    assert causes == ["UNHANDLED_DECISION"]
    assert run.status is Status.COMPLETED
    assert [event.type.value for event in run.published].count("WORKFLOW_COMPLETED") == 1


def test_a_share_of_answers_is_lost_by_a_chance_that_is_the_same_each_time() -> None:
    tasks = [
        DecisionTask(workflow_id="w", run_id="r", started_event_id=3, number=number) for number in range(1000)
    ]
    drawn = [[choose(task).answer for task in tasks] for choose in (losing(0.2, seed=1), losing(0.2, seed=1))]
    assert drawn[0] == drawn[1]
    assert 70 < drawn[0].count(Answer.LOST) < 130
    assert 70 < drawn[0].count(Answer.UNHEARD) < 130


FATES = st.sampled_from(
    [Fate(), Fate(), Fate(answer=Answer.LOST), Fate(answer=Answer.UNHEARD), Fate(after=1.5), Fate(after=70)]
)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_neither_order_nor_lost_answers_change_how_a_job_ends(data: st.DataObject) -> None:
    fates = data.draw(st.lists(FATES, max_size=12), label="fates")
    run = simulate(
        PLAN,
        [1, 2, 3],
        SCRIPT,
        fate=lambda task: fates[task.number - 1] if task.number <= len(fates) else Fate(),
        choose=lambda count: data.draw(st.integers(0, count - 1)) if count > 1 else 0,
    )
    assert run.value == RESULT


def test_a_test_may_decide_in_its_own_way() -> None:
    questions: list[Question] = []

    def decide(question: Question) -> Outcome:
        questions.append(question)
        return from_scratch(question)

    run = simulate(PLAN, [1], SCRIPT, decide=decide)
    assert len(questions) == run.decisions
    for before, after in itertools.pairwise(questions):
        assert after.previous_started_event_id == before.started_event_id
