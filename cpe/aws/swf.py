"""SWF as the daemons see it: typed tasks in, answers out."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cpe.aws.executions import Executions
from cpe.aws.faults import told
from cpe.aws.tasks import ActivityTask, DecisionTask, StartRequest
from cpe.protocol.references import MAX_SWF_DATA

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient
    from types_boto3_swf.type_defs import (
        DecisionTaskTypeDef,
        PollForDecisionTaskInputTypeDef,
        RespondDecisionTaskCompletedInputTypeDef,
        StartWorkflowExecutionInputTypeDef,
    )

    from cpe.aws.direct import DirectJson

MAX_REASON = 256
"""Characters of a failure's reason (service model of SWF)."""

_MAX_IDENTITY = 256


class SwfGateway(Executions):
    """All calls to SWF. Every method raises AwsError; `retryable` tells passing faults from final ones.

    Args:
        polls: The client for the two polls; its read timeout is above a minute.
        calls: The client for everything else.
        direct: A quicker way to start executions; None to start them by the client alone.
        identity: Who polls, as the SWF console shows it; the host and process by default.
    """

    def __init__(
        self,
        *,
        polls: SWFClient,
        calls: SWFClient,
        direct: DirectJson | None = None,
        identity: str | None = None,
    ) -> None:
        super().__init__(calls)
        self._polls = polls
        self._direct = direct
        self._identity = (identity or f"{socket.gethostname()}:{os.getpid()}")[:_MAX_IDENTITY]

    def poll_decision(self, domain: str, task_list: str) -> DecisionTask | None:
        """Wait up to a minute for an execution that wants a decision; fetch all pages of what is new."""
        subject = f"decision tasks of {domain}/{task_list}"
        with told(subject):
            first = page = self._poll_decision_page(domain, task_list, None)
            if not first.get("taskToken"):
                return None
            events: list[Mapping[str, Any]] = list(page["events"])
            while token := page.get("nextPageToken"):
                page = self._poll_decision_page(domain, task_list, token)
                events.extend(page["events"])
        return DecisionTask(
            token=first["taskToken"],
            workflow_id=first["workflowExecution"]["workflowId"],
            run_id=first["workflowExecution"]["runId"],
            workflow_name=first["workflowType"]["name"],
            workflow_version=first["workflowType"]["version"],
            started_event_id=first["startedEventId"],
            events=tuple(events),
        )

    def _poll_decision_page(self, domain: str, task_list: str, token: str | None) -> DecisionTaskTypeDef:
        request: PollForDecisionTaskInputTypeDef = {
            "domain": domain,
            "taskList": {"name": task_list},
            "identity": self._identity,
            "startAtPreviousStartedEvent": True,
        }
        if token is not None:
            request["nextPageToken"] = token
        return self._polls.poll_for_decision_task(**request)

    def respond_decision(
        self, token: str, decisions: Iterable[Mapping[str, Any]], *, context: str | None = None
    ) -> None:
        """Answer a decision task. ``UNKNOWN_RESOURCE``: it timed out or the execution closed.

        Args:
            token: The task's.
            decisions: As cpe.decider lays them out.
            context: Stands in the history with the answer, and in SWF's description of the execution.
        """
        request: RespondDecisionTaskCompletedInputTypeDef = {
            "taskToken": token,
            "decisions": list(decisions),  # type: ignore[arg-type]  # in the form of the service model
        }
        if context is not None:
            request["executionContext"] = context
        with told("the decision"):
            self._calls.respond_decision_task_completed(**request)

    def poll_activity(self, domain: str, task_list: str) -> ActivityTask | None:
        """Wait up to a minute for an activity task."""
        with told(f"activity tasks of {domain}/{task_list}"):
            answer = self._polls.poll_for_activity_task(
                domain=domain, taskList={"name": task_list}, identity=self._identity
            )
        if not answer.get("taskToken"):
            return None
        return ActivityTask(
            token=answer["taskToken"],
            activity_id=answer["activityId"],
            activity_name=answer["activityType"]["name"],
            activity_version=answer["activityType"]["version"],
            workflow_id=answer["workflowExecution"]["workflowId"],
            run_id=answer["workflowExecution"]["runId"],
            started_event_id=answer["startedEventId"],
            input=answer.get("input"),
        )

    def heartbeat(self, token: str, details: str | None = None) -> bool:
        """Keep an activity task; True when its cancellation was requested.

        Args:
            token: The task's.
            details: Stands in the history if the task times out, at most 2,048 characters.

        Raises:
            AwsError: ``UNKNOWN_RESOURCE`` when SWF gave the task up.
        """
        with told("the heartbeat"):
            answer = self._calls.record_activity_task_heartbeat(
                taskToken=token, **({} if details is None else {"details": details})
            )
        return answer["cancelRequested"]

    def complete_activity(self, token: str, result: str) -> None:
        """Answer an activity task with its result, JSON text that SWF carries."""
        with told("the activity's result"):
            self._calls.respond_activity_task_completed(taskToken=token, result=result)

    def fail_activity(self, token: str, *, reason: str, details: str) -> None:
        """Answer an activity task with a failure; what is too long for SWF is cut."""
        with told("the activity's failure"):
            self._calls.respond_activity_task_failed(
                taskToken=token, reason=reason[:MAX_REASON], details=details[:MAX_SWF_DATA]
            )

    def cancel_activity(self, token: str, *, details: str) -> None:
        """Answer an activity task that was asked to stop and did."""
        with told("the activity's cancellation"):
            self._calls.respond_activity_task_canceled(taskToken=token, details=details[:MAX_SWF_DATA])

    def start_workflow(self, request: StartRequest) -> str:
        """Start an execution and tell its run id.

        Raises:
            AwsError: ``ALREADY_STARTED`` when one is open under the same workflow id, ``UNKNOWN_RESOURCE``
                for an unknown domain or workflow type, ``TYPE_DEPRECATED``, ``DEFAULT_UNDEFINED`` when
                neither the request nor the type has a needed value.
        """
        arguments: StartWorkflowExecutionInputTypeDef = {
            "domain": request.domain,
            "workflowId": request.workflow_id,
            "workflowType": {"name": request.workflow_name, "version": request.workflow_version},
            "input": request.input,
            "tagList": list(request.tags),
        }
        if request.task_list is not None:
            arguments["taskList"] = {"name": request.task_list}
        if request.execution_start_to_close_timeout is not None:
            arguments["executionStartToCloseTimeout"] = request.execution_start_to_close_timeout
        if request.task_start_to_close_timeout is not None:
            arguments["taskStartToCloseTimeout"] = request.task_start_to_close_timeout
        if request.child_policy is not None:
            arguments["childPolicy"] = request.child_policy  # type: ignore[typeddict-item]  # SWF's own word
        if request.priority is not None:
            arguments["taskPriority"] = request.priority
        with told(f"workflow {request.workflow_name} {request.workflow_version} in {request.domain}"):
            answer = self._direct and self._direct.call("StartWorkflowExecution", arguments)
            run_id: str = (answer or self._calls.start_workflow_execution(**arguments))["runId"]
            return run_id

    def signal(
        self, domain: str, workflow_id: str, name: str, text: str | None, *, run_id: str | None = None
    ) -> None:
        """Signal a run, or the open one of a workflow id. ``UNKNOWN_RESOURCE``: it is not open."""
        with told(f"execution {workflow_id} of {domain}"):
            self._calls.signal_workflow_execution(
                domain=domain,
                workflowId=workflow_id,
                signalName=name,
                **({"input": text} if text is not None else {}),
                **({"runId": run_id} if run_id is not None else {}),
            )

    def request_cancel(self, domain: str, workflow_id: str, *, run_id: str | None = None) -> None:
        """Ask a run, or the open one of a workflow id, to stop. ``UNKNOWN_RESOURCE``: it is not open."""
        with told(f"execution {workflow_id} of {domain}"):
            self._calls.request_cancel_workflow_execution(
                domain=domain,
                workflowId=workflow_id,
                **({"runId": run_id} if run_id is not None else {}),
            )

    def terminate(self, domain: str, workflow_id: str, *, run_id: str | None = None, reason: str) -> None:
        """Close a run, or the open one of a workflow id, at once; its children too."""
        with told(f"execution {workflow_id} of {domain}"):
            self._calls.terminate_workflow_execution(
                domain=domain,
                workflowId=workflow_id,
                reason=reason[:MAX_REASON],
                childPolicy="TERMINATE",
                **({"runId": run_id} if run_id is not None else {}),
            )
