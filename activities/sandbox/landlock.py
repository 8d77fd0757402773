"""Lets this process, and what it starts, reach named places of the file system only.

Landlock is part of Linux since 5.13 and needs no privilege. The numbers are those of the kernel's
``include/uapi/linux/landlock.h``. An older kernel knows fewer kinds of access, which its version (ABI) tells.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    # For the checker of types alone: child.py starts with every program, and this takes two milliseconds.
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; their numbers are the same on all processors."""

_ASK_VERSION = 1
_RULE_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_SOCKET = 1 << 9
_FIRST_KINDS = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_KINDS_SINCE = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL}

_CONNECT_AND_BIND, _NETWORK_SINCE = 0b11, 4
_ABSTRACT_SOCKETS_AND_SIGNALS, _SCOPES_SINCE = 0b11, 6

_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store"),
    *("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime", "/var/cache/fontconfig"),
    *("/sys/devices/system", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat"),
    *("/dev/random", "/dev/urandom", "/dev/zero"),
)
"""What programs and libraries need of a system, and no data of anybody."""


def version() -> int:
    """Tell the kernel's version of Landlock; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(_syscall(_CREATE_RULESET, None, 0, _ASK_VERSION), 0)


def restrict(*, read: Iterable[str], write: Iterable[str], sockets: Iterable[str] = ()) -> bool:
    """Restrict this process for good; tell whether the kernel can. Needs PR_SET_NO_NEW_PRIVS.

    Signals to others and abstract sockets are shut off too, where the kernel knows how.

    Args:
        read: Files and folders that may be read and executed; those that are not there are left out.
        write: Folders in which anything may be done.
        sockets: Folders in which sockets between programs may be made.
    """
    known = version()
    if not known:
        return False
    kinds = _FIRST_KINDS
    for since, kind in _KINDS_SINCE.items():
        kinds |= kind if known >= since else 0
    rules = struct.pack(
        "=QQQ",
        kinds,
        _CONNECT_AND_BIND if known >= _NETWORK_SINCE else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if known >= _SCOPES_SINCE else 0,
    )
    # An older kernel takes a longer description when what it does not know is zero.
    ruleset = _syscall(_CREATE_RULESET, rules, len(rules), 0)
    if ruleset < 0:
        return False
    try:
        for path in (*read, *SYSTEM):
            _allow(ruleset, path, _READ & kinds)
        _allow(ruleset, os.devnull, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & kinds)
        for path in write:
            _allow(ruleset, path, kinds)
        for path in sockets:
            _allow(ruleset, path, _MAKE_SOCKET & kinds)
        return _syscall(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, kinds: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            kinds &= _OF_FILES
        _syscall(_ADD_RULE, ruleset, _RULE_BENEATH, struct.pack("=Qi", kinds, handle), 0)
    finally:
        os.close(handle)


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    words = [
        ctypes.c_long(argument) if isinstance(argument, int) else ctypes.c_char_p(argument)
        for argument in arguments
    ]
    return int(ctypes.CDLL(None).syscall(ctypes.c_long(number), *words))
