"""References: what stands in for a payload that is too large for its carrier.

SWF carries 32,768 characters, SQS a bounded message. A larger payload lies in S3 as UTF-8 text, and a small
JSON object travels in its place::

    { "$ref": "s3://bucket/key", "size": 81234, "sha256": "…" }

The key is made of the payload's digest, so the same payload has the same reference whoever makes it and
however often, and can be written down before it is stored. Each client has a folder of its own: a reference
found in one client's job must not lead to another's data.

Only the stack makes references. Data that merely look like one are sent by reference themselves
(:func:`needs_reference`), so that they arrive as the data they are.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from cpe.errors import PayloadError

MAX_SWF_DATA = 32_768
"""Characters of an input or a result (service model of SWF)."""

MAX_PAYLOAD = 16 * 1024 * 1024
"""Bytes of a payload. A decider holds the results of all steps of an execution in memory, parsed; what is
larger is a file, and belongs into a bucket of the job's own."""

_KEYS = frozenset({"$ref", "size", "sha256"})
_BUCKET = r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
_LOCATION = re.compile(rf"s3://{_BUCKET}/(.{{1,1024}})")
_PLACE = re.compile(rf"s3://{_BUCKET}(?:/([A-Za-z0-9!_.*'()/-]{{0,512}}))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 4096
# No client can have this name.
_NOBODY = "!nobody"
_DEFAULT_PREFIX = "payloads/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a payload lies, its size in bytes and the SHA-256 of these bytes in hex."""

    bucket: str
    key: str
    size: int
    sha256: str

    @property
    def url(self) -> str:
        """Where the payload lies, as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"

    def value(self) -> dict[str, str | int]:
        """The reference as the JSON object that travels."""
        return {"$ref": self.url, "size": self.size, "sha256": self.sha256}

    def text(self) -> str:
        """The text of :meth:`value`."""
        return json.dumps(self.value(), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str | None) -> Reference | None:
        """Read a text that may be a reference; None if it is anything else.

        Example:
            >>> Reference.parse('{"$ref": "s3://bucket/key", "size": 1}') is None
            True
        """
        if text is None or len(text) > _LONGEST or '"$ref"' not in text:
            return None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return cls.from_value(value)

    @classmethod
    def from_value(cls, value: object) -> Reference | None:
        """Read a parsed value that may be a reference; None if it is anything else."""
        if not isinstance(value, dict) or value.keys() != _KEYS:
            return None
        location, size, digest = value["$ref"], value["size"], value["sha256"]
        found = _LOCATION.fullmatch(location) if isinstance(location, str) else None
        if found is None or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            return None
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            return None
        return cls(bucket=found[1], key=found[2], size=size, sha256=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadPlace:
    """Where a stack keeps large payloads: a bucket, and what its keys begin with.

    Example:
        >>> place = PayloadPlace(bucket="my-payloads")
        >>> place.refer("{}", client="ClientA").key[:23]
        'payloads/ClientA/44136f'
        >>> PayloadPlace.parse("s3://my-payloads/cpe").url
        's3://my-payloads/cpe/'
    """

    bucket: str
    prefix: str = _DEFAULT_PREFIX

    @classmethod
    def parse(cls, url: str) -> PayloadPlace | None:
        """Read ``s3://bucket/prefix``; the prefix is ``payloads/`` if left out. None if it is no such URL."""
        found = _PLACE.fullmatch(url)
        if found is None:
            return None
        prefix = (found[2] or "").strip("/")
        return cls(bucket=found[1], prefix=f"{prefix}/" if prefix else _DEFAULT_PREFIX)

    @property
    def url(self) -> str:
        """The place as ``s3://bucket/prefix/``."""
        return f"s3://{self.bucket}/{self.prefix}"

    def refer(self, payload: str, *, client: str | None) -> Reference:
        """Make the reference that stands in for a payload; storing it under that key is the caller's part."""
        body = payload.encode()
        digest = hashlib.sha256(body).hexdigest()
        return Reference(
            bucket=self.bucket, key=f"{self._folder(client)}{digest}", size=len(body), sha256=digest
        )

    def check(self, reference: Reference, *, client: str | None) -> None:
        """Raise PayloadError with code ``REFERENCE_REFUSED`` unless a client's job may use a reference."""
        if reference.bucket != self.bucket or reference.key != f"{self._folder(client)}{reference.sha256}":
            raise PayloadError(
                f"{reference.url} is no payload of client {client!r} in this stack",
                code="REFERENCE_REFUSED",
            )

    def claim_key(self, digest: str, *, client: str) -> str:
        """The key under which it is settled who starts a client's job; no payload has such a key."""
        return f"{self._folder(client)}jobs/{digest}"

    def _folder(self, client: str | None) -> str:
        return f"{self.prefix}{client or _NOBODY}/"


def needs_reference(payload: str) -> bool:
    """Tell whether a payload cannot travel through SWF as it is.

    Example:
        >>> needs_reference('{"a": 1}'), needs_reference("x" * (MAX_SWF_DATA + 1))
        (False, True)
    """
    return len(payload) > MAX_SWF_DATA or Reference.parse(payload) is not None
