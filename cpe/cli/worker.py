"""`cpe-worker`: runs activities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cpe.cli import options

_MOST = 64


class Size(click.ParamType[int]):
    """A size in bytes, such as 2GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        from cpe.machine import parse_bytes

        try:
            return parse_bytes(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(context_settings=options.CONTEXT)
@click.option("-D", "--domain", required=True, help="SWF domain.")
@click.option(
    "-A",
    "--activity",
    "activities",
    required=True,
    multiple=True,
    help="Name of an activity in the configuration; can be repeated, each with a --version.",
)
@click.option("-V", "--version", "versions", required=True, multiple=True, help="Version of that activity.")
@click.option("-T", "--task-list", help="Task list that tasks are polled from.  [default: <name>-<version>]")
@options.config_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, _MOST),
    help="How many tasks run at once.  [default: as many as their `cpu` and `memory` leave room for]",
)
@click.option(
    "--cores",
    type=click.IntRange(1),
    help="Cores that its tasks may use together.  [default: all]",
)
@click.option("--memory", type=Size(), help="Memory that they may use, such as 8GiB.  [default: all]")
@options.log_option
@options.debug_option
def worker(
    *,
    domain: str,
    activities: tuple[str, ...],
    versions: tuple[str, ...],
    task_list: str | None,
    config: Path | None,
    concurrency: int | None,
    cores: int | None,
    memory: int | None,
    log_directory: Path | None,
    debug: bool,
) -> None:
    """Run the tasks of one activity, or of several."""
    if len(activities) != len(versions):
        raise click.UsageError("give a --version for each --activity")
    if task_list is not None and len(activities) > 1:
        raise click.UsageError(
            "--task-list goes with one --activity; several have their own: <name>-<version>"
        )
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings
    from cpe.daemons.assembly import assemble_worker
    from cpe.daemons.slots import Room
    from cpe.logs import configure_logging
    from cpe.machine import Resources, measure

    configure_logging("cpe-worker", debug=debug, directory=log_directory)
    settings = load_settings(config)
    here = measure()
    room = Room(
        machine=Resources(
            cores=min(cores or here.cores, here.cores), memory=min(memory or here.memory, here.memory)
        ),
        concurrency=concurrency,
    )
    wanted = list(dict.fromkeys(zip(activities, versions, strict=True)))
    # A slot polls or works, and each task heartbeats beside it.
    connections = sum(2 * room.slots_of(settings.activity(name, version)) for name, version in wanted) + 2
    with assemble_worker(
        AwsSession(connections=connections),
        settings,
        domain=domain,
        activities=wanted,
        task_list=task_list,
        room=room,
    ) as daemon:
        clean = daemon.run()
    options.leave(clean=clean)


def main() -> None:
    """Run `cpe-worker`."""
    options.main(worker, "cpe-worker")


if __name__ == "__main__":
    main()
