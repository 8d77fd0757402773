"""What a program in the sandbox may use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use.

    Attributes:
        memory: Bytes of memory of its own, libraries and shared memory not counted; None for any.
        scratch: Bytes that the directory in which it runs may hold, whoever wrote them; None for any.
        readable: What it may read besides itself, the system's programs and libraries, this Python's
            environment, and the directory in which it runs.
        writes: Whether it may read and write in the directory in which it runs.
        local_sockets: Whether it may have sockets between programs of this machine (AF_UNIX), as large
            programs do among their own parts. There are never any to the network.
    """

    memory: int | None = None
    scratch: int | None = None
    readable: tuple[Path, ...] = ()
    writes: bool = True
    local_sockets: bool = False


def described(limits: Limits, *, program: Path, directory: Path, processor_seconds: int) -> Iterator[str]:
    """Describe for ``child.py`` what a program may do, a word each; it turns them into the kernel's limits.

    Example:
        >>> here = Path("/s")
        >>> words = described(Limits(memory=1), program=Path("/b/x"), directory=here, processor_seconds=9)
        >>> list(words)[:-1]
        ['seconds=9', 'memory=1', 'write=/s', 'read=/b/x', 'read=/lib', 'read=/lib64']
    """
    yield f"seconds={processor_seconds}"
    if limits.memory is not None:
        yield f"memory={limits.memory}"
    if limits.scratch is not None:
        yield f"file={limits.scratch}"
    if limits.local_sockets:
        yield "sockets=local"
    if limits.writes:
        yield f"write={directory}"
    # Python's environment may be where FFmpeg was installed; scripts name it there.
    for path in (*_places_of(program), Path(sys.prefix), *limits.readable):
        yield f"read={path}"


def _places_of(program: Path) -> Iterator[Path]:
    """A program, and where libraries lie that it brings along."""
    for path in dict.fromkeys((program, program.resolve())):
        yield path
        yield from (path.parent.parent / name for name in ("lib", "lib64"))
