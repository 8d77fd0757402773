"""`cpe provision`: what a stack needs before its daemons start."""

from __future__ import annotations

from pathlib import Path

import click

from cpe.cli.local import exports
from cpe.cli.options import activities_option
from cpe.stack.folder import DEFAULT, StackFolder


@click.command()
@click.option("--domain", default="SADomain", show_default=True, help="SWF domain.")
@click.option("--client", default="ClientA", show_default=True, help="The client's name.")
@click.option(
    "--bucket",
    "buckets",
    multiple=True,
    help="A bucket for inputs or outputs; several times if need be.  [default: cpe-input, cpe-output]",
)
@activities_option
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Folder that the configurations are written to.",
)
def provision(
    *, domain: str, client: str, buckets: tuple[str, ...], config: Path | None, folder: Path
) -> None:
    """Create the SWF domain, a client's queues and the buckets; what exists already stays.

    Writes config.json for the daemons, with the activities of --config or of the configuration that comes
    with CPE, and client.json for the client's programs, and prints the variables that name them.
    """
    from cpe import shipped
    from cpe.aws.provision import BUCKETS, provision_stack
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings
    from cpe.stack.configuration import client_configuration, stack_configuration

    settings = load_settings(config or shipped.sample_config(), environ={})
    place = StackFolder(folder)
    queues = provision_stack(AwsSession(), domain=domain, client=client, buckets=buckets or BUCKETS)
    entry = client_configuration(client, input_queue=queues.input, output_queue=queues.output)
    place.write(place.client, entry)
    place.write(
        place.config, stack_configuration(domain=domain, client=entry, activities=settings.activities)
    )
    click.echo(exports({"CPE_CONFIG": str(place.config), "CPE_CLIENT_CONFIG": str(place.client)}))
