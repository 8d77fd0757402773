"""The input poller: takes commands from a client's input queue and answers each."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeAlias

from cpe.activity import Logger
from cpe.aws.sqs import Message, Queue
from cpe.clock import Clock
from cpe.daemons.commands import Commands
from cpe.daemons.publisher import Publisher
from cpe.daemons.turns import Turns
from cpe.errors import AwsError, ConfigError, ProtocolError
from cpe.protocol import Command, Event, EventType, decode_command
from cpe.protocol.body import mend
from cpe.protocol.commands import MAX_REQUEST_ID
from cpe.protocol.events import rejected_id

CONCURRENCY = 4
"""Commands of one client that are carried out at once. More would help one client at the others' cost."""

BATCHES = 2
"""Batches of one client in hand at once: one is fetched or answered while the other is carried out."""

_MAX_GLIMPSE = 256
_RENEWALS = 3
"""How often a batch's visibility is extended in the time that it lasts."""

_FIRST_LOOK = 5.0
"""Seconds after which a batch is taken to last long; queues keep what was taken for 30 s by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What could be read of a message that is refused."""

    job_id: str | None = None
    command: str | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, body: str) -> Glimpse:
        """Read what can be read; never raises.

        Example:
            >>> Glimpse.of('{"jobId": "j1"}').job_id
            'j1'
        """
        try:
            tree = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(tree, dict):
            return cls()
        return cls(
            job_id=_short_text(tree.get("jobId")),
            command=_short_text(tree.get("type")),
            request_id=_short_text(tree.get("requestId"), MAX_REQUEST_ID),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command that was carried out or refused, and the event that says so."""

    message: Message
    event: Event


Carried: TypeAlias = Future[tuple[list[Answered], AwsError | None]]
"""What becomes of commands about one job: those that were answered, and a passing fault."""


class InputPoller:
    """Carries out the commands of one client.

    A message is deleted once its effect is certain and its answer is out. A passing fault of AWS leaves it on
    the queue, which delivers it again. While a batch takes long its messages are held back from others.

    Args:
        client: The name of the client whose queue it is.
        queue: That queue.
        commands: Carry them out.
        publisher: Takes the answers.
        turns: Lets clients with few commands go before those with many.
        clock: Dates the refusals.
        log: Gets ``command_answered``, ``command_rejected``, ``command_postponed``, ``command_failed``.
    """

    def __init__(
        self,
        *,
        client: str,
        queue: Queue,
        commands: Commands,
        publisher: Publisher,
        turns: Turns,
        clock: Clock,
        log: Logger,
    ) -> None:
        self._client = client
        self._queue = queue
        self._commands = commands
        self._publisher = publisher
        self._turns = turns
        self._clock = clock
        self._log = log
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=f"commands-{client}")
        self._submitting = threading.Lock()
        self._last: dict[str, Carried] = {}

    def poll(self) -> list[Message] | None:
        """Wait for commands."""
        self._turns.make_way(self._client)
        return self._queue.receive() or None

    def handle(self, messages: list[Message]) -> None:
        """Carry out commands; one that fails does not hold up the others.

        Raises:
            AwsError: A passing fault; the messages that it concerns stay on the queue.
            ConfigError: What only an operator can mend.
        """
        with self._turns.in_hand(self._client, len(messages)):
            self._deal_with(messages)

    def _deal_with(self, messages: list[Message]) -> None:
        tasks = self._submit(messages)
        self._await(tasks, messages)
        answered: list[Answered] = []
        fault: AwsError | None = None
        for task in tasks:
            done, passing = task.result()
            answered += done
            fault = passing or fault
        self._turns.make_way(self._client)
        faults = self._publisher.answer([one.event for one in answered], client=self._client)
        out = []
        for one, passing in zip(answered, faults, strict=True):
            if passing is None:
                out.append(one.message)
            else:
                self._postpone(one.message, passing)
                fault = passing
        self._queue.delete(out)
        if fault is not None:
            raise fault

    def _submit(self, messages: Sequence[Message]) -> list[Carried]:
        """Have commands carried out: those about one job in order, also after those of an earlier batch."""
        tasks = []
        with self._submitting:
            self._last = {job: task for job, task in self._last.items() if not task.done()}
            for job, group in _by_job(messages).items():
                task = self._pool.submit(self._carry_out, group, after=self._last.get(job))
                self._last[job] = task
                tasks.append(task)
        return tasks

    def _await(self, tasks: Sequence[Carried], messages: list[Message]) -> None:
        """Wait for tasks; keep their messages from being delivered again meanwhile."""
        began = time.monotonic()
        pending = wait(tasks, timeout=_FIRST_LOOK).not_done
        while pending:
            visibility = self._queue.visibility
            lasts = max(visibility / _RENEWALS, 1.0)
            pending = wait(tasks, timeout=max(began + lasts - time.monotonic(), 0.0)).not_done
            if pending:
                began = time.monotonic()
                self._hold(messages, visibility)

    def _hold(self, messages: list[Message], seconds: int) -> None:
        try:
            self._queue.hold(messages, seconds)
        except AwsError as error:  # they may come again; that does no harm
            self._log.warning("commands_not_held", code=error.code, error=str(error))

    def _carry_out(
        self, messages: Sequence[tuple[Message, Command | ProtocolError]], *, after: Carried | None
    ) -> tuple[list[Answered], AwsError | None]:
        """Carry out what concerns one job, in order; tell what was answered, and a passing fault.

        What is behind a passing fault is left on the queue too: it must not overtake.

        Args:
            messages: The commands.
            after: What becomes of those that came before them. It was handed to the pool earlier, so it is
                never behind these.
        """
        if after is not None and (fault := after.result()[1]) is not None:
            self._leave(messages, fault)
            return [], fault
        answered: list[Answered] = []
        for place, (message, command) in enumerate(messages):
            self._turns.make_way(self._client)
            try:
                answered.append(Answered(message=message, event=self._answer(message, command)))
            except AwsError as error:
                self._leave(messages[place:], error)
                return answered, error
            except ConfigError:
                raise
            except Exception as error:  # a fault of ours: the queue's redrive policy has the last word
                self._log.error(
                    "command_failed", messageId=message.message_id, error=repr(error), exc_info=True
                )
        return answered, None

    def _answer(self, message: Message, command: Command | ProtocolError) -> Event:
        try:
            if isinstance(command, ProtocolError):
                raise command
            event = self._commands.obey(command, message.message_id)
        except ProtocolError as error:
            return self._rejection(message, error)
        self._log.info(
            "command_answered",
            command=command.type.value,
            jobId=command.job_id,
            event_type=event.type.value,
            runId=event.workflow.run_id if event.workflow else None,
        )
        return event

    def _rejection(self, message: Message, error: ProtocolError) -> Event:
        glimpse = Glimpse.of(message.body)
        details = {"command": glimpse.command, "reason": error.code, "details": str(error)}
        if glimpse.request_id is not None:
            details["requestId"] = glimpse.request_id
        self._log.warning(
            "command_rejected",
            jobId=glimpse.job_id,
            command=glimpse.command,
            code=error.code,
            error=str(error),
            messageId=message.message_id,
        )
        return Event(
            type=EventType.COMMAND_REJECTED,
            time=self._clock.time(),
            event_id=rejected_id(message.message_id),
            job_id=glimpse.job_id,
            details=details,
        )

    def _leave(self, messages: Sequence[tuple[Message, Command | ProtocolError]], error: AwsError) -> None:
        for message, _ in messages:
            self._postpone(message, error)

    def _postpone(self, message: Message, error: AwsError) -> None:
        self._log.warning(
            "command_postponed", messageId=message.message_id, code=error.code, error=str(error)
        )


def _by_job(messages: Sequence[Message]) -> dict[str, list[tuple[Message, Command | ProtocolError]]]:
    """Read messages; those of one job stay in order, and those of one group on a FIFO queue; no others."""
    groups: dict[str, list[tuple[Message, Command | ProtocolError]]] = {}
    for message in messages:
        command: Command | ProtocolError
        try:
            decoded = decode_command(message.body)
        except ProtocolError as error:
            command, key = error, f"message {message.message_id}"
        else:
            command, key = decoded, f"job {decoded.job_id}"
        if message.group_id is not None:
            key = f"group {message.group_id}"
        groups.setdefault(key, []).append((message, command))
    return groups


def _short_text(value: object, most: int = _MAX_GLIMPSE) -> str | None:
    # What is no text was a reason to refuse the message, and must not be one to hold back the answer.
    return mend(value[:most]) if isinstance(value, str) and value else None
