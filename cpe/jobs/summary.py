"""A job in one line: its newest run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cpe.aws.runs import CONTINUED, Run
from cpe.protocol import JobIdentity


class JobStatus(StrEnum):
    """Whether a job runs, or how it ended."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TIMED_OUT = "TIMED_OUT"
    TERMINATED = "TERMINATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """A job: whose it is, and where its newest run stands. Times are seconds since the epoch."""

    identity: JobIdentity
    run_id: str
    workflow_name: str
    workflow_version: str
    status: JobStatus
    started: float
    closed: float | None

    def details(self) -> dict[str, Any]:
        """The job as it travels: `JobSummary` of the protocol."""
        return {
            "jobId": self.identity.job_id,
            "workflowId": self.identity.workflow_id,
            "runId": self.run_id,
            "workflowType": {"name": self.workflow_name, "version": self.workflow_version},
            "status": self.status.value,
            "started": self.started,
            "closed": self.closed,
        }


def summarize(run: Run, identity: JobIdentity) -> JobSummary:
    """Sum up the job that a run belongs to.

    A run that went on as a new one has closed, its job has not: SWF just does not list the new run yet.
    """
    goes_on = run.status == CONTINUED
    return JobSummary(
        identity=identity,
        run_id=run.run_id,
        workflow_name=run.workflow_name,
        workflow_version=run.workflow_version,
        status=JobStatus.RUNNING if goes_on else JobStatus(run.status),
        started=run.started,
        closed=None if goes_on else run.closed,
    )
