"""`cpe activity rerun`: one recorded task, run here."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from cpe.cli.json_text import json_text, print_json
from cpe.cli.operating import Operator, client_option, job_argument, json_option, operates, yes_option
from cpe.cli.options import EXIT_FAILURE, debug_option
from cpe.errors import ActivityError, CommandRejected, ConfigError, InvalidInput

if TYPE_CHECKING:
    from cpe.activity import Activity, Cancellation, JsonValue
    from cpe.aws.runs import Run
    from cpe.cli.recorded_task import RecordedTask
    from cpe.config import ActivitySettings
    from cpe.daemons.answer import Answer


@click.command()
@job_argument
@click.argument("activity", metavar="ACTIVITY")
@operates
@client_option
@click.option(
    "--run", "run_id", metavar="RUN_ID", help="Which run of the job; the newest that has it by default."
)
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt's input; the newest by default.")
@yes_option
@json_option
@debug_option
def rerun(
    *,
    operator: Operator,
    job: str,
    activity: str,
    client: str | None,
    run_id: str | None,
    attempt: int | None,
    yes: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Run one recorded task here, in this process, with the recorded input.

    SWF and the client hear nothing of it, and the job stays as it is. But the activity does what it does:
    what it uploads or deletes, it uploads or deletes for real. Its log goes to standard error. Ctrl-C asks it
    to stop.

    Ends with 0 if the activity completed, with 1 otherwise.
    """
    from cpe.daemons.activities import load_activity

    task = _find(operator, operator.run(job, client, run_id), activity, attempt, only=run_id is not None)
    configured = operator.settings.activity(task.info.activity_name, task.info.activity_version)
    loaded = load_activity(configured)
    loaded.check_worker(configured.settings)
    _ask(task, yes=yes)
    answer = _run(operator, task, loaded, configured, debug=debug)
    _print(task, answer, as_json=as_json)
    sys.exit(0 if answer.verdict.value == "completed" else EXIT_FAILURE)


def _find(operator: Operator, run: Run, activity: str, attempt: int | None, *, only: bool) -> RecordedTask:
    """Find the task in a run; unless only that one counts, in the newest of the job's runs that has it.

    A job that goes on, or is done again, has its earlier tasks in earlier runs.
    """
    from cpe.cli.recorded_task import find_task
    from cpe.protocol import JobIdentity

    def task_of(one: Run) -> RecordedTask:
        events = operator.jobs.history(one)
        return find_task(events, activity, workflow_id=one.workflow_id, run_id=one.run_id, attempt=attempt)

    try:
        return task_of(run)
    except CommandRejected:
        identity = JobIdentity.from_workflow_id(run.workflow_id)
        if only or identity is None:
            raise
        for earlier in operator.jobs.runs(identity):
            if earlier.run_id != run.run_id:
                with suppress(CommandRejected):
                    return task_of(earlier)
        raise


def _ask(task: RecordedTask, *, yes: bool) -> None:
    info = task.info
    kind = f"{info.activity_name} {info.activity_version}"
    what = f"{kind} with the recorded input of {info.activity_id} of {info.workflow_id}"
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError(
            f"running {what} may upload, replace or delete objects; say --yes where nobody can be asked",
            code="NOT_CONFIRMED",
        )
    click.echo(f"Runs {what}, here.", err=True)
    click.echo("Outputs are uploaded as the activity does it, and may replace those of the job.", err=True)
    click.confirm("Run it?", abort=True, err=True)


def _run(
    operator: Operator,
    task: RecordedTask,
    activity: Activity,
    configured: ActivitySettings,
    *,
    debug: bool,
) -> Answer:
    from cpe.activity import ActivityContext, Cancellation
    from cpe.aws.s3 import S3Storage, transfer_manager
    from cpe.daemons.answer import Answer
    from cpe.daemons.scratch import Scratch
    from cpe.logs import configure_logging, get_logger

    configure_logging("cpe-rerun", debug=debug, stream=sys.stderr)
    info, s3 = task.info, operator.aws.s3()
    cancellation = Cancellation()
    with (
        transfer_manager(s3) as transfers,
        Scratch(operator.settings.scratch_root()) as scratch,
        scratch.task(info.activity_id) as folder,
        _stopped_by_signals(cancellation),
    ):
        try:
            result = activity.run(
                ActivityContext(
                    task=info,
                    input=_parsed(task.input),
                    scratch=folder,
                    storage=S3Storage(s3, transfers, cancellation),
                    settings=configured.settings,
                    cancellation=cancellation,
                    log=get_logger(workflowId=info.workflow_id, activityId=info.activity_id),
                    reporter=EchoReporter(),
                )
            )
        except Exception as error:  # as the worker does: whatever it raises is its failure
            if cancellation.reason:
                return Answer.of_stop(cancellation.reason)
            # Of what nobody foresaw the details tell no more than the kind.
            if debug or not isinstance(error, ActivityError):
                get_logger().warning("task_raised", error=repr(error), exc_info=True)
            return Answer.of_error(error)
        return Answer.of_result(result)


class EchoReporter:
    """Prints on standard error what an activity reports; nobody else hears of it."""

    def preparing(self) -> None:
        """Tell that the input is being fetched."""
        click.echo("preparing", err=True)

    def progress(self, result: Mapping[str, JsonValue]) -> None:
        """Tell how far the work is."""
        click.echo(f"progress {json_text(result, indent=None)}", err=True)

    def finishing(self) -> None:
        """Tell that the outputs are being published."""
        click.echo("finishing", err=True)


@contextmanager
def _stopped_by_signals(cancellation: Cancellation) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM ask the activity to stop; the second one ends the program as usual."""
    from cpe.errors import ActivityCancelled

    def ask(number: int, _frame: object) -> None:
        signal.signal(number, before[number])
        cancellation.request(ActivityCancelled("the operator asked the activity to stop"))

    before: dict[int, Any] = {
        number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the task's input is no JSON: {error}", code="INPUT_NOT_JSON") from error


def _print(task: RecordedTask, answer: Answer, *, as_json: bool) -> None:
    info = task.info
    result = json.loads(answer.result) if answer.result else None
    if as_json:
        told = {
            "workflow": {"workflowId": info.workflow_id, "runId": info.run_id},
            "activity": {
                "activityId": info.activity_id,
                "activityType": {"name": info.activity_name, "version": info.activity_version},
                "status": answer.verdict.name,
                "attempt": task.attempt,
                "result": result,
                "reason": answer.reason or None,
                "details": answer.details or None,
            },
        }
        print_json(told)
    elif answer.reason:
        click.echo(f"{answer.verdict.name} {answer.reason}: {answer.details}", err=True)
    else:
        print_json(result)
