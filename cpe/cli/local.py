"""`cpe local`: the local AWS by itself."""

from __future__ import annotations

import json
import queue
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cpe.local.server import LocalAws

DEFAULT_PORT = 4566
PORT = click.IntRange(0, 65535)

record_option = click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar="CPE_LOCAL_RECORD",
    show_envvar=True,
    help="Append to this file every message that is sent to a queue, a line of JSON each.",
)


@click.command()
@click.option(
    "--port", type=PORT, default=DEFAULT_PORT, show_default=True, help="TCP port; 0 takes a free one."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. There is no access control: keep it on loopback.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep SWF's domains, types and executions in this directory; they survive even kill -9.",
)
@click.option(
    "--faults",
    multiple=True,
    metavar="FILE|RULE",
    help="What shall go wrong: a YAML or JSON file, or rules such as 'swf.*.throttle=0.1'. Can be repeated.",
)
@record_option
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON instead of shell commands.")
def local(
    *, port: int, host: str, data: Path | None, faults: tuple[str, ...], record: Path | None, as_json: bool
) -> None:
    """Run an AWS on this machine: SWF, SQS, S3 and SNS.

    All of them are on one endpoint. Without --data everything is in memory and gone at the end; queues,
    buckets and topics always are. Ctrl-C or SIGTERM ends it at once. docs/local-aws.md is the guide.
    """
    news: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: news.put(received))
    with local_aws(port=port, host=host, data=data, faults=faults, record=record) as aws:
        if as_json:
            click.echo(json.dumps({"endpoint": aws.endpoint, "environment": aws.environment()}))
        else:
            click.echo(f"# local AWS on {aws.endpoint}; use it from another shell with")
            click.echo(exports(aws.environment()))
        news.get()


def local_aws(
    *,
    port: int,
    host: str = "127.0.0.1",
    data: Path | None = None,
    faults: Sequence[str] = (),
    record: Path | None = None,
) -> LocalAws:
    """Make a local AWS, or say how to install what it needs.

    Args:
        port: TCP port; 0 takes a free one.
        host: Address to listen on.
        data: The directory of SWF's journal.
        faults: Files and rules, as ``--faults`` has them.
        record: The file that gets what is sent to queues.
    """
    try:
        from cpe.local.faults import gather_faults
        from cpe.local.server import LocalAws
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the local AWS needs {str(error.name).partition('.')[0]}, which is not installed; "
            "install it with: pip install 'cloud-processing-engine[local]'",
            code="LOCAL_AWS_NOT_INSTALLED",
        ) from error
    plan = gather_faults(faults, place="--faults")
    return LocalAws(port=port, host=host, data=data, faults=plan, record=record)


def exports(environment: Mapping[str, str]) -> str:
    """Lay an environment out as shell commands.

    Example:
        >>> print(exports({"A": "1", "B": "x y"}))
        export A=1
        export B='x y'
    """
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
