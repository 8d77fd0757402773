"""SWF over HTTP: the JSON 1.0 protocol, in and out.

The header ``X-Amz-Target`` names the operation, the body is its request, and a refusal is answered with
status 400 and the fault's full name in ``__type``, from which SDKs make their exceptions.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, cast

from cpe.local.exchange import CONNECTION, Answer, ClientGoneError, NothingLeftError
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.model import TARGET_PREFIX, read_json

if TYPE_CHECKING:
    from io import BytesIO
    from wsgiref.types import WSGIEnvironment

    from cpe.local.exchange import Connection
    from cpe.local.swf.service import SwfService

_log = logging.getLogger(__name__)

#: Bytes of a request's body; the service's quota is 1 MB.
LARGEST_REQUEST = 1024 * 1024

# Faults of the service's own model are in its own name space; those of the framework that it is built with
# are in the framework's.
_FRAMEWORK = {
    "ValidationException": "com.amazon.coral.validate",
    "SerializationException": "com.amazon.coral.service",
    "UnknownOperationException": "com.amazon.coral.service",
    "RequestEntityTooLargeException": "com.amazon.coral.service",
    "InternalFailure": "com.amazon.coral.service",
}
_SERVICE = "com.amazonaws.swf.base.model"

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def is_swf(environ: WSGIEnvironment) -> bool:
    """Tell a request for SWF by its target."""
    return bool(environ.get("HTTP_X_AMZ_TARGET", "").startswith(TARGET_PREFIX))


def answer(service: SwfService, environ: WSGIEnvironment) -> Answer:
    """Answer one request; whatever is wrong with it, the service goes on.

    Raises:
        ClientGoneError: Nobody waits for the answer any more.
    """
    try:
        return _answer("200 OK", _call(service, environ))
    except SwfFault as fault:
        return _refusal("400 Bad Request", fault)
    except ClientGoneError:
        raise
    except NothingLeftError:
        return _answer("200 OK", {})
    except Exception as error:
        _log.exception("SWF failed: %s", environ.get("HTTP_X_AMZ_TARGET"))
        return _refusal("500 Internal Server Error", SwfFault("InternalFailure", str(error)))


def _call(service: SwfService, environ: WSGIEnvironment) -> dict[str, Any]:
    body = cast("BytesIO", environ["wsgi.input"]).read()
    if len(body) > LARGEST_REQUEST:
        message = f"The request has {len(body)} bytes; {LARGEST_REQUEST} are allowed"
        raise SwfFault("RequestEntityTooLargeException", message)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if not target.startswith(TARGET_PREFIX):
        message = f"The header X-Amz-Target must name an operation, as in {TARGET_PREFIX}ListDomains"
        raise SwfFault("UnknownOperationException", message)
    caller = cast("Connection", environ[CONNECTION])
    return service.call(target.removeprefix(TARGET_PREFIX), read_json(body), caller)


def _refusal(status: str, fault: SwfFault) -> Answer:
    space = _FRAMEWORK.get(fault.name, _SERVICE)
    return _answer(status, {"__type": f"{space}#{fault.name}", "message": fault.message, **fault.fields})


def _answer(status: str, body: dict[str, Any]) -> Answer:
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("x-amzn-RequestId", os.urandom(16).hex()),
    ]
    # An operation without an answer has no body, not even an empty object.
    return Answer(status, headers, _ENCODER.encode(body).encode() if body else b"")
