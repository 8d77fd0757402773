"""Commands: what a client asks of the stack on its input queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CommandType(StrEnum):
    """All commands that the protocol names; `inputpoller` says which it carries out."""

    START_JOB = "START_JOB"
    CANCEL_JOB = "CANCEL_JOB"
    CANCEL_ACTIVITY = "CANCEL_ACTIVITY"
    GET_JOB_STATUS = "GET_JOB_STATUS"
    GET_JOB_LIST = "GET_JOB_LIST"
    GET_ACTIVITY_STATUS = "GET_ACTIVITY_STATUS"
    GET_ACTIVITY_LIST = "GET_ACTIVITY_LIST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        type: What is asked.
        time: When the client sent it, in seconds since the epoch.
        job_id: The client's own id of the job.
        data: What else the command carries; the whole of it becomes the workflow's input.
    """

    type: CommandType
    time: float
    job_id: str
    data: Mapping[str, Any]


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
