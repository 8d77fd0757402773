"""`cpe job cancel|signal|retry|terminate`: what an operator does to a job, not through the client's queue."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import click

from cpe.cli.json_text import json_text, print_json
from cpe.cli.operating import (
    Operator,
    client_option,
    confirm,
    job_argument,
    json_option,
    operates,
    yes_option,
)
from cpe.errors import ConfigError, CpeError

if TYPE_CHECKING:
    from cpe.aws.runs import Run


@click.command()
@job_argument
@operates
@client_option
@click.option("--activity", metavar="ID", help="Ask this activity to stop, not the job.")
@yes_option
@json_option
def cancel(
    *, operator: Operator, job: str, client: str | None, activity: str | None, yes: bool, as_json: bool
) -> None:
    """Ask a job to stop.

    Its decider stops what runs, cleans up as the plan says, and closes it.
    """
    run = operator.run(job, client)
    if activity is None:
        confirm(f"Ask {run.workflow_id} to stop?", yes=yes)
        operator.jobs.cancel(run)
        _answer(run, f"{run.workflow_id} was asked to stop", as_json=as_json)
        return
    confirm(f"Ask {activity} of {run.workflow_id} to stop?", yes=yes)
    asked = operator.jobs.cancel_activity(run, activity)
    kind = {"name": asked.name, "version": asked.version}
    _answer(
        run,
        f"{activity} of {run.workflow_id} was asked to stop",
        as_json=as_json,
        activity={"activityId": activity, "activityType": kind},
    )


@click.command()
@job_argument
@click.argument("signal", metavar="SIGNAL")
@operates
@client_option
@click.option("--input", "text", metavar="JSON", help="What goes with it, any JSON value; null by default.")
@json_option
def signal(
    *, operator: Operator, job: str, signal: str, client: str | None, text: str | None, as_json: bool
) -> None:
    """Tell a job something that its plan waits for."""
    value = _json(text, "--input")
    run = operator.run(job, client)
    input_text = None if value is None else json_text(value, indent=None, separators=(",", ":"))
    operator.jobs.signal(run, signal, input_text)
    _answer(run, f"{run.workflow_id} was sent {signal}", as_json=as_json, signal=signal)


@click.command()
@job_argument
@operates
@client_option
@click.option(
    "--from",
    "steps",
    multiple=True,
    metavar="STEP",
    help="Do this step again too, and all that require it; repeatable.",
)
@json_option
def retry(*, operator: Operator, job: str, client: str | None, steps: tuple[str, ...], as_json: bool) -> None:
    """Do a closed job again, as a new run.

    What failed is done again, and what never ran is done; what succeeded stays done. The client is told
    of the new run with WORKFLOW_SCHEDULED, if it is configured.
    """
    run = operator.run(job, client)
    run_id = operator.jobs.retry(run, f"operator:{uuid.uuid4().hex}", steps)
    announced = _announced(operator, run, run_id)
    if as_json:
        _print({"workflow": {"workflowId": run.workflow_id, "runId": run_id}, "announced": announced})
    else:
        click.echo(f"{run.workflow_id} runs again as {run_id}")


def _announced(operator: Operator, run: Run, run_id: str) -> bool:
    """Tell the client of its job's new run; whether that was possible. The run goes on either way."""
    from cpe.cli.announce import announce
    from cpe.jobs.announcing import scheduled_event
    from cpe.jobs.jobs import own_input
    from cpe.jobs.owners import identity_of

    identity = identity_of(run)
    try:
        event = scheduled_event(
            identity,
            run_id,
            workflow_type={"name": run.workflow_name, "version": run.workflow_version},
            data=own_input(operator.jobs.origin(run)),
            time=time.time(),
        )
        announce(operator, event, identity.client)
    except CpeError as error:
        click.echo(f"the client was not told of the new run: {error}", err=True)
        return False
    return True


@click.command()
@job_argument
@operates
@client_option
@click.option("--reason", default="ended by an operator", show_default=True, help="What the client is told.")
@yes_option
@json_option
def terminate(
    *, operator: Operator, job: str, client: str | None, reason: str, yes: bool, as_json: bool
) -> None:
    """Close a job at once, its children too.

    Nothing is cleaned up, and no plan is asked.
    """
    run = operator.run(job, client)
    confirm(f"Close {run.workflow_id} at once, without any cleaning up?", yes=yes)
    operator.jobs.terminate(run, reason)
    _answer(run, f"{run.workflow_id} is terminated", as_json=as_json)


def _answer(run: Run, text: str, *, as_json: bool, **more: Any) -> None:
    if as_json:
        _print({"workflow": {"workflowId": run.workflow_id, "runId": run.run_id}, **more})
    else:
        click.echo(text)


def _print(told: dict[str, Any]) -> None:
    print_json(told)


def _json(text: str | None, place: str) -> Any:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{place} is no JSON: {error}; texts need quotes, such as '\"yes\"'", code="INPUT_NOT_JSON"
        ) from error
