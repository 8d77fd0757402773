"""A threaded HTTP/1.1 server for one WSGI application.

werkzeug's own server closes the connection after every answer. AWS clients keep theirs and make hundreds of
small calls, so this one keeps connections open, sends each answer in one piece and at once.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import socketserver
import struct
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIApplication

_log = logging.getLogger(__name__)

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


class RequestHandler(MotoRequestHandler):
    """One connection. Inherits how moto wants the WSGI environment; answers and keeps the connection open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpServer  # type: ignore[assignment]  # has what werkzeug's has, as far as it is asked for

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        # The whole body is read, whatever the application does with it: the next request follows it.
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)  # undone above; moto would undo it again
        environ[CONNECTION] = Connection(self.connection, self.server.winding_up)
        try:
            answer = Answer.of(self.server.app, environ)
        except ClientGoneError:
            self.close_connection = True
            return
        except Exception:
            _log.exception("%s %s failed", self.command, self.path)
            answer = Answer("500 Internal Server Error", [], b"internal failure\n")
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        status, _, reason = answer.status.partition(" ")
        bodiless = self.command == "HEAD" or int(status) in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        # What this server says itself; the length of what a HEAD did not send only the application knows.
        own = {"connection", "date", "server"} | (set() if bodiless else {"content-length"})
        self.send_response(int(status), reason)
        for name, value in answer.headers:
            if name.lower() not in own:
                self.send_header(name, value)
        if not bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        self._headers_buffer.append(b"\r\n" if bodiless else b"\r\n" + answer.body)
        self.flush_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: polls and heartbeats would drown everything else."""


class Answer:
    """A WSGI application's whole answer."""

    def __init__(self, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = list(headers)
        self.body = body

    @classmethod
    def of(cls, app: WSGIApplication, environ: dict[str, Any]) -> Answer:
        """Call the application and read its answer to the end."""
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


class HttpServer(socketserver.ThreadingTCPServer):
    """A thread per connection; threads end with the process or with `stop`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # What werkzeug's request handler asks its server for:
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "cpe-local"

    def __init__(self, address: tuple[str, int], app: WSGIApplication) -> None:
        self.app = app
        self.winding_up = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(address, RequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        """Take no more requests and hang up on every client."""
        self.winding_up.set()
        self.shutdown()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                _log.debug("a connection was closed already")
        self.server_close()
