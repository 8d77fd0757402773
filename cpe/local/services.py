"""The services behind the endpoint, and which of them a request is for."""

from __future__ import annotations

import functools
import re
from functools import partial
from typing import TYPE_CHECKING, Literal

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from cpe.local import control, moto_regions, moto_sqs, recording
from cpe.local.exchange import Answer
from cpe.local.faults import control as fault_control
from cpe.local.moto_s3 import ConditionalWrites
from cpe.local.recording import RECORDING, Recording
from cpe.local.swf import http as swf_http

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from cpe.local.faults import FaultInjector
    from cpe.local.swf.service import SwfService

#: A signature's credential scope: AKID/20260131/us-east-1/swf/aws4_request.
_SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/[^/,]+/([^/,]+)/aws4_request")

# moto's own path, which its users know.
_MOTO = "/moto-api/"
_RESET = f"{_MOTO}reset"

moto_regions.install()
moto_sqs.install()
recording.install()


class Services:
    """The application that gives each request to its service.

    SWF takes care of itself. moto's messaging services take one request at a time; its S3, with large bodies,
    takes many, but one at a time that is to store an object where there is none.

    Args:
        swf: Answers for SWF.
        faults: Stands around every call to a service, and around none of the endpoint's own paths.
        record: Takes down what is sent to queues; None for nothing.
    """

    def __init__(self, *, swf: SwfService, faults: FaultInjector, record: Recording | None = None) -> None:
        self._swf = swf
        self._faults = faults
        self._record = record
        self._conditional = ConditionalWrites()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        path = environ["PATH_INFO"]
        if path.startswith(control.PREFIX):
            if path == fault_control.PATH:
                return fault_control.answer(self._faults, environ)
            return control.answer(self._swf, environ)
        if path.startswith(_MOTO):
            return self._moto_api(path, environ)
        service = service_of(environ)
        return self._faults.around(service, environ, partial(self._call, service, environ))

    def end_polls(self) -> None:
        """Answer every poll that waits with nothing."""
        self._swf.end_polls()
        moto_sqs.GATE.wake()

    def _call(self, service: str, environ: WSGIEnvironment) -> Answer:
        match service:
            case "swf":
                return swf_http.answer(self._swf, environ)
            case "sqs" | "sns":
                environ[RECORDING] = self._record
                return moto_sqs.GATE.answer(_app(service), environ)
            case "s3" if "HTTP_AUTHORIZATION" in environ:
                return self._conditional.answer(environ, partial(Answer.of, _app(service), environ))
            case _:
                return Answer.of(self._moto, environ)

    def _moto_api(self, path: str, environ: WSGIEnvironment) -> Answer:
        if path == _RESET:
            self._swf.reset()
            self._faults.reset()
        with moto_sqs.GATE.passage():
            return Answer.of(self._moto, environ)


@functools.cache
def _app(service: Literal["s3", "sns", "sqs"]) -> WSGIApplication:
    """Give moto's application of a service: its own way from a request to it takes as long as a call."""
    app: WSGIApplication = create_backend_app(service)
    return app


def service_of(environ: WSGIEnvironment) -> str:
    """Tell which service a request is signed for; SWF's are known by their target too, others are S3's.

    Example:
        >>> service_of({"HTTP_AUTHORIZATION": "… Credential=key/20260131/us-east-1/sqs/aws4_request, …"})
        'sqs'
    """
    if swf_http.is_swf(environ):
        return "swf"
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return scope.group(1) if scope else "s3"
