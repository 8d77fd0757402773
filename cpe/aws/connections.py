"""Connections that are kept between calls: Python's own, one caller at a time each."""

from __future__ import annotations

import select
import socket
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLContext
from urllib.parse import urlsplit


class Unreachable(OSError):
    """No connection could be had, or nothing came over it in time; its cause says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered, read to its end."""

    status: int
    content: bytes


class Connections:
    """Connections to the hosts that are asked for, as many as there are callers at once. Thread-safe.

    Args:
        context: How to know a server by its certificate.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for each piece of an answer.
    """

    def __init__(self, context: SSLContext, *, connect_timeout: float, read_timeout: float) -> None:
        self._context = context
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._idle: dict[tuple[str, str], deque[HTTPConnection]] = {}
        weakref.finalize(self, _close, self._idle)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response | None:
        """Send a request once. None: no answer came, or not the whole; the request may have arrived.

        Args:
            method: ``"PUT"``, ``"POST"``.
            url: Where to, quoted.
            headers: Those of the request; ``Host`` and ``Content-Length`` are added.
            body: What is sent.

        Raises:
            Unreachable: Whoever asks again soon would wait in vain again.
        """
        parts = urlsplit(url)
        idle = self._idle.setdefault((parts.scheme, parts.netloc), deque())
        connection = _usable(idle)
        try:
            if connection is None:
                connection = self._connect(parts.scheme, parts.netloc)
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            response = Response(status=answer.status, content=answer.read())
        except (OSError, HTTPException) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, Unreachable):
                raise
            if isinstance(error, TimeoutError):
                raise Unreachable from error
            return None
        if connection.sock is not None:  # else the server wanted it closed
            idle.append(connection)
        return response

    def _connect(self, scheme: str, netloc: str) -> HTTPConnection:
        connection = (
            HTTPSConnection(netloc, timeout=self._connect_timeout, context=self._context)
            if scheme == "https"
            else HTTPConnection(netloc, timeout=self._connect_timeout)
        )
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Unreachable from error
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sock.settimeout(self._read_timeout)
        return connection


def _usable(idle: deque[HTTPConnection]) -> HTTPConnection | None:
    """Take the connection that was used last, unless its server hung up meanwhile."""
    while idle:
        try:
            connection = idle.pop()
        except IndexError:  # another thread took it
            return None
        if not _has_news(connection.sock):
            return connection
        connection.close()
    return None


def _has_news(sock: socket.socket) -> bool:
    """Tell whether there is something to read: of a connection that is asked nothing, its end."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _close(idle: Mapping[tuple[str, str], deque[HTTPConnection]]) -> None:
    for kept in idle.values():
        while kept:
            kept.pop().close()
