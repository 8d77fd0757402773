"""Faults switched at run time, over HTTP: ``GET``, ``PUT`` and ``DELETE`` on `PATH`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cpe.errors import ConfigError
from cpe.local.exchange import Answer
from cpe.local.faults.parse import decode_faults
from cpe.local.faults.rules import FaultPlan

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from cpe.local.faults.injector import FaultInjector

#: The path under which an endpoint answers for its faults.
PATH = "/cpe-local/faults"


def answer(injector: FaultInjector, environ: WSGIEnvironment) -> Answer:
    """Tell the rules, or replace or remove them.

    ``PUT`` takes the JSON that ``GET`` answers with, or text such as ``swf.*.throttle=0.1``.
    """
    match environ["REQUEST_METHOD"]:
        case "GET" | "HEAD":
            pass
        case "PUT":
            try:
                injector.follow(decode_faults(environ["wsgi.input"].read(), place="the request"))
            except ConfigError as error:
                return _json("400 Bad Request", {"code": error.code, "message": error.message})
        case "DELETE":
            injector.follow(FaultPlan())
        case method:
            message = f"{method} is nothing that {PATH} knows; use GET, PUT or DELETE"
            refused = _json("405 Method Not Allowed", {"code": "METHOD_NOT_ALLOWED", "message": message})
            refused.headers.append(("Allow", "GET, PUT, DELETE"))
            return refused
    return _json("200 OK", _status(injector))


def _status(injector: FaultInjector) -> dict[str, Any]:
    return {
        "seed": injector.plan.seed,
        "rules": [
            {**count.rule.to_json(), "calls": count.calls, "hits": count.hits} for count in injector.counts()
        ],
    }


def _json(status: str, body: dict[str, Any]) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())
