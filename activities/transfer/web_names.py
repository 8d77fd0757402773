"""Host names looked up within a time.

The system's resolver knows no deadline, and nothing breaks it off: a name server that stays silent holds it
for half a minute, a name service that hangs for ever. So it works in a thread beside, which is left behind
when nobody waits any more. Such threads are daemons, which hold up no exit, and there are only so many.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from activities.transfer.web_line import Line

LOOKUP_SECONDS = 30.0
_MOST_LOOKUPS = 128
_room = threading.BoundedSemaphore(_MOST_LOOKUPS)

Resolve = Callable[[str, int], "list[str]"]


def resolve(host: str, port: int) -> list[str]:
    """Return all IP addresses of a host name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def look_up(host: str, port: int, *, line: Line, seconds: float) -> list[str]:
    """Return all IP addresses of a host name.

    Args:
        host: The name.
        port: Where it will be asked.
        line: Ends the wait when it is cut.
        seconds: How long to wait at most.

    Raises:
        OSError: There is no such host, or it could not be found out in time.
        UnicodeError: It can be no name.
        concurrent.futures.CancelledError: The line was cut.
    """
    if not _room.acquire(blocking=False):
        raise OSError(f"{_MOST_LOOKUPS} names are being looked up already")
    found: Future[list[str]] = Future()
    line.hold(found.cancel)
    threading.Thread(target=_resolve, args=(host, port, found), name="lookup", daemon=True).start()
    return found.result(seconds)


def _resolve(host: str, port: int, found: Future[list[str]]) -> None:
    with suppress(InvalidStateError):  # nobody waits any more
        try:
            found.set_result(resolve(host, port))
        except Exception as error:  # whoever waits gets it
            found.set_exception(error)
        finally:
            _room.release()
