"""SQLite's write-ahead log, looked at before SQLite does: it drops a torn end without a word.

The format is the one of https://www.sqlite.org/fileformat2.html, section 4: a header, then frames, each with
a page. A transaction's last frame says so. What follows the last whole transaction never happened.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

# Magic, version, page size, checkpoint number, salts; then the checksum of these.
_HEADER = struct.Struct(">IIII8sII")
_CHECKED_HEADER = 24
# Page number, size of the database after a commit or 0, salts; then the checksum so far.
_FRAME = struct.Struct(">II8sII")
_CHECKED_FRAME = 8
_SALTS = slice(8, 16)
#: Differs in its last bit, which says whether checksums are of big-endian words.
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


def torn_bytes(wal: Path) -> int:
    """Tell how much of a log follows its last whole transaction; 0 if there is no log.

    Frames that earlier logs left behind in the file do not count.
    """
    content = wal.read_bytes() if wal.exists() else b""
    if not content:
        return 0
    log = _Log.of(content)
    return len(content) if log is None else log.torn(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """What a log's header tells."""

    frame: int
    salts: bytes
    words: str
    sums: tuple[int, int]

    @classmethod
    def of(cls, content: bytes) -> _Log | None:
        if len(content) < _HEADER.size:
            return None
        magic, _, page, _, salts, *sums = _HEADER.unpack_from(content)
        words = ">II" if magic & 1 else "<II"
        if magic & ~1 != _MAGIC or _sums(words, content[:_CHECKED_HEADER], (0, 0)) != tuple(sums):
            return None
        return cls(frame=_FRAME.size + page, salts=salts, words=words, sums=(sums[0], sums[1]))

    def torn(self, content: bytes) -> int:
        sums, good = self.sums, True
        whole = end = _HEADER.size
        for start in range(_HEADER.size, len(content), self.frame):
            frame = content[start : start + self.frame]
            if len(frame) >= _SALTS.stop and frame[_SALTS] != self.salts:
                break
            end = start + len(frame)
            good = good and len(frame) == self.frame
            if good:
                _, commits, _, *expected = _FRAME.unpack_from(frame)
                sums = _sums(self.words, frame[:_CHECKED_FRAME] + frame[_FRAME.size :], sums)
                good = sums == tuple(expected)
                if good and commits:
                    whole = end
        return end - whole


def _sums(words: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for one, two in struct.iter_unpack(words, data):
        first = (first + one + second) & _MASK
        second = (second + two + first) & _MASK
    return first, second
