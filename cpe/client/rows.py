"""States as rows of tables, for the stores that keep them in a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from cpe.client.runs import Runs
from cpe.client.state import ActivityState, ActivityStatus, JobState, JobStatus

SCHEMA_VERSION = 3
JOB_COLUMNS = tuple(field.name for field in fields(JobState) if field.name != "activities")
"""The columns are the fields of the values, by name; an activity's row has its `job_id` besides."""
ACTIVITY_COLUMNS = tuple(field.name for field in fields(ActivityState))
JSON_COLUMNS = frozenset({"result", "reports", "runs"})


def job_row(state: JobState) -> dict[str, Any]:
    """The values of a job's columns."""
    return _row(state, JOB_COLUMNS) | {"runs": _runs_text(state.runs), "status": state.status.value}


def activity_row(job_id: str, state: ActivityState) -> dict[str, Any]:
    """The values of an activity's columns."""
    return _row(state, ACTIVITY_COLUMNS) | {"job_id": job_id, "status": state.status.value}


def job_state(row: Sequence[Any], activities: Iterable[Sequence[Any]]) -> JobState:
    """Read a job and its activities back, from values in the order of the columns."""
    values = _values(row, JOB_COLUMNS)
    states = [_activity_state(activity) for activity in activities]
    return JobState(
        **values | {"status": JobStatus[values["status"]], "runs": Runs(**values["runs"])},
        activities={state.activity_id: state for state in states},
    )


def _activity_state(row: Sequence[Any]) -> ActivityState:
    values = _values(row, ACTIVITY_COLUMNS)
    return ActivityState(**values | {"status": ActivityStatus[values["status"]]})


def _runs_text(runs: Runs) -> str:
    return json.dumps({"seen": dict(runs.seen), "continued": dict(runs.continued)})


def _row(state: JobState | ActivityState, columns: Iterable[str]) -> dict[str, Any]:
    return {
        name: json.dumps(getattr(state, name)) if name in JSON_COLUMNS - {"runs"} else getattr(state, name)
        for name in columns
    }


def _values(row: Sequence[Any], columns: Sequence[str]) -> dict[str, Any]:
    values = zip(columns, row, strict=True)
    return {name: json.loads(value) if name in JSON_COLUMNS else value for name, value in values}
