"""An open execution rebuilt: from its events, and the last heartbeats of its tasks."""

from __future__ import annotations

from collections.abc import Iterable

from cpe.local.swf.engine.changes import OpenExecution
from cpe.local.swf.engine.fold import fold
from cpe.local.swf.engine.world import World


def restore(world: World, executions: Iterable[OpenExecution]) -> float:
    """Bring open executions back into an empty world.

    Args:
        world: Where to.
        executions: In the order in which they were started.

    Returns:
        When the last of their events happened; time goes on from there.
    """
    latest = 0.0
    for kept in executions:
        execution = fold(world.add(kept.domain, kept.workflow_id, kept.run_id), kept.events)
        for scheduled_id, beat in kept.heartbeats.items():
            task = execution.activities.get(scheduled_id)
            if task is not None:
                task.heartbeat_at, task.heartbeat_details = beat.at, beat.details
                latest = max(latest, beat.at)
        world.arm(execution)
        latest = max(latest, execution.last_at)
    return latest
