"""Plans: a YAML text that says which activities a workflow runs, in which order and with which input."""

from cpe.plan.findings import Finding, PlanRefused
from cpe.plan.load import load_plan, load_plans, parse_plan
from cpe.plan.model import ActivityType, Plan, Requirement, Step, StepStatus

__all__ = [
    "ActivityType",
    "Finding",
    "Plan",
    "PlanRefused",
    "Requirement",
    "Step",
    "StepStatus",
    "load_plan",
    "load_plans",
    "parse_plan",
]
