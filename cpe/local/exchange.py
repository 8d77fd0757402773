"""One exchange over HTTP as an application sees it: who waits for the answer, and the answer."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from wsgiref.types import WSGIApplication, WSGIEnvironment

#: The key in a WSGI environment under which an application finds its `Connection`.
CONNECTION = "cpe.local.connection"

# Seconds after which a held request sees that its client is gone.
_TICK = 0.1


class ClientGoneError(ConnectionError):
    """Nobody waits for the answer any more."""


class NothingLeftError(Exception):
    """The server winds up: whoever waits is to be told that nothing came."""


class Connection:
    """What an application that holds a request back needs to know about who waits for it."""

    def __init__(self, sock: socket.socket, winding_up: threading.Event) -> None:
        self._socket = sock
        self._winding_up = winding_up

    def check(self) -> None:
        """Raise `NothingLeftError` or `ClientGoneError` unless there is a reason to go on waiting."""
        if self._winding_up.is_set():
            raise NothingLeftError
        try:
            gone = self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            gone = False
        except OSError:
            gone = True
        if gone:
            raise ClientGoneError("the client hung up")

    def hold(self, seconds: float) -> None:
        """Wait, but no longer than somebody waits for the answer; raises what `check` raises."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            self._winding_up.wait(min(left, _TICK))
            self.check()

    def cut(self) -> None:
        """Hang up without a word: the client's system says that the connection was reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Closed at once; whoever shuts the socket down first ends the connection in good order.
        os.close(self._socket.detach())


class Answer:
    """An application's whole answer."""

    def __init__(self, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = list(headers)
        self.body = body

    @classmethod
    def of(cls, app: WSGIApplication, environ: dict[str, Any]) -> Answer:
        """Call a WSGI application and read its answer to the end."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            started.append((status, headers))
            return written.append

        chunks = app(environ, start_response)
        try:
            written.extend(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        status, headers = started[-1]
        return cls(status, headers, b"".join(written))


Application: TypeAlias = Callable[[WSGIEnvironment], Answer]
"""Answers a request; raises `ClientGoneError` when there is nobody to answer."""
