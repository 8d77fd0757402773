"""Which processes make a stack, and what each is told."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cpe.config import ActivitySettings
from cpe.errors import ConfigError
from cpe.machine import Resources
from cpe.plan import Plan
from cpe.stack.supervisor import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What is to run.

    Attributes:
        domain: SWF domain.
        task_list: Where decision tasks wait.
        client: The one client's name.
        plans: Plan files and folders.
        activities: What the workers run.
        workers: Processes per activity, which share the machine.
        machine: What there is to share.
        config: The daemons' configuration file.
    """

    domain: str
    task_list: str
    client: str
    plans: Sequence[Path]
    activities: Sequence[ActivitySettings]
    workers: int
    machine: Resources
    config: Path

    def programs(self) -> list[Program]:
        """Tell the processes, in the order in which they start."""
        plans = [argument for path in self.plans for argument in ("--plan", str(path))]
        config = ("--config", str(self.config))
        return [
            _daemon("decider", "--domain", self.domain, "--task-list", self.task_list, *plans),
            *(
                _daemon(
                    "worker",
                    *("--domain", self.domain, *config),
                    *("--activity", activity.name, "--version", activity.version),
                    *self._share(),
                    name=f"{activity.name}.{number}" if self.workers > 1 else activity.name,
                )
                for activity in self.activities
                for number in range(1, self.workers + 1)
            ),
            _daemon("inputpoller", "--name", self.client, *config),
        ]

    def _share(self) -> tuple[str, ...]:
        """Tell a worker its part of the machine where there are others of its activity.

        Those of other activities are not counted: they seldom have work at the same time, and a part of the
        machine for each would slow down every job that runs alone.
        """
        if self.workers == 1:
            return ()
        cores = max(int(self.machine.cores) // self.workers, 1)
        return ("--cores", str(cores), "--memory", str(self.machine.memory // self.workers))


def needed_activities(
    plans: Iterable[Plan], configured: Iterable[ActivitySettings]
) -> tuple[ActivitySettings, ...]:
    """Tell which of the configured activities the plans use.

    Raises:
        ConfigError: A plan uses one that is not configured.
    """
    known = {(activity.name, activity.version): activity for activity in configured}
    needed: dict[tuple[str, str], ActivitySettings] = {}
    for plan in plans:
        for activity in plan.activities:
            key = (activity.name, activity.version)
            if key not in known:
                raise ConfigError(
                    f"plan {plan.name} {plan.version} uses activity {activity.name} {activity.version}, "
                    "which no configuration names; add it to a file and give that with --config",
                    code="ACTIVITY_NOT_CONFIGURED",
                )
            needed[key] = known[key]
    return tuple(needed.values())


def _daemon(daemon: str, *arguments: str, name: str | None = None) -> Program:
    launch = (sys.executable, "-m", "cpe.stack.launch", f"cpe.cli.{daemon}:main", f"cpe-{daemon}")
    return Program(name=name or daemon, argv=(*launch, *arguments))
