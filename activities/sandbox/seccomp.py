"""Takes from this process, and what it starts, the system calls that reach the network and other processes.

What is refused fails with EPERM and ends nobody. The filter is a program for the kernel's packet filter; it
looks at the number of each call (see ``Documentation/userspace-api/seccomp_filter.rst``). It needs no
privilege, and containers allow it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

_PR_GET_SECCOMP, _PR_SET_SECCOMP = 21, 22
_MODE_FILTER = 2

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35  # BPF_JMP | BPF_JEQ or BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_CALL, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_X32 = 0x40000000
"""From here on x86 counts calls of its 32-bit pointers, which mean the same by another number."""

_CALLS = {
    "connect": (42, 203),
    "socketpair": (53, 199),
    "io_uring_setup": (425, 425),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
"""The calls that are refused, with their numbers on x86-64 and on 64-bit ARM."""

_SOCKET = (41, 198)
_FIRST_ARGUMENT = 16  # offset in struct seccomp_data; its lower half, as both architectures count
_AF_UNIX = 1
_OF_LOCAL_SOCKETS = frozenset({"connect", "socketpair"})

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""For each machine the kernel's AUDIT_ARCH of it, and the column of its numbers."""


def available() -> bool:
    """Tell whether this machine's kernel has filters, and we know its calls."""
    if sys.platform != "linux" or os.uname().machine not in _ARCHITECTURES:
        return False
    return int(ctypes.CDLL(None).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0)) >= 0


def restrict(*, local_sockets: bool = False) -> bool:
    """Refuse the calls from now on, for good; tell whether it is so. Needs PR_SET_NO_NEW_PRIVS.

    Args:
        local_sockets: Leave sockets between programs of this machine.
    """
    if not available():
        return False
    filters = _program(*_ARCHITECTURES[os.uname().machine], local_sockets=local_sockets)
    held = ctypes.create_string_buffer(filters, len(filters))
    program = struct.pack("HxxxxxxP", len(filters) // 8, ctypes.addressof(held))
    return int(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0)) == 0


def _program(architecture: int, column: int, *, local_sockets: bool) -> bytes:
    """Write the filter; jumps count the instructions that they pass over."""
    left_out = _OF_LOCAL_SOCKETS if local_sockets else frozenset()
    numbers = [calls[column] for name, calls in _CALLS.items() if name not in left_out]
    # A socket of this machine goes on to the end but one, any other to the end.
    sockets = [(_IF_EQUAL, 1, 0, _SOCKET[column])]
    if local_sockets:
        sockets = [
            (_IF_EQUAL, 0, 2, _SOCKET[column]),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_IF_EQUAL, 0, 1, _AF_UNIX),
        ]
    left = len(numbers) + len(sockets)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        # Calls as another processor would make them, such as those of 32 bits, are all refused.
        (_IF_EQUAL, 0, left + 3, architecture),
        (_LOAD, 0, 0, _CALL),
        (_IF_AT_LEAST, left + 1, 0, _X32),
        *((_IF_EQUAL, left - index, 0, number) for index, number in enumerate(numbers)),
        *sockets,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
