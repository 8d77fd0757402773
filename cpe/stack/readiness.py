"""Tells when a stack takes jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cpe.errors import CpeError

LOOK_STEP = 0.2
"""Seconds between two looks whether the daemons are ready."""

FAULT_STEP = 2.0
"""The same after a look that failed."""


@contextmanager
def watching(
    ready: Callable[[], bool], announce: Callable[[], None], complain: Callable[[str], None]
) -> Iterator[None]:
    """Announce once that a stack is ready, from a thread beside the block; at the latest its end ends that.

    Args:
        ready: Looks whether it is. What fails, here or while it is announced, is tried again.
        announce: Tells it.
        complain: Is told what is wrong, each fault once in a row.
    """
    stopping = threading.Event()

    def watch() -> None:
        told, step = "", LOOK_STEP
        while not stopping.wait(step):
            try:
                if ready():
                    announce()
                    return
                told, step = "", LOOK_STEP
            except (CpeError, OSError) as error:
                step = FAULT_STEP
                if str(error) != told:
                    told = str(error)
                    complain(told)

    watcher = threading.Thread(target=watch, name="ready", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stopping.set()
        watcher.join()
