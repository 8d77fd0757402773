"""Questions to the stack, and their answers as reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cpe.client.reports import (
    ActivityReport,
    JobReport,
    JobSummary,
    activity_report,
    activity_reports,
    job_report,
    job_summaries,
)
from cpe.client.requests import Requests
from cpe.protocol import CommandType, Event


class Questions:
    """Asks, and reads the answers. Every method raises what :meth:`Requests.ask` does, and ProtocolError:
    ``ANSWER_TRUNCATED`` for an answer that was too large for the queue.

    Args:
        requests: Sends the questions.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def job(self, job_id: str, timeout: float | None) -> JobReport:
        """GET_JOB_STATUS."""
        answer = self._requests.ask(CommandType.GET_JOB_STATUS, job_id, {}, timeout)
        return job_report(answer.details.get("job"))

    def jobs(
        self, status: str | None, *, since: float | None, limit: int, timeout: float | None
    ) -> Iterator[JobSummary]:
        """GET_JOB_LIST, page by page."""
        data: dict[str, Any] = {"limit": limit}
        data |= {} if status is None else {"status": str(status)}
        data |= {} if since is None else {"since": since}
        page: object = None
        while True:
            # A list is of no one job; the protocol wants an id all the same.
            asked = data if page is None else data | {"page": page}
            answer = self._requests.ask(CommandType.GET_JOB_LIST, "list", asked, timeout)
            yield from job_summaries(answer.details.get("jobs"))
            page = answer.details.get("page")
            if page is None:
                return

    def activity(self, job_id: str, activity_id: str, timeout: float | None) -> ActivityReport:
        """GET_ACTIVITY_STATUS."""
        data = {"activityId": activity_id}
        answer = self._requests.ask(CommandType.GET_ACTIVITY_STATUS, job_id, data, timeout)
        return activity_report({**answer.details, **_named(answer)})

    def activities(self, job_id: str, timeout: float | None) -> tuple[ActivityReport, ...]:
        """GET_ACTIVITY_LIST."""
        answer = self._requests.ask(CommandType.GET_ACTIVITY_LIST, job_id, {}, timeout)
        return activity_reports(answer.details.get("activities"))


def _named(answer: Event) -> dict[str, Any]:
    """Which activity an answer is about, as it lies on the wire."""
    if answer.activity is None:
        return {}
    activity = answer.activity
    return {
        "activityId": activity.activity_id,
        "activityType": {"name": activity.name, "version": activity.version},
    }
