"""AES-128 for the segments of HLS (RFC 8216, 4.3.2.4).

The whole file is encrypted, in cipher block chaining with the padding of PKCS #7.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BYTES = 16
_BITS = 8 * _BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCipher:
    """A key that was made for one ladder. It shows itself to nobody who prints it."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(_BYTES), repr=False)

    def new_start(self) -> bytes:
        """Return a start value for one segment; no two segments shall have the same."""
        return secrets.token_bytes(_BYTES)

    def encryptor(self, start: bytes) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
        """Return what encrypts the next bytes of a segment, and what ends it."""
        padder = padding.PKCS7(_BITS).padder()
        encryptor = Cipher(algorithms.AES128(self.key), modes.CBC(start)).encryptor()

        def update(content: bytes) -> bytes:
            return encryptor.update(padder.update(content))

        def finish() -> bytes:
            return encryptor.update(padder.finalize()) + encryptor.finalize()

        return update, finish

    def decrypt(self, content: bytes, start: bytes) -> bytes:
        """Return what a segment was before.

        Raises:
            ValueError: It was not encrypted so.
        """
        decryptor = Cipher(algorithms.AES128(self.key), modes.CBC(start)).decryptor()
        unpadder = padding.PKCS7(_BITS).unpadder()
        plain = decryptor.update(content) + decryptor.finalize()
        return unpadder.update(plain) + unpadder.finalize()
