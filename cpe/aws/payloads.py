"""Large payloads in S3, and the references that stand in for them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from contextlib import closing
from typing import TYPE_CHECKING

from cpe.aws.faults import told
from cpe.errors import AwsError, PayloadError
from cpe.protocol.references import MAX_PAYLOAD, PayloadPlace, Reference, needs_reference

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CACHED = 2 * MAX_PAYLOAD
_WAY_OUT = "name one with `payloads` in the configuration, or with CPE_PAYLOADS"


class Payloads:
    """Stores payloads and fetches them again. Safe to use from several threads.

    Args:
        s3: The client of S3.
        place: Where the stack's payloads lie; None if they have no place, so that none can be large.
        cached: Bytes of payloads fetched lately that are kept in memory.

    Example:
        >>> from cpe.aws.session import AwsSession
        >>> payloads = Payloads(AwsSession().s3(), PayloadPlace(bucket="my-payloads"))  # doctest: +SKIP
        >>> packed = payloads.pack(text, client="ClientA")  # doctest: +SKIP
        >>> payloads.resolve(packed, client="ClientA") == text  # doctest: +SKIP
        True
    """

    def __init__(self, s3: S3Client, place: PayloadPlace | None, *, cached: int = _CACHED) -> None:
        self.place = place
        self._s3 = s3
        self._cache = _Cache(cached)

    def pack(self, text: str, *, client: str | None) -> str:
        """Make a text fit for SWF: store it and give its reference's text, if it has to be and can be.

        Args:
            text: What shall travel.
            client: Whose job it belongs to; None if that is not known.

        Returns:
            The reference's text; the text itself if SWF carries it, or if payloads have no place.

        Raises:
            AwsError: S3 did not take it; `retryable` when it may later.
            PayloadError: ``PAYLOAD_TOO_LARGE``.
        """
        if self.place is None or not needs_reference(text):
            return text
        return self.keep(text, client=client).text()

    def keep(self, text: str, *, client: str | None) -> Reference:
        """Store a text under the reference that stands in for it.

        Raises:
            AwsError: S3 did not take it; `retryable` when it may later.
            PayloadError: ``PAYLOADS_NOT_CONFIGURED``, ``PAYLOAD_TOO_LARGE``.
        """
        if self.place is None:
            raise PayloadError(
                f"there is no place for large payloads; {_WAY_OUT}", code="PAYLOADS_NOT_CONFIGURED"
            )
        reference = self.place.refer(text, client=client)
        self.store(reference, text)
        return reference

    def store(self, reference: Reference, text: str) -> None:
        """Store the payload that a reference of this stack's place was made of. Doing it again does no harm.

        It is written even when it is there already: the bucket counts a payload's age from the last time,
        and it must outlive the newest execution that refers to it.

        Raises:
            AwsError: S3 did not take it; `retryable` when it may later.
            PayloadError: ``PAYLOAD_TOO_LARGE``.
        """
        if reference.size > MAX_PAYLOAD:
            raise PayloadError(
                f"{reference.size} bytes are more than the {MAX_PAYLOAD} of a payload; "
                "put them into a bucket of the job's own and pass on where they are",
                code="PAYLOAD_TOO_LARGE",
            )
        with told(f"payload {reference.url}"):
            self._s3.put_object(
                Bucket=reference.bucket,
                Key=reference.key,
                Body=text.encode(),
                ContentType="application/json",
            )

    def resolve(self, text: str, *, client: str | None) -> str:
        """Give the payload of a text that is a reference, and any other text as it is.

        Args:
            text: What SWF or SQS carried.
            client: Whose job it belongs to: a payload of another client's is not read.

        Raises:
            AwsError: S3 did not give it; `retryable` when it may later.
            PayloadError: ``REFERENCE_REFUSED`` for a payload of another client, another stack or of no place
                known here; ``PAYLOAD_MISSING``; ``PAYLOAD_CORRUPT`` when size or digest differ.
        """
        reference = Reference.parse(text)
        return text if reference is None else self.fetch(reference, client=client)

    def fetch(self, reference: Reference, *, client: str | None) -> str:
        """Give the payload of a reference; see :meth:`resolve`."""
        if self.place is None:
            raise PayloadError(
                f"{reference.url} is not read: no place for large payloads is known here; {_WAY_OUT}",
                code="REFERENCE_REFUSED",
            )
        self.place.check(reference, client=client)
        text = self._cache.get(reference)
        if text is None:
            text = self._download(reference)
            self._cache.put(reference, text)
        return text

    def _download(self, reference: Reference) -> str:
        try:
            with told(f"payload {reference.url}"):
                answer = self._s3.get_object(Bucket=reference.bucket, Key=reference.key)
                with closing(answer["Body"]) as stream:
                    # Nothing larger than what is expected is read into memory.
                    body = stream.read() if answer["ContentLength"] == reference.size else b""
        except AwsError as error:
            if error.code != "NOT_FOUND":
                raise
            raise PayloadError(
                f"there is no payload {reference.url} (any more); was it deleted, or has it expired?",
                code="PAYLOAD_MISSING",
            ) from error
        if len(body) != reference.size or hashlib.sha256(body).hexdigest() != reference.sha256:
            raise PayloadError(
                f"{reference.url} is not the payload of {reference.size} bytes that was stored there: "
                "size or SHA-256 differ",
                code="PAYLOAD_CORRUPT",
            )
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise PayloadError(f"{reference.url} is no UTF-8 text", code="PAYLOAD_CORRUPT") from None


class _Cache:
    """Recent payloads, so many bytes of UTF-8 at most; those not asked for the longest go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._lock = threading.Lock()
        self._texts: OrderedDict[Reference, str] = OrderedDict()

    def get(self, reference: Reference) -> str | None:
        with self._lock:
            if reference not in self._texts:
                return None
            self._texts.move_to_end(reference)
            return self._texts[reference]

    def put(self, reference: Reference, text: str) -> None:
        with self._lock:
            if reference not in self._texts:
                self._texts[reference] = text
                self._size += reference.size
            self._texts.move_to_end(reference)
            while self._size > self._most:
                oldest, _ = self._texts.popitem(last=False)
                self._size -= oldest.size
