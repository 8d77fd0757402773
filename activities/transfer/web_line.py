"""The connection of a download, and how it is cut: when its time is up, or when nobody wants it any more.

A server that sends a byte now and then keeps every wait for data alive, in its headers as in its body. Only a
clock beside it ends that.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from cpe.errors import ActivityError


class Line:
    """The connection that a download has at the moment; redirects give it another one.

    Example:
        >>> line = Line()
        >>> with line.within(3600, "It did not arrive."):
        ...     line.check()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end: Callable[[], object] | None = None
        self._is_cut = False
        self._complaint: str | None = None

    def hold(self, end: Callable[[], object]) -> None:
        """Take what ends the connection, or the wait for one; it is called at once if all is over already."""
        with self._lock:
            self._end = end
            if self._is_cut:
                end()

    def cut(self) -> None:
        """End what is held, from any thread: whoever waits for it finds that it is over."""
        with self._lock:
            self._is_cut = True
            if self._end is not None:
                self._end()

    @contextmanager
    def within(self, seconds: float, complaint: str) -> Iterator[None]:
        """Cut the connection when the block has lasted so many seconds; :meth:`check` then complains."""

        def expire() -> None:
            self._complaint = complaint
            self.cut()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def check(self) -> None:
        """Raise ``DOWNLOAD_TIMEOUT``, retryable, if time was up: what came by then may be anything."""
        if self._complaint is not None:
            raise ActivityError(self._complaint, code="DOWNLOAD_TIMEOUT", retryable=True)


class _HeldConnection(HTTPConnection):
    def __init__(self, *arguments: Any, line: Line, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._line = line

    def connect(self) -> None:
        super().connect()
        self._line.hold(partial(_shut, self.sock))


class _HeldTLSConnection(HTTPSConnection):
    def __init__(self, *arguments: Any, line: Line, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._line = line

    def connect(self) -> None:
        # The timeout of connecting bounds a whole handshake.
        super().connect()
        self._line.hold(partial(_shut, self.sock))


class HeldPool(HTTPConnectionPool):
    """Connections that are held by the `line` that they are made with."""

    ConnectionCls = _HeldConnection


class HeldTLSPool(HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = _HeldTLSConnection


def _shut(connected: socket.socket) -> None:
    # It may be closed already.
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
