"""Plans: a YAML text that says which activities a workflow runs, in which order and with which input."""

from cpe.plan.findings import PlanRefused
from cpe.plan.load import load_plan, load_plans, parse_plan
from cpe.plan.model import (
    ActivityType,
    AwaitSignal,
    ChildPolicy,
    Evaluate,
    Plan,
    Requirement,
    RunActivity,
    Runs,
    RunWorkflow,
    Step,
    StepStatus,
    Wait,
)
from cpe.source import Finding

__all__ = [
    "ActivityType",
    "AwaitSignal",
    "ChildPolicy",
    "Evaluate",
    "Finding",
    "Plan",
    "PlanRefused",
    "Requirement",
    "RunActivity",
    "RunWorkflow",
    "Runs",
    "Step",
    "StepStatus",
    "Wait",
    "load_plan",
    "load_plans",
    "parse_plan",
]
