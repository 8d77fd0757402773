"""The engine of SWF: commands and the time in, answers out, and what must be durable beside them.

It is pure: no threads, no clock, no files. Whoever drives it holds one lock, and for each call

1. calls the method, which first lets everything happen that was due by then,
2. hands :meth:`Engine.take_changes` to the store, also when the call raised a fault,
3. lets the answer out, and wakes the pollers that :meth:`Engine.take_ready` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from cpe.local.swf.engine import describing, requests, starting
from cpe.local.swf.engine.answers import Answers
from cpe.local.swf.engine.changes import Change, ExecutionInfo, OpenExecution, Store
from cpe.local.swf.engine.family import after_closing
from cpe.local.swf.engine.histories import Histories
from cpe.local.swf.engine.limits import Limits
from cpe.local.swf.engine.polling import Polling
from cpe.local.swf.engine.restore import restore
from cpe.local.swf.engine.tasks import TaskKind, TaskList
from cpe.local.swf.engine.timeouts import fire
from cpe.local.swf.engine.tokens import TaskTokens
from cpe.local.swf.engine.world import World
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registry import Registry

Params = Mapping[str, Any]


class Engine:
    """All executions of all domains.

    Requests come as botocore's model has them, checked in shape, with the time in epoch seconds. The engine's
    time never goes back: an earlier one counts as the latest it was given. Faults are raised as
    :class:`~cpe.local.swf.faults.SwfFault`.

    Args:
        store: Read for closed executions; never written.
        registry: The domains and types.
        new_run_id: Makes a run id that no run ever had.
        secret: Seals task and page tokens.
        limits: The quotas; the service's own unless a test wants less.
    """

    def __init__(
        self,
        store: Store,
        *,
        registry: Registry,
        new_run_id: Callable[[], str],
        secret: bytes,
        limits: Limits | None = None,
    ) -> None:
        self.store = store
        self._world = World(registry, limits or Limits(), new_run_id, after_closing)
        tokens = TaskTokens(secret)
        self._histories = Histories(self._world, store, tokens, PageTokens(secret))
        self._polling = Polling(self._world, self._histories, tokens)
        self._answers = Answers(self._world, tokens)
        self._now = 0.0

    def restore(self, executions: Iterable[OpenExecution], now: float) -> None:
        """Go on from what a store gave back: once, before anything else. What is overdue happens at once.

        Args:
            executions: In the order in which they were started.
            now: Epoch seconds.
        """
        self._now = restore(self._world, executions)
        self._arrive(now)

    # Executions

    def start_workflow_execution(self, params: Params, now: float) -> dict[str, str]:
        """Answer StartWorkflowExecution."""
        return starting.start_workflow_execution(self._world, params, self._arrive(now))

    def signal_workflow_execution(self, params: Params, now: float) -> None:
        """Answer SignalWorkflowExecution."""
        self._do(requests.signal_workflow_execution, params, now)

    def request_cancel_workflow_execution(self, params: Params, now: float) -> None:
        """Answer RequestCancelWorkflowExecution."""
        self._do(requests.request_cancel_workflow_execution, params, now)

    def terminate_workflow_execution(self, params: Params, now: float) -> None:
        """Answer TerminateWorkflowExecution."""
        self._do(requests.terminate_workflow_execution, params, now)

    def describe_workflow_execution(self, params: Params, now: float) -> dict[str, Any]:
        """Answer DescribeWorkflowExecution."""
        self._arrive(now)
        return describing.describe_workflow_execution(self._world, self._histories, params)

    def get_workflow_execution_history(self, params: Params, now: float) -> dict[str, Any]:
        """Answer GetWorkflowExecutionHistory."""
        return self._histories.history(params, self._arrive(now))

    # Tasks

    def poll_for_decision_task(self, params: Params, now: float) -> dict[str, Any] | None:
        """Answer PollForDecisionTask, at once: None when no task waits."""
        return self._polling.decision_task(params, self._arrive(now))

    def poll_for_activity_task(self, params: Params, now: float) -> dict[str, Any] | None:
        """Answer PollForActivityTask, at once: None when no task waits."""
        return self._polling.activity_task(params, self._arrive(now))

    def respond_decision_task_completed(self, params: Params, now: float) -> None:
        """Answer RespondDecisionTaskCompleted."""
        self._answer(self._answers.decision_completed, params, now)

    def respond_activity_task_completed(self, params: Params, now: float) -> None:
        """Answer RespondActivityTaskCompleted."""
        self._answer(self._answers.activity_completed, params, now)

    def respond_activity_task_failed(self, params: Params, now: float) -> None:
        """Answer RespondActivityTaskFailed."""
        self._answer(self._answers.activity_failed, params, now)

    def respond_activity_task_canceled(self, params: Params, now: float) -> None:
        """Answer RespondActivityTaskCanceled."""
        self._answer(self._answers.activity_canceled, params, now)

    def record_activity_task_heartbeat(self, params: Params, now: float) -> dict[str, bool]:
        """Answer RecordActivityTaskHeartbeat."""
        return self._answers.heartbeat(params, self._arrive(now))

    def count_pending_decision_tasks(self, params: Params, now: float) -> dict[str, Any]:
        """Answer CountPendingDecisionTasks."""
        return self._count("decision", params, now)

    def count_pending_activity_tasks(self, params: Params, now: float) -> dict[str, Any]:
        """Answer CountPendingActivityTasks."""
        return self._count("activity", params, now)

    # Time

    def advance(self, now: float) -> None:
        """Let everything happen that is due by now: in order, each at its own time."""
        self._arrive(now)

    def next_due(self) -> float | None:
        """Tell when the next thing is due; None: nothing is."""
        return self._world.deadlines.next_due()

    # For whoever drives it

    def take_changes(self) -> tuple[Change, ...]:
        """Hand over what has to be durable before anybody hears of it."""
        return self._world.take_changes()

    def take_ready(self) -> list[TaskList]:
        """Name the task lists that got tasks since the last time, once for each task."""
        return self._world.tasks.take_ready()

    def open_executions(self, domain: str, *, newest_first: bool = True) -> Iterator[ExecutionInfo]:
        """Tell of a domain's open executions, in the order of their start or against it."""
        named = self._world.named.get(domain, {})
        for execution in reversed(named.values()) if newest_first else named.values():
            yield execution.info()

    def open_execution(self, domain: str, workflow_id: str) -> ExecutionInfo | None:
        """Tell of the open execution with a workflow id."""
        execution = self._world.find(domain, workflow_id)
        return execution.info() if execution is not None else None

    def count_open_executions(self, domain: str) -> int:
        """Count a domain's open executions."""
        return self._world.count(domain)

    def _arrive(self, now: float) -> float:
        """Let happen what was due, and give the time to the millisecond, as events have it."""
        self._now = max(round(now, 3), self._now)
        while (due := self._world.deadlines.pop(self._now)) is not None:
            at, key = due
            self._world.run(partial(fire, self._world, key, at))
        return self._now

    def _do(self, command: Callable[[World, Params, float], None], params: Params, now: float) -> None:
        self._world.run(partial(command, self._world, params, self._arrive(now)))

    def _answer(self, command: Callable[[Params, float], None], params: Params, now: float) -> None:
        self._world.run(partial(command, params, self._arrive(now)))

    def _count(self, kind: TaskKind, params: Params, now: float) -> dict[str, Any]:
        self._arrive(now)
        self._world.registry.domain(params["domain"])
        where = TaskList(kind, params["domain"], params["taskList"]["name"])
        return {"count": self._world.tasks.count(where), "truncated": False}
