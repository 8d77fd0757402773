"""What is sent to the queues, written down in a file."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import flask
from moto.sqs.models import SQSBackend

from cpe.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from moto.sqs.models import Message

#: The key in a WSGI environment under which SQS finds the request's `Recording`, if there is one.
RECORDING = "cpe.local.recording"


class Recording:
    """A file with one line of JSON for each message that was sent to a queue, in their order.

    Each line goes to the end of the file in one write, before the send is answered: several processes may
    record into one file, and who has the answer finds the message there.

    Args:
        path: The file; what it has already stays.

    Raises:
        ConfigError: ``RECORD_UNWRITABLE``.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Jobs' data are nobody else's; without a buffer each write is one of the system's.
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
        except OSError as error:
            raise ConfigError(
                f"cannot record messages in {path}: {error.strerror}; name another file with --record",
                code="RECORD_UNWRITABLE",
            ) from error

    def message(self, *, queue: str, message_id: str, body: str, sender: str) -> None:
        """Record a message that a queue took.

        Args:
            queue: The queue's name.
            message_id: The id that SQS gave it.
            body: What was sent.
            sender: Who sent it: the ``User-Agent`` of the request.
        """
        line = {
            "time": time.time(),
            "queue": queue,
            "messageId": message_id,
            "sender": sender,
            "body": body,
        }
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_send = SQSBackend.send_message


def _send_and_record(
    backend: SQSBackend, queue_name: str, message_body: str, *args: Any, **more: Any
) -> Message:
    """Send a message: alone, one of a batch, or one that a topic hands on."""
    message = _send(backend, queue_name, message_body, *args, **more)
    recording: Recording | None = flask.request.environ.get(RECORDING)
    if recording is not None:
        sender = flask.request.headers.get("User-Agent", "")
        recording.message(queue=queue_name, message_id=message.id, body=message_body, sender=sender)
    return message


def install() -> None:
    """Make moto's SQS record what it is sent, where a request brings a `Recording` along."""
    SQSBackend.send_message = _send_and_record  # type: ignore[assignment,method-assign]  # moto offers no other way
