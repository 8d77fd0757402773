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
@click.option(
    "--payloads",
    "payloads_url",
    metavar="URL",
    default="s3://cpe-payloads/payloads/",
    show_default=True,
    help="Bucket and prefix for what SWF and SQS do not carry.",
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
    *,
    domain: str,
    client: str,
    buckets: tuple[str, ...],
    payloads_url: str,
    config: Path | None,
    folder: Path,
) -> None:
    """Create the SWF domain, a client's queues and the buckets; what exists already stays.

    Writes config.json for the daemons, with the activities of --config or of the configuration that comes
    with CPE, and client.json for the client's programs, and prints the variables that name them.

    In the bucket of --payloads lie inputs, results and events that are too large for SWF and SQS; S3 deletes
    them after 400 days.
    """
    from cpe import shipped
    from cpe.aws.provision import BUCKETS, PAYLOAD_DAYS, provision_stack
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings, payload_place
    from cpe.stack.configuration import client_configuration, client_entry, stack_configuration

    settings = load_settings(config or shipped.sample_config(), environ={})
    payloads = payload_place(payloads_url, source="--payloads")
    place = StackFolder(folder)
    queues = provision_stack(
        AwsSession(), domain=domain, client=client, buckets=buckets or BUCKETS, payloads=payloads
    )
    entry = client_entry(client, input_queue=queues.input, output_queue=queues.output)
    place.write(place.client, client_configuration(entry, payloads=payloads))
    place.write(
        place.config,
        stack_configuration(domain=domain, client=entry, activities=settings.activities, payloads=payloads),
    )
    # Standard output is for the shell.
    click.echo(f"large payloads lie in {payloads.url} for {PAYLOAD_DAYS} days", err=True)
    click.echo(exports({"CPE_CONFIG": str(place.config), "CPE_CLIENT_CONFIG": str(place.client)}))
