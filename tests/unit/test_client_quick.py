"""The tracker's quick constructors make the same frozen values as the classes themselves."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from cpe.client import ActivityState, ActivityStatus, JobState, JobStatus
from cpe.client.quick import quick

VALUES: dict[type[Any], dict[str, Any]] = {
    JobState: {"job_id": "j1", "status": JobStatus.RUNNING, "created": 1.0, "updated": 2.0},
    ActivityState: {
        "activity_id": "Step",
        "name": "Work",
        "version": "1",
        "status": ActivityStatus.STARTED,
        "created": 1.0,
        "updated": 2.0,
    },
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_made_quickly_is_like_any_other(kind: type[Any]) -> None:
    value, usual = quick(kind)(**VALUES[kind]), kind(**VALUES[kind])
    assert type(value) is kind
    assert value == usual
    assert repr(value) == repr(usual)
    assert replace(value, updated=3.0).updated == 3.0
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == usual  # noqa: S301 - our own
    for field in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, None)
        with pytest.raises(FrozenInstanceError):
            delattr(value, field.name)


@pytest.mark.parametrize("kind", VALUES)
def test_two_values_do_not_share_what_is_made_by_default(kind: type[Any]) -> None:
    make = quick(kind)
    shared = "activities" if kind is JobState else "reports"
    assert getattr(make(**VALUES[kind]), shared) is not getattr(make(**VALUES[kind]), shared)


@pytest.mark.parametrize("kind", VALUES)
def test_what_the_class_would_refuse_is_refused(kind: type[Any]) -> None:
    make = quick(kind)
    with pytest.raises(TypeError, match="missing"):
        make()
    with pytest.raises(TypeError, match="unexpected"):
        make(**VALUES[kind], color="red")
    with pytest.raises(TypeError, match="positional"):
        make("j1")
