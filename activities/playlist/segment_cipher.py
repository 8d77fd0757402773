"""AES-128 for the segments of HLS (RFC 8216, 4.3.2.4).

The whole file is encrypted, in cipher block chaining with the padding of PKCS #7.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BYTES = 16
_BITS = 8 * _BYTES
_CHUNK = 1024 * 1024

Coder = tuple[Callable[[bytes], bytes], Callable[[], bytes]]
"""What is made of the next bytes, and of their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCipher:
    """A key that was made for one ladder. It shows itself to nobody who prints it."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(_BYTES), repr=False)

    def new_start(self) -> bytes:
        """Return a start value for one segment; no two segments shall have the same."""
        return secrets.token_bytes(_BYTES)

    def encryptor(self, start: bytes) -> Coder:
        """Return what encrypts the next bytes of a segment, and what ends it."""
        padder = padding.PKCS7(_BITS).padder()
        cipher = self._cipher(start).encryptor()
        return (
            lambda content: cipher.update(padder.update(content)),
            lambda: cipher.update(padder.finalize()) + cipher.finalize(),
        )

    def decryptor(self, start: bytes) -> Coder:
        """Return what decrypts the next bytes of a segment, and what ends it.

        The latter raises ValueError when the segment was not encrypted so.
        """
        unpadder = padding.PKCS7(_BITS).unpadder()
        cipher = self._cipher(start).decryptor()
        return (
            lambda content: unpadder.update(cipher.update(content)),
            lambda: unpadder.update(cipher.finalize()) + unpadder.finalize(),
        )

    def _cipher(self, start: bytes) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES128(self.key), modes.CBC(start))


def code(coder: Coder | None, content: Iterable[bytes], file: BinaryIO) -> None:
    """Write what a coder makes of some content; without one, the content itself."""
    if coder is None:
        file.writelines(content)
        return
    update, finish = coder
    file.writelines(update(chunk) for chunk in content)
    file.write(finish())


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file's content in parts that do not fill the memory."""
    while chunk := file.read(_CHUNK):
        yield chunk
