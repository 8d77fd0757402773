"""Commands, carried out: each gives the event that answers it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cpe.aws.runs import Run
from cpe.clock import Clock
from cpe.config import Client
from cpe.daemons.starter import Starter
from cpe.daemons.startjob import chosen_domain, job_data, start_request
from cpe.errors import CommandRejected, PayloadError
from cpe.jobs import ActivityReport, Jobs
from cpe.jobs.announcing import scheduled_event
from cpe.jobs.jobs import own_input
from cpe.protocol import ActivityRef, Command, CommandType, Event, EventType, JobIdentity, WorkflowRef
from cpe.protocol.events import answer_id
from cpe.protocol.requests import (
    list_request,
    requested_activity,
    requested_domain,
    requested_run,
    retried_steps,
    signal_request,
)


class Commands:
    """Carries out the commands of one client, on its own jobs.

    Args:
        client: Whose queue they come from: that alone says whose jobs they are about.
        jobs_of: Gives the jobs of a domain.
        starter: Starts jobs.
        domain: The stack's one domain; None if each command names its own.
        clock: Dates the answers.
    """

    def __init__(
        self,
        *,
        client: Client,
        jobs_of: Callable[[str], Jobs],
        starter: Starter,
        domain: str | None,
        clock: Clock,
    ) -> None:
        self._client = client
        self._jobs_of = jobs_of
        self._starter = starter
        self._domain = domain
        self._clock = clock
        self._ways: Mapping[CommandType, Callable[[Command, str], Event]] = {
            CommandType.START_JOB: self._start,
            CommandType.CANCEL_JOB: self._cancel,
            CommandType.CANCEL_ACTIVITY: self._cancel_activity,
            CommandType.GET_JOB_STATUS: self._job_status,
            CommandType.GET_JOB_LIST: self._job_list,
            CommandType.GET_ACTIVITY_STATUS: self._activity_status,
            CommandType.GET_ACTIVITY_LIST: self._activity_list,
            CommandType.SIGNAL_JOB: self._signal,
            CommandType.RETRY_JOB: self._retry,
        }

    def obey(self, command: Command, command_id: str) -> Event:
        """Carry out a command and give its answer. Doing it again does no harm.

        Args:
            command: What is asked.
            command_id: SQS's id of the message.

        Raises:
            ProtocolError: It cannot be carried out.
            AwsError: It cannot be carried out for now, if `retryable`.
        """
        return self._ways[command.type](command, command_id)

    def _start(self, command: Command, command_id: str) -> Event:
        request = start_request(command, self._client, domain=self._domain)
        identity = JobIdentity(self._client.name, command.job_id)
        run_id = self._starter.run_of(self._jobs_of(request.domain), request, identity, command_id=command_id)
        workflow_type = {"name": request.workflow_name, "version": request.workflow_version}
        return self._scheduled(command, identity, run_id, workflow_type, job_data(command, self._client))

    def _retry(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command)
        run_id = jobs.retry(run, command_id, retried_steps(command))
        identity = JobIdentity(self._client.name, command.job_id)
        workflow_type = {"name": run.workflow_name, "version": run.workflow_version}
        return self._scheduled(command, identity, run_id, workflow_type, own_input(jobs.origin(run)))

    def _scheduled(
        self,
        command: Command,
        identity: JobIdentity,
        run_id: str,
        workflow_type: Mapping[str, str],
        data: Any,
    ) -> Event:
        return scheduled_event(
            identity,
            run_id,
            workflow_type=workflow_type,
            data=data,
            time=self._clock.time(),
            request_id=command.request_id,
        )

    def _cancel(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command, requested_run(command))
        jobs.cancel(run)
        return self._answer(EventType.JOB_CANCEL_REQUESTED, command, command_id, run=run)

    def _cancel_activity(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command)
        activity = jobs.cancel_activity(run, requested_activity(command))
        kind = EventType.ACTIVITY_CANCEL_REQUESTED
        return self._answer(kind, command, command_id, run=run, activity=activity)

    def _job_status(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command)
        job = jobs.report(run).details()
        return self._answer(EventType.JOB_STATUS, command, command_id, run=run, job=job)

    def _job_list(self, command: Command, command_id: str) -> Event:
        asked = list_request(command)
        listing = self._jobs(command).listing(
            self._client.name, status=asked.status, since=asked.since, limit=asked.limit, page=asked.page
        )
        jobs = [job.details() for job in listing.jobs]
        return self._answer(EventType.JOB_LIST, command, command_id, jobs=jobs, page=listing.page)

    def _activity_status(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command)
        activity = jobs.activity(run, requested_activity(command))
        stands = {
            name: value
            for name, value in activity.details().items()
            if name not in ("activityId", "activityType")
        }
        stands |= _result(jobs, run, activity)
        kind = EventType.ACTIVITY_STATUS
        return self._answer(kind, command, command_id, run=run, activity=activity, **stands)

    def _activity_list(self, command: Command, command_id: str) -> Event:
        jobs, run = self._find(command)
        activities = [activity.details() for activity in jobs.report(run).activities]
        return self._answer(EventType.ACTIVITY_LIST, command, command_id, run=run, activities=activities)

    def _signal(self, command: Command, command_id: str) -> Event:
        asked = signal_request(command)
        jobs, run = self._find(command)
        text = None if asked.input is None else json.dumps(asked.input, ensure_ascii=False)
        jobs.signal(run, asked.name, text)
        return self._answer(EventType.JOB_SIGNALED, command, command_id, run=run, signal=asked.name)

    def _find(self, command: Command, run_id: str | None = None) -> tuple[Jobs, Run]:
        """Find the client's own job that a command is about."""
        identity = JobIdentity(self._client.name, command.job_id)
        jobs = self._jobs(command)
        run = jobs.find(identity, run_id)
        if run is None:
            raise CommandRejected(
                f"{self._client.name} has no job {command.job_id!r}"
                + (f" with a run {run_id!r}" if run_id is not None else ""),
                code="UNKNOWN_JOB",
            )
        return jobs, run

    def _jobs(self, command: Command) -> Jobs:
        """The jobs of the domain that a command is about."""
        return self._jobs_of(chosen_domain(requested_domain(command), self._domain))

    def _answer(
        self,
        kind: EventType,
        command: Command,
        command_id: str,
        *,
        run: Run | None = None,
        activity: ActivityReport | None = None,
        **details: Any,
    ) -> Event:
        return Event(
            type=kind,
            time=self._clock.time(),
            event_id=answer_id(command_id),
            job_id=command.job_id,
            workflow=None if run is None else WorkflowRef(workflow_id=run.workflow_id, run_id=run.run_id),
            activity=None
            if activity is None
            else ActivityRef(activity_id=activity.activity_id, name=activity.name, version=activity.version),
            details={**details, **_request_id(command)},
        )


def _result(jobs: Jobs, run: Run, activity: ActivityReport) -> dict[str, Any]:
    try:
        return {"result": jobs.result(run, activity)}
    except PayloadError:
        return {"result": None, "truncated": True}


def _request_id(command: Command) -> dict[str, str]:
    return {} if command.request_id is None else {"requestId": command.request_id}
