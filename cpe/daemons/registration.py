"""What a daemon registers with SWF when it starts, where it is missing."""

from __future__ import annotations

from collections.abc import Iterable

from cpe.activity import Logger
from cpe.aws.registry import SwfRegistry
from cpe.config import ActivitySettings
from cpe.errors import ConfigError
from cpe.plan import Plan

LONGEST_DECISION = 300
"""Seconds. A decision takes milliseconds: a longer timeout only delays recovery after a crash."""


def register_plans(
    registry: SwfRegistry, plans: Iterable[Plan], *, domain: str, task_list: str, log: Logger
) -> None:
    """Register the domain and a workflow type for each plan.

    Raises:
        AwsError: SWF refuses or cannot be reached.
        ConfigError: The domain is deprecated.
    """
    if registry.register_domain(domain):
        log.info("domain_registered", domain=domain)
    for plan in plans:
        timeout = plan.default_task_start_to_close_timeout
        if timeout == "NONE" or int(timeout) > LONGEST_DECISION:
            log.warning(
                "decision_timeout_shortened",
                plan=plan.name,
                version=plan.version,
                wanted=timeout,
                registered=LONGEST_DECISION,
            )
            timeout = str(LONGEST_DECISION)
        is_new = registry.register_workflow_type(
            domain,
            plan.name,
            plan.version,
            task_list=task_list,
            execution_start_to_close_timeout=plan.default_execution_start_to_close_timeout,
            task_start_to_close_timeout=timeout,
        )
        if is_new:
            log.info("workflow_type_registered", plan=plan.name, version=plan.version, domain=domain)


def register_activity(
    registry: SwfRegistry, activity: ActivitySettings, *, domain: str, task_list: str, log: Logger
) -> None:
    """Register an activity type.

    Raises:
        AwsError: SWF refuses or cannot be reached.
        ConfigError: There is no such domain, or it is deprecated.
    """
    require_domain(registry, domain)
    is_new = registry.register_activity_type(
        domain,
        activity.name,
        activity.version,
        task_list=task_list,
        description=activity.description,
        default_timeouts=activity.default_timeouts,
    )
    if is_new:
        log.info("activity_type_registered", activity=activity.name, version=activity.version, domain=domain)


def require_domain(registry: SwfRegistry, domain: str) -> None:
    """Raise ConfigError unless the domain is there and in use."""
    if not registry.domain_exists(domain):
        raise ConfigError(
            f"there is no SWF domain {domain!r}; start cpe-decider --domain {domain}, which registers it",
            code="DOMAIN_NOT_FOUND",
        )
