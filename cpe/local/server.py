"""The local AWS: one endpoint that answers for SWF, SQS, S3 and SNS."""

from __future__ import annotations

import errno
import functools
import http.client
import threading
from typing import TYPE_CHECKING

from cpe.errors import ConfigError, CpeError
from cpe.local.http import HttpServer
from cpe.local.services import Services, wake_all

if TYPE_CHECKING:
    from types import TracebackType

REGION = "us-east-1"

# Seconds that `stop` takes at most.
_STOP_DELAY = 0.1


class LocalAws:
    """An AWS of one's own, in memory, in this process.

    All instances of one process share their state, since moto keeps it in module globals.

    Args:
        port: TCP port; 0 takes a free one.
        host: Address to listen on. There is no access control: anything but loopback opens it to the network.

    Example:
        >>> with LocalAws() as aws:
        ...     sqs = boto3.client("sqs", endpoint_url=aws.endpoint)  # doctest: +SKIP
    """

    def __init__(self, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._host = host
        self._port = port
        self._server: HttpServer | None = None

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients take as their endpoint."""
        if self._server is None:
            raise CpeError("the local AWS has not been started; call start() first")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def environment(self) -> dict[str, str]:
        """Tell the environment variables under which any AWS SDK finds this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }

    def start(self) -> None:
        """Listen and answer from threads of this process.

        Raises:
            ConfigError: The port is taken (``PORT_IN_USE``) or the address is none of this machine's.
        """
        if self._server is not None:
            return
        try:
            self._server = HttpServer((self._host, self._port), Services())
        except OSError as error:
            raise _cannot_listen(self._host, self._port, error) from error
        serve = functools.partial(self._server.serve_forever, poll_interval=_STOP_DELAY)
        threading.Thread(target=serve, name="local-aws", daemon=True).start()

    def end_polls(self) -> None:
        """Answer every poll that waits, and every later one, with nothing; all else works as before.

        A daemon that was told to end waits for its polls, which else takes up to a minute.
        """
        if self._server is not None:
            self._server.winding_up.set()
            wake_all()

    def stop(self) -> None:
        """Hang up on every client and free the port. State stays until `reset` or the end of the process."""
        if self._server is not None:
            self.end_polls()
            self._server.stop()
            self._server = None

    def reset(self) -> None:
        """Forget everything: domains, executions, queues, buckets, topics."""
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"), timeout=10)
        try:
            connection.request("POST", "/moto-api/reset")
            connection.getresponse().read()
        finally:
            connection.close()

    def __enter__(self) -> LocalAws:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _cannot_listen(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"port {port} on {host} is in use; stop what listens there or choose another with --port",
            code="PORT_IN_USE",
        )
    return ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}", code="CANNOT_LISTEN")
