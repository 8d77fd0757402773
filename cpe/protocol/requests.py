"""What a command's data ask for: one typed value per command type.

Every function reads `command.data` and raises :class:`~cpe.errors.ProtocolError` with ``MISSING_FIELD`` or
``INVALID_FIELD``, naming the place. Fields that a request does not know are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cpe.protocol.commands import Command, CommandType
from cpe.protocol.fields import Fields

MAX_LIMIT = 100
"""Jobs on one page of a JOB_LIST at most."""
USUAL_LIMIT = 50

# SWF refuses these in names (API reference of StartWorkflowExecution).
_REFUSED = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]")
_MAX_NAME = 256
_MAX_VERSION = 64
# SWF closes an execution after a year, whatever is asked (quota "workflow execution time").
_MAX_EXECUTION_SECONDS = 31_536_000
_MAX_PAGE = 1024


class JobFilter(StrEnum):
    """Which jobs a list shows: those that run, those that do not any more, or those that ended in one way."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TIMED_OUT = "TIMED_OUT"
    TERMINATED = "TERMINATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRequest:
    """Which workflow a START_JOB wants: `data.workflow`.

    `domain` may be left to the stack; `execution_start_to_close_timeout` is seconds as SWF takes them: text.
    """

    name: str
    version: str
    task_list: str | None = None
    domain: str | None = None
    execution_start_to_close_timeout: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """Which jobs a GET_JOB_LIST wants.

    Attributes:
        status: None for all.
        since: Jobs started before are not listed, in seconds since the epoch; None for the stack's default.
        limit: How many on a page.
        page: Where to go on, from the answer before.
    """

    status: JobFilter | None = None
    since: float | None = None
    limit: int = USUAL_LIMIT
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRequest:
    """What a SIGNAL_JOB tells the job; `input` is any JSON value, None for nothing."""

    name: str
    input: Any = None


def workflow_request(command: Command) -> WorkflowRequest:
    """Read `data.workflow` of a START_JOB."""
    workflow = _data(command).object("workflow")
    return WorkflowRequest(
        name=_swf_name(workflow, "name", workflow.text("name")),
        version=_swf_name(workflow, "version", workflow.number_or_text("version"), _MAX_VERSION),
        task_list=_optional_swf_name(workflow, "taskList"),
        domain=_optional_swf_name(workflow, "domain"),
        execution_start_to_close_timeout=_execution_timeout(workflow),
    )


def requested_domain(command: Command) -> str | None:
    """Read in which SWF domain a command's job is, `data.workflow.domain`; None for the stack's own.

    Example:
        >>> about = {"workflow": {"domain": "SADomain"}}
        >>> requested_domain(Command(type=CommandType.CANCEL_JOB, time=1.5, job_id="j1", data=about))
        'SADomain'
    """
    data = _data(command)
    if not data.values.get("workflow"):
        return None
    return _optional_swf_name(data.object("workflow"), "domain")


def requested_run(command: Command) -> str | None:
    """Read which run a CANCEL_JOB is about; None for the newest."""
    return _optional_text(_data(command), "runId", _MAX_VERSION)


def requested_activity(command: Command) -> str:
    """Read which activity a CANCEL_ACTIVITY or GET_ACTIVITY_STATUS is about."""
    return _data(command).text("activityId")


def list_request(command: Command) -> ListRequest:
    """Read a GET_JOB_LIST."""
    data = _data(command)
    return ListRequest(
        status=_filter(data),
        since=data.seconds_since_epoch("since") if data.has("since") else None,
        limit=data.whole_number("limit", least=1, most=MAX_LIMIT) if data.has("limit") else USUAL_LIMIT,
        page=_optional_text(data, "page", _MAX_PAGE),
    )


def signal_request(command: Command) -> SignalRequest:
    """Read a SIGNAL_JOB."""
    data = _data(command)
    name = data.text("signal")
    if len(name) > _MAX_NAME:
        raise data.invalid("signal", f"must have at most {_MAX_NAME} characters")
    return SignalRequest(name=name, input=data.values.get("input"))


def retried_steps(command: Command) -> tuple[str, ...]:
    """Read which steps a RETRY_JOB wants done again; empty for those that failed."""
    data = _data(command)
    if not data.has("from"):
        return ()
    if isinstance(data.values["from"], str):
        return (data.text("from"),)
    return data.texts("from")


def check_request(command: Command) -> None:
    """Raise unless a command's data are what its type needs."""
    requested_domain(command)
    reader = _READERS.get(command.type)
    if reader is not None:
        reader(command)


_READERS: Mapping[CommandType, Callable[[Command], object]] = {
    CommandType.START_JOB: workflow_request,
    CommandType.CANCEL_JOB: requested_run,
    CommandType.CANCEL_ACTIVITY: requested_activity,
    CommandType.GET_JOB_LIST: list_request,
    CommandType.GET_ACTIVITY_STATUS: requested_activity,
    CommandType.SIGNAL_JOB: signal_request,
    CommandType.RETRY_JOB: retried_steps,
}


def _data(command: Command) -> Fields:
    return Fields(command.data, "data")


def _optional_text(fields: Fields, name: str, most: int) -> str | None:
    if not fields.has(name):
        return None
    value = fields.text(name)
    if len(value) > most:
        raise fields.invalid(name, f"must have at most {most} characters")
    return value


def _filter(data: Fields) -> JobFilter | None:
    if not data.has("status"):
        return None
    try:
        return JobFilter(data.text("status").upper())
    except ValueError:
        raise data.invalid("status", f"must be one of {', '.join(JobFilter)}") from None


def _swf_name(fields: Fields, name: str, value: str, most: int = _MAX_NAME) -> str:
    if len(value) > most:
        raise fields.invalid(name, f"must have at most {most} characters")
    if _REFUSED.search(value) or value == "arn":
        raise fields.invalid(name, "must not contain ':', '/', '|' or control characters, nor be 'arn'")
    return value


def _optional_swf_name(fields: Fields, name: str) -> str | None:
    return _swf_name(fields, name, fields.text(name)) if fields.has(name) else None


def _execution_timeout(workflow: Fields) -> str | None:
    name = "executionStartToCloseTimeout"
    if not workflow.has(name):
        return None
    text = workflow.number_or_text(name)
    if not re.fullmatch(r"[0-9]{1,8}", text, re.ASCII) or not 1 <= int(text) <= _MAX_EXECUTION_SECONDS:
        raise workflow.invalid(name, f"must be whole seconds from 1 to {_MAX_EXECUTION_SECONDS}")
    return str(int(text))
