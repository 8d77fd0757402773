"""A port for what must know it beforehand."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port() -> int:
    """A port of this machine that nobody has, and that the system gives to nobody who asks for any."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
