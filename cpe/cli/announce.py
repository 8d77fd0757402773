"""Tells a client what an operator did to its job, on the client's output queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cpe.errors import CpeError

if TYPE_CHECKING:
    from cpe.cli.operating import Operator
    from cpe.protocol import Event


class NotTold(CpeError):
    """The client could not be told; the message says why."""

    default_code = "CLIENT_NOT_TOLD"


def announce(operator: Operator, event: Event, client: str) -> None:
    """Publish an event as a daemon would.

    Raises:
        NotTold: The client's queue is not known here, or did not take the event.
    """
    from cpe.aws.sqs import Queue
    from cpe.daemons.publisher import Publisher

    if operator.settings.output_queue_of(client) is None:
        raise NotTold(f"client {client!r} is not configured, so its output queue is not known")
    sqs = operator.aws.sqs()
    log = _Complaints()
    publisher = Publisher(operator.settings, lambda url: Queue(sqs, url), log, operator.payloads)
    try:
        publisher.publish(event, client=client)
    except CpeError as error:
        raise NotTold(str(error)) from error
    if log.complaint is not None:
        raise NotTold(log.complaint)


class _Complaints:
    """A publisher's log, of which only what a queue refused for good is kept."""

    def __init__(self) -> None:
        self.complaint: str | None = None

    def debug(self, event: str, **fields: Any) -> None:
        """Pass over."""

    info = warning = debug

    def error(self, event: str, **fields: Any) -> None:
        """Keep what is wrong."""
        self.complaint = str(fields.get("error", event))
