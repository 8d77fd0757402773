"""The deciders that are compared, each as the command that its users run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.rivals.environment import python_of, version_of
from benchmarks.rivals.plans import plan_of
from benchmarks.rivals.work import DOMAIN, SHAPES

_CLASSES = dict(zip(SHAPES, ("Chain", "FanOut"), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a decider runs.

    Attributes:
        shape: What it decides; also its task list.
        folder: For its files.
        queue: URL of a queue for events.
    """

    shape: str
    folder: Path
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One decider.

    Attributes:
        name: As the table has it.
        version: Of its distribution.
        command: Lays out the command; raises RivalMissingError when it cannot be installed.
    """

    name: str
    version: str
    command: Callable[[Site], list[str]]


def contenders() -> list[Contender]:
    """Tell all deciders. CPE comes twice: telling nobody, as the others do, and publishing events."""
    cpe = version("cloud-processing-engine")
    return [
        Contender(name="cpe", version=cpe, command=_cpe),
        Contender(name="cpe, publishing", version=cpe, command=_cpe_publishing),
        Contender(name="garcon", version=version_of("garcon"), command=_garcon),
        Contender(name="simpleflow", version=version_of("simpleflow"), command=_simpleflow),
    ]


def _cpe(site: Site) -> list[str]:
    plan = site.folder / "plan.yml"
    plan.write_text(plan_of(site.shape))
    arguments = ["-d", DOMAIN, "-t", site.shape, "--plan", str(plan)]
    return [sys.executable, "-m", "cpe.cli.decider", *arguments]


def _cpe_publishing(site: Site) -> list[str]:
    return [*_cpe(site), "--output-queue", site.queue]


def _garcon(site: Site) -> list[str]:
    return [str(python_of("garcon")), "-m", "benchmarks.rivals.garcon_decider", site.shape]


def _simpleflow(site: Site) -> list[str]:
    workflow = f"benchmarks.rivals.simpleflow_workflows.{_CLASSES[site.shape]}"
    # One process that polls, as the others have; simpleflow would start one for each CPU.
    arguments = ["--domain", DOMAIN, "--task-list", site.shape, "--nb-processes", "1", workflow]
    return [str(python_of("simpleflow")), "-m", "simpleflow", "decider.start", *arguments]
