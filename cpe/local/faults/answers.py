"""Throttling and internal failures in each service's own words, so that SDKs take them for real."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from cpe.local.exchange import Answer

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_RATE = "Rate exceeded"
_INTERNAL = "The service could not answer because of an internal failure; this one was asked for."


def throttled(service: str, environ: WSGIEnvironment) -> Answer:
    """Say that there were too many requests."""
    if service == "s3":
        return _s3("503 Slow Down", "SlowDown", "Please reduce your request rate.", environ)
    if "HTTP_X_AMZ_TARGET" not in environ:
        return _query("400 Bad Request", "Sender", "Throttling", _RATE)
    if service == "sqs":
        return _json(
            "400 Bad Request", "com.amazonaws.sqs#RequestThrottled", "RequestThrottled;Sender", _RATE
        )
    name = "com.amazon.coral.availability#ThrottlingException"
    return _json("400 Bad Request", name, None, _RATE)


def failed(service: str, environ: WSGIEnvironment) -> Answer:
    """Say that the service failed; status 500."""
    status = "500 Internal Server Error"
    if service == "s3":
        return _s3(status, "InternalError", _INTERNAL, environ)
    if "HTTP_X_AMZ_TARGET" not in environ:
        return _query(status, "Receiver", "InternalFailure", _INTERNAL)
    old_name = "InternalFailure;Receiver" if service == "sqs" else None
    return _json(status, "com.amazon.coral.service#InternalFailure", old_name, _INTERNAL)


def corrupted(answer: Answer) -> Answer:
    """Turn over one byte in the middle of what S3 answers; an error or nothing at all stays as it is."""
    if not answer.status.startswith("2") or not answer.body:
        return answer
    body = bytearray(answer.body)
    body[len(body) // 2] ^= 0xFF
    return Answer(answer.status, answer.headers, bytes(body))


def _json(status: str, name: str, old_name: str | None, message: str) -> Answer:
    """Answer in the JSON protocol. SQS also tells the name that its query protocol had."""
    headers = [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", str(uuid.uuid4()))]
    if old_name is not None:
        headers.append(("x-amzn-query-error", old_name))
    return Answer(status, headers, json.dumps({"__type": name, "message": message}).encode())


def _query(status: str, party: str, code: str, message: str) -> Answer:
    request_id = uuid.uuid4()
    body = (
        "<ErrorResponse>"
        f"<Error><Type>{party}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        f"<RequestId>{request_id}</RequestId>"
        "</ErrorResponse>"
    )
    return Answer(
        status, [("Content-Type", "text/xml"), ("x-amzn-RequestId", str(request_id))], body.encode()
    )


def _s3(status: str, code: str, message: str, environ: WSGIEnvironment) -> Answer:
    request_id = uuid.uuid4().hex[:16].upper()
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    )
    # The answer to a HEAD has no body, and SDKs go by the status.
    sent = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()
    return Answer(status, [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)], sent)
