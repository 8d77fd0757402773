"""A proxy on loopback that counts what passes: the one gauge that fits every decider.

It knows as much of HTTP/1.1 as an SDK and the local AWS use between them: kept connections, bodies with a
Content-Length. It changes nothing.
"""

from __future__ import annotations

import io
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

_HISTORY = frozenset({"PollForDecisionTask", "GetWorkflowExecutionHistory"})
_DECISION = "RespondDecisionTaskCompleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What has passed so far.

    Attributes:
        decisions: Decision tasks answered, and the answer taken.
        refused: Answers to decision tasks that were refused.
        history_bytes: Bodies of the answers to PollForDecisionTask and GetWorkflowExecutionHistory.
    """

    decisions: int = 0
    refused: int = 0
    history_bytes: int = 0

    def __sub__(self, earlier: Counts) -> Counts:
        return Counts(
            decisions=self.decisions - earlier.decisions,
            refused=self.refused - earlier.refused,
            history_bytes=self.history_bytes - earlier.history_bytes,
        )


class _Message(NamedTuple):
    """A request or an answer, as it came."""

    start: bytes
    fields: dict[str, str]
    whole: bytes
    body_size: int


class Proxy(socketserver.ThreadingTCPServer):
    """A thread per connection, each with a connection of its own to the endpoint.

    Args:
        upstream: The endpoint behind it.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self.upstream = (str(parts.hostname), int(parts.port or 80))
        self._lock = threading.Lock()
        self._decisions = self._refused = self._history_bytes = 0
        super().__init__(("127.0.0.1", 0), _Connection)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def counts(self) -> Counts:
        """Tell what has passed so far."""
        with self._lock:
            return Counts(decisions=self._decisions, refused=self._refused, history_bytes=self._history_bytes)

    def count(self, request: _Message, answer: _Message) -> None:
        """Count one exchange."""
        operation = request.fields.get("x-amz-target", "").rpartition(".")[2]
        taken = answer.start.split()[1] == b"200"
        with self._lock:
            if operation in _HISTORY:
                self._history_bytes += answer.body_size
            elif operation == _DECISION:
                self._decisions += taken
                self._refused += not taken


class _Connection(socketserver.StreamRequestHandler):
    """One connection: requests to the endpoint, answers back."""

    disable_nagle_algorithm = True
    server: Proxy

    def handle(self) -> None:
        """Relay until either side hangs up."""
        with (
            socket.create_connection(self.server.upstream) as upstream,
            upstream.makefile("rb") as answers,
        ):
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while request := _read(self.rfile):
                    upstream.sendall(request.whole)
                    answer = _read(answers)
                    if answer is None:
                        return
                    self.server.count(request, answer)
                    self.wfile.write(answer.whole)
                    if answer.fields.get("connection", "").lower() == "close":
                        return
            except OSError:
                return  # a side that was killed


@contextmanager
def counting(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of an endpoint for a block."""
    with Proxy(upstream) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()


def _read(stream: io.BufferedIOBase) -> _Message | None:
    """Read one message; None when the other side has hung up."""
    start = stream.readline()
    if not start:
        return None
    lines, fields = [start], {}
    while (line := stream.readline()).strip():
        lines.append(line)
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    size = int(fields.get("content-length", "0"))
    return _Message(start, fields, b"".join([*lines, line, stream.read(size)]), size)
