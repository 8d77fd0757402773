"""The local AWS: one endpoint that answers for SWF, SQS, S3 and SNS."""

from __future__ import annotations

import contextlib
import errno
import functools
import http.client
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cpe.errors import ConfigError, CpeError
from cpe.local.faults import FaultInjector, FaultPlan
from cpe.local.http import HttpServer
from cpe.local.recording import Recording
from cpe.local.services import Services
from cpe.local.swf.model import TARGET_PREFIX
from cpe.local.swf.service import SwfService
from cpe.local.swf.store.journal import Journal
from cpe.local.swf.store.memory import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from cpe.local.swf.clock import Clock

REGION = "us-east-1"

# Seconds that `stop` takes at most.
_STOP_DELAY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """What lives from a start to a stop."""

    server: HttpServer
    services: Services
    files: contextlib.ExitStack


class LocalAws:
    """An AWS of one's own, in this process.

    Each instance has an SWF of its own, from `start` to `stop`. Queues, buckets and topics are shared by all
    instances of one process, since moto keeps them in module globals, and always in memory.

    Args:
        port: TCP port; 0 takes a free one.
        host: Address to listen on. There is no access control: anything but loopback opens it to the network.
        data: A directory where SWF's domains, types and executions outlive the process; None keeps them in
            memory.
        faults: What goes wrong from the start on.
        clock: SWF's clock; a new one, at the system's time, by default.
        record: A file that gets a line of JSON for each message that is sent to a queue of this endpoint.

    Example:
        >>> with LocalAws() as aws:
        ...     sqs = boto3.client("sqs", endpoint_url=aws.endpoint)  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        data: Path | None = None,
        faults: FaultPlan | None = None,
        clock: Clock | None = None,
        record: Path | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._data = data
        self._faults = faults or FaultPlan()
        self._clock = clock
        self._record = record
        self._running: _Running | None = None

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients take as their endpoint."""
        if self._running is None:
            raise CpeError("the local AWS has not been started; call start() first")
        host, port = self._running.server.server_address[:2]
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
            ConfigError: The port is taken (``PORT_IN_USE``), the address is none of this machine's, or the
                data directory or the record cannot be used.
        """
        if self._running is not None:
            return
        with contextlib.ExitStack() as opened:
            record = None
            if self._record is not None:
                record = Recording(self._record)
                opened.callback(record.close)
            swf = SwfService(Journal(self._data) if self._data else MemoryStore(), self._clock)
            opened.callback(swf.close)
            services = Services(swf=swf, faults=FaultInjector(self._faults), record=record)
            try:
                server = HttpServer((self._host, self._port), services, small_target=TARGET_PREFIX)
            except OSError as error:
                raise _cannot_listen(self._host, self._port, error) from error
            self._running = _Running(server=server, services=services, files=opened.pop_all())
        serve = functools.partial(server.serve_forever, poll_interval=_STOP_DELAY)
        threading.Thread(target=serve, name="local-aws", daemon=True).start()

    def end_polls(self) -> None:
        """Answer every poll that waits, and every later one, with nothing; all else works as before.

        A daemon that was told to end waits for its polls, which else takes up to a minute.
        """
        if self._running is not None:
            self._running.server.winding_up.set()
            self._running.services.end_polls()

    def stop(self) -> None:
        """Hang up on every client, free the port, and close the journal and the record.

        SWF's state ends here, but for what is in the journal. That of the other services stays until `reset`
        or the end of the process.
        """
        if self._running is not None:
            self.end_polls()
            self._running.server.stop()
            self._running.files.close()
            self._running = None

    def reset(self) -> None:
        """Forget everything: domains, executions, queues, buckets, topics; clock and faults start anew."""
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
