"""moto's S3, with the write of an object where there is none.

moto looks whether there is an object, and stores it later: two writers could both be first. Here one of them
is. And an empty object, which is how CPE claims a job, is stored without moto's way from a request to its
models: that way takes ten times as long as storing.
"""

from __future__ import annotations

import re
import threading
import uuid
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from cpe.local.exchange import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from moto.s3.models import FakeBucket

_CONDITION = "HTTP_IF_NONE_MATCH"

_PATH = re.compile(r"/([^/]+)/(.+)", re.DOTALL)

_OWN_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Hosts that name no bucket."""

_AMZ = "HTTP_X_AMZ_"
_ALGORITHM = "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"
_CHECKSUM = "HTTP_X_AMZ_CHECKSUM_CRC32"
_PLAIN = frozenset({"HTTP_X_AMZ_DATE", "HTTP_X_AMZ_CONTENT_SHA256", _ALGORITHM, _CHECKSUM})
"""What signed requests say, and botocore adds; anything else asks for something that moto knows."""

_EXISTS = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<Error><Code>PreconditionFailed</Code><Condition>If-None-Match</Condition>"
    b"<Message>At least one of the pre-conditions you specified did not hold</Message></Error>"
)


class ConditionalWrites:
    """Lets one writer at a time store an object where there is none."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def answer(self, environ: WSGIEnvironment, moto: Callable[[], Answer]) -> Answer:
        """Answer a request to S3; `moto` answers whatever is not such a write."""
        if _CONDITION not in environ:
            return moto()
        with self._turn:
            return _create(environ) or moto()


def _create(environ: WSGIEnvironment) -> Answer | None:
    """Store an empty object where there is none; None where the request says more than that."""
    place = _place(environ["PATH_INFO"])
    if place is None or not _is_plain(environ):
        return None
    name, key = place
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    bucket = backend.buckets.get(name)
    if bucket is None or not _is_simple(bucket):
        return None
    headers = [("x-amz-request-id", uuid.uuid4().hex)]
    if backend.get_object(name, key) is not None:
        return Answer("412 Precondition Failed", [*headers, ("Content-Type", "application/xml")], _EXISTS)
    checksum = environ.get(_CHECKSUM)
    stored = backend.put_object(name, key, b"", checksum_value=checksum)
    stored.set_acl(bucket.acl)
    headers.append(("ETag", stored.etag))
    if checksum is not None:
        stored.checksum_algorithm = environ.get(_ALGORITHM)
        headers.append(("x-amz-checksum-crc32", checksum))
    return Answer("200 OK", headers, b"")


def _place(path: str) -> tuple[str, str] | None:
    """Read bucket and key from a path as WSGI has it."""
    try:
        found = _PATH.fullmatch(path.encode("latin-1").decode())
    except UnicodeError:
        return None
    return None if found is None else (found[1], found[2])


def _is_plain(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "PUT"
        and environ[_CONDITION] == "*"
        and environ["CONTENT_LENGTH"] == "0"
        and not environ["QUERY_STRING"]
        and _OWN_HOST.fullmatch(environ.get("HTTP_HOST", "")) is not None
        and all(name in _PLAIN for name in environ if name.startswith(_AMZ))
    )


def _is_simple(bucket: FakeBucket) -> bool:
    """Whether nothing in a bucket's settings says what becomes of its objects."""
    return not (bucket.policy or bucket.encryption or bucket.object_lock_enabled)
