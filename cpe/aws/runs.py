"""Runs of workflow executions, as SWF lists and describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import WorkflowExecutionInfosTypeDef, WorkflowExecutionInfoTypeDef

RUNNING = "RUNNING"
CONTINUED = "CONTINUED_AS_NEW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a workflow execution.

    Attributes:
        workflow_id, run_id: Which run.
        workflow_name, workflow_version: Its workflow type.
        status: ``RUNNING``, or SWF's close status: ``COMPLETED``, ``CONTINUED_AS_NEW``, …
        started: When it was started, in seconds since the epoch.
        closed: When it closed; None while it is open.
        tags: What it was tagged with.
        cancel_requested: Whether somebody asked for it to stop.
        is_child: Whether another execution started it.
    """

    workflow_id: str
    run_id: str
    workflow_name: str
    workflow_version: str
    status: str
    started: float
    closed: float | None = None
    tags: tuple[str, ...] = ()
    cancel_requested: bool = False
    is_child: bool = False

    @property
    def is_open(self) -> bool:
        """True until it closes."""
        return self.closed is None

    @classmethod
    def from_swf(cls, info: WorkflowExecutionInfoTypeDef) -> Run:
        """Read what SWF's lists and descriptions say."""
        closed = info.get("closeTimestamp")
        return cls(
            workflow_id=info["execution"]["workflowId"],
            run_id=info["execution"]["runId"],
            workflow_name=info["workflowType"]["name"],
            workflow_version=info["workflowType"]["version"],
            status=info.get("closeStatus", RUNNING),
            started=info["startTimestamp"].timestamp(),
            closed=closed.timestamp() if closed is not None else None,
            tags=tuple(info.get("tagList", ())),
            cancel_requested=info.get("cancelRequested", False),
            is_child="parent" in info,
        )


def runs_of(pages: Iterable[WorkflowExecutionInfosTypeDef]) -> Iterator[Run]:
    """Read the runs of all pages of a list."""
    return (Run.from_swf(info) for page in pages for info in page["executionInfos"])
