"""`cpe dlq`: messages that were delivered in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cpe.cli.json_text import print_json
from cpe.cli.operating import Operator, client_option, confirm, json_option, operates, yes_option
from cpe.errors import ConfigError, CpeError

if TYPE_CHECKING:
    from cpe.aws.dead_letters import DeadLetter, DeadLetters

_HEADERS = ("client", "queue", "message", "sent", "receives", "type", "job", "reason")
_LIMIT = 100
_OTHERS = "(others)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """The dead letters of one of a client's queues; `queue` is ``input`` or ``output``.

    `client` is None for the queue that takes the events of all clients that are not configured.
    """

    client: str | None
    queue: str
    url: str
    letters: DeadLetters

    @property
    def name(self) -> str:
        return f"{self.client or _OTHERS} {self.queue}"

    def details(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "queue": self.queue,
            "url": self.url,
            "deadLetterUrl": self.letters.url,
        }


@click.group()
def dlq() -> None:
    """Look at dead letters, and send them back.

    They are messages that were delivered as often as their queue allows; of all configured clients unless
    --client names one.
    """


@dlq.command("list")
@operates
@client_option
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=_LIMIT, show_default=True, help="Of each queue at most."
)
@json_option
def list_letters(*, operator: Operator, client: str | None, limit: int, as_json: bool) -> None:
    """List dead letters, and what is wrong with them.

    That is why they cannot be understood, if they cannot. They stay where they are.
    """
    found = [(box, box.letters.list(limit), box.letters.count()) for box in _boxes(operator, client)]
    if as_json:
        queues = [
            {
                **box.details(),
                "count": len(letters),
                "total": max(total, len(letters)),
                "messages": [_without_body(one) for one in letters],
            }
            for box, letters, total in found
        ]
        print_json({"queues": queues})
        return
    from cpe.cli.job_view import visible
    from cpe.cli.moments import moment
    from cpe.cli.tables import print_table

    rows = [
        (
            box.client or _OTHERS,
            box.queue,
            letter.message_id,
            moment(letter.sent),
            str(letter.receives),
            visible(letter.type or ""),
            visible(letter.job_id or ""),
            visible(": ".join(part for part in (letter.reason, letter.explanation) if part)),
        )
        for box, letters, _ in found
        for letter in letters
    ]
    if rows:
        print_table(_HEADERS, rows)
        click.echo()
    for box, letters, total in found:
        count = f"{len(letters)} of about {total}" if total > len(letters) else str(len(letters))
        click.echo(f"{box.name}: {count}")


@dlq.command()
@click.argument("message", metavar="MESSAGE_ID")
@operates
@client_option
@json_option
def show(*, operator: Operator, message: str, client: str | None, as_json: bool) -> None:
    """Show one dead letter with its body; secrets in it are masked."""
    from cpe.cli.masking import masked_body

    box, letter = _find(operator, client, message)
    if as_json:
        told = {
            "client": box.client,
            "queue": box.queue,
            "message": {**letter.details(), "body": masked_body(letter.body, indent=None)},
        }
        print_json(told)
        return
    from cpe.cli.job_view import visible
    from cpe.cli.moments import moment

    for name, text in (
        ("message", letter.message_id),
        ("queue", box.name),
        ("group", letter.group or ""),
        ("sent", moment(letter.sent)),
        ("receives", str(letter.receives)),
        ("type", letter.type or ""),
        ("job", letter.job_id or ""),
        ("reason", ": ".join(part for part in (letter.reason, letter.explanation) if part)),
    ):
        if text:
            click.echo(f"{name:<9} {visible(text)}")
    click.echo()
    for line in masked_body(letter.body).splitlines():
        # Indentation stays; what terminals take for commands does not.
        click.echo(line[: len(line) - len(line.lstrip(" "))] + visible(line, most=len(line) or 1))


@dlq.command()
@click.argument("messages", metavar="[MESSAGE_ID]...", nargs=-1)
@operates
@client_option
@click.option("--all", "everything", is_flag=True, help="All dead letters of these clients.")
@yes_option
@json_option
def redrive(
    *,
    operator: Operator,
    messages: tuple[str, ...],
    client: str | None,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send dead letters back to their queue, to be delivered again.

    A letter is deleted only after it was sent: it may come twice, and is never lost.
    """
    if bool(messages) == everything:
        raise click.UsageError("name the messages to send back, or say --all")
    redriven = []
    if everything:
        boxes = list(_boxes(operator, client))
        names = ", ".join(box.name for box in boxes)
        confirm(f"Send all dead letters back ({names})?", yes=yes)
        redriven = [(box, box.letters.redrive()) for box in boxes]
    else:
        found = [(_find(operator, client, message)[0], message) for message in messages]
        redriven = [(box, box.letters.redrive(message)) for box, message in found]
    if as_json:
        told = [{"client": box.client, "queue": box.queue, "count": count} for box, count in redriven]
        print_json({"redriven": told})
        return
    for box, count in redriven:
        click.echo(f"{box.name}: {count} sent back")


def _boxes(operator: Operator, client: str | None) -> Iterator[_Box]:
    """The dead letters of all queues that can have any; an input queue must."""
    from cpe.aws.dead_letters import DeadLetters

    clients = operator.settings.clients if client is None else (operator.client(client),)
    if not clients:
        raise ConfigError(
            "no client is configured, so there are no queues to look at; name a configuration with --config "
            "or CPE_CONFIG",
            code="NO_CLIENTS",
        )
    places: list[tuple[str | None, str, str]] = []
    for one in clients:
        places += [(one.name, "input", one.input_queue), (one.name, "output", one.output_queue)]
    others = operator.settings.output_queue
    if client is None and others is not None and all(others != url for _, _, url in places):
        places.append((None, "output", others))
    sqs = operator.aws.sqs()
    for name, queue, url in places:
        try:
            letters = DeadLetters(sqs, url, events=queue == "output")
        except ConfigError as error:
            if queue == "input" or error.code != "NO_DEAD_LETTERS":
                raise
        else:
            yield _Box(client=name, queue=queue, url=url, letters=letters)


def _find(operator: Operator, client: str | None, message_id: str) -> tuple[_Box, DeadLetter]:
    for box in _boxes(operator, client):
        letter = box.letters.show(message_id)
        if letter is not None:
            return box, letter
    raise CpeError(
        f"there is no dead letter {message_id}, or somebody else is looking at it right now; "
        "`cpe dlq list` shows those that there are",
        code="UNKNOWN_MESSAGE",
    )


def _without_body(letter: DeadLetter) -> dict[str, Any]:
    return {name: value for name, value in letter.details().items() if name != "body"}
