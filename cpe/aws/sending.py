"""Messages on their way to a queue: which go in one call, and what becomes of each."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from cpe.errors import AwsError

MOST = 10
"""Messages in one call (API reference of SendMessageBatch)."""

_CALL_SIZE = 262_144
"""Bytes in one call that every queue takes (same place, until queues took 1 MiB)."""

_FIFO_ID = re.compile(r"[!-~]{1,128}")
"""Group and deduplication ids: up to 128 letters, digits and punctuation (API reference of SendMessage)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to send; the ids count on a FIFO queue only, which needs both. They may be any text."""

    body: str
    group_id: str | None = None
    deduplication_id: str | None = None


class Sending:
    """Several messages, sent in as few calls as may be.

    SQS takes or refuses each message of a call by itself. So where order counts, a call has one message of a
    group at most, and what is behind a message that was refused for now is not sent: it would overtake it.

    Args:
        messages: What to send.
        ordered: Whether messages of one group must stay in order: the queue is FIFO.
    """

    def __init__(self, messages: Sequence[Outgoing], *, ordered: bool) -> None:
        self._messages = messages
        self.outcomes: list[AwsError | None] = [None] * len(messages)
        lines: dict[str | int | None, deque[int]] = {}
        for index, message in enumerate(messages):
            lines.setdefault(message.group_id if ordered else index, deque()).append(index)
        self._lines = deque(lines.values())
        self._line_of = {index: line for line in lines.values() for index in line}

    def take(self) -> dict[int, Outgoing]:
        """Take what goes in the next call, by its place among all; empty when there is no more."""
        call: dict[int, Outgoing] = {}
        size = 0
        longer = []
        while self._lines and len(call) < MOST:
            line = self._lines[0]
            if not line:
                self._lines.popleft()
                continue
            message = self._messages[line[0]]
            size += len(message.body.encode())
            if call and size > _CALL_SIZE:
                break
            self._lines.popleft()
            call[line.popleft()] = message
            longer.append(line)
        self._lines.extend(longer)
        return call

    def refuse(self, index: int, error: AwsError) -> None:
        """Note that a message was not taken; what must not overtake it is not sent either."""
        self.outcomes[index] = error
        if error.retryable:
            line = self._line_of[index]
            for behind in line:
                self.outcomes[behind] = error
            line.clear()

    def give_up(self, call: Sequence[int], error: AwsError) -> None:
        """Note that a call failed, and that no other is tried."""
        for index in call:
            self.outcomes[index] = error
        for line in self._lines:
            for index in line:
                self.outcomes[index] = error
            line.clear()


def fifo_id(text: str) -> str:
    """Make of any text an id that FIFO queues take: itself where they do, or its SHA-256.

    Example:
        >>> fifo_id("22wT8aM7:19")
        '22wT8aM7:19'
        >>> len(fifo_id("a step's name with blanks"))
        64
    """
    if _FIFO_ID.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
