"""Commands: what a client asks of the stack on its input queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_REQUEST_ID = 128
"""Characters of a `requestId`."""


class CommandType(StrEnum):
    """All commands of the protocol."""

    START_JOB = "START_JOB"
    CANCEL_JOB = "CANCEL_JOB"
    CANCEL_ACTIVITY = "CANCEL_ACTIVITY"
    GET_JOB_STATUS = "GET_JOB_STATUS"
    GET_JOB_LIST = "GET_JOB_LIST"
    GET_ACTIVITY_STATUS = "GET_ACTIVITY_STATUS"
    GET_ACTIVITY_LIST = "GET_ACTIVITY_LIST"
    SIGNAL_JOB = "SIGNAL_JOB"
    RETRY_JOB = "RETRY_JOB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        type: What is asked.
        time: When the client sent it, in seconds since the epoch.
        job_id: The client's own id of the job.
        data: What else the command carries. Of a START_JOB the whole of it becomes the workflow's input; what
            the others ask for, `requests.py` reads.
        request_id: What the client tells the answer by; None if it does not care.
    """

    type: CommandType
    time: float
    job_id: str
    data: Mapping[str, Any]
    request_id: str | None = None
