"""The least an SWF client can be: one connection, JSON in, JSON out.

botocore spends more on a call than a good server does; with this client a benchmark measures the server.
It keeps its connection for as long as the server does, and signs nothing: the signature names the service
and is not checked by any local AWS.
"""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

_HEADERS = (
    "POST / HTTP/1.1\r\n"
    "Host: {host}\r\n"
    "X-Amz-Target: SimpleWorkflowService.{operation}\r\n"
    "Content-Type: application/x-amz-json-1.0\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=local/20260131/us-east-1/swf/aws4_request, "
    "SignedHeaders=host, Signature=none\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
)
_TIMEOUT = 120.0


class SwfError(Exception):
    """SWF answered with a fault.

    Attributes:
        fault: Its name, without the namespace; the HTTP status if it has none.
    """

    def __init__(self, status: int, body: bytes) -> None:
        try:
            answer = json.loads(body)
        except ValueError:  # moto answers what it did not expect with a web page
            answer = {}
        self.fault = str(answer.get("__type", status)).rpartition("#")[2]
        super().__init__(f"{self.fault}: {answer.get('message')}")


class SwfClient:
    """One connection.

    Args:
        endpoint: Where: ``http://host:port``.
    """

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._address = (str(parts.hostname), int(parts.port or 80))
        self._socket: socket.socket | None = None
        self._rest = b""

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation.

        Raises:
            SwfError: A fault.
            OSError: No answer.
        """
        self.send(operation, **params)
        return self.receive()

    def send(self, operation: str, **params: Any) -> None:
        """Send a request; its answer is to be fetched with `receive`."""
        body = json.dumps(params).encode()
        head = _HEADERS.format(host=self._address[0], operation=operation, length=len(body))
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(head.encode() + body)

    def receive(self) -> dict[str, Any]:
        """Wait for the answer to the request that was sent."""
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        status, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self._read(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close" or status.startswith("HTTP/1.0"):
            self.close()
        code = int(status.split()[1])
        if code != 200:
            raise SwfError(code, body)
        return dict(json.loads(body)) if body else {}

    def fileno(self) -> int:
        """Tell the socket's number, so that it can be waited for."""
        assert self._socket is not None
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._rest += self._more()
        head, _, self._rest = self._rest.partition(mark)
        return head

    def _read(self, length: int) -> bytes:
        chunks, missing = [self._rest], length - len(self._rest)
        while missing > 0:
            chunks.append(self._more())
            missing -= len(chunks[-1])
        whole = b"".join(chunks)
        self._rest = whole[length:]
        return whole[:length]

    def _more(self) -> bytes:
        assert self._socket is not None
        chunk = self._socket.recv(1 << 16)
        if not chunk:
            self.close()
            raise ConnectionResetError("the server hung up")
        return chunk
