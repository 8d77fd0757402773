"""Task tokens: which task a poller was given, sealed so that nobody can make one up.

A token names the run and the task's scheduled and started events. It stays good over a restart as long as
the secret does, and goes stale by itself: a task that ended is not there any more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

from cpe.local.swf.engine.tasks import TaskKind
from cpe.local.swf.faults import invalid

_SEAL_BYTES = 16


class TaskReference(NamedTuple):
    """What a token says."""

    run_id: str
    scheduled_id: int
    started_id: int


class TaskTokens:
    """Issues and reads task tokens.

    Args:
        secret: Seals them.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, kind: TaskKind, task: TaskReference) -> str:
        """Make the token of a task that was started."""
        body = f"{kind}|{task.run_id}|{task.scheduled_id}|{task.started_id}".encode()
        return base64.urlsafe_b64encode(self._seal(body) + body).decode()

    def read(self, kind: TaskKind, token: str) -> TaskReference:
        """Say which task a token stands for.

        Raises:
            SwfFault: ``ValidationException`` for a token that was forged, or is of the other kind of task.
        """
        try:
            raw = base64.urlsafe_b64decode(token.encode())
        except (binascii.Error, ValueError):
            raise invalid("Invalid token") from None
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(body)):
            raise invalid("Invalid token")
        named, rest = body.decode().split("|", 1)
        if named != kind:
            raise invalid("Invalid token")
        run_id, scheduled_id, started_id = rest.rsplit("|", 2)
        return TaskReference(run_id, int(scheduled_id), int(started_id))

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, b"task\0" + body, hashlib.sha256)[:_SEAL_BYTES]
