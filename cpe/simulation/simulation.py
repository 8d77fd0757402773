"""Simulations: the real decider and the real SWF engine in this thread, workers by script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cpe.plan import Plan, RunWorkflow
from cpe.protocol.references import PayloadPlace
from cpe.simulation.agenda import Agenda
from cpe.simulation.behaviour import ChooseBehaviour
from cpe.simulation.children import ScriptedChildren
from cpe.simulation.deciders import Deciders
from cpe.simulation.deciding import Decide, Remembering
from cpe.simulation.fate import ChooseFate, reliable
from cpe.simulation.job import JOB, Choose, Job, Limits
from cpe.simulation.payloads import PLACE, Payloads
from cpe.simulation.run import Run
from cpe.simulation.script import Script
from cpe.simulation.swf import SimulatedSwf
from cpe.simulation.workers import Workers

START = 1_767_225_600.0
"""When simulated jobs start, in seconds since the epoch: 2026-01-01, 00:00 UTC."""

LONGEST_DECISION = 300
"""Seconds that a decision task lasts at most, whatever a plan says: as the decider registers its types."""

_CHILD_TIMEOUT = "2592000"
"""Seconds that a child without a plan may take, unless its parent says: as plans have it by default."""


def first(_count: int) -> int:
    """Let things of one instant happen in the order of a quick stack: workers first, then the decider."""
    return 0


def simulate(
    plan: Plan,
    workflow_input: object = None,
    script: Script | None = None,
    *,
    plans: Iterable[Plan] = (),
    seed: int = 0,
    behave: ChooseBehaviour | None = None,
    fate: ChooseFate = reliable,
    choose: Choose = first,
    decide: Decide | None = None,
    place: PayloadPlace | None = PLACE,
    limits: Limits | None = None,
) -> Run:
    """Play one job. The same arguments give the same run ids, times and history.

    Args:
        plan: The job's plan.
        workflow_input: A JSON value; None for the script's.
        script: What tasks come to and what comes from outside; without one each task succeeds at once.
        plans: Those of its child workflows. Children whose plans are not here go by the script.
        seed: Run ids are made of it, and so the jitter of retries.
        behave: Says what tasks come to, in place of the script.
        fate: Says which of the decider's answers are late or lost.
        choose: Picks what happens first at one instant.
        decide: The decider; one that remembers unless a test gives another.
        place: Where texts go that are too large for SWF; None for a stack that has no such place.
        limits: When the simulation is given up.

    Raises:
        ConfigError: ``INPUT_TOO_LARGE``.

    Example:
        >>> from cpe.plan import parse_plan
        >>> plan = parse_plan("{name: P, version: 1, activities: [], steps: [{name: S, wait: 60}]}")
        >>> run = simulate(plan)
        >>> run.status.value, run.seconds
        ('completed', 60.0)
    """
    script = script or Script()
    swf = SimulatedSwf(start=START, seed=seed)
    agenda = Agenda()
    known = {(one.name, one.version): one for one in (*plans, plan)}
    chosen = behave or script.choose
    payloads = Payloads(place, client=JOB.client)
    deciders = Deciders(
        swf,
        agenda,
        known,
        elsewhere=ScriptedChildren(swf, chosen, payloads).decide,
        decide=decide or Remembering(),
        fate=fate,
        payloads=payloads,
    )
    workers = Workers(swf, agenda, chosen, at_once=script.workers, payloads=payloads)
    _register(swf, list(known.values()))
    job = Job(
        plan,
        script,
        swf=swf,
        agenda=agenda,
        deciders=deciders,
        workers=workers,
        choose=choose,
        limits=limits or Limits(),
        payloads=payloads,
    )
    return job.run(script.input if workflow_input is None else workflow_input)


def _register(swf: SimulatedSwf, plans: Sequence[Plan]) -> None:
    """Register the types of plans, and those of children that have no plan here."""
    for plan in plans:
        timeout = plan.default_execution_start_to_close_timeout
        task_timeout = plan.default_task_start_to_close_timeout
        if task_timeout == "NONE" or int(task_timeout) > LONGEST_DECISION:
            task_timeout = str(LONGEST_DECISION)
        swf.register_workflow(plan.name, plan.version, timeout=timeout, task_timeout=task_timeout)
        for activity in plan.activities:
            swf.register_activity(activity.name, activity.version)
    for child in (step.work for plan in plans for step in plan.steps):
        if isinstance(child, RunWorkflow):
            swf.register_workflow(child.name, child.version, timeout=_CHILD_TIMEOUT, task_timeout="60")
