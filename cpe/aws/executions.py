"""What SWF tells of executions: which runs there are, and their histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cpe.aws.faults import told
from cpe.aws.runs import Run, RunPage, moment, runs_of, started_filter

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient


class Executions:
    """Reads of SWF; nothing here changes an execution. Every method raises AwsError.

    Args:
        calls: The client.
    """

    def __init__(self, calls: SWFClient) -> None:
        self._calls = calls

    def describe_run(self, domain: str, workflow_id: str, run_id: str) -> Run:
        """Tell what there is to know of a run. ``UNKNOWN_RESOURCE``: there is none, or not any more."""
        with told(f"execution {workflow_id} of {domain}"):
            answer = self._calls.describe_workflow_execution(
                domain=domain, execution={"workflowId": workflow_id, "runId": run_id}
            )
        return Run.from_swf(answer["executionInfo"])

    def open_runs(
        self,
        domain: str,
        *,
        since: float | None = None,
        workflow_id: str | None = None,
        tag: str | None = None,
    ) -> Iterator[Run]:
        """List open runs, those first that were started last. SWF's lists may lag behind by some seconds.

        Args:
            domain: The domain.
            since: When the oldest of them may have been started, in seconds since the epoch; None for ever.
            workflow_id: Only those of this workflow id.
            tag: Only those with this tag; not together with a workflow id.
        """
        request = started_filter(domain, since=since, workflow_id=workflow_id, tag=tag)
        with told(f"open executions of {domain}"):
            yield from runs_of(self._calls.get_paginator("list_open_workflow_executions").paginate(**request))

    def closed_runs_started(
        self,
        domain: str,
        *,
        since: float | None = None,
        workflow_id: str | None = None,
        tag: str | None = None,
    ) -> Iterator[Run]:
        """List closed runs as :meth:`open_runs` lists open ones, as long as the domain retains them."""
        request = started_filter(domain, since=since, workflow_id=workflow_id, tag=tag)
        with told(f"closed executions of {domain}"):
            yield from runs_of(
                self._calls.get_paginator("list_closed_workflow_executions").paginate(**request)
            )

    def count_open(self, domain: str, *, tag: str) -> int:
        """Count the open runs with a tag, as far as SWF's lists show them yet."""
        with told(f"open executions of {domain}"):
            return self._calls.count_open_workflow_executions(
                domain=domain, startTimeFilter={"oldestDate": moment(None)}, tagFilter={"tag": tag}
            )["count"]

    def closed_runs(self, domain: str, *, since: float) -> list[Run]:
        """List what closed since a time, in seconds since the epoch; lists may lag behind by some seconds."""
        return [run for page in self.closed_pages(domain, since=since) for run in page.runs]

    def closed_pages(self, domain: str, *, since: float | None = None) -> Iterator[RunPage]:
        """List what closed, those first that closed last, page by page.

        Args:
            domain: The domain.
            since: When the first of them may have closed, in seconds since the epoch; None for ever.
        """
        with told(f"closed executions of {domain}"):
            pages = self._calls.get_paginator("list_closed_workflow_executions").paginate(
                domain=domain, closeTimeFilter={"oldestDate": moment(since)}
            )
            yield from map(RunPage.from_swf, pages)

    def history(
        self, domain: str, workflow_id: str, run_id: str, *, before: int | None = None
    ) -> list[Mapping[str, Any]]:
        """Read a run's history from its beginning, whole or up to an event id, exclusive."""
        events: list[Mapping[str, Any]] = []
        with told(f"history of {workflow_id}"):
            pages = self._calls.get_paginator("get_workflow_execution_history").paginate(
                domain=domain, execution={"workflowId": workflow_id, "runId": run_id}
            )
            for page in pages:
                events += page["events"]
                if before is not None and events and events[-1]["eventId"] >= before - 1:
                    break
        return events if before is None else events[: before - 1]

    def first_event(self, domain: str, workflow_id: str, run_id: str) -> Mapping[str, Any]:
        """Tell a run's first history event, SWF's own dict: how it was started."""
        return self.first_events(domain, workflow_id, run_id, count=1)[0]

    def first_events(
        self, domain: str, workflow_id: str, run_id: str, *, count: int
    ) -> list[Mapping[str, Any]]:
        """Read the beginning of a history in one call: so many events, 1,000 at most, or fewer."""
        with told(f"history of {workflow_id}"):
            answer = self._calls.get_workflow_execution_history(
                domain=domain, execution={"workflowId": workflow_id, "runId": run_id}, maximumPageSize=count
            )
        return list(answer["events"])

    def newest_event(self, domain: str, workflow_id: str, run_id: str) -> Mapping[str, Any]:
        """Tell a run's newest history event, SWF's own dict, as far as SWF shows it yet."""
        with told(f"history of {workflow_id}"):
            answer = self._calls.get_workflow_execution_history(
                domain=domain,
                execution={"workflowId": workflow_id, "runId": run_id},
                reverseOrder=True,
                maximumPageSize=1,
            )
        return answer["events"][0]
