"""The services behind the endpoint, and which of them a request is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from cpe.local import moto_sqs, moto_swf
from cpe.local.http import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

#: A signature's credential scope: AKID/20260131/us-east-1/swf/aws4_request.
_SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/[^/,]+/([^/,]+)/aws4_request")

moto_swf.install()
moto_sqs.install()


class Services:
    """The WSGI application that gives each request to its service.

    SWF and the messaging services take one request at a time. S3, with its large bodies, takes many.
    """

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        if environ["PATH_INFO"].startswith("/moto-api/"):
            with moto_swf.GATE.passage(), moto_sqs.GATE.passage():
                return Answer.of(self._moto, environ)
        match service_of(environ):
            case "swf":
                return moto_swf.GATE.answer(self._moto, environ)
            case "sqs" | "sns":
                return moto_sqs.GATE.answer(self._moto, environ)
            case _:
                return Answer.of(self._moto, environ)


def wake_all() -> None:
    """Let every held request look again whether it should still wait."""
    for gate in (moto_swf.GATE, moto_sqs.GATE):
        with gate.passage():
            pass


def service_of(environ: WSGIEnvironment) -> str:
    """Tell which service a request is signed for; unsigned requests are S3's.

    Example:
        >>> service_of({"HTTP_AUTHORIZATION": "… Credential=key/20260131/us-east-1/swf/aws4_request, …"})
        'swf'
    """
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return scope.group(1) if scope else "s3"
