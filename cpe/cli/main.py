"""`cpe`: what operators type. The daemons are commands of their own."""

from __future__ import annotations

import sys

import click

from cpe.cli import options
from cpe.cli.activity import activity
from cpe.cli.completion import completion
from cpe.cli.config import config
from cpe.cli.dlq import dlq
from cpe.cli.doctor import doctor
from cpe.cli.env import env
from cpe.cli.imports import import_group
from cpe.cli.job import job
from cpe.cli.local import local
from cpe.cli.plan import plan
from cpe.cli.protocol import protocol
from cpe.cli.provision import provision
from cpe.cli.up import up
from cpe.cli.workers import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@options.version_option("cpe")
def cpe() -> None:
    """CPE, the Cloud Processing Engine: media jobs as workflows on AWS SWF."""


for command in (
    *(local, provision, up, env, plan, protocol, job, activity, worker, dlq),
    *(config, doctor, import_group, completion),
):
    cpe.add_command(command)


# They go on until they are stopped; all others are to be brief.
_LASTING = frozenset({"local", "up"})


def main() -> None:
    """Run `cpe`."""
    if _LASTING.isdisjoint(sys.argv[1:2]):
        options.look_less_for_garbage()
    options.main(cpe, "cpe")


if __name__ == "__main__":
    main()
