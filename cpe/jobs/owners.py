"""Whose job a run is."""

from __future__ import annotations

from cpe.aws.runs import Run
from cpe.errors import CommandRejected
from cpe.protocol import JobIdentity


def identity_of(run: Run) -> JobIdentity:
    """Tell which job a run is of.

    Raises:
        CommandRejected: ``UNKNOWN_JOB``: it is no client's.
    """
    identity = JobIdentity.from_workflow_id(run.workflow_id)
    if identity is None:
        raise CommandRejected(f"{run.workflow_id} is no job of a client", code="UNKNOWN_JOB")
    return identity


def client_of(run: Run) -> str | None:
    """Tell whose job a run is of; None if it is no client's."""
    identity = JobIdentity.from_workflow_id(run.workflow_id)
    return identity.client if identity is not None else None
