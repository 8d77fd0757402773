"""The service's quotas that the engine keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one domain or one execution may have (SWF developer guide, "Amazon SWF quotas")."""

    events: int = 25_000
    """Of one history; the last one says EVENT_LIMIT_EXCEEDED."""
    open_executions: int = 100_000
    """Of one domain."""
    open_activities: int = 1_000
    open_timers: int = 1_000
    open_children: int = 1_000
