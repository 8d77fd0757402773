"""From a START_JOB to what SWF is asked to start. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cpe.aws.tasks import StartRequest
from cpe.config import Client
from cpe.errors import CommandRejected
from cpe.protocol import Command, JobIdentity
from cpe.protocol.requests import workflow_request


def job_data(command: Command, client: Client) -> dict[str, Any]:
    """Put the configured client into the command's data; the whole of it is the workflow's input.

    Who sent a command is known from the queue it came from, not from what it says.

    Raises:
        CommandRejected: ``CLIENT_MISMATCH``: the body names another client or other queues.
    """
    ours = {"name": client.name, "queues": {"input": client.input_queue, "output": client.output_queue}}
    stated = command.data.get("client")
    if stated is not None and not _agrees(stated, ours):
        raise CommandRejected(
            f"data.client is not what this stack knows of {client.name}; correct its name and queues, "
            "or leave it out",
            code="CLIENT_MISMATCH",
        )
    return {**command.data, "client": ours}


def chosen_domain(asked: str | None, own: str | None) -> str:
    """Tell in which SWF domain a command's job is.

    Args:
        asked: What the command says: its `data.workflow.domain`.
        own: The stack's one domain; None if commands choose.

    Raises:
        CommandRejected: ``DOMAIN_MISMATCH``, ``DOMAIN_MISSING``.
    """
    if own is not None and asked not in (None, own):
        raise CommandRejected(
            f"data.workflow.domain is {asked!r}; this stack works in {own!r}", code="DOMAIN_MISMATCH"
        )
    domain = own or asked
    if domain is None:
        raise CommandRejected(
            "data.workflow.domain is missing, and this stack has no domain of its own; name the job's domain "
            "there, or give the input poller one (`domain` in its configuration, or CPE_DOMAIN)",
            code="DOMAIN_MISSING",
        )
    return domain


def start_request(command: Command, client: Client, *, domain: str | None) -> StartRequest:
    """Say what to start; the input may be larger than SWF carries.

    The input can never be taken for a reference, whatever the command says: `client` stands in it.

    Args:
        command: A START_JOB.
        client: Whose queue it came from.
        domain: The stack's one domain; None if commands choose.

    Raises:
        ProtocolError: The command is refused: ``INVALID_CLIENT``, ``INVALID_JOB_ID``, ``CLIENT_MISMATCH``,
            ``DOMAIN_MISMATCH``, ``DOMAIN_MISSING``.
    """
    identity = JobIdentity(client.name, command.job_id)
    workflow = workflow_request(command)
    return StartRequest(
        domain=chosen_domain(workflow.domain, domain),
        workflow_id=identity.workflow_id,
        workflow_name=workflow.name,
        workflow_version=workflow.version,
        input=json.dumps(job_data(command, client), ensure_ascii=False, separators=(",", ":")),
        tags=(identity.client, identity.job_id),
        task_list=workflow.task_list,
        execution_start_to_close_timeout=workflow.execution_start_to_close_timeout,
    )


def _agrees(stated: object, ours: Mapping[str, Any]) -> bool:
    """Tell whether what is stated, in whole or in part, is so; other keys are left out of account."""
    if not isinstance(stated, Mapping):
        return stated == ours
    return all(
        _agrees(stated[key], value) if isinstance(value, Mapping) else stated[key] == value
        for key, value in ours.items()
        if key in stated
    )
