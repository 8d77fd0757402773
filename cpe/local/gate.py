"""One request at a time into a service whose models are not safe for threads.

moto was made for one test in one thread: a queue that is written to while a message is deleted loses what was
written. A `Gate` lets one request in at a time.
A request that has to wait for something (a long poll) leaves the gate while it waits.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import flask

from cpe.local.exchange import CONNECTION, Answer, Connection, NothingLeftError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication, WSGIEnvironment

#: How long a held request sleeps at most, in seconds. What happens by time alone (a time-out, a delayed
#: message) and a client that hung up are seen that late.
TICK = 1.0

# No message, in the JSON protocol of SQS.
_NOTHING = Answer("200 OK", [("Content-Type", "application/x-amz-json-1.0")], b"{}")


class Gate:
    """Lets one request in at a time and wakes those that wait inside when it leaves."""

    def __init__(self) -> None:
        self._turn = threading.Condition()

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Be the one inside; what waits inside looks again afterwards."""
        with self._turn:
            yield
            self._turn.notify_all()

    def wake(self) -> None:
        """Let everybody who waits inside look again whether there is a reason to."""
        with self.passage():
            pass

    def answer(self, app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
        """Let the application answer one request, alone."""
        with self.passage():
            try:
                return Answer.of(app, environ)
            except NothingLeftError:
                return _NOTHING

    def wait(self, seconds: float) -> None:
        """Stand aside until another request went through, at most `seconds`.

        Raises:
            ClientGoneError: Nobody waits for this request's answer any more.
            NothingLeftError: The server winds up.
        """
        self._turn.wait(min(seconds, TICK))
        cast(Connection, flask.request.environ[CONNECTION]).check()

    def attempts(self, seconds: float) -> Iterator[None]:
        """Try at once, and again after every change, until `seconds` have passed."""
        deadline = time.monotonic() + seconds
        yield
        while (left := deadline - time.monotonic()) > 0:
            self.wait(left)
            yield
