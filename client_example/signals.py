"""Ending a daemon in order."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


def drain_on_signals(drain: Callable[[], None]) -> None:
    """Let the first SIGTERM or SIGINT call `drain`, and the second end the process at once."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
