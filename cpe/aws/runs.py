"""Runs of workflow executions, as SWF lists and describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_swf.type_defs import WorkflowExecutionInfosTypeDef, WorkflowExecutionInfoTypeDef

RUNNING = "RUNNING"
CONTINUED = "CONTINUED_AS_NEW"

_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of a list of runs; `time` is when SWF gave it by SWF's clock, in seconds since the epoch."""

    runs: tuple[Run, ...]
    time: float | None

    @classmethod
    def from_swf(cls, page: WorkflowExecutionInfosTypeDef) -> RunPage:
        """Read a page, and the time that stands in its answer's head."""
        date = page["ResponseMetadata"]["HTTPHeaders"].get("date")
        return cls(runs=tuple(runs_of([page])), time=_seconds(date))


def runs_of(pages: Iterable[WorkflowExecutionInfosTypeDef]) -> Iterator[Run]:
    """Read the runs of all pages of a list."""
    return (Run.from_swf(info) for page in pages for info in page["executionInfos"])


def started_filter(
    domain: str, *, since: float | None, workflow_id: str | None, tag: str | None
) -> dict[str, Any]:
    """Ask a list for runs by their start; SWF filters by a workflow id or by a tag, not by both."""
    request: dict[str, Any] = {"domain": domain, "startTimeFilter": {"oldestDate": moment(since)}}
    if workflow_id is not None:
        request["executionFilter"] = {"workflowId": workflow_id}
    elif tag is not None:
        request["tagFilter"] = {"tag": tag}
    return request


def moment(seconds: float | None) -> datetime:
    """Make the date that SWF wants of seconds since the epoch; None for the beginning of time."""
    return _EPOCH if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _seconds(date: str | None) -> float | None:
    """Read the date of an HTTP answer."""
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
