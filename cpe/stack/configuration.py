"""What stands in a stack's `config.json` and `client.json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cpe.config import ActivitySettings


def stack_configuration(
    *, domain: str, client: dict[str, Any], activities: Iterable[ActivitySettings]
) -> dict[str, Any]:
    """Lay out the configuration of a stack's daemons.

    Args:
        domain: SWF domain.
        client: The one client, from :func:`client_configuration`.
        activities: What workers can run.
    """
    entries = [_entry(activity) for activity in activities]
    return {"domain": domain, "clients": [client], "activities": entries}


def client_configuration(name: str, *, input_queue: str, output_queue: str) -> dict[str, Any]:
    """Lay out the configuration of a client's programs."""
    return {"name": name, "queues": {"input": input_queue, "output": output_queue}}


def _entry(activity: ActivitySettings) -> dict[str, Any]:
    entry = {
        "name": activity.name,
        "version": activity.version,
        "description": activity.description,
        "class": activity.class_name,
        "settings": dict(activity.settings),
        **activity.default_timeouts,
    }
    return entry if activity.file is None else {**entry, "file": str(activity.file)}
