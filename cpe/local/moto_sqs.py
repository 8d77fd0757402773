"""moto's SQS, made safe for many clients at once.

A waiting receiver stands aside of the gate, and ends when its client hangs up: moto's own goes on waiting and
takes a message that nobody will ever see. What a FIFO queue delivers again comes in order. And many waiting
messages are counted with one look at the clock: moto's own looks at it for each, several times a call.
"""

from __future__ import annotations

from moto.core.utils import unix_time, unix_time_millis
from moto.sqs import models

from cpe.local.gate import Gate

GATE = Gate()


class HeldQueue(models.Queue):
    """A queue whose receivers wait outside the gate."""

    __module__ = models.Queue.__module__  # moto derives the service's name from it

    def wait_for_messages(self, timeout: int) -> None:
        """Wait for any change; the receiver that calls this looks for messages itself."""
        GATE.wait(timeout)

    @property
    def pending_message_groups(self) -> set[str]:
        """Groups of which a message is being dealt with, and therefore no other is given.

        moto's own counts messages whose time is over too, and then gives a group's last one first.
        """
        self._pending_messages = {one for one in self._pending_messages if not one.visible}
        return super().pending_message_groups

    @property
    def messages(self) -> list[models.Message]:
        now = unix_time_millis()
        return [one for one in self._messages if one.visible_at < now and one.delayed_until <= now]

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        now = unix_time_millis()
        return sum(one.delayed_until > now for one in self._messages)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        now = unix_time_millis()
        return sum(one.visible_at >= now for one in self._messages)


def _is_retained(backend: models.SQSBackend, queue_name: str, message: models.Message) -> bool:
    """Whether a queue still keeps a message; moto's own asks for all attributes of the queue."""
    retention: int = vars(backend.get_queue(queue_name))["message_retention_period"]
    sent: float = message.sent_timestamp or 0.0  # type: ignore[redundant-expr]  # moto declares it None
    return retention + sent / 1000 > unix_time()


def install() -> None:
    """Make moto create its queues so."""
    models.Queue = HeldQueue  # type: ignore[misc]  # moto offers no other way
    models.SQSBackend.is_message_valid_based_on_retention_period = _is_retained  # type: ignore[assignment,method-assign]  # same
