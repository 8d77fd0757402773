"""One job, as its client holds it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cpe.client.reports import ActivityReport, JobReport
from cpe.client.state import JobState

if TYPE_CHECKING:
    from cpe.client.client import Client


class Job:
    """A handle on one job; made by :meth:`Client.job`.

    Example:
        >>> job = client.job(client.start_job(sample))  # doctest: +SKIP
        >>> job.wait(timeout=600).status  # doctest: +SKIP
        <JobStatus.COMPLETED: 'COMPLETED'>
    """

    def __init__(self, client: Client, job_id: str) -> None:
        self._client = client
        self.job_id = job_id

    @property
    def state(self) -> JobState | None:
        """What is known now, without asking the queue; None if nothing was heard."""
        return self._client.tracker.job(self.job_id)

    @property
    def progress(self) -> dict[str, float]:
        """Percent of each activity that told some, by activity id, as known now."""
        state = self.state
        return (
            {}
            if state is None
            else {
                activity_id: activity.progress
                for activity_id, activity in state.activities.items()
                if activity.progress is not None
            }
        )

    def follow(self, timeout: float | None = None) -> Iterator[JobState]:
        """See :meth:`Client.follow`."""
        return self._client.follow(self.job_id, timeout)

    def wait(self, timeout: float | None = None) -> JobState:
        """Read events until the job is done.

        Args:
            timeout: In seconds; None waits as long as it takes.

        Raises:
            TimeoutError: It was not done in time; the job goes on.
            AwsError: The queue could not be read.
        """
        (last,) = deque(self.follow(timeout), maxlen=1)
        return last

    def status(self) -> JobReport:
        """See :meth:`Client.status`."""
        return self._client.status(self.job_id)

    def activities(self) -> tuple[ActivityReport, ...]:
        """See :meth:`Client.activities`."""
        return self._client.activities(self.job_id)

    def cancel(self, *, wait: bool = True) -> None:
        """See :meth:`Client.cancel_job`."""
        self._client.cancel_job(self.job_id, wait=wait)

    def cancel_activity(self, activity_id: str, *, wait: bool = True) -> None:
        """See :meth:`Client.cancel_activity`."""
        self._client.cancel_activity(self.job_id, activity_id, wait=wait)

    def signal(self, name: str, value: Any = None, *, wait: bool = True) -> None:
        """See :meth:`Client.signal`."""
        self._client.signal(self.job_id, name, value, wait=wait)

    def retry(self, steps: str | Sequence[str] = (), *, wait: bool = True) -> str | None:
        """See :meth:`Client.retry`."""
        return self._client.retry(self.job_id, steps, wait=wait)
