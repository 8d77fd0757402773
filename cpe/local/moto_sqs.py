"""moto's SQS, made safe for many clients at once.

A waiting receiver stands aside of the gate, and ends when its client hangs up: moto's own goes on waiting and
takes a message that nobody will ever see.
"""

from __future__ import annotations

from moto.sqs import models

from cpe.local.gate import Gate

GATE = Gate()


class HeldQueue(models.Queue):
    """A queue whose receivers wait outside the gate."""

    __module__ = models.Queue.__module__  # moto derives the service's name from it

    def wait_for_messages(self, timeout: int) -> None:
        """Wait for any change; the receiver that calls this looks for messages itself."""
        GATE.wait(timeout)


def install() -> None:
    """Make moto create its queues so."""
    models.Queue = HeldQueue  # type: ignore[misc]  # moto offers no other way
