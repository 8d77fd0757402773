"""The work that every decider coordinates: workflows of 50 activities, in two shapes.

A *chain* runs them one after the other, a *fan-out* 48 at once between a first and a last one. All activities
of a shape are of one type. The rivals' workflows import this as well: the standard library is all it may use.
"""

from __future__ import annotations

DOMAIN = "rivals"
VERSION = "1.0"
SHAPES = ("chain", "fan-out")

CHAIN = 50
"""Activities of a chain."""

FAN = 48
"""Activities of a fan-out between its first and its last."""

ACTIVITIES = 50
"""Activities of an execution of either shape."""


def activity_of(shape: str) -> str:
    """Tell the name of a shape's activity type, and of the task list of its tasks."""
    return f"{shape}_work"
