"""Who a job belongs to, and the workflow id that says so.

SWF lets one execution of a workflow id be open at a time. With the id made of client and job, a command that
is delivered twice cannot start a second run, and every daemon, a worker too, can tell from the id alone whose
job it works on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpe.errors import ProtocolError

_CLIENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
# SWF refuses these in a workflow id (API reference of StartWorkflowExecution).
_REFUSED = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]")
_MAX_WORKFLOW_ID = 256


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """A client's name and the id that the client gave its job.

    Example:
        >>> JobIdentity("ClientA", "954e8de9").workflow_id
        'ClientA.954e8de9'
        >>> JobIdentity.from_workflow_id("ClientA.954e8de9").job_id
        '954e8de9'
    """

    client: str
    job_id: str

    def __post_init__(self) -> None:
        if not _CLIENT.fullmatch(self.client):
            raise ProtocolError(
                f"client name {self.client!r} must be 1 to 64 letters, digits, '_' or '-'",
                code="INVALID_CLIENT",
            )
        room = _MAX_WORKFLOW_ID - len(self.client) - 1
        if not 1 <= len(self.job_id) <= room:
            raise ProtocolError(f"jobId must have 1 to {room} characters", code="INVALID_JOB_ID")
        if _REFUSED.search(self.job_id):
            raise ProtocolError(
                "jobId must not contain ':', '/', '|' or control characters", code="INVALID_JOB_ID"
            )

    @property
    def workflow_id(self) -> str:
        """The id of the job's workflow execution; a client's name has no '.', so the two parts stay apart."""
        return f"{self.client}.{self.job_id}"

    @classmethod
    def from_workflow_id(cls, workflow_id: str) -> JobIdentity | None:
        """Read a workflow id back; None if it is not one of ours."""
        client, dot, job_id = workflow_id.partition(".")
        if not dot:
            return None
        try:
            return cls(client, job_id)
        except ProtocolError:
            return None
