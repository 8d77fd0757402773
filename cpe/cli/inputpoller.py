"""`cpe-inputpoller`: takes commands."""

from __future__ import annotations

from pathlib import Path

import click

from cpe.cli import options


@click.command(context_settings=options.CONTEXT)
@click.option(
    "-n",
    "--name",
    help="The client's name, needed with INPUT_QUEUE and OUTPUT_QUEUE; else this daemon's own, for its log.",
)
@options.config_option
@options.log_option
@options.debug_option
@options.version_option("cpe-inputpoller")
def inputpoller(name: str | None, config: Path | None, log_directory: Path | None, debug: bool) -> None:
    """Take commands from the clients' input queues, carry them out, and answer.

    INPUT_QUEUE and OUTPUT_QUEUE make one client; otherwise all clients of the configuration are served.
    """
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings
    from cpe.daemons.assembly import assemble_inputpoller
    from cpe.daemons.inputpoller import CONCURRENCY
    from cpe.logs import configure_logging

    configure_logging(
        "cpe-inputpoller", debug=debug, directory=log_directory, fields={"name": name} if name else {}
    )
    settings = load_settings(config, client_name=name)
    connections = (CONCURRENCY + 1) * len(settings.clients)
    daemon = assemble_inputpoller(AwsSession(connections=connections), settings)
    options.leave(clean=daemon.run())


def main() -> None:
    """Run `cpe-inputpoller`."""
    options.main(inputpoller, "cpe-inputpoller")


if __name__ == "__main__":
    main()
