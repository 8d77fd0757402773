"""`cpe provision`: what a stack needs before its daemons start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpe.cli.local import exports
from cpe.cli.options import activities_option, fifo_option, folder_option
from cpe.stack.folder import StackFolder

if TYPE_CHECKING:
    from cpe.aws.client_queues import Side

_WOULD_BE = {"exists": "exists", "created": "would be created", "changed": "would be changed"}


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
@fifo_option
@activities_option
@folder_option("Folder that the configurations are written to.")
@click.option("--dry-run", is_flag=True, help="Say what is there and what would be made, and make nothing.")
def provision(
    *,
    domain: str,
    client: str,
    buckets: tuple[str, ...],
    payloads_url: str,
    fifo: tuple[Side, ...],
    config: Path | None,
    folder: Path,
    dry_run: bool,
) -> None:
    """Create the SWF domain, a client's queues and the buckets.

    What exists already stays. Each queue has a dead-letter queue. A queue that is there keeps its
    attributes, and its own redrive policy if it has one.

    Writes config.json for the daemons, with the activities of --config or of the configuration that comes
    with CPE, and client.json for the client's programs, and prints the variables that name them.

    In the bucket of --payloads lie inputs, results and events that are too large for SWF and SQS; S3 deletes
    them after 400 days.
    """
    from cpe import shipped
    from cpe.aws.inventory import Inventory
    from cpe.aws.provision import BUCKETS, provision_stack
    from cpe.aws.session import AwsSession
    from cpe.config import load_settings, payload_place
    from cpe.stack.configuration import client_configuration, client_entry, stack_configuration

    settings = load_settings(config or shipped.sample_config(), environ={})
    payloads = payload_place(payloads_url, source="--payloads")
    place = StackFolder(folder)
    inventory = Inventory(dry_run=dry_run)
    queues = provision_stack(
        AwsSession(),
        domain=domain,
        client=client,
        buckets=buckets or BUCKETS,
        payloads=payloads,
        fifo=fifo,
        inventory=inventory,
    )
    for item in inventory.items:
        done = _WOULD_BE[item.state] if dry_run else item.state.value
        note = f"; {item.note}" if item.note else ""
        # Standard output is for the shell, but where there is nothing for it.
        click.echo(f"{item.kind} {item.name}: {done}{note}", err=not dry_run)
    if dry_run:
        return
    entry = client_entry(client, input_queue=queues.input, output_queue=queues.output)
    place.write(place.client, client_configuration(entry, payloads=payloads))
    place.write(
        place.config,
        stack_configuration(domain=domain, client=entry, activities=settings.activities, payloads=payloads),
    )
    click.echo(exports({"CPE_CONFIG": str(place.config), "CPE_CLIENT_CONFIG": str(place.client)}))
