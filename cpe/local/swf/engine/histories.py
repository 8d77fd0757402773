"""Histories in pages: those of open executions from here, those of closed ones from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cpe.local.swf.engine.changes import Event, Store
from cpe.local.swf.engine.tokens import TaskReference, TaskTokens
from cpe.local.swf.engine.world import World
from cpe.local.swf.faults import SwfFault, unknown_resource
from cpe.local.swf.paging import LARGEST_PAGE, PageTokens


class DecisionTaskReference(NamedTuple):
    """Which decision task's history is read; it is what a page's token remembers."""

    workflow_id: str
    run_id: str
    scheduled_id: int
    started_id: int
    previous_started_id: int


def unknown_execution(workflow_id: str, run_id: str | None = None) -> SwfFault:
    """Say that there is no such execution, or none that is open."""
    if run_id is None:
        return unknown_resource(f"Unknown execution, workflowId = {workflow_id}")
    return unknown_resource(
        f"Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    )


class Histories:
    """Reads histories.

    Args:
        world: Has the open executions.
        store: Has the closed ones.
        tokens: Issues the tokens of decision tasks.
        pages: Issues the tokens of the pages.
    """

    def __init__(self, world: World, store: Store, tokens: TaskTokens, pages: PageTokens) -> None:
        self._world = world
        self._store = store
        self._tokens = tokens
        self._pages = pages

    def events(self, domain: str, workflow_id: str, run_id: str) -> Sequence[Event]:
        """Give all events of an execution, open or closed; only to be measured and sliced.

        Raises:
            SwfFault: ``UnknownResourceFault``.
        """
        execution = self._world.find(domain, workflow_id, run_id)
        if execution is not None:
            return execution.events
        events = self._store.closed_history(domain, workflow_id, run_id)
        if events is None:
            raise unknown_execution(workflow_id, run_id)
        return events

    def history(self, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer GetWorkflowExecutionHistory. The position in a token is the id to go on with."""
        domain = params["domain"]
        self._world.registry.domain(domain)
        workflow_id, run_id = params["execution"]["workflowId"], params["execution"]["runId"]
        events = self.events(domain, workflow_id, run_id)
        position = self._pages.position("GetWorkflowExecutionHistory", params, now)
        page, following = _page(events, params, position, 1, len(events))
        answer: dict[str, Any] = {"events": page}
        if following is not None:
            token = self._pages.issue("GetWorkflowExecutionHistory", params, following, now)
            answer["nextPageToken"] = token
        return answer

    def first_task_page(
        self, params: Mapping[str, Any], task: DecisionTaskReference, now: float
    ) -> dict[str, Any]:
        """Answer PollForDecisionTask: a task that was just started, with the first page of its history."""
        return self._task_page(params, task, None, now)

    def next_task_page(self, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer PollForDecisionTask with a nextPageToken: the same task with its next page.

        The history ends with the task's start, whatever happened since.
        """
        self._world.registry.domain(params["domain"])
        position, *task = self._pages.position("PollForDecisionTask", params, now)
        return self._task_page(params, DecisionTaskReference(*task), position, now)

    def _task_page(
        self, params: Mapping[str, Any], task: DecisionTaskReference, position: int | None, now: float
    ) -> dict[str, Any]:
        events = self.events(params["domain"], task.workflow_id, task.run_id)
        first = task.previous_started_id if params.get("startAtPreviousStartedEvent") else 1
        page, following = _page(events, params, position, max(first, 1), task.started_id)
        reference = TaskReference(task.run_id, task.scheduled_id, task.started_id)
        answer = {
            "taskToken": self._tokens.issue("decision", reference),
            "startedEventId": task.started_id,
            "workflowExecution": {"workflowId": task.workflow_id, "runId": task.run_id},
            "workflowType": events[:1][0]["workflowExecutionStartedEventAttributes"]["workflowType"],
            "previousStartedEventId": task.previous_started_id,
            "events": page,
        }
        if following is not None:
            token = self._pages.issue("PollForDecisionTask", params, [following, *task], now)
            answer["nextPageToken"] = token
        return answer


def _page(
    events: Sequence[Event], params: Mapping[str, Any], position: int | None, first: int, last: int
) -> tuple[list[Event], int | None]:
    """Cut a page out of the events from `first` to `last`; say with which id the next one begins."""
    size = params.get("maximumPageSize") or LARGEST_PAGE
    if params.get("reverseOrder"):
        start = position or last
        end = max(first, start - size + 1)
        return list(reversed(events[end - 1 : start])), end - 1 if end > first else None
    start = position or first
    end = min(last, start + size - 1)
    return list(events[start - 1 : end]), end + 1 if end < last else None
