"""The servers to measure, each a process of its own: ours, and moto's as it comes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DEADLINE = 30.0


@contextmanager
def ours(data: Path | None = None) -> Iterator[str]:
    """Run `cpe local`, with a journal in `data` if that is given; yields the endpoint."""
    command = [sys.executable, "-m", "cpe.cli.main", "local", "--port", "0", "--json"]
    if data is not None:
        command += ["--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield str(json.loads(process.stdout.readline())["endpoint"])
        finally:
            process.kill()


@contextmanager
def motos() -> Iterator[str]:
    """Run moto's own server; yields the endpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("moto's server did not start") from None
            time.sleep(0.05)
        else:
            return
