"""What SWF must know before anything runs: domains, workflow types, activity types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cpe.aws.faults import told
from cpe.errors import AwsError, ConfigError

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient
    from types_boto3_swf.type_defs import RegisterActivityTypeInputTypeDef

RETENTION_DAYS = "30"
"""How long SWF keeps closed executions.

SQS keeps a command for at most 14 days: one that is delivered again still finds the run that it started.
"""


class SwfRegistry:
    """Registers what is missing. SWF never changes a registered type: other defaults need another version.

    Every method raises AwsError.
    """

    def __init__(self, client: SWFClient) -> None:
        self._client = client

    def domain_exists(self, domain: str) -> bool:
        """Tell whether the domain is registered.

        Raises:
            ConfigError: The domain is deprecated; nothing can be started in it.
        """
        try:
            with told(f"SWF domain {domain!r}"):
                status = self._client.describe_domain(name=domain)["domainInfo"]["status"]
        except AwsError as error:
            if error.code == "UNKNOWN_RESOURCE":
                return False
            raise
        if status != "REGISTERED":
            raise ConfigError(
                f"SWF domain {domain!r} is deprecated; take another or undeprecate it",
                code="DOMAIN_DEPRECATED",
            )
        return True

    def register_domain(self, domain: str) -> bool:
        """Register a domain unless it is; True if it is new."""
        if self.domain_exists(domain):
            return False
        return _is_new(
            f"SWF domain {domain!r}",
            lambda: self._client.register_domain(
                name=domain, workflowExecutionRetentionPeriodInDays=RETENTION_DAYS
            ),
        )

    def register_workflow_type(
        self,
        domain: str,
        name: str,
        version: str,
        *,
        task_list: str,
        execution_start_to_close_timeout: str,
        task_start_to_close_timeout: str,
    ) -> bool:
        """Register a workflow type unless it is; True if it is new. Timeouts are SWF durations."""
        return _is_new(
            f"workflow type {name} {version} in {domain}",
            lambda: self._client.register_workflow_type(
                domain=domain,
                name=name,
                version=version,
                defaultTaskList={"name": task_list},
                defaultExecutionStartToCloseTimeout=execution_start_to_close_timeout,
                defaultTaskStartToCloseTimeout=task_start_to_close_timeout,
                defaultChildPolicy="TERMINATE",
            ),
        )

    def register_activity_type(
        self,
        domain: str,
        name: str,
        version: str,
        *,
        task_list: str,
        description: str,
        default_timeouts: Mapping[str, str],
    ) -> bool:
        """Register an activity type unless it is; True if it is new.

        Args:
            domain: A registered domain.
            name: The activity's name.
            version: The activity's version.
            task_list: Where its tasks go by default.
            description: For people; SWF shows it.
            default_timeouts: Under SWF's names, such as ``defaultTaskHeartbeatTimeout``.
        """
        request: RegisterActivityTypeInputTypeDef = {
            "domain": domain,
            "name": name,
            "version": version,
            "description": description,
            "defaultTaskList": {"name": task_list},
            **default_timeouts,  # type: ignore[typeddict-item]  # the configuration's schema knows the names
        }
        return _is_new(
            f"activity type {name} {version} in {domain}",
            lambda: self._client.register_activity_type(**request),
        )


def _is_new(subject: str, register: Callable[[], object]) -> bool:
    try:
        with told(subject):
            register()
    except AwsError as error:
        if error.code == "ALREADY_EXISTS":
            return False
        raise
    return True
