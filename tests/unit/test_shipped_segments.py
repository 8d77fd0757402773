"""The plan TranscodeSegments: what becomes of a job whose parts do not join, or cannot be removed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cpe import shipped
from cpe.plan import load_plan
from cpe.plan.model import StepStatus
from cpe.simulation import (
    Behaviour,
    Cancel,
    Fail,
    Moment,
    Run,
    Script,
    Status,
    Succeed,
    TimeOut,
    TimeoutKind,
    simulate,
)

JOB = {"client": {"name": "ClientA"}, "input_asset": {}, "output_assets": []}
SPLIT = Succeed.with_value({"split": {}, "parts": [{"segment": 0}], "outputs": [{}], "others": []})
JOINED = Succeed.with_value({"outputs": [{"key": "x.mp4"}]})


@pytest.mark.parametrize(
    "tidying",
    [Fail(code="ACCESS_DENIED"), TimeOut(kind=TimeoutKind.HEARTBEAT), Succeed.with_value({"discarded": 1})],
    ids=["refused", "died", "done"],
)
def test_a_job_whose_outputs_are_there_does_not_fail_for_its_parts(tidying: Behaviour) -> None:
    plan = load_plan(shipped.plans() / "transcode_segments.yml")
    script = Script(behaviours={"SplitStep": (SPLIT,), "JoinStep": (JOINED,), "TidyStep": (tidying,)})
    run = simulate(plan, JOB, script)
    assert run.status is Status.COMPLETED
    assert run.result == '{"outputs":[{"key":"x.mp4"}]}'


WHOLE = Succeed.with_value({"outputs": [{"key": "whole.mp4"}]})
INVALID: Behaviour = Fail(code="OUTPUT_INVALID")


@pytest.mark.parametrize(
    "tidying", [Succeed.with_value({}), Fail(code="ACCESS_DENIED")], ids=["done", "refused"]
)
def test_what_does_not_join_is_made_whole(tidying: Behaviour) -> None:
    script = {"JoinStep": (INVALID,), "WholeStep": (WHOLE,), "TidyWholeStep": (tidying,)}
    run = _simulated(script)
    assert run.status is Status.COMPLETED
    assert run.result == '{"outputs":[{"key":"whole.mp4"}]}'
    assert run.steps["TidyStep"] is StepStatus.SKIPPED
    assert run.steps["TidyWholeStep"] is not StepStatus.SKIPPED


@pytest.mark.parametrize(
    "failure",
    [
        Fail(code="ACCESS_DENIED"),
        Fail(code="STORAGE_UNAVAILABLE"),
        Fail(code="OUTPUT_EXISTS"),
        Fail(code="OBJECT_NOT_FOUND"),
        TimeOut(kind=TimeoutKind.HEARTBEAT),
        Cancel(),
    ],
)
def test_other_failures_of_the_join_fail_the_job(failure: Behaviour) -> None:
    run = _simulated({"JoinStep": (failure,) * 3})
    assert run.status is Status.FAILED
    assert run.reason.startswith("JoinStep: ")
    for step in ("WholeStep", "TidyStep", "TidyWholeStep"):
        assert run.steps[step] is StepStatus.SKIPPED, "what failed may be tried again with its parts"


def test_a_job_that_cannot_be_made_whole_either_says_so() -> None:
    run = _simulated({"JoinStep": (INVALID,), "WholeStep": (Fail(code="OUTPUT_TOO_SHORT"),)})
    assert run.status is Status.FAILED
    assert run.reason == "WholeStep: OUTPUT_TOO_SHORT"
    assert run.steps["TidyWholeStep"] is StepStatus.SKIPPED


def test_a_job_that_is_cancelled_while_it_is_made_whole_leaves_no_parts() -> None:
    behaviours = {"JoinStep": (INVALID,), "WholeStep": (Succeed(after=100),)}
    run = _simulated(behaviours, cancel=Moment(seconds=10, step="WholeStep"))
    assert run.status is Status.CANCELED
    assert run.steps["DiscardStep"] is StepStatus.SUCCEEDED


def test_others_are_made_beside_those_that_do_not_join() -> None:
    split = {"split": {}, "parts": [{"segment": 0}], "outputs": [{}], "others": [{}]}
    others = Succeed.with_value({"outputs": [{"key": "t.jpg"}]})
    run = _simulated(
        {
            "SplitStep": (Succeed.with_value(split),),
            "JoinStep": (INVALID,),
            "WholeStep": (WHOLE,),
            "OthersStep": (others,),
        }
    )
    assert run.result == '{"outputs":[{"key":"whole.mp4"},{"key":"t.jpg"}]}'


def _simulated(behaviours: Mapping[str, tuple[Behaviour, ...]], *, cancel: Moment | None = None) -> Run:
    plan = load_plan(shipped.plans() / "transcode_segments.yml")
    return simulate(plan, JOB, Script(behaviours={"SplitStep": (SPLIT,), **behaviours}, cancel=cancel))
