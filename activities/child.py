"""Becomes FFmpeg: ties itself to its parent's life, then executes the command it was given.

Run as ``python -I -S child.py PARENT_PID COMMAND…``. This is done in a program of its own, since code that
runs between fork and exec of a process with threads (``preexec_fn``) may meet a lock that nobody holds any
more and hang for ever. It costs some 15 ms.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_EXIT_CANNOT_EXECUTE = 126


def main(arguments: list[str]) -> None:
    """Execute ``arguments[1:]`` in this process, to be killed when the process ``arguments[0]`` ends."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        # Survives exec. The kernel sends it when the parent's *thread* that started us ends; see ffmpeg.py.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent ended before the line above took effect.
        sys.exit(_EXIT_CANNOT_EXECUTE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python ignores it, and what is ignored stays so after exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be executed: {error.strerror}\n")
        sys.exit(_EXIT_CANNOT_EXECUTE)


if __name__ == "__main__":
    main(sys.argv[1:])
