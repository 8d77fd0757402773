"""The client's own file: its name, its two queues, and where large payloads lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cpe.errors import ConfigError, ProtocolError
from cpe.protocol import JobIdentity
from cpe.protocol.body import parse_body
from cpe.protocol.fields import Fields
from cpe.protocol.references import PayloadPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Which client this is; the queues are URLs.

    `payloads` is where the stack keeps what its queues do not carry; None if the client does not know.
    `domain` is the SWF domain of its jobs, for a stack that has none of its own.
    """

    name: str
    input_queue: str
    output_queue: str
    payloads: PayloadPlace | None = None
    domain: str | None = None


def load_client_config(path: str | Path) -> ClientConfig:
    """Read a clientConfig.json.

    ``{"name": "ClientA", "queues": {"input": "https://…", "output": "https://…"}}``; the same under `client`,
    or as the only entry of `clients`, as the stack's own configuration has it. ``"payloads": {"bucket": "…",
    "prefix": "…"}`` and ``"domain": "…"`` may stand on the top level.

    Raises:
        ConfigError: ``CONFIG_UNREADABLE``, or ``CONFIG_INVALID`` with the place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        finding = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ConfigError(f"{path}: {finding}", code="CONFIG_UNREADABLE") from error
    try:
        values = parse_body(text)
        return _read(_the_client(values), Fields(values))
    except ProtocolError as error:
        raise ConfigError(f"{path}: {error}", code="CONFIG_INVALID") from error


def _the_client(values: dict[str, Any]) -> Fields:
    whole = Fields(values)
    if whole.has("client"):
        return whole.object("client")
    if not whole.has("clients"):
        return whole
    clients = whole.required("clients")
    if not isinstance(clients, list) or not all(isinstance(client, dict) for client in clients):
        raise whole.invalid("clients", "must be a list of objects")
    if len(clients) != 1:
        raise whole.invalid("clients", f"holds {len(clients)} clients; a client's file names the one it is")
    return Fields(clients[0], "clients[0]")


def _read(client: Fields, whole: Fields) -> ClientConfig:
    name = client.text("name")
    JobIdentity(name, "any")  # checks the name
    queues = client.object("queues")
    return ClientConfig(
        name=name,
        input_queue=_url(queues, "input"),
        output_queue=_url(queues, "output"),
        payloads=_payloads(whole),
        domain=whole.text("domain") if whole.has("domain") else None,
    )


def _payloads(whole: Fields) -> PayloadPlace | None:
    if not whole.has("payloads"):
        return None
    entry = whole.object("payloads")
    prefix = entry.text("prefix") if entry.has("prefix") else ""
    place = PayloadPlace.parse(f"s3://{entry.text('bucket')}/{prefix}")
    if place is None:
        raise whole.invalid("payloads", "must name a bucket, and a prefix of letters, digits and !_.*'()/-")
    return place


def _url(queues: Fields, name: str) -> str:
    url = queues.text(name)
    if not url.startswith(("https://", "http://")):
        raise queues.invalid(name, f"must be a queue's URL, not {url!r}")
    return url
