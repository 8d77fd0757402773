"""What stands in a stack's `config.json` and `client.json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cpe.config import ActivitySettings
from cpe.protocol.references import PayloadPlace


def stack_configuration(
    *,
    domain: str,
    client: dict[str, Any],
    activities: Iterable[ActivitySettings],
    payloads: PayloadPlace,
) -> dict[str, Any]:
    """Lay out the configuration of a stack's daemons.

    Args:
        domain: SWF domain.
        client: The one client, from :func:`client_entry`.
        activities: What workers can run.
        payloads: Where large payloads lie.
    """
    return {
        "domain": domain,
        "clients": [client],
        "payloads": _place(payloads),
        "activities": [_entry(activity) for activity in activities],
    }


def client_configuration(client: dict[str, Any], *, payloads: PayloadPlace) -> dict[str, Any]:
    """Lay out the configuration of a client's programs.

    Args:
        client: The client, from :func:`client_entry`.
        payloads: Where large payloads lie.
    """
    return {**client, "payloads": _place(payloads)}


def client_entry(name: str, *, input_queue: str, output_queue: str) -> dict[str, Any]:
    """Lay out who a client is."""
    return {"name": name, "queues": {"input": input_queue, "output": output_queue}}


def _place(place: PayloadPlace) -> dict[str, str]:
    return {"bucket": place.bucket, "prefix": place.prefix}


def _entry(activity: ActivitySettings) -> dict[str, Any]:
    entry = {
        "name": activity.name,
        "version": activity.version,
        "description": activity.description,
        "class": activity.class_name,
        "settings": dict(activity.settings),
        **activity.default_timeouts,
    }
    said = {
        "cpu": activity.cpu,
        "memory": activity.memory,
        "file": None if activity.file is None else str(activity.file),
    }
    return {**entry, **{key: value for key, value in said.items() if value is not None}}
