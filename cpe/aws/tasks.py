"""What SWF gives out to daemons, and what it is asked to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTask:
    """An execution that wants a decision, with what happened since the decision before.

    `events` are SWF's own dicts, as boto3 gives them, oldest first; the last one is the start of this very
    task, the first one that of the task before, or the first of the history.
    """

    token: str
    workflow_id: str
    run_id: str
    workflow_name: str
    workflow_version: str
    started_event_id: int
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityTask:
    """One attempt at one activity. `input` is None when the decider gave none."""

    token: str
    activity_id: str
    activity_name: str
    activity_version: str
    workflow_id: str
    run_id: str
    started_event_id: int
    input: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What one execution is started with. What is None comes from the registered workflow type."""

    domain: str
    workflow_id: str
    workflow_name: str
    workflow_version: str
    input: str
    tags: tuple[str, ...] = ()
    task_list: str | None = None
    execution_start_to_close_timeout: str | None = None
    task_start_to_close_timeout: str | None = None
    child_policy: str | None = None
    priority: str | None = None
