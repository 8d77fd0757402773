"""Events that were too large for the queue, made whole."""

from __future__ import annotations

import logging
import threading

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.errors import CpeError
from cpe.protocol import Event, decode_event
from cpe.protocol.references import MAX_PAYLOAD, PayloadPlace, Reference

_log = logging.getLogger("cpe.client")


class References:
    """Fetches what the references in events lead to.

    S3 is asked for nothing until the first such event comes: a client that gets none needs no access to it.

    Args:
        session: Makes the connection to S3.
        place: Where the stack keeps large payloads; None if the client does not know. No other is read.
        client: The client's name: what belongs to another client is not read.
    """

    def __init__(self, session: AwsSession, place: PayloadPlace | None, *, client: str) -> None:
        self._session = session
        self._place = place
        self._client = client
        self._lock = threading.Lock()
        self._payloads: Payloads | None = None

    def whole(self, event: Event) -> Event:
        """Give the whole event; the short one, with a warning, where the rest cannot be had.

        Raises:
            AwsError: S3 is in trouble that passes.
        """
        if event.reference is None:
            return event
        try:
            return decode_event(self._fetch(event.reference), most=MAX_PAYLOAD)
        except CpeError as error:
            if error.retryable:
                raise
            _log.warning(
                "event %s is incomplete, its largest details are missing (%s): %s",
                event.event_id,
                error.code,
                error,
            )
            return event

    def _fetch(self, reference: Reference) -> str:
        with self._lock:
            if self._payloads is None:
                # An event seldom comes twice: what was read is not kept.
                self._payloads = Payloads(self._session.s3(), self._place, cached=0)
        return self._payloads.fetch(reference, client=self._client)
