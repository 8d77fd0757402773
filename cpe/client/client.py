"""A client of the stack: commands out, events in."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.client.config import load_client_config
from cpe.client.inbox import Delivery, Inbox
from cpe.client.job import Job
from cpe.client.references import References
from cpe.client.state import JobState
from cpe.client.tracker import Tracker
from cpe.protocol import Command, CommandType, Event, JobIdentity, encode_command
from cpe.protocol.references import PayloadPlace

_LONG_POLL = 20.0


class Client:
    """Sends commands on the input queue and reads events from the output queue.

    Several threads may use one client. Let one process read an output queue: of two, each sees a part.

    Args:
        name: The client's name, as the stack's configuration has it.
        input_queue: URL of the queue that takes commands.
        output_queue: URL of the queue that gives events.
        session: Makes the connection to AWS; boto3's usual environment unless given.
        tracker: Keeps the jobs; in memory unless given.
        payloads: Where the stack keeps what its queues do not carry. Without it, very large events come
            without their largest details, and with ``truncated``.
        clock: Seconds since the epoch.

    Raises:
        ConfigError: No AWS credentials or region.
        ProtocolError: ``INVALID_CLIENT``: the name is none.
    """

    def __init__(
        self,
        name: str,
        input_queue: str,
        output_queue: str,
        session: AwsSession | None = None,
        *,
        tracker: Tracker | None = None,
        payloads: PayloadPlace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        JobIdentity(name, "any")  # checks the name
        session = session if session is not None else AwsSession()
        sqs = session.sqs()
        self.name = name
        self.tracker = tracker if tracker is not None else Tracker()
        self._commands = Queue(sqs, input_queue)
        self._inbox = Inbox(Queue(sqs, output_queue), References(session, payloads, client=name))
        self._clock = clock
        self._reading = threading.Lock()

    @classmethod
    def from_config(
        cls, path: str | Path, session: AwsSession | None = None, *, tracker: Tracker | None = None
    ) -> Client:
        """Make a client from its clientConfig.json (see :func:`load_client_config`).

        Raises:
            ConfigError: The file cannot be read or understood.
        """
        config = load_client_config(path)
        return cls(
            config.name,
            config.input_queue,
            config.output_queue,
            session,
            tracker=tracker,
            payloads=config.payloads,
        )

    def start_job(self, job: Mapping[str, Any], job_id: str | None = None) -> str:
        """Ask for a job. Sending the same `job_id` twice starts it once.

        Args:
            job: `workflow` (`name`, `version`, …) and what it takes: `input_asset`, `output_asset`, …
            job_id: The client's own id for it; made up unless given.

        Returns:
            The job's id.

        Raises:
            ProtocolError: The stack would refuse the command; nothing was sent.
            AwsError: The queue did not take it.
        """
        job_id = uuid.uuid4().hex if job_id is None else job_id
        JobIdentity(self.name, job_id)  # checks the id
        sent = self._clock()
        body = encode_command(Command(type=CommandType.START_JOB, time=sent, job_id=job_id, data=job))
        self._commands.send(body, group_id=_digest(job_id), deduplication_id=_digest(body))
        self.tracker.request(job_id, sent)
        return job_id

    def job(self, job_id: str) -> Job:
        """A handle on a job, started here or elsewhere."""
        return Job(self, job_id)

    def events(self, wait: float | None = None) -> Generator[Event, None, None]:
        """Read the output queue, event by event, at least once each.

        An event is deleted from the queue after the next one was asked for, in batches; when the consumer
        dies before, it is delivered again. Duplicates are not removed here: give each event to a
        :class:`Tracker`, or look at its `event_id`. The client's own tracker is not told.

        Args:
            wait: Ends when nothing came for so many seconds; None goes on for ever.

        Raises:
            AwsError: The queue could not be read, or messages not deleted; iterate again.
        """
        while deliveries := self._next_batch(wait):
            handled: list[Delivery] = []
            try:
                for delivery in deliveries:
                    yield delivery.event
                    handled.append(delivery)
            finally:
                self._inbox.acknowledge(handled)

    def follow(self, job_id: str, timeout: float | None = None) -> Iterator[JobState]:
        """Read events until a job is done, and yield its state whenever it changed.

        The events of all other jobs go to the tracker on the way, so several jobs can be followed, from
        several threads too.

        Args:
            timeout: In seconds; None waits as long as it takes.

        Raises:
            TimeoutError: The job was not done in time; it goes on.
            AwsError: The queue could not be read; follow again.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        shown: JobState | None = None
        while shown is None or not shown.done:
            state = self.tracker.job(job_id)
            if state is not None and state != shown:
                shown = state
                yield state
                continue
            left = _LONG_POLL if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"job {job_id} was not done within {timeout} s")
            self._read_unless_news(job_id, shown, min(left, _LONG_POLL))

    def _read_unless_news(self, job_id: str, known: JobState | None, wait: float) -> None:
        """Take in one batch, unless another thread did and there is news of the job already."""
        if not self._reading.acquire(timeout=wait):
            return
        try:
            if self.tracker.job(job_id) != known:
                return
            deliveries = self._inbox.receive(wait)
            for delivery in deliveries:
                self.tracker.apply(delivery.event)
            self._inbox.acknowledge(deliveries)
        finally:
            self._reading.release()

    def _next_batch(self, wait: float | None) -> list[Delivery]:
        """The next events; empty when none came within `wait` seconds."""
        deadline = None if wait is None else time.monotonic() + wait
        while True:
            left = _LONG_POLL if deadline is None else deadline - time.monotonic()
            deliveries = self._inbox.receive(max(left, 0))
            if deliveries or (deadline is not None and time.monotonic() >= deadline):
                return deliveries


def _digest(text: str) -> str:
    """A form of any text that FIFO queues take for an id."""
    return hashlib.sha256(text.encode()).hexdigest()
