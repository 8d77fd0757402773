"""`cpe job start`: a job on behalf of a client, through the client's input queue."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, TextIO

import click

from cpe.cli.job_watch import follow_to_the_end, left_by_interrupt
from cpe.cli.json_text import print_json
from cpe.cli.operating import Operator, client_option, json_option, operates
from cpe.errors import ConfigError, CpeError

if TYPE_CHECKING:
    from cpe.aws.runs import Run
    from cpe.protocol import JobIdentity

_PATIENCE = 60.0
"""Seconds until an input poller that runs has taken a command from its queue, with room to spare."""
_STEP = 0.5


@click.command()
@click.argument("workflow", metavar="WORKFLOW[:VERSION]")
@operates
@client_option
@click.option("--job-id", metavar="ID", help="The job's id; a new one by default.")
@click.option(
    "--data",
    type=click.File("r", encoding="utf-8"),
    help="The job's data, a JSON object; - reads standard input.",
)
@click.option("--task-list", metavar="NAME", help="The deciders'; the workflow type's own by default.")
@click.option("--wait", is_flag=True, help="Watch the job to its end, as `cpe job watch` does.")
@json_option
def start(
    *,
    operator: Operator,
    workflow: str,
    client: str | None,
    job_id: str | None,
    data: TextIO | None,
    task_list: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Start a job: send START_JOB to the client's queue.

    An input poller must run. Without VERSION the workflow's only registered version is taken. What --data
    says of `workflow` besides name and version stays. The client hears of the job as of its own.
    """
    from cpe.aws.sqs import Queue
    from cpe.protocol import Command, CommandType, JobIdentity, encode_command

    owner = operator.client(client)
    identity = JobIdentity(owner.name, job_id or uuid.uuid4().hex)
    told = _read(data)
    name, version = _workflow_type(operator, workflow)
    asked: dict[str, Any] = {
        **_workflow_of(told),
        "name": name,
        "version": version,
        "domain": operator.domain,
    }
    if task_list is not None:
        asked["taskList"] = task_list
    body = encode_command(
        Command(
            type=CommandType.START_JOB,
            time=time.time(),
            job_id=identity.job_id,
            data={**told, "workflow": asked},
        )
    )
    queue = Queue(operator.aws.sqs(), owner.input_queue)
    queue.send(body, group_id=identity.job_id, deduplication_id=uuid.uuid4().hex)
    if not wait and as_json:
        started = {"jobId": identity.job_id, "workflowId": identity.workflow_id}
        print_json(started)
    elif not as_json:
        click.echo(f"START_JOB sent: {identity.workflow_id}")
    if wait:
        with left_by_interrupt():
            follow_to_the_end(operator, _taken(operator, identity), as_json=as_json)


def _workflow_type(operator: Operator, text: str) -> tuple[str, str]:
    """Read ``name:version``, or find the version of a name."""
    name, colon, version = text.partition(":")
    if colon and version:
        return name, version
    from cpe.aws.workflow_types import workflow_versions

    versions = workflow_versions(operator.swf, operator.domain, name)
    if len(versions) == 1:
        return name, versions[0]
    if versions:
        raise ConfigError(
            f"workflow {name!r} has the versions {', '.join(versions)}; write {name}:{versions[-1]}, say",
            code="VERSION_MISSING",
        )
    raise ConfigError(
        f"no workflow {name!r} is registered in domain {operator.domain}; start a decider that has its plan, "
        "or correct the name",
        code="UNKNOWN_WORKFLOW",
    )


def _read(file: TextIO | None) -> dict[str, Any]:
    from cpe.errors import ProtocolError
    from cpe.protocol.body import parse_body

    if file is None:
        return {}
    try:
        return parse_body(file.read())
    except (ProtocolError, UnicodeDecodeError) as error:
        raise ConfigError(f"--data {file.name}: {error}", code="DATA_INVALID") from error


def _workflow_of(data: dict[str, Any]) -> dict[str, Any]:
    workflow = data.get("workflow", {})
    if not isinstance(workflow, dict):
        raise ConfigError("--data: `workflow` must be an object, or be left out", code="DATA_INVALID")
    return workflow


def _taken(operator: Operator, identity: JobIdentity) -> Run:
    """Wait until the command has become a run."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        run = operator.jobs.find(identity)
        if run is not None:
            return run
        if time.monotonic() > deadline:
            raise CpeError(
                f"{identity.workflow_id} was not started within {_PATIENCE:.0f} s: no input poller "
                "serves the client's queue, or it refused the command (see COMMAND_REJECTED on the client's "
                "output queue, or command_rejected in the poller's log); the command stays sent",
                code="NOT_STARTED",
            )
        time.sleep(_STEP)
