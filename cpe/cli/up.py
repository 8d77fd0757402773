"""`cpe up`: the whole stack on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.cli.local import DEFAULT_PORT, PORT, local_aws, record_option
from cpe.cli.options import DEFAULT_FOLDER, activities_option, fifo_option, folder_option
from cpe.stack.folder import StackFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cpe.aws.client_queues import Side
    from cpe.local.server import LocalAws
    from cpe.stack.programs import Stack

TASK_LIST = "basic_transcode"

# There, where somebody works in a copy of the project.
_POLLER, _COMMANDER = (Path("client_example") / f"client_{name}.py" for name in ("poller", "commander"))


@click.command()
@click.option(
    "--port",
    type=PORT,
    default=DEFAULT_PORT,
    show_default=True,
    help="Port of the local AWS; 0 takes a free one.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Worker processes per activity; they share the cores and the memory.",
)
@click.option(
    "--plan",
    "plans",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A plan, or a folder of plans; several times if need be. The shipped plans by default.",
)
@activities_option
@click.option("--domain", default="SADomain", show_default=True, help="SWF domain.")
@click.option("--client", default="ClientA", show_default=True, help="The client's name.")
@fifo_option
@folder_option("Folder in which the stack tells about itself.")
@record_option
@click.option("--json", "as_json", is_flag=True, help="Print all logs as JSON lines.")
def up(
    *,
    port: int,
    workers: int,
    plans: tuple[Path, ...],
    config: Path | None,
    domain: str,
    client: str,
    fifo: tuple[Side, ...],
    folder: Path,
    record: Path | None,
    as_json: bool,
) -> None:
    """Run the local AWS and all daemons until Ctrl-C.

    Creates the SWF domain, the client's queues and the buckets cpe-input, cpe-output and cpe-payloads. Once
    the stack takes jobs, environment.json appears in the stack's folder; `cpe env` prints it. A daemon that
    dies is started again. However this process ends, everything ends with it.
    """
    from cpe import shipped
    from cpe.config import load_settings
    from cpe.machine import measure
    from cpe.plan import load_plans
    from cpe.stack.programs import Stack, needed_activities

    paths = [path.absolute() for path in plans] or [shipped.plans()]
    loaded = load_plans(paths)
    settings = load_settings(config or shipped.sample_config(), environ={})
    place = StackFolder(folder)
    stack = Stack(
        domain=domain,
        task_list=TASK_LIST,
        client=client,
        plans=paths,
        activities=needed_activities(loaded.values(), settings.activities),
        workers=workers,
        machine=measure(),
        config=place.config,
    )
    types = {*loaded, *((activity.name, activity.version) for activity in stack.activities)}
    with place.occupied(), local_aws(port=port, record=record) as aws:
        guide = _guide(folder, min(name for name, _ in loaded))
        exit_code = _run(stack, types, place, aws, fifo=fifo, guide=guide, as_json=as_json)
    sys.exit(exit_code)


def _run(
    stack: Stack,
    types: set[tuple[str, str]],
    place: StackFolder,
    aws: LocalAws,
    *,
    fifo: tuple[Side, ...],
    guide: Sequence[str],
    as_json: bool,
) -> int:
    from cpe.aws.provision import PAYLOADS, provision_stack, registered_types
    from cpe.aws.session import AwsSession
    from cpe.stack.configuration import client_configuration, client_entry, stack_configuration
    from cpe.stack.console import Console
    from cpe.stack.readiness import watching
    from cpe.stack.supervisor import Supervisor

    _enter(aws.environment())
    session = AwsSession()
    queues = provision_stack(session, domain=stack.domain, client=stack.client, fifo=fifo)
    environment = {
        **aws.environment(),
        "INPUT_QUEUE": queues.input,
        "OUTPUT_QUEUE": queues.output,
        "CPE_CONFIG": str(place.config),
        "CPE_CLIENT_CONFIG": str(place.client),
        "CPE_PAYLOADS": PAYLOADS.url,
    }
    _enter(environment)
    entry = client_entry(stack.client, input_queue=queues.input, output_queue=queues.output)
    place.write(place.client, client_configuration(entry, payloads=PAYLOADS))
    place.write(
        place.config,
        stack_configuration(
            domain=stack.domain, client=entry, activities=stack.activities, payloads=PAYLOADS
        ),
    )

    programs = stack.programs()
    names = ["up", *(program.name for program in programs)]
    console = Console(click.echo, names, color=sys.stdout.isatty(), as_json=as_json)
    supervisor = Supervisor(programs, on_line=console.line, on_event=console.event)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: supervisor.stop())

    def announce() -> None:
        place.write(place.environment, environment)
        console.event("up", "ready", f"local AWS on {aws.endpoint}", level="info")
        if not as_json:
            for line in guide:
                console.line("up", line)

    def end_polls() -> None:
        console.event("up", "stopping", "once more Ctrl-C stops at once", level="info")
        aws.end_polls()

    swf = session.swf()

    def ready() -> bool:
        """All types are registered: then every daemon has checked its settings and takes work."""
        return types <= registered_types(swf, stack.domain)

    def complain(fault: str) -> None:
        console.event("up", "readiness_unknown", f"{fault}; it is tried again")

    with watching(ready, announce, complain):
        return supervisor.run(before_stop=end_polls)


def _guide(folder: Path, workflow: str) -> list[str]:
    """Tell what can be done in another shell, in the same working directory."""
    named = "" if folder == DEFAULT_FOLDER else f" --dir {shlex.quote(str(folder))}"
    if _POLLER.is_file():
        commands = [f"python {program}" for program in (_POLLER, _COMMANDER)]
    else:
        commands = [f"cpe job start {shlex.quote(workflow)} --data job.json --wait"]
    return [
        "In another shell:",
        *(f"  {command}" for command in (f'eval "$(cpe env{named})"', *commands)),
        "Ctrl-C stops everything.",
    ]


def _enter(environment: Mapping[str, str]) -> None:
    """Set the environment of this process and its children; nothing in it leads to a real account."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(environment)
