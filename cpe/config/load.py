"""Loading settings: flags, variables and the file become :class:`~cpe.config.model.Settings`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cpe.config.file import check_file
from cpe.config.layers import Kind, Layers, Origin, lay_over
from cpe.config.model import ActivitySettings, Client, Settings
from cpe.config.payloads import payload_place
from cpe.machine import parse_bytes
from cpe.protocol.references import PayloadPlace

_TIMEOUTS = (
    "defaultTaskHeartbeatTimeout",
    "defaultTaskStartToCloseTimeout",
    "defaultTaskScheduleToStartTimeout",
    "defaultTaskScheduleToCloseTimeout",
)


def load_settings(
    path: Path | None,
    *,
    client_name: str | None = None,
    output_queue: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings.

    Args:
        path: The file; None for the one that ``CPE_CONFIG`` names, if any.
        client_name: The name of the client whose queues ``INPUT_QUEUE`` and ``OUTPUT_QUEUE`` are.
        output_queue: Goes before ``OUTPUT_QUEUE`` where that takes the events of unnamed clients.
        environ: The environment; the process's own by default.

    Raises:
        ConfigError: The file cannot be read, or the variables contradict each other.
        ConfigRefused: The file has findings; the message has a line for each.

    Example:
        >>> environ = {"INPUT_QUEUE": "https://q/1/in", "OUTPUT_QUEUE": "https://q/1/out"}
        >>> load_settings(None, client_name="ClientA", environ=environ).clients[0].output_queue
        'https://q/1/out'
    """
    return settings_of(read_layers(path, client_name=client_name, output_queue=output_queue, environ=environ))


def read_layers(
    path: Path | None,
    *,
    client_name: str | None = None,
    output_queue: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Layers:
    """Read what the settings are made of; see :func:`load_settings`."""
    environ = os.environ if environ is None else environ
    config = Origin(Kind.FLAG, "--config")
    if path is None and environ.get("CPE_CONFIG"):
        path, config = Path(environ["CPE_CONFIG"]), Origin(Kind.VARIABLE, "CPE_CONFIG")
    layers = lay_over(environ, client_name=client_name, output_queue=output_queue)
    return layers if path is None else replace(layers, source=check_file(path), config=config)


def settings_of(layers: Layers) -> Settings:
    """Make settings of all that was said."""
    tree = layers.tree
    file = None if layers.source is None else Path(layers.source.file)
    folder = Path.cwd() if file is None else file.resolve().parent
    scratch = tree.get("scratch")
    if scratch is not None:
        # A file's paths are relative to the file, others to where the program was started.
        scratch = folder / scratch if layers.origin(("scratch",)).kind is Kind.FILE else Path(scratch)
    return Settings(
        clients=tuple(
            Client(
                name=client["name"],
                input_queue=client["queues"]["input"],
                output_queue=client["queues"]["output"],
            )
            for client in tree.get("clients", [])
        ),
        activities=tuple(_activity(entry, folder) for entry in tree.get("activities", [])),
        domain=tree.get("domain"),
        scratch=scratch,
        output_queue=tree.get("output_queue"),
        payloads=_payloads(tree.get("payloads")),
        source=file,
    )


def _payloads(entry: Mapping[str, str] | None) -> PayloadPlace | None:
    if entry is None:
        return None
    return payload_place(f"s3://{entry['bucket']}/{entry.get('prefix', '')}", source="payloads")


def _activity(entry: Mapping[str, Any], folder: Path) -> ActivitySettings:
    return ActivitySettings(
        name=entry["name"],
        version=entry["version"],
        class_name=entry["class"],
        description=entry.get("description", ""),
        default_timeouts={name: str(entry[name]) for name in _TIMEOUTS if name in entry},
        file=folder / entry["file"] if "file" in entry else None,
        settings=entry.get("settings", {}),
        cpu=entry.get("cpu"),
        memory=parse_bytes(entry["memory"]) if "memory" in entry else None,
    )
