"""In which order SWF gives out the tasks of many jobs.

An input poller starts a job with a priority that says how many jobs of its client were open: 0 for the first
one, -1 for the second. Its activities inherit that, each less by how many of the job are open already.
So a job of a thousand activities keeps others waiting no longer than a thousand jobs do.
"""

from __future__ import annotations

LEAST = -(2**31)
"""SWF's least priority (API reference of ScheduleActivityTaskDecisionAttributes)."""


def inherited(own: str | None, started: str | None, *, ahead: int) -> str | None:
    """Tell the priority of an activity or a child workflow.

    Args:
        own: What the plan says; it goes before all else.
        started: What the run was started with; None for a run that nobody gave a place in the line.
        ahead: How many activities and children of the run are open.

    Example:
        >>> inherited(None, "-3", ahead=2), inherited("10", "-3", ahead=2), inherited(None, None, ahead=2)
        ('-5', '10', None)
    """
    if own is not None or started is None:
        return own
    return str(max(int(started) - ahead, LEAST))
