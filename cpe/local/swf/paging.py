"""Tokens with which a client asks for the next page of a list.

A token says where the page before ended, belongs to one query, and lives for a day: SWF asks clients to keep
all other arguments unchanged and tells them when a token is too old. It carries a seal, so one that was made
up or taken from another query is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cpe.local.swf.faults import invalid

#: Seconds that a token stays good; the API reference names 24 hours.
LIFETIME = 24 * 3600.0
#: Entries on a page, and the default; the API reference names 1,000 for every list.
LARGEST_PAGE = 1000

# What may change from page to page.
_FREE = frozenset({"nextPageToken", "maximumPageSize"})
_SEAL_BYTES = 16

T = TypeVar("T")


class PageTokens:
    """Issues and reads tokens.

    Args:
        secret: Seals the tokens; tokens outlive a restart when the secret does.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, operation: str, params: Mapping[str, Any], position: Any, now: float) -> str:
        """Make the token of the page after `position`, which is anything that JSON can hold."""
        body = json.dumps([now, position], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._seal(operation, params, body) + body).decode()

    def position(self, operation: str, params: Mapping[str, Any], now: float) -> Any:
        """Tell where the page before this one ended; None on the first page.

        Raises:
            SwfFault: ``ValidationException`` for a token that is forged, of another query, or too old.
        """
        token = params.get("nextPageToken")
        if not token:
            return None
        try:
            raw = base64.urlsafe_b64decode(token.encode())
        except (binascii.Error, ValueError):
            raise invalid("Invalid token") from None
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(operation, params, body)):
            raise invalid("Invalid token")
        issued, position = json.loads(body)
        if now - issued > LIFETIME:
            raise invalid("Specified token has exceeded its maximum lifetime")
        return position

    def page(
        self,
        operation: str,
        params: Mapping[str, Any],
        now: float,
        entries: Iterable[T],
        key: Callable[[T], list[Any]],
        *,
        descending: bool = False,
    ) -> tuple[list[T], str | None]:
        """Cut the page that a request asks for out of all entries, which come in the order of the list.

        Args:
            operation: Whose list it is.
            params: The request.
            now: Epoch seconds.
            entries: All of them, in order; read no further than the page needs.
            key: What the list is ordered by, as JSON can hold it; no two entries have the same.
            descending: Whether the entries come with the greatest key first.

        Returns:
            The page, and the token of the next one if there is one.
        """
        size = params.get("maximumPageSize") or LARGEST_PAGE
        after = self.position(operation, params, now)
        found: list[T] = []
        for entry in entries:
            # By order, not by looking for the last entry: that one may have left the list meanwhile.
            if after is not None and (key(entry) >= after if descending else key(entry) <= after):
                continue
            if len(found) == size:
                return found, self.issue(operation, params, key(found[-1]), now)
            found.append(entry)
        return found, None

    def _seal(self, operation: str, params: Mapping[str, Any], body: bytes) -> bytes:
        query = {name: value for name, value in params.items() if name not in _FREE}
        text = json.dumps([operation, query], sort_keys=True).encode()
        return hmac.new(self._secret, text + b"\0" + body, hashlib.sha256).digest()[:_SEAL_BYTES]
