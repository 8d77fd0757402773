"""`cpe protocol`: the messages of clients and stack, for programs in any language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cpe.cli.json_text import json_text, print_json

if TYPE_CHECKING:
    from cpe.protocol import CommandType, EventType

_WIDTH = 110


@click.group()
def protocol() -> None:
    """Print what the messages on a client's queues look like."""


@protocol.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="The document's language.",
)
def asyncapi(*, form: str) -> None:
    """Print the protocol as an AsyncAPI 3.0 document."""
    from cpe.protocol.asyncapi import asyncapi as make_document

    document = make_document()
    click.echo(json_text(document) if form == "json" else _yaml(document), nl=form == "json")


@protocol.command()
@click.argument("types", nargs=-1, metavar="[TYPE]…")
def schema(*, types: tuple[str, ...]) -> None:
    """Print the JSON Schema of messages.

    Of these types, such as START_JOB; of all if none is named. It refers to nothing outside of itself.
    """
    from cpe.protocol.schema import bundled_schema

    print_json(bundled_schema(*map(_message_type, types)))


def _message_type(name: str) -> CommandType | EventType:
    from cpe.protocol import CommandType, EventType

    known: dict[str, CommandType | EventType] = {kind.value: kind for kind in (*CommandType, *EventType)}
    if name.upper() not in known:
        raise click.BadParameter(f"there is no message {name}; there are {', '.join(known)}")
    return known[name.upper()]


def _yaml(document: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as such."""

    def text(dumper: Dumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    # Read anew, no object is in two places: YAML would write it once and refer to it.
    tree = json.loads(json.dumps(document))
    return yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
