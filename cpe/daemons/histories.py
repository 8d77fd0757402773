"""The histories that come with decision tasks, with their payloads in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from cpe.activity import Logger
from cpe.aws.executions import Executions
from cpe.aws.payloads import Payloads
from cpe.aws.tasks import DecisionTask
from cpe.decider.history import whole
from cpe.errors import AwsError, PayloadError
from cpe.protocol import JobIdentity

T = TypeVar("T")


class Persist(Protocol):
    """Makes a call again while AWS fails in a passing way."""

    def __call__(self, call: Callable[[], T]) -> T: ...


class Histories:
    """Reads the events of decision tasks.

    Args:
        swf: SWF.
        payloads: Where large texts lie.
        domain: The SWF domain.
        persist: Tries a call again.
        log: Gets ``history_read``, ``payload_unavailable``.
    """

    def __init__(
        self, *, swf: Executions, payloads: Payloads, domain: str, persist: Persist, log: Logger
    ) -> None:
        self._swf = swf
        self._payloads = payloads
        self._domain = domain
        self._persist = persist
        self._log = log

    def new(self, task: DecisionTask) -> Iterator[Mapping[str, Any]]:
        """Give the events that came with a task.

        Raises:
            AwsError: A payload cannot be had for now.
        """
        return self._resolved(task, task.events)

    def before(self, task: DecisionTask) -> Iterator[Mapping[str, Any]]:
        """Read the events before those that came with a task.

        Raises:
            AwsError: The history or a payload cannot be had for now.
        """
        first = task.events[0]["eventId"]
        if first == 1:
            return iter(())
        self._log.debug("history_read", events=first - 1, **task_ids(task))
        events = self._persist(
            lambda: self._swf.history(self._domain, task.workflow_id, task.run_id, before=first)
        )
        return self._resolved(task, events)

    def _resolved(
        self, task: DecisionTask, events: Iterable[Mapping[str, Any]]
    ) -> Iterator[Mapping[str, Any]]:
        """Put payloads in the place of their references. One that cannot be had stays a reference."""
        resolve = partial(self._resolve, task)
        return (whole(event, resolve) for event in events)

    def _resolve(self, task: DecisionTask, text: str) -> str:
        try:
            return self._persist(lambda: self._payloads.resolve(text, client=client_of(task)))
        except (PayloadError, AwsError) as error:
            if error.retryable:
                raise
            self._log.error("payload_unavailable", code=error.code, error=str(error), **task_ids(task))
            return text


def task_ids(task: DecisionTask) -> dict[str, str | None]:
    """What log records of a decision task are bound to."""
    return {"jobId": job_of(task), "workflowId": task.workflow_id, "runId": task.run_id}


def client_of(task: DecisionTask) -> str | None:
    """The client whose job an execution is; None if the workflow id is none of CPE's."""
    identity = JobIdentity.from_workflow_id(task.workflow_id)
    return identity.client if identity else None


def job_of(task: DecisionTask) -> str | None:
    """The client's id of the job; None if the workflow id is none of CPE's."""
    identity = JobIdentity.from_workflow_id(task.workflow_id)
    return identity.job_id if identity else None
