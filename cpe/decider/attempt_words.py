"""What is said of an attempt, to clients and to operators."""

from __future__ import annotations

import json
from typing import Any

from cpe.decider.execution import Attempt
from cpe.protocol import ActivityRef


def activity_ref(attempt: Attempt) -> ActivityRef:
    """Which activity it is an attempt at."""
    return ActivityRef(activity_id=attempt.activity_id, name=attempt.name, version=attempt.version)


def child_details(attempt: Attempt) -> dict[str, Any]:
    """What tells that an activity is a child workflow, and which; nothing of one that is none."""
    child = attempt.child
    if child is None:
        return {}
    run = {"runId": child.run_id} if child.run_id is not None else {}
    return {"childWorkflow": {"workflowId": child.workflow_id, **run}}


def json_or_text(text: str | None) -> Any:
    """Read what an activity or a job took or gave: JSON by convention only, else the text as it is."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
