"""Flags above variables above the file: what counts, and where each value came from.

================= ==================================================================================
``CPE_CONFIG``    the file, when no flag names one
``CPE_DOMAIN``    the stack's SWF domain; goes before the file's ``domain``
``CPE_SCRATCH``   the scratch root; goes before the file's ``scratch``
``CPE_PAYLOADS``  where large payloads lie, as ``s3://bucket/prefix``; goes before the file's ``payloads``
``INPUT_QUEUE``   URL of the one client's input queue, for an input poller that is given the client's name;
                  needs ``OUTPUT_QUEUE``
``OUTPUT_QUEUE``  URL of that client's output queue; alone it takes the events of every client that the
                  file does not name, before the file's ``output_queue``
================= ==================================================================================

boto3 reads its own ``AWS_*`` variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpe.config.check import find_problems
from cpe.config.payloads import payload_place
from cpe.errors import ConfigError
from cpe.source import Path, Source

_VARIABLES = {"CPE_DOMAIN": "domain", "CPE_SCRATCH": "scratch", "OUTPUT_QUEUE": "output_queue"}
"""Variables that say what the file says under a key of its own."""


class Kind(StrEnum):
    """What a value can come from."""

    FLAG = "flag"
    VARIABLE = "variable"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a flag or variable by its name, a file as ``file:line``.

    Example:
        >>> str(Origin(Kind.VARIABLE, "CPE_SCRATCH"))
        'CPE_SCRATCH'
    """

    kind: Kind
    place: str = ""

    def __str__(self) -> str:
        return self.place or str(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """All that was said.

    Attributes:
        source: The file's tree; None without a file.
        config: Where the file's name came from.
        above: What flags and variables say, in the file's layout; each goes before the same key of the file.
        origins: Where the values in `above` came from, by their paths.
    """

    source: Source | None = None
    config: Origin = Origin(Kind.DEFAULT)
    above: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[Path, Origin] = field(default_factory=dict)

    @property
    def file_tree(self) -> Mapping[str, Any]:
        """What the file says."""
        return (self.source.value if self.source else None) or {}

    @property
    def tree(self) -> Mapping[str, Any]:
        """The configuration that counts, in the file's layout."""
        return {**self.file_tree, **self.above}

    def origin(self, path: Path) -> Origin:
        """Tell where the value at a path came from."""
        if path[0] in self.above:
            # What one variable says may be a whole mapping.
            while path not in self.origins:
                path = path[:-1]
            return self.origins[path]
        if self.source is None or path[0] not in self.file_tree:
            return Origin(Kind.DEFAULT)
        return Origin(Kind.FILE, f"{self.source.file}:{self.source.place(path).line + 1}")


def lay_over(environ: Mapping[str, str], *, client_name: str | None, output_queue: str | None) -> Layers:
    """Lay out what variables and flags say.

    Args:
        environ: The environment.
        client_name: What ``--name`` says: whose queues ``INPUT_QUEUE`` and ``OUTPUT_QUEUE`` are.
        output_queue: What ``--output-queue`` says.

    Raises:
        ConfigError: A variable or flag has a value that cannot be, or they contradict each other.
    """
    above: dict[str, Any] = {}
    origins: dict[Path, Origin] = {}
    for variable, key in _VARIABLES.items():
        if text := environ.get(variable):
            above[key] = text
            origins[(key,)] = Origin(Kind.VARIABLE, variable)
    if url := environ.get("CPE_PAYLOADS"):
        place = payload_place(url, source="CPE_PAYLOADS")
        above["payloads"] = {"bucket": place.bucket, "prefix": place.prefix}
        origins[("payloads",)] = Origin(Kind.VARIABLE, "CPE_PAYLOADS")
    if output_queue:
        above["output_queue"] = output_queue
        origins[("output_queue",)] = Origin(Kind.FLAG, "--output-queue")
    if (url := environ.get("INPUT_QUEUE")) and client_name is not None:
        if not environ.get("OUTPUT_QUEUE"):
            message = "INPUT_QUEUE is set without OUTPUT_QUEUE; set both"
            raise ConfigError(message, code="OUTPUT_QUEUE_MISSING")
        queues = {"input": url, "output": environ["OUTPUT_QUEUE"]}
        above["clients"] = [{"name": client_name, "queues": queues}]
        origins[("clients",)] = Origin(Kind.VARIABLE, "INPUT_QUEUE")
        origins[("clients", 0, "name")] = Origin(Kind.FLAG, "--name")
        origins[("clients", 0, "queues", "output")] = Origin(Kind.VARIABLE, "OUTPUT_QUEUE")
    layers = Layers(above=above, origins=origins)
    for problem in find_problems(above):
        origin = layers.origin(problem.path)
        raise ConfigError(f"{origin}: {problem.message}", code="CONFIG_INVALID")
    return layers
