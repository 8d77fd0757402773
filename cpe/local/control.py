"""The endpoint's own paths, beside those of the services.

============================  ==========================================================================
``GET /cpe-local/health``     ``{"status": "ok", "services": […]}`` as soon as the endpoint answers
``GET /cpe-local/clock``      ``{"now": epoch seconds, "offset": seconds ahead of the system's clock}``
``POST /cpe-local/clock``     takes ``{"advance": seconds}``, lets everything happen that is due by then, and
                              answers as GET does; the clock is SWF's alone, queues and objects keep the
                              system's time
``…  /cpe-local/faults``      see :mod:`cpe.local.faults.control`
``POST /moto-api/reset``      every service forgets everything; clock and faults are as at the start
============================  ==========================================================================
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cpe.local.exchange import Answer

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from cpe.local.swf.service import SwfService

#: What precedes every path of the endpoint's own.
PREFIX = "/cpe-local/"
HEALTH = f"{PREFIX}health"
CLOCK = f"{PREFIX}clock"
SERVICES = ("s3", "sns", "sqs", "swf")


def answer(swf: SwfService, environ: WSGIEnvironment) -> Answer:
    """Answer for health and clock; any other path is unknown."""
    method = environ["REQUEST_METHOD"]
    match environ["PATH_INFO"], method:
        case (path, "GET" | "HEAD") if path == HEALTH:
            return _json("200 OK", {"status": "ok", "services": SERVICES})
        case (path, "GET" | "HEAD") if path == CLOCK:
            return _json("200 OK", {"now": swf.now(), "offset": swf.clock_offset})
        case (path, "POST") if path == CLOCK:
            return _advance(swf, environ["wsgi.input"].read())
        case (path, _) if path in {HEALTH, CLOCK}:
            message = f"{method} is nothing that {path} knows"
            return _json("405 Method Not Allowed", {"code": "METHOD_NOT_ALLOWED", "message": message})
        case (path, _):
            message = f"there is no {path}; there are {HEALTH}, {CLOCK} and {PREFIX}faults"
            return _json("404 Not Found", {"code": "NOT_FOUND", "message": message})


def _advance(swf: SwfService, body: bytes) -> Answer:
    try:
        seconds = json.loads(body)["advance"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError("seconds are a number")  # noqa: TRY301 - answered as any other mistake
        now = swf.advance(float(seconds))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        message = f'the body must be {{"advance": seconds}}, with seconds from 0 on: {error}'
        return _json("400 Bad Request", {"code": "CLOCK_INVALID", "message": message})
    return _json("200 OK", {"now": now, "offset": swf.clock_offset})


def _json(status: str, body: dict[str, Any]) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())
