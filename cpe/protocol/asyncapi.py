"""The protocol as an AsyncAPI 3.0 document, made of the JSON Schemas: for generators of code and of pages.

It is told from the stack's side, as AsyncAPI wants it: the stack receives commands and sends events. Payloads
are AsyncAPI's own schema objects, which all its tools read. These are JSON Schema of draft 07, where nothing
counts beside a ``$ref``: :func:`_portable` says the same in their terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cpe.protocol.commands import CommandType
from cpe.protocol.events import PROTOCOL_VERSION, EventType
from cpe.protocol.schema import COMMON_ID, load_common, load_schema

ASYNCAPI_VERSION = "3.0.0"

ANSWERS: Mapping[CommandType, EventType] = {
    CommandType.START_JOB: EventType.WORKFLOW_SCHEDULED,
    CommandType.CANCEL_JOB: EventType.JOB_CANCEL_REQUESTED,
    CommandType.CANCEL_ACTIVITY: EventType.ACTIVITY_CANCEL_REQUESTED,
    CommandType.GET_JOB_STATUS: EventType.JOB_STATUS,
    CommandType.GET_JOB_LIST: EventType.JOB_LIST,
    CommandType.GET_ACTIVITY_STATUS: EventType.ACTIVITY_STATUS,
    CommandType.GET_ACTIVITY_LIST: EventType.ACTIVITY_LIST,
    CommandType.SIGNAL_JOB: EventType.JOB_SIGNALED,
    CommandType.RETRY_JOB: EventType.WORKFLOW_SCHEDULED,
}
"""What answers a command that is carried out; COMMAND_REJECTED answers any other."""

_ASKS_AND_ANSWERS = frozenset({*CommandType, *ANSWERS.values(), EventType.COMMAND_REJECTED})
"""The messages that have a ``requestId``."""

_INFO = """\
What travels on a client's two SQS queues. The client sends commands to its input queue; the stack sends
events to its output queue. Every message is one JSON object in UTF-8.

Readers leave keys alone that they do not know: later versions may add some. Events may come in any order, and
more than once: the `eventId` is the same each time.

The JSON Schemas that this is made of: `cpe protocol schema`.
"""
_SCHEMA_DEFINITION = f"{COMMON_ID}#/$defs/"
_LEFT_OUT = frozenset({"$schema", "$id", "examples"})
"""What only a schema file has; the examples go with the messages."""


def asyncapi() -> dict[str, Any]:
    """Make the document, as a tree of JSON values.

    Example:
        >>> asyncapi()["operations"]["CANCEL_JOB"]["action"]
        'receive'
    """
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "CPE",
            "version": PROTOCOL_VERSION,
            "description": _INFO,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"sqs": _server()},
        "channels": {
            "commands": _channel("input", "What a client asks of the stack.", CommandType),
            "events": _channel("output", "What the stack tells the client.", EventType),
        },
        "operations": _operations(),
        "components": {
            "messages": {kind.value: _message(kind) for kind in (*CommandType, *EventType)},
            "schemas": _schemas(),
            "correlationIds": {
                "requestId": {
                    "description": "Given by the client, if it likes; the answer repeats it.",
                    "location": "$message.payload#/requestId",
                }
            },
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": "sqs",
        "description": "The SQS of the stack's operator.",
        "variables": {
            "host": {
                "description": "SQS of a region, or an endpoint of one's own such as that of `cpe local`.",
                "default": "sqs.us-east-1.amazonaws.com",
                "examples": ["sqs.eu-central-1.amazonaws.com", "127.0.0.1:4566"],
            }
        },
    }


def _channel(side: str, summary: str, messages: Iterable[CommandType | EventType]) -> dict[str, Any]:
    name = f"{{client}}-{side}"
    return {
        "address": name,
        "title": f"A client's {side} queue",
        "summary": summary,
        "description": (
            "Named as `cpe provision` names it; what counts is the URL in the configuration. "
            "A standard queue or a FIFO queue, whose name ends in `.fifo`."
        ),
        "servers": [_reference("servers", "sqs")],
        "parameters": {
            "client": {
                "description": "The client's name in the stack's configuration.",
                "examples": ["ClientA"],
            }
        },
        "messages": {kind.value: _reference("components", "messages", kind) for kind in messages},
        "bindings": {
            "sqs": {
                "queue": {"name": name, "fifoQueue": False},
                "deadLetterQueue": {"name": f"{name}-dead", "fifoQueue": False},
                "bindingVersion": "0.2.0",
            }
        },
    }


def _operations() -> dict[str, Any]:
    told = [kind for kind in EventType if kind not in _ASKS_AND_ANSWERS]
    return {
        **{kind.value: _receive(kind, answer) for kind, answer in ANSWERS.items()},
        "tell": {
            "action": "send",
            "channel": _reference("channels", "events"),
            "title": "Tell what happens",
            "summary": "Events of a client's jobs, which nobody has to ask for.",
            "messages": [_reference("channels", "events", "messages", kind) for kind in told],
        },
        "reject": {
            "action": "send",
            "channel": _reference("channels", "events"),
            "title": "Reject what is no command",
            "summary": "A message on the input queue that cannot be understood is answered, too.",
            "messages": [_reference("channels", "events", "messages", EventType.COMMAND_REJECTED)],
        },
    }


def _receive(kind: CommandType, answer: EventType) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": _reference("channels", "commands"),
        "summary": _summary(kind),
        "messages": [_reference("channels", "commands", "messages", kind)],
        "reply": {
            "channel": _reference("channels", "events"),
            "messages": [
                _reference("channels", "events", "messages", one)
                for one in (answer, EventType.COMMAND_REJECTED)
            ],
        },
    }


def _message(kind: CommandType | EventType) -> dict[str, Any]:
    schema = load_schema(kind)
    # Tools would follow the `$ref` of an event that lies in S3.
    examples = [example for example in schema["examples"] if "$ref" not in example]
    message: dict[str, Any] = {
        "name": kind.value,
        "title": schema["title"],
        "summary": _summary(kind),
        "description": schema["description"],
        "contentType": "application/json",
        "payload": _reference("components", "schemas", kind),
        "examples": [{"payload": example} for example in examples],
    }
    if kind in _ASKS_AND_ANSWERS:
        message["correlationId"] = _reference("components", "correlationIds", "requestId")
    return message


def _summary(kind: CommandType | EventType) -> str:
    """The first sentence of a message's description."""
    description: str = load_schema(kind)["description"]
    return description.partition(". ")[0].removesuffix(".") + "."


def _schemas() -> dict[str, Any]:
    shared = {name: _portable(schema) for name, schema in load_common()["$defs"].items()}
    return {**{kind.value: _portable(load_schema(kind)) for kind in (*CommandType, *EventType)}, **shared}


def _portable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Say in draft 07, and for this document, what a schema says in 2020-12."""
    portable: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "$ref":
            referred = _reference("components", "schemas", value.removeprefix(_SCHEMA_DEFINITION))
            if len(schema) == 1:
                return referred
            portable["allOf"] = [referred]
        elif keyword in {"properties", "patternProperties"}:
            portable[keyword] = {key: _portable(inner) for key, inner in value.items()}
        elif keyword in {"items", "not", "if", "then"}:
            portable[keyword] = _portable(value)
        elif keyword == "anyOf":
            portable[keyword] = [_portable(inner) for inner in value]
        elif keyword not in _LEFT_OUT:
            portable[keyword] = value
    return portable


def _reference(*path: str) -> dict[str, str]:
    return {"$ref": "/".join(["#", *path])}
