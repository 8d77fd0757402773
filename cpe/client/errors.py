"""What the client raises besides :mod:`cpe.errors`."""

from __future__ import annotations

from typing import Any

from cpe.errors import CpeError


class CommandRefused(CpeError):
    """The stack answered a command with COMMAND_REJECTED; `code` is the `reason` of that answer.

    Attributes:
        command: Which command it was.
        job_id: Which job it was about; None if the stack could not read it.
    """

    default_code = "COMMAND_REJECTED"

    def __init__(self, message: str, *, code: str, command: str, job_id: str | None) -> None:
        super().__init__(message, code=code)
        self.command = command
        self.job_id = job_id


class Unanswered(CpeError):
    """A command was sent, and is carried out; what the stack answers is not known.

    Attributes:
        command: Which command it was.
        job_id: Which job it was about, also where :meth:`Client.start_job` made the id up.
    """

    def __init__(self, message: str, *, command: str, job_id: str, **about: Any) -> None:
        super().__init__(message, **about)
        self.command = command
        self.job_id = job_id


class AnswerTimeout(Unanswered, TimeoutError):
    """No answer came in time, or before the client was stopped; it may come yet."""

    default_code = "ANSWER_TIMEOUT"
    default_retryable = True


class AnswerUnread(Unanswered):
    """The queue or the store failed while an answer was waited for; `code` is that of the cause."""


class StoreFailed(CpeError):
    """The database that keeps the jobs failed; what was read from the queue comes again."""

    default_code = "STORE_FAILED"
    default_retryable = True
