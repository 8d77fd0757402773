"""Ending a program that waits on the network for most of its life."""

from __future__ import annotations

import signal
from types import FrameType

_LOOK_SECONDS = 1.0


def interrupt_until_ended() -> None:
    """Let SIGTERM and SIGINT raise KeyboardInterrupt, and again each second until the program has ended.

    Once is not enough. A signal that comes right before a long poll is heard of when the poll is over, 20 s
    later; and one that comes inside of a library may meet code there that catches whatever is raised. So an
    alarm breaks off what blocks, each second (Python goes on with it by itself, PEP 475), and repeats the
    wish to end. What the program does at its end must be quick.
    """
    asked = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
