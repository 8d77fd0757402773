"""`cpe-decider`: walks plans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.cli import options
from cpe.errors import ConfigError, PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cpe.plan import Plan


@click.command(context_settings=options.CONTEXT)
@click.option("-d", "--domain", required=True, help="SWF domain; registered if missing.")
@click.option("-t", "--task-list", required=True, help="Task list that decisions are polled from.")
@click.option(
    "--plan",
    "plans",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A plan, or a folder of plans. Several: --plan A B, or --plan A --plan B.",
)
@click.argument("more_plans", type=click.Path(path_type=Path), nargs=-1, metavar="")
@click.option("--plan-name", help="Use this name instead of the one in the plan; for a single plan.")
@click.option("--plan-version", help="Use this version instead of the one in the plan; for a single plan.")
@click.option(
    "--output-queue",
    metavar="URL",
    help="Queue for clients that the configuration (CPE_CONFIG) does not name. OUTPUT_QUEUE otherwise.",
)
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write logs to this file instead of standard output.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Executions decided at once: most of a decision is waiting for AWS.",
)
@options.version_option("cpe-decider")
def decider(
    *,
    domain: str,
    task_list: str,
    plans: tuple[Path, ...],
    more_plans: tuple[Path, ...],
    plan_name: str | None,
    plan_version: str | None,
    output_queue: str | None,
    log_file: Path | None,
    concurrency: int,
) -> None:
    """Decide executions by their plans, chosen by workflow type and version."""
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings
    from cpe.daemons.assembly import assemble_decider
    from cpe.logs import configure_logging

    configure_logging("cpe-decider", file=log_file)
    settings = load_settings(None, output_queue=output_queue)
    loaded = _load((*plans, *more_plans), plan_name, plan_version)
    aws = AwsSession(connections=2 * concurrency + 2)
    daemon = assemble_decider(
        aws, settings, plans=loaded, domain=domain, task_list=task_list, concurrency=concurrency
    )
    options.leave(clean=daemon.run())


def _load(paths: tuple[Path, ...], name: str | None, version: str | None) -> Mapping[tuple[str, str], Plan]:
    """Load the plans; those that are refused are logged, and raise only if none is left."""
    from cpe.logs import get_logger
    from cpe.plan import load_plan, load_plans

    if name or version:
        if len(paths) != 1 or paths[0].is_dir():
            raise ConfigError("--plan-name and --plan-version go with exactly one --plan FILE")
        plan = load_plan(paths[0], name=name, version=version)
        return {(plan.name, plan.version): plan}
    refused: list[PlanError] = []
    plans = load_plans(paths, on_refused=refused.append)
    if not plans:
        raise PlanError(
            "\n".join(map(str, refused)) or f"no plan (*.yml, *.yaml) in {', '.join(map(str, paths))}",
            code="NO_PLANS",
        )
    for error in refused:
        get_logger().error("plan_refused", findings=str(error).splitlines())
    return plans


def main() -> None:
    """Run `cpe-decider`."""
    options.main(decider, "cpe-decider")


if __name__ == "__main__":
    main()
