"""Which part of the service answers which operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cpe.local.swf.engine.engine import Engine
    from cpe.local.swf.engine.tasks import TaskKind
    from cpe.local.swf.registered import Kind
    from cpe.local.swf.registry import Registry
    from cpe.local.swf.retention import Retention
    from cpe.local.swf.visibility import Visibility

#: Answers one operation: its request and the time in epoch seconds; None says that it has no answer now.
Handler = Callable[[dict[str, Any], float], dict[str, Any] | None]

#: The operations that may wait, and the kind of task that they wait for.
POLLS: Mapping[str, TaskKind] = {"PollForDecisionTask": "decision", "PollForActivityTask": "activity"}


def handlers(
    *, engine: Engine, registry: Registry, visibility: Visibility, retention: Retention
) -> dict[str, Handler]:
    """Lay out all operations."""
    table: dict[str, Handler] = {
        "StartWorkflowExecution": engine.start_workflow_execution,
        "SignalWorkflowExecution": engine.signal_workflow_execution,
        "RequestCancelWorkflowExecution": engine.request_cancel_workflow_execution,
        "TerminateWorkflowExecution": engine.terminate_workflow_execution,
        "PollForDecisionTask": engine.poll_for_decision_task,
        "PollForActivityTask": engine.poll_for_activity_task,
        "RespondDecisionTaskCompleted": engine.respond_decision_task_completed,
        "RespondActivityTaskCompleted": engine.respond_activity_task_completed,
        "RespondActivityTaskFailed": engine.respond_activity_task_failed,
        "RespondActivityTaskCanceled": engine.respond_activity_task_canceled,
        "RecordActivityTaskHeartbeat": engine.record_activity_task_heartbeat,
        "CountPendingDecisionTasks": engine.count_pending_decision_tasks,
        "CountPendingActivityTasks": engine.count_pending_activity_tasks,
        "ListOpenWorkflowExecutions": visibility.list_open,
        "CountOpenWorkflowExecutions": visibility.count_open,
        "RegisterDomain": registry.register_domain,
        "DeprecateDomain": registry.deprecate_domain,
        "UndeprecateDomain": registry.undeprecate_domain,
        "DescribeDomain": registry.describe_domain,
        "ListDomains": registry.list_domains,
        "TagResource": registry.tag_resource,
        "UntagResource": registry.untag_resource,
        "ListTagsForResource": registry.list_tags_for_resource,
    }
    of_closed: dict[str, Handler] = {
        "DescribeWorkflowExecution": engine.describe_workflow_execution,
        "GetWorkflowExecutionHistory": engine.get_workflow_execution_history,
        "ListClosedWorkflowExecutions": visibility.list_closed,
        "CountClosedWorkflowExecutions": visibility.count_closed,
    }
    return (
        table
        | {name: _retained(retention, handler) for name, handler in of_closed.items()}
        | _types(registry, "workflow")
        | _types(registry, "activity")
    )


def _types(registry: Registry, kind: Kind) -> dict[str, Handler]:
    noun = f"{kind.capitalize()}Type"

    def of(method: Callable[[Kind, dict[str, Any], float], dict[str, Any] | None]) -> Handler:
        return lambda params, now: method(kind, params, now)

    return {
        f"Register{noun}": of(registry.register_type),
        f"Deprecate{noun}": of(registry.deprecate_type),
        f"Undeprecate{noun}": of(registry.undeprecate_type),
        f"Delete{noun}": of(registry.delete_type),
        f"Describe{noun}": of(registry.describe_type),
        f"List{noun}s": of(registry.list_types),
    }


def _retained(retention: Retention, handler: Handler) -> Handler:
    """Let an operation see only what its domain still keeps."""

    def answer(params: dict[str, Any], now: float) -> dict[str, Any] | None:
        retention.apply(params["domain"], now)
        return handler(params, now)

    return answer
