"""A client of the stack: commands out, events in."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.client.config import load_client_config
from cpe.client.errors import StoreFailed, Unanswered
from cpe.client.inbox import LONGEST_POLL, Inbox
from cpe.client.job import Job
from cpe.client.mailbox import Mailbox, Update
from cpe.client.questions import Questions
from cpe.client.references import References
from cpe.client.reports import ActivityReport, JobReport, JobSummary
from cpe.client.requests import Requests
from cpe.client.state import JobState
from cpe.client.tracker import Tracker
from cpe.protocol import CommandType, Event, JobFilter, JobIdentity
from cpe.protocol.references import PayloadPlace

_log = logging.getLogger("cpe.client")
ANSWER_SECONDS = 30.0
"""How long an answer is waited for, unless told otherwise."""


class Client:
    """Sends commands on the input queue and reads events from the output queue.

    Several threads may use one client: whichever reads, each gets what it waits for. Several processes may
    read one queue if their trackers share a store; see `docs/client.md`.

    Methods that wait for an answer raise :class:`~cpe.client.errors.CommandRefused` with the stack's code,
    :class:`~cpe.client.errors.AnswerTimeout` when none came within `timeout` seconds, and
    :class:`~cpe.client.errors.AnswerUnread` when the queue or the store failed meanwhile; the latter two know
    the job's id. With ``wait=False`` they return when the command is sent. Each raises
    :class:`~cpe.errors.ProtocolError`, and sends nothing, for what the stack would refuse to read, and
    :class:`~cpe.errors.AwsError` when a queue fails.

    Args:
        name: The client's name, as the stack's configuration has it.
        input_queue: URL of the queue that takes commands.
        output_queue: URL of the queue that gives events. None for one that only sends, or whose tracker's
            store another process fills.
        session: Makes the connection to AWS; boto3's usual environment unless given.
        tracker: Keeps the jobs; in memory unless given.
        payloads: Where the stack keeps what its queues do not carry. Without it, very large events come
            without their largest details, and with ``truncated``.
        timeout: How many seconds an answer is waited for, unless a method is told otherwise.
        poll: How many seconds one poll of the output queue waits for events, 20 at most. Shorter ones let
            :meth:`stop` act sooner, and cost more requests.
        clock: Seconds since the epoch.
        domain: The SWF domain of its jobs, for a stack that has none of its own; each command names it.

    Raises:
        ConfigError: No AWS credentials or region.
        ProtocolError: ``INVALID_CLIENT``: the name is none.
    """

    def __init__(
        self,
        name: str,
        input_queue: str,
        output_queue: str | None = None,
        session: AwsSession | None = None,
        *,
        tracker: Tracker | None = None,
        payloads: PayloadPlace | None = None,
        timeout: float = ANSWER_SECONDS,
        poll: float = LONGEST_POLL,
        clock: Callable[[], float] = time.time,
        domain: str | None = None,
    ) -> None:
        JobIdentity(name, "any")  # checks the name
        session = session if session is not None else AwsSession()
        sqs = session.sqs()
        self.name = name
        self.tracker = tracker if tracker is not None else Tracker()
        inbox = None
        if output_queue is not None:
            inbox = Inbox(Queue(sqs, output_queue), References(session, payloads, client=name))
        self._mailbox = Mailbox(inbox, self.tracker, poll=poll)
        self._requests = Requests(
            Queue(sqs, input_queue), self._mailbox, timeout=timeout, clock=clock, domain=domain
        )
        self._questions = Questions(self._requests)
        self._clock = clock

    @classmethod
    def from_config(
        cls,
        path: str | Path,
        session: AwsSession | None = None,
        *,
        tracker: Tracker | None = None,
        reads: bool = True,
        poll: float = LONGEST_POLL,
    ) -> Client:
        """Make a client from its clientConfig.json (see :func:`load_client_config`).

        Args:
            path: The file.
            session: As for the client itself.
            tracker: As for the client itself.
            reads: Whether it may read the output queue. Not for one that only sends, or whose tracker's store
                another process fills.
            poll: As for the client itself.

        Raises:
            ConfigError: The file cannot be read or understood.
        """
        config = load_client_config(path)
        return cls(
            config.name,
            config.input_queue,
            config.output_queue if reads else None,
            session,
            tracker=tracker,
            payloads=config.payloads,
            poll=poll,
            domain=config.domain,
        )

    def start_job(
        self,
        job: Mapping[str, Any],
        job_id: str | None = None,
        *,
        wait: bool = False,
        timeout: float | None = None,
    ) -> str:
        """Ask for a job. Sending the same `job_id` twice starts it once.

        Args:
            job: `workflow` (`name`, `version`, …) and what it takes: `input_asset`, `output_asset`, …
            job_id: The client's own id for it; made up unless given.
            wait: Whether to wait until it runs, or is refused. Without, :meth:`follow` tells both.
            timeout: For the answer, in seconds.

        Returns:
            The job's id, also when the tracker's store could not take it in: the job was asked for, and its
            events tell of it.
        """
        job_id = uuid.uuid4().hex if job_id is None else job_id
        JobIdentity(self.name, job_id)  # checks the id
        sent = self._clock()
        try:
            self._requests.do(CommandType.START_JOB, job_id, job, wait=wait, timeout=timeout)
        except Unanswered:
            self._note(job_id, sent)
            raise
        self._note(job_id, sent)
        return job_id

    def _note(self, job_id: str, sent: float) -> None:
        try:
            self.tracker.request(job_id, sent)
        except StoreFailed as error:
            _log.warning("job %s is not yet in the store (%s): %s", job_id, error.code, error)

    def cancel_job(
        self, job_id: str, *, run_id: str | None = None, wait: bool = True, timeout: float | None = None
    ) -> None:
        """Ask for a job to stop. It is cancelled when :meth:`follow` says so.

        Args:
            job_id: The job.
            run_id: Only if the job is in that run.
            wait: Whether to wait until SWF has the wish.
            timeout: For the answer, in seconds.
        """
        data = {} if run_id is None else {"runId": run_id}
        self._requests.do(CommandType.CANCEL_JOB, job_id, data, wait=wait, timeout=timeout)

    def cancel_activity(
        self, job_id: str, activity_id: str, *, wait: bool = True, timeout: float | None = None
    ) -> None:
        """Ask for one activity of a job to stop; what comes of the job is up to its plan."""
        data = {"activityId": activity_id}
        self._requests.do(CommandType.CANCEL_ACTIVITY, job_id, data, wait=wait, timeout=timeout)

    def signal(
        self, job_id: str, name: str, value: Any = None, *, wait: bool = True, timeout: float | None = None
    ) -> None:
        """Signal a job, which may wait for it.

        Args:
            job_id: The job.
            name: The signal, as the plan names it.
            value: Anything that JSON has a form for.
            wait: Whether to wait until SWF has it.
            timeout: For the answer, in seconds.
        """
        data = {"signal": name} | ({} if value is None else {"input": value})
        self._requests.do(CommandType.SIGNAL_JOB, job_id, data, wait=wait, timeout=timeout)

    def retry(
        self,
        job_id: str,
        steps: str | Sequence[str] = (),
        *,
        wait: bool = True,
        timeout: float | None = None,
    ) -> str | None:
        """Do a closed job again, as a new run of it. What succeeded stays done.

        Args:
            job_id: The job.
            steps: Do these, and what requires them, again although they succeeded.
            wait: Whether to wait until the new run has started. Without, :meth:`follow` may tell of the old
                run's end once more.
            timeout: For the answer, in seconds.

        Returns:
            The new run's id; None without `wait`.
        """
        names = [steps] if isinstance(steps, str) else list(steps)
        data = {"from": names} if names else {}
        answer = self._requests.do(CommandType.RETRY_JOB, job_id, data, wait=wait, timeout=timeout)
        return answer.workflow.run_id if answer is not None and answer.workflow is not None else None

    def status(self, job_id: str, *, timeout: float | None = None) -> JobReport:
        """Ask how a job stands. The tracker learns from the answer what events failed to tell it."""
        return self._questions.job(job_id, timeout)

    def list(
        self,
        status: JobFilter | str | None = None,
        *,
        since: float | None = None,
        limit: int = 50,
        timeout: float | None = None,
    ) -> Iterator[JobSummary]:
        """The client's jobs, the newest first, asked for page by page.

        Args:
            status: ``OPEN``, ``CLOSED``, or a job's status; None for all.
            since: The oldest start, in seconds since the epoch; 30 days back unless given.
            limit: How many on a page, 1 to 100.
            timeout: For each page, in seconds.
        """
        return self._questions.jobs(status, since=since, limit=limit, timeout=timeout)

    def activity(self, job_id: str, activity_id: str, *, timeout: float | None = None) -> ActivityReport:
        """Ask how one activity stands, and what it returned."""
        return self._questions.activity(job_id, activity_id, timeout)

    def activities(self, job_id: str, *, timeout: float | None = None) -> tuple[ActivityReport, ...]:
        """Ask how the activities of a job's newest run stand."""
        return self._questions.activities(job_id, timeout)

    def send(self, command: CommandType, job_id: str, data: Mapping[str, Any] | None = None) -> str:
        """Send any command and wait for nothing.

        Returns:
            Its `requestId`; the answer that comes to :meth:`events` has the same in its `details`.
        """
        return self._requests.send(command, job_id, data or {})

    def job(self, job_id: str) -> Job:
        """A handle on a job, started here or elsewhere."""
        return Job(self, job_id)

    def events(self, wait: float | None = None) -> Generator[Event, None, None]:
        """Read events, each at least once; :meth:`updates` without what they made of their jobs."""
        updates = self.updates(wait)
        try:
            for update in updates:
                yield update.event
        finally:
            updates.close()

    def updates(self, wait: float | None = None) -> Generator[Update, None, None]:
        """Read events, and what each made of its job.

        The tracker has taken an event in before it comes here, and it is deleted from the queue after the
        next one was asked for, in batches: when the consumer dies before, it is delivered again. Duplicates
        come here too. What other methods read meanwhile comes here as well; what they read while nobody
        iterated comes first, the newest 10,000 events of it.

        Args:
            wait: Ends when nothing came for so many seconds; None goes on until :meth:`stop`.

        Raises:
            AwsError: The queue could not be read, or messages not deleted; iterate again.
            StoreFailed: The tracker's database failed; iterate again.
        """
        return self._mailbox.updates(wait)

    def stop(self) -> None:
        """End :meth:`updates`, :meth:`events` and all waiting, once what was read is dealt with.

        A poll in flight is waited for. May be called from any thread, and by a signal handler.
        """
        self._mailbox.stop()

    def follow(self, job_id: str, timeout: float | None = None) -> Iterator[JobState]:
        """Wait for news of a job until it is done, and yield its state whenever it changed.

        The events of all other jobs go to the tracker on the way, so several jobs can be followed, from
        several threads too.

        Args:
            job_id: The job.
            timeout: In seconds; None waits as long as it takes.

        Raises:
            TimeoutError: The job was not done in time, or before :meth:`stop`; it goes on.
            AwsError: The queue could not be read; follow again.
        """
        return self._mailbox.follow(job_id, timeout)
