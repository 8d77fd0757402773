"""What is new in a run's history since somebody looked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cpe.aws.faults import told

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

_PAGE = 1000
"""Events of one page at most (API reference of GetWorkflowExecutionHistory)."""


def new_events(
    swf: SWFClient, domain: str, workflow_id: str, run_id: str, *, seen: int = 0
) -> list[Mapping[str, Any]]:
    """Read the events of a run after the one with the id `seen`, oldest first.

    Costs one small call while nothing is new, and no more pages than the new events fill afterwards.

    Raises:
        AwsError: ``UNKNOWN_RESOURCE`` if there is no such run (any more).
    """
    events: list[Mapping[str, Any]] = []
    with told(f"history of {workflow_id}"):
        pages = swf.get_paginator("get_workflow_execution_history")
        wanted = _PAGE
        if seen:
            newest = swf.get_workflow_execution_history(
                domain=domain,
                execution={"workflowId": workflow_id, "runId": run_id},
                reverseOrder=True,
                maximumPageSize=1,
            )["events"]
            wanted = newest[0]["eventId"] - seen
            if wanted <= 0:
                return []
        for page in pages.paginate(
            domain=domain,
            execution={"workflowId": workflow_id, "runId": run_id},
            reverseOrder=True,
            PaginationConfig={"PageSize": min(wanted, _PAGE)},
        ):
            events += [event for event in page["events"] if event["eventId"] > seen]
            if page["events"] and page["events"][-1]["eventId"] <= seen + 1:
                break
    events.reverse()
    return events
