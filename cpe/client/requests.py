"""Commands sent, and the answers to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from cpe.aws.sqs import Queue
from cpe.client.errors import AnswerTimeout, AnswerUnread, CommandRefused
from cpe.client.mailbox import Mailbox
from cpe.errors import CpeError
from cpe.protocol import Command, CommandType, Event, EventType, encode_command


class Requests:
    """Sends commands, each with a `requestId` by which its answer is known.

    Args:
        queue: The input queue.
        mailbox: Where answers arrive.
        timeout: How many seconds an answer is waited for, unless told otherwise.
        clock: Seconds since the epoch.
        domain: The SWF domain that each command names; None to leave it to the stack.
    """

    def __init__(
        self,
        queue: Queue,
        mailbox: Mailbox,
        *,
        timeout: float,
        clock: Callable[[], float],
        domain: str | None = None,
    ) -> None:
        self._domain = domain
        self._queue = queue
        self._mailbox = mailbox
        self._timeout = timeout
        self._clock = clock

    def send(self, command: CommandType, job_id: str, data: Mapping[str, Any]) -> str:
        """Send a command; returns its `requestId`."""
        request_id = uuid.uuid4().hex
        self._send(command, job_id, data, request_id)
        return request_id

    def ask(
        self, command: CommandType, job_id: str, data: Mapping[str, Any], timeout: float | None = None
    ) -> Event:
        """Send a command and wait for its answer.

        Raises:
            CommandRefused: The answer is COMMAND_REJECTED.
            AnswerTimeout: None came in time.
            AnswerUnread: The queue or the store failed meanwhile.
        """
        timeout = self._timeout if timeout is None else timeout
        request_id = uuid.uuid4().hex
        self._mailbox.expect(request_id)
        try:
            self._send(command, job_id, data, request_id)
            answer = self._answer(request_id, timeout, command, job_id)
        finally:
            self._mailbox.forget(request_id)
        if answer.type is EventType.COMMAND_REJECTED:
            raise _refusal(answer, command)
        return answer

    def _answer(self, request_id: str, timeout: float, command: CommandType, job_id: str) -> Event:
        sent = f"{command.value} of job {job_id} was sent, but"
        try:
            answer = self._mailbox.answer(request_id, timeout)
        except CpeError as error:
            raise AnswerUnread(
                f"{sent} its answer could not be read: {error}",
                command=command.value,
                job_id=job_id,
                code=error.code,
                retryable=error.retryable,
            ) from error
        if answer is None:
            late = (
                "before the client was stopped"
                if self._mailbox.stopped
                else f"within {timeout:g} s; is an input poller running, and does nobody else read the"
                " output queue?"
            )
            raise AnswerTimeout(f"{sent} not answered {late}", command=command.value, job_id=job_id)
        return answer

    def do(
        self,
        command: CommandType,
        job_id: str,
        data: Mapping[str, Any],
        *,
        wait: bool,
        timeout: float | None,
    ) -> Event | None:
        """Send a command, and wait for its answer if that is wanted."""
        if wait:
            return self.ask(command, job_id, data, timeout)
        self.send(command, job_id, data)
        return None

    def _send(self, command: CommandType, job_id: str, data: Mapping[str, Any], request_id: str) -> None:
        body = encode_command(
            Command(
                type=command,
                time=self._clock(),
                job_id=job_id,
                data=self._placed(data),
                request_id=request_id,
            )
        )
        # A list is of no one job, so it need not wait for another.
        group = request_id if command is CommandType.GET_JOB_LIST else job_id
        self._queue.send(body, group_id=group, deduplication_id=request_id)

    def _placed(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Name the domain, unless the command does; what is no object is for the protocol to refuse."""
        workflow = data.get("workflow", {})
        if self._domain is None or not isinstance(workflow, Mapping):
            return data
        return {**data, "workflow": {"domain": self._domain, **workflow}}


def _refusal(answer: Event, command: CommandType) -> CommandRefused:
    reason, details = answer.details.get("reason"), answer.details.get("details")
    code = reason if isinstance(reason, str) else CommandRefused.default_code
    message = details if isinstance(details, str) else f"the stack refused {command.value}"
    return CommandRefused(message, code=code, command=command.value, job_id=answer.job_id)
