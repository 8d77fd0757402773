"""A threaded HTTP/1.1 server for one application.

werkzeug's own server closes the connection after every answer. AWS clients keep theirs and make hundreds of
small calls, so this one keeps connections open and sends each answer in one piece and at once. Python's own
way to read a request's head, through the parser of mail, takes longer than SWF needs for its answer; here a
head is read line by line.
"""

from __future__ import annotations

import email.utils
import functools
import io
import logging
import socket
import socketserver
import threading
import time
from http import HTTPStatus
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

from cpe.local.exchange import CONNECTION, Answer, ClientGoneError, Connection

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from cpe.local.exchange import Application

_log = logging.getLogger(__name__)

# Bounds of a request's head; those of Python's own server.
_LONGEST_LINE = 65536
_MOST_FIELDS = 100

# An answer's body up to this many bytes is sent in one piece with its head.
_ONE_PIECE = 64 * 1024

# What this server says itself; the length of what a HEAD did not send only the application knows.
_OWN_FIELDS = frozenset({"connection", "date", "server"})
_OWN_FIELDS_WITH_BODY = _OWN_FIELDS | {"content-length"}


class BadRequestError(Exception):
    """A request that cannot be read; nothing after it on its connection can."""


class RequestHandler(MotoRequestHandler):
    """One connection. Inherits how moto wants the WSGI environment; answers and keeps the connection open."""

    disable_nagle_algorithm = True
    server: HttpServer  # type: ignore[assignment]  # has what werkzeug's has, as far as it is asked for

    def parse_request(self) -> bool:
        """Read a request's head; say whether it is one."""
        self.close_connection = True
        self.command = ""
        try:
            self.command, self.path, self.request_version = _request_line(self.raw_requestline)
            self._fields = self._read_fields()
        except BadRequestError as error:
            self._refuse(error)
            return False
        wish = self._field("connection").lower()
        self.close_connection = wish == "close" or (
            self.request_version == "HTTP/1.0" and wish != "keep-alive"
        )
        if self._field("expect").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def run_wsgi(self) -> None:
        """Answer one request."""
        try:
            environ = self._environ()
        except BadRequestError as error:
            self._refuse(error)
            return
        try:
            answer = self.server.app(environ)
        except ClientGoneError:
            self.close_connection = True
            return
        except Exception:
            _log.exception("%s %s failed", self.command, self.path)
            answer = Answer("500 Internal Server Error", [], b"internal failure\n")
        self._send(answer)

    def _read_fields(self) -> dict[str, tuple[str, str]]:
        """Read the header's fields: by the name in lower case, the name as written and the value."""
        fields: dict[str, tuple[str, str]] = {}
        for _ in range(_MOST_FIELDS + 1):
            line = self.rfile.readline(_LONGEST_LINE + 1)
            if line in {b"\r\n", b"\n"}:
                return fields
            name, colon, value = line.decode("latin-1").partition(":")
            if not (colon and line.endswith(b"\n")) or name != name.strip():
                raise BadRequestError("a line of the header is no field, or too long")
            key, value = name.lower(), value.strip()
            fields[key] = (name, f"{fields[key][1]},{value}" if key in fields else value)
        raise BadRequestError(f"the header has more than {_MOST_FIELDS} fields")

    def _field(self, name: str) -> str:
        return self._fields.get(name, ("", ""))[1]

    def _environ(self) -> WSGIEnvironment:
        """Make the WSGI environment, with the whole body: the next request follows it, whatever happens."""
        chunked = "transfer-encoding" in self._fields
        if self._field("x-amz-target").startswith(self.server.small_target) and not chunked:
            environ = self._small_environ()
        else:
            self.headers = HTTPMessage()
            for name, value in self._fields.values():
                self.headers[name] = value
            environ = self.make_environ()
        body = self._read_chunks(environ) if chunked else self._read_body()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)  # undone above; moto would undo it again
        environ[CONNECTION] = Connection(self.connection, self.server.winding_up)
        return environ

    def _small_environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ = {"REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query}
        for name in ("authorization", "x-amz-target"):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = self._field(name)
        return environ

    def _read_body(self) -> bytes:
        length = self._field("content-length") or "0"
        if not (length.isascii() and length.isdigit()):
            raise BadRequestError("Content-Length is no number")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise BadRequestError("the body is shorter than Content-Length says")
        return body

    def _read_chunks(self, environ: WSGIEnvironment) -> bytes:
        if not environ.get("wsgi.input_terminated"):
            raise BadRequestError("chunked is the only Transfer-Encoding here")
        try:
            return bytes(environ["wsgi.input"].read())
        except (OSError, ValueError) as error:
            raise BadRequestError(f"the chunks cannot be read: {error}") from error

    def _refuse(self, error: BadRequestError) -> None:
        self.close_connection = True
        self._send(Answer("400 Bad Request", [("Content-Type", "text/plain")], f"{error}\n".encode()))

    def _send(self, answer: Answer) -> None:
        status = int(answer.status.partition(" ")[0])
        bodiless = self.command == "HEAD" or status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        own = _OWN_FIELDS if bodiless else _OWN_FIELDS_WITH_BODY
        head = [f"HTTP/1.1 {answer.status}", f"Server: {self.server_version}", f"Date: {_date()}"]
        head += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in own]
        if not bodiless:
            head.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            head.append("Connection: close")
        sent = "\r\n".join([*head, "", ""]).encode("latin-1")
        body = b"" if bodiless else answer.body
        if len(body) <= _ONE_PIECE:
            self.wfile.write(sent + body)
        else:
            self.wfile.write(sent)
            self.wfile.write(body)


class HttpServer(socketserver.ThreadingTCPServer):
    """A thread per connection; threads end with the process or with `stop`.

    Args:
        address: Host and port; port 0 takes a free one.
        app: Answers the requests.
        small_target: Requests whose ``X-Amz-Target`` begins so come with the method, path, target, signature
            and body alone: making moto's environment takes longer than answering them.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # What werkzeug's request handler asks its server for:
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "cpe-local"

    def __init__(self, address: tuple[str, int], app: Application, *, small_target: str) -> None:
        self.app = app
        self.small_target = small_target
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


def _request_line(line: bytes) -> tuple[str, str, str]:
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:  # noqa: PLR2004 - method, path, version
        raise BadRequestError("the first line is no request of HTTP/1.1")
    return words[0], words[1], words[2]


def _date() -> str:
    return _date_of(int(time.time()))


@functools.lru_cache(maxsize=1)
def _date_of(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
