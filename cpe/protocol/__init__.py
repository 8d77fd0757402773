"""What travels on SQS: commands from clients, events to them."""

from cpe.protocol.codec import decode_command, decode_event, encode_command, encode_event
from cpe.protocol.commands import Command, CommandType
from cpe.protocol.events import PROTOCOL_VERSION, ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.identity import JobIdentity
from cpe.protocol.requests import JobFilter, WorkflowRequest

__all__ = [
    "PROTOCOL_VERSION",
    "ActivityRef",
    "Command",
    "CommandType",
    "Event",
    "EventType",
    "JobFilter",
    "JobIdentity",
    "WorkflowRef",
    "WorkflowRequest",
    "decode_command",
    "decode_event",
    "encode_command",
    "encode_event",
]
