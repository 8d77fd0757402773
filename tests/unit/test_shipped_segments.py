"""The plan TranscodeSegments: what becomes of a job whose parts cannot be removed."""

from __future__ import annotations

import pytest

from cpe import shipped
from cpe.plan import load_plan
from cpe.simulation import Behaviour, Fail, Script, Status, Succeed, TimeOut, TimeoutKind, simulate

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
