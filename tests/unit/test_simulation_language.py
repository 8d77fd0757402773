"""The whole plan language on the real SWF engine, in simulated time: what the rules say of a job comes about."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from cpe.decider import Outcome, replay
from cpe.plan.for_each import item_index
from cpe.simulation import (
    Answer,
    Behaviour,
    Cancel,
    DecisionTask,
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
    TimeOut,
    TimeoutKind,
    from_scratch,
    simulate,
)
from tests.unit.plan_interpreter import result_text
from tests.unit.plan_prediction import End, assert_as_predicted
from tests.unit.plan_specs import INPUT, SIGNALS, Job
from tests.unit.plan_strategies import jobs
from tests.unit.plan_wishes import history_text, inputs_of

SECONDS = (0, 0, 1, 5, 30)
"""How long a task takes."""

FATES = [Fate()] * 12 + [
    Fate(answer=Answer.LOST),
    Fate(answer=Answer.UNHEARD),
    Fate(after=1.5),
    Fate(after=70),
]
"""What becomes of the decider's answers; a decision task times out after 60 seconds."""

PACE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Without its explanations, which trace each line and take minutes.
    phases=[phase for phase in Phase if phase is not Phase.explain],
)


@dataclass(frozen=True)
class Workers:
    """Do what a job's tries say, and take their time."""

    job: Job
    seed: int

    def behave(self, task: Task) -> Behaviour:
        step = next(step for step in self.job.plan.steps if step.name == task.step)
        index = item_index(task.activity_id) if task.activity_id != task.step else None
        ending = step.a_try(index, task.attempt).ending
        chance = random.Random(f"{self.seed}:{task.activity_id}:{task.attempt}")
        after = chance.choice(SECONDS)
        is_child = step.does == "workflow"
        match ending.what:
            case "fail":
                return Fail(code=ending.code, after=after)
            case "stop":
                # Nobody terminates a child here; it fails with the reason that it would have then.
                return Fail(code="CHILD_TERMINATED" if is_child else "WORKER_STOPPED", after=after)
            case "time out":
                return TimeOut(
                    kind=TimeoutKind.START_TO_CLOSE if is_child else TimeoutKind.HEARTBEAT, after=after
                )
            case "cancel":
                return Cancel(after=after)
        return Succeed(text=result_text(ending), after=after)


def both_ways(remembering: Remembering, question: Question) -> Outcome:
    """Decide as the daemon does, and anew."""
    kept, anew = remembering(question), from_scratch(question)
    assert kept == anew, f"event {question.started_event_id}: what was kept is decided otherwise than anew"
    return kept


def play(job: Job, seed: int, *, continue_after: int) -> Run:
    chance, remembering = random.Random(seed), Remembering()

    def fate(_task: DecisionTask) -> Fate:
        return chance.choice(FATES)

    moments = [Moment(seconds=chance.choice([0, 3, 59, 80, 500])) for _ in SIGNALS]
    script = Script(
        signals=tuple(
            Signal(name=name, at=moment, text=text)
            for (name, text), moment in zip(sorted(job.signals.items()), moments, strict=False)
        ),
        cancel=Moment(seconds=chance.choice([0, 4, 61])) if job.cancel else None,
        workers=chance.choice([None, 1, 2]),
    )
    return simulate(
        replace(job.plan.plan(), continue_after=continue_after),
        INPUT,
        script,
        behave=Workers(job, seed).behave,
        fate=fate,
        choose=chance.randrange,
        decide=lambda question: both_ways(remembering, question),
    )


def end_of(run: Run) -> End:
    match run.status:
        case Status.COMPLETED:
            return "completed", json.dumps(run.value)
        case Status.FAILED:
            closing = run.outcomes[-1].closing
            assert closing is not None
            steps = tuple(step["step"] for step in closing.details["failedSteps"])
            return "failed", steps or run.reason
        case Status.CANCELED:
            return "cancelled", None
    return "open", None


@settings(PACE, max_examples=60)
@given(jobs(refusals=False), st.integers(0, 2**32), st.sampled_from([25, 15_000]))
def test_a_job_comes_to_what_the_rules_say_on_the_engine(job: Job, seed: int, after: int) -> None:
    run = play(job, seed, continue_after=after)
    histories = [run.history_of(run_id) for run_id in run.run_ids]
    try:
        assert run.stopped is None
        assert_as_predicted(job, end_of(run), inputs_of(histories))
        plan = replace(job.plan.plan(), continue_after=after)
        for run_id in run.run_ids:
            assert not replay(plan, run.history_of(run_id), run_id=run_id, workflow_id=run.workflow_id)
    except BaseException:
        note("\n".join(map(history_text, histories)))
        raise
