"""`cpe`: what operators type. The daemons are commands of their own."""

from __future__ import annotations

import click

from cpe.cli import options
from cpe.cli.completion import completion
from cpe.cli.config import config
from cpe.cli.env import env
from cpe.cli.local import local
from cpe.cli.plan import plan
from cpe.cli.provision import provision
from cpe.cli.up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@options.version_option("cpe")
def cpe() -> None:
    """CPE, the Cloud Processing Engine: media jobs as workflows on AWS SWF."""


for command in (local, provision, up, env, plan, config, completion):
    cpe.add_command(command)


def main() -> None:
    """Run `cpe`."""
    options.main(cpe, "cpe")


if __name__ == "__main__":
    main()
