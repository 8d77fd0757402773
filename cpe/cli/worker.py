"""`cpe-worker`: runs activities."""

from __future__ import annotations

from pathlib import Path

import click

from cpe.cli import options

_MOST = 64


@click.command(context_settings=options.CONTEXT)
@click.option("-D", "--domain", required=True, help="SWF domain.")
@click.option("-A", "--activity", required=True, help="Name of an activity in the configuration.")
@click.option("-V", "--version", required=True, help="Version of that activity.")
@click.option("-T", "--task-list", help="Task list that tasks are polled from.  [default: <name>-<version>]")
@options.config_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, _MOST),
    default=1,
    show_default=True,
    help="How many tasks run at once.",
)
@options.log_option
@options.debug_option
def worker(
    *,
    domain: str,
    activity: str,
    version: str,
    task_list: str | None,
    config: Path | None,
    concurrency: int,
    log_directory: Path | None,
    debug: bool,
) -> None:
    """Run the tasks of one activity."""
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings
    from cpe.daemons.assembly import assemble_worker
    from cpe.logs import configure_logging

    configure_logging("cpe-worker", debug=debug, directory=log_directory)
    settings = load_settings(config)
    # A slot polls or works, and each task heartbeats beside it.
    aws = AwsSession(connections=2 * concurrency + 2)
    with assemble_worker(
        aws,
        settings,
        domain=domain,
        name=activity,
        version=version,
        task_list=task_list,
        concurrency=concurrency,
    ) as daemon:
        clean = daemon.run()
    options.leave(clean=clean)


def main() -> None:
    """Run `cpe-worker`."""
    options.main(worker, "cpe-worker")


if __name__ == "__main__":
    main()
