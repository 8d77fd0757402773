"""The workflow types that a domain knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpe.aws.faults import told

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient


def workflow_versions(swf: SWFClient, domain: str, name: str) -> list[str]:
    """Tell the versions of a workflow that can be started, in the order of their registration.

    Raises:
        AwsError: ``UNKNOWN_RESOURCE`` if there is no such domain.
    """
    with told(f"workflow types of SWF domain {domain!r}"):
        pages = swf.get_paginator("list_workflow_types").paginate(
            domain=domain, name=name, registrationStatus="REGISTERED"
        )
        infos = [info for page in pages for info in page["typeInfos"]]
    return [info["workflowType"]["version"] for info in sorted(infos, key=lambda info: info["creationDate"])]
