"""Becomes another program: ties itself to its parent's life, takes what it may use, and executes the command.

Run as ``python -I -S child.py PARENT_PID WORD… -- COMMAND…``; :mod:`activities.sandbox.limits` has the words.
This is done in a program of its own, since code that runs between fork and exec of a process with threads
(``preexec_fn``) may meet a lock that nobody holds any more and hang for ever. It costs some 18 ms, two
thirds of which Python takes to start. Every look at a file pays them, so this module and those that it uses
import only what starts fast; ``signal`` and ``contextlib`` would take as long again as all else here.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

# -I leaves the standard library only; the same code as the one that started this process is wanted.
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120 - pathlib takes as long to import as all else here

from activities.sandbox import landlock, seccomp

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SIGKILL, _SIGPIPE = 9, 13
_SIG_DFL = ctypes.c_void_p(0)
_EXIT_CANNOT_EXECUTE = 126

_DESCRIPTORS = 1024
"""Open files; the usual limit of a system for programs that say nothing."""

_SOCKETS = ("/tmp",)  # noqa: S108 - LibreOffice before 7.6 has its sockets there, whatever TMPDIR says

_OUT_OF_MEMORY_SCORE = 500
"""When memory runs out, the kernel shall take this process, and not the worker: that can tell of it."""


def main(arguments: list[str]) -> None:
    """Execute the command in this process, to be killed when the process ``arguments[0]`` ends."""
    border = arguments.index("--")
    parent, words, command = int(arguments[0]), arguments[1:border], arguments[border + 1 :]
    if sys.platform == "linux":
        # Survives exec. The kernel sends it when the parent's *thread* that started us ends; see ffmpeg.py.
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        # The parent ended before the line above took effect.
        sys.exit(_EXIT_CANNOT_EXECUTE)
    _limit({name: value for name, _, value in (word.partition("=") for word in words)})
    # Python ignores it, and what is ignored stays so after exec. SIGXFSZ stays ignored: a file that grows too
    # large is then an error that the program tells, as a full disk is.
    ctypes.CDLL(None).signal(_SIGPIPE, _SIG_DFL)
    if sys.platform == "linux":
        _confine(words)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be executed: {error.strerror}\n")
        sys.exit(_EXIT_CANNOT_EXECUTE)


def _limit(words: dict[str, str]) -> None:
    os.umask(0o077)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    _set(resource.RLIMIT_CPU, int(words["seconds"]))
    if "file" in words:
        _set(resource.RLIMIT_FSIZE, int(words["file"]))
    if "memory" in words:
        # Not the address space, which FFmpeg's threads reserve in large pieces that they never use.
        _set(resource.RLIMIT_DATA, int(words["memory"]))


def _set(kind: int, value: int) -> None:
    """Set a limit, unless a lower one counts already."""
    _, most = resource.getrlimit(kind)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


def _confine(words: list[str]) -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - see above
            file.write(str(_OUT_OF_MEMORY_SCORE))
    except OSError:
        pass  # The score only chooses whom the kernel takes first.
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(
        read=[word.removeprefix("read=") for word in words if word.startswith("read=")],
        write=[word.removeprefix("write=") for word in words if word.startswith("write=")],
        sockets=_SOCKETS if "sockets=local" in words else (),
    )
    seccomp.restrict(local_sockets="sockets=local" in words)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
