"""Messages as they lie on the wire, and the values they stand for.

Decoding is strict and safe: whatever the text, the answer is a value or a :class:`~cpe.errors.ProtocolError`
with one of these codes, and a message that names the place:

================== ==========================================================================
``INVALID_JSON``   not a JSON object, a key that stands twice, ``NaN``
``TOO_LARGE``      more than SQS carries
``TOO_DEEP``       nested deeper than any message needs
``MISSING_FIELD``  a field is missing, null or empty
``INVALID_FIELD``  a field of the wrong kind, NUL or half a surrogate pair in a text
``UNKNOWN_COMMAND``, ``UNKNOWN_EVENT``  a type that the protocol does not have
================== ==========================================================================

Keys that this version does not know are left alone, so that a newer side can talk to an older one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from cpe.errors import ProtocolError
from cpe.protocol.body import MAX_BODY_BYTES, mend, parse_body, render_body
from cpe.protocol.commands import MAX_REQUEST_ID, Command, CommandType
from cpe.protocol.events import PROTOCOL_VERSION, ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.fields import Fields
from cpe.protocol.references import Reference
from cpe.protocol.requests import check_request

_COMMON = frozenset({"time", "type", "eventId", "jobId", "version"})
_FLAT = {
    EventType.WORKFLOW_SCHEDULED: _COMMON | {"workflowId", "runId"},
    EventType.COMMAND_REJECTED: _COMMON,
}
"""Events whose details lie on the top level, and which keys there are not details."""
_REQUEST_ID = "requestId"
_REFERENCE = frozenset({"$ref", "size", "sha256"})
_DATA = frozenset({"workflow", "activity"})
_ACTIVITY = frozenset({"activityId", "activityType", "activityVersion"})


def decode_command(body: str) -> Command:
    """Read a command.

    Raises:
        ProtocolError: See the table above.

    Example:
        >>> decode_command('{"time": 1.5, "type": "cancel_job", "jobId": "j1", "data": {}}').type
        <CommandType.CANCEL_JOB: 'CANCEL_JOB'>
    """
    fields = Fields(parse_body(body))
    name = fields.text("type")
    try:
        command_type = CommandType(name.upper())
    except ValueError:
        raise ProtocolError(f"type {name[:64]!r} is no command", code="UNKNOWN_COMMAND") from None
    command = Command(
        type=command_type,
        time=fields.seconds_since_epoch("time"),
        job_id=fields.text("jobId"),
        data=_command_data(fields, command_type),
        request_id=_request_id(fields),
    )
    check_request(command)
    return command


def encode_command(command: Command) -> str:
    """Write a command, after the checks that the stack will make.

    Raises:
        ProtocolError: The command would be refused.
    """
    message: dict[str, Any] = {
        "time": command.time,
        "type": command.type.value,
        "jobId": command.job_id,
        "data": command.data,
    }
    if command.request_id is not None:
        message["requestId"] = command.request_id
    body = render_body(message)
    decode_command(body)
    return body


def encode_event(event: Event, *, most: int = MAX_BODY_BYTES) -> str:
    """Write an event in the original's layout.

    Details that JSON has no form for are mended (see :func:`cpe.protocol.body.mend`): a fact is not held back
    for a broken character.

    Args:
        event: What happened.
        most: Bytes that the message may have.

    Raises:
        ProtocolError: ``MISSING_FIELD`` without the workflow or activity that the type needs,
            ``INVALID_FIELD`` for details of no JSON type or under the name of a field, ``TOO_LARGE``,
            ``TOO_DEEP``.
    """
    message: dict[str, Any] = {
        "time": event.time,
        "type": event.type.value,
        "eventId": event.event_id,
        "jobId": event.job_id,
        "version": PROTOCOL_VERSION,
    }
    if event.reference is not None:
        message |= event.reference.value()
    details = mend(event.details)
    if event.type in _FLAT:
        if event.type is EventType.WORKFLOW_SCHEDULED:
            message |= _workflow_fields(event)
        _merge(message, details)
    else:
        if _REQUEST_ID in details:
            message[_REQUEST_ID] = details.pop(_REQUEST_ID)
        message["data"] = _event_data(event, details)
    return render_body(message, most=most)


def decode_event(body: str, *, most: int = MAX_BODY_BYTES) -> Event:
    """Read an event, ours or the original's.

    The original's have no `eventId`; theirs is derived from the body, which SQS delivers unchanged each time.

    Args:
        body: The message; a whole event that a reference led to.
        most: Bytes that it may have.

    Raises:
        ProtocolError: See the table above.
    """
    fields = Fields(parse_body(body, most=most))
    name = fields.text("type")
    try:
        event_type = EventType(name.upper())
    except ValueError:
        raise ProtocolError(f"type {name[:64]!r} is no event", code="UNKNOWN_EVENT") from None
    reference = Reference.from_value({key: fields.values[key] for key in _REFERENCE & fields.values.keys()})
    workflow, activity = None, None
    if event_type in _FLAT:
        if event_type is EventType.WORKFLOW_SCHEDULED:
            workflow = _workflow_ref(fields)
        details = _details(fields, _FLAT[event_type] | (_REFERENCE if reference else frozenset()))
    else:
        data = fields.object("data")
        if event_type is not EventType.JOB_LIST:
            workflow = _workflow_ref(data.object("workflow"))
        details = _details(data, _DATA)
        if event_type.is_activity:
            activity_fields = data.object("activity")
            activity = _activity_ref(activity_fields)
            details = _details(activity_fields, _ACTIVITY)
        if fields.has(_REQUEST_ID):
            details[_REQUEST_ID] = fields.text(_REQUEST_ID)
    return Event(
        type=event_type,
        time=fields.seconds_since_epoch("time"),
        event_id=fields.text("eventId") if fields.has("eventId") else _digest_id(body),
        job_id=fields.text("jobId") if fields.has("jobId") else None,
        workflow=workflow,
        activity=activity,
        details=details,
        reference=reference,
    )


def _command_data(fields: Fields, command_type: CommandType) -> Mapping[str, Any]:
    data = fields.values.get("data")
    if command_type is not CommandType.START_JOB and data in (None, {}):
        return {}
    return fields.object("data").values


def _request_id(fields: Fields) -> str | None:
    if not fields.has(_REQUEST_ID):
        return None
    request_id = fields.text(_REQUEST_ID)
    if len(request_id) > MAX_REQUEST_ID:
        raise fields.invalid(_REQUEST_ID, f"must have at most {MAX_REQUEST_ID} characters")
    return request_id


def _workflow_fields(event: Event) -> dict[str, str]:
    if event.workflow is None:
        raise ProtocolError(f"{event.type} needs its workflow", code="MISSING_FIELD")
    return {"workflowId": event.workflow.workflow_id, "runId": event.workflow.run_id}


def _event_data(event: Event, details: Mapping[str, Any]) -> dict[str, Any]:
    if event.type is EventType.JOB_LIST:
        return dict(details)
    data: dict[str, Any] = {"workflow": _workflow_fields(event)}
    if not event.type.is_activity:
        return _merge(data, details)
    if event.activity is None:
        raise ProtocolError(f"{event.type} needs its activity", code="MISSING_FIELD")
    ref = event.activity
    data["activity"] = (
        {"activityId": ref.activity_id, "activityType": ref.name, "activityVersion": ref.version}
        if event.type is EventType.ACTIVITY_SCHEDULED
        else {"activityId": ref.activity_id, "activityType": {"name": ref.name, "version": ref.version}}
    )
    _merge(data["activity"], details)
    return data


def _merge(fields: dict[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    clash = fields.keys() & details.keys()
    if clash:
        raise ProtocolError(f"details must not name {', '.join(sorted(clash))}", code="INVALID_FIELD")
    fields |= details
    return fields


def _details(fields: Fields, known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.values.items() if key not in known}


def _workflow_ref(fields: Fields) -> WorkflowRef:
    return WorkflowRef(workflow_id=fields.text("workflowId"), run_id=fields.text("runId"))


def _activity_ref(fields: Fields) -> ActivityRef:
    """Read which activity; `activityType` is an object, or the bare name with `activityVersion` beside it."""
    activity_id = fields.text("activityId")
    if isinstance(fields.required("activityType"), str):
        name, version = fields.text("activityType"), fields.number_or_text("activityVersion")
    else:
        activity_type = fields.object("activityType")
        name, version = activity_type.text("name"), activity_type.number_or_text("version")
    return ActivityRef(activity_id=activity_id, name=name, version=version)


def _digest_id(body: str) -> str:
    return f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
