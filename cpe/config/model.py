"""Settings as the daemons see them: who the clients are and what a worker can run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cpe.errors import ConfigError
from cpe.protocol.references import PayloadPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client and the URLs of its two queues."""

    name: str
    input_queue: str
    output_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings:
    """An activity that a worker can run.

    Attributes:
        name, version: The SWF activity type.
        description: Shown by SWF.
        default_timeouts: What the type is registered with, under SWF's names, as SWF durations.
        class_name: ``module:Class``, or the bare name of a class in `file`.
        file: The Python file, absolute; None for an importable module.
        settings: Handed to the activity.
        cpu: Processors that one task takes, a fraction for a part of one; None where nobody said.
        memory: Bytes that one task takes; None where nobody said.
    """

    name: str
    version: str
    class_name: str
    description: str = ""
    default_timeouts: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a process.

    Attributes:
        clients: Known clients, by unique name.
        activities: Known activities, by unique name and version.
        domain: The stack's one SWF domain, if it is bound to one.
        scratch: Root of the workers' scratch directories; None for the default.
        output_queue: Where events of clients go that are not in `clients`; None drops them.
        payloads: Where payloads lie that are too large for SWF and SQS; None if they have no place.
        source: The file that the settings came from.
    """

    clients: tuple[Client, ...] = ()
    activities: tuple[ActivitySettings, ...] = ()
    domain: str | None = None
    scratch: Path | None = None
    output_queue: str | None = None
    payloads: PayloadPlace | None = None
    source: Path | None = None

    def output_queue_of(self, client: str | None) -> str | None:
        """Tell where a client's events go; None if nobody wants them."""
        for known in self.clients:
            if known.name == client:
                return known.output_queue
        return self.output_queue

    def activity(self, name: str, version: str) -> ActivitySettings:
        """Find an activity.

        Raises:
            ConfigError: It is not configured.
        """
        for known in self.activities:
            if (known.name, known.version) == (name, version):
                return known
        place = self.source or "no configuration file was given: use --config or CPE_CONFIG"
        names = ", ".join(f"{known.name} {known.version}" for known in self.activities) or "none"
        raise ConfigError(
            f"activity {name} {version} is not configured ({place}); configured are: {names}",
            code="ACTIVITY_NOT_CONFIGURED",
        )

    def scratch_root(self) -> Path:
        """Tell where scratch directories go; by default a folder of the user's own in the temporary one."""
        return self.scratch or Path(tempfile.gettempdir()) / f"cpe-{os.getuid()}"
