"""What is told of one execution, open or closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.fold import fold
from cpe.local.swf.engine.histories import Histories
from cpe.local.swf.engine.world import World


def describe_workflow_execution(
    world: World, histories: Histories, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Answer DescribeWorkflowExecution. A closed execution is read from its history."""
    domain = params["domain"]
    world.registry.domain(domain)
    workflow_id, run_id = params["execution"]["workflowId"], params["execution"]["runId"]
    execution = world.find(domain, workflow_id, run_id)
    if execution is None:
        closed = histories.events(domain, workflow_id, run_id)
        execution = fold(Execution(domain, workflow_id, run_id, 0), closed[:])
    answer: dict[str, Any] = {
        "executionInfo": execution.info().as_swf(),
        "executionConfiguration": _configuration(execution),
        "openCounts": {
            "openActivityTasks": len(execution.activities),
            "openDecisionTasks": int(execution.is_deciding),
            "openTimers": len(execution.timers),
            "openChildWorkflowExecutions": len(execution.children),
            "openLambdaFunctions": 0,
        },
    }
    if execution.latest_activity_at is not None:
        answer["latestActivityTaskTimestamp"] = execution.latest_activity_at
    if execution.execution_context is not None:
        answer["latestExecutionContext"] = execution.execution_context
    return answer


def _configuration(execution: Execution) -> dict[str, Any]:
    names = (
        "taskStartToCloseTimeout",
        "executionStartToCloseTimeout",
        "taskList",
        "taskPriority",
        "childPolicy",
        "lambdaRole",
    )
    return {name: execution.start[name] for name in names if name in execution.start}
