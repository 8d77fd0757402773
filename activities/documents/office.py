"""Has LibreOffice turn an office document into a PDF.

Each conversion has a profile of its own in the scratch directory, which forbids macros and content from
elsewhere and sends what asks for the network to a closed door. It runs in the sandbox, as FFmpeg does; only
that it may have sockets among its own parts.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from activities.sandbox import ffmpeg
from activities.sandbox.bounded import MEMORY
from activities.sandbox.limits import Limits
from cpe.activity import Cancellation
from cpe.errors import ActivityError, InvalidInput

OFFICE_SECONDS = 300.0
"""Longest that LibreOffice may take for one document."""

_NAMES = ("soffice", "libreoffice")
_DATA = (Path("/etc/libreoffice"), Path("/var/lib/libreoffice"), Path("/var/spool/libreoffice"))
_RESTART = 81
"""LibreOffice's exit status when it wants to be started again, as with a new profile."""

_STARTS = 3

# The address is this machine's own, the port the one that discards; nothing listens there.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{items}</oor:items>
"""
_ITEM = (
    '<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
    "<value>{value}</value></prop></item>\n"
)
_SCRIPTING = "Office.Common/Security/Scripting"
_HARDENED = (
    (_SCRIPTING, "MacroSecurityLevel", "3"),
    (_SCRIPTING, "DisableMacrosExecution", "true"),
    (_SCRIPTING, "DisablePythonRuntime", "true"),
    (_SCRIPTING, "DisableActiveContent", "true"),
    (_SCRIPTING, "BlockUntrustedRefererLinks", "true"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """LibreOffice on this machine: `program` is that which works, not the script that starts it."""

    program: Path

    @property
    def _places(self) -> tuple[Path, ...]:
        """Where it lies with all that belongs to it."""
        return (self.program.parent, self.program.parent.parent, *_DATA)

    def to_pdf(
        self, directory: Path, file: str, *, cancellation: Cancellation, scratch: int | None = None
    ) -> str:
        """Turn a file in a directory into a PDF beside it; return the PDF's name.

        Args:
            directory: The task's scratch directory.
            file: A name of our own, whose extension is the document's.
            cancellation: Stops it.
            scratch: Bytes that the directory may hold; None for any.

        Raises:
            InvalidInput: LibreOffice makes nothing of it (``INPUT_UNDECODABLE``), or not within 300 s
                (``INPUT_TOO_COMPLEX``).
            ActivityError: LibreOffice failed (``OFFICE_FAILED``) or was killed.
        """
        profile = directory / "office"
        _write_settings(profile)
        limits = Limits(memory=MEMORY, scratch=scratch, readable=self._places, local_sockets=True)
        for _ in range(_STARTS):
            if self._run(directory, file, profile, cancellation, limits):
                break
        made = directory / Path(file).with_suffix(".pdf").name
        if not made.is_file():
            raise InvalidInput(
                "LibreOffice makes no PDF of the document; it is damaged or protected.",
                code="INPUT_UNDECODABLE",
            )
        return made.name

    def _run(
        self, directory: Path, file: str, profile: Path, cancellation: Cancellation, limits: Limits
    ) -> bool:
        """Run it once; return whether it is done, and need not be started again."""
        # Its parts talk through a socket, whose path must be short.
        home = (f"HOME={directory}", f"TMPDIR={directory}", "OSL_SOCKET_PATH=.", str(self.program))
        try:
            ffmpeg.run(
                Path(shutil.which("env") or "/usr/bin/env"),
                (*home, *convert_arguments(file, profile)),
                directory=directory,
                cancellation=cancellation,
                time_limit=OFFICE_SECONDS,
                limits=limits,
            )
        except ffmpeg.FFmpegError as error:
            if error.status == _RESTART:
                return False
            raise _failure(error) from error
        finally:
            _remove_socket(profile)
        return True


def find_office(setting: str | None) -> Office:
    """Find LibreOffice: by the setting, or on the PATH.

    Raises:
        ActivityError: There is none, ``OFFICE_UNAVAILABLE``.
    """
    names = (setting,) if setting else _NAMES
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise ActivityError(
            "This worker has no LibreOffice, which turns office documents into PDF. Install it so that "
            "soffice is on the PATH, or name it in the activity's setting 'soffice'.",
            code="OFFICE_UNAVAILABLE",
        )
    script = Path(found).resolve()
    worker = script.with_name("soffice.bin")
    return Office(program=worker if worker.is_file() else script)


def convert_arguments(file: str, profile: Path) -> tuple[str, ...]:
    """Compose the arguments that turn a file into a PDF in the same directory."""
    return (
        f"-env:UserInstallation={_address(profile)}",
        *("--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard", "--nolockcheck"),
        *("--convert-to", "pdf", "--outdir", ".", file),
    )


def _remove_socket(profile: Path) -> None:
    """Remove what LibreOffice before 7.6 leaves in /tmp, where it may make a socket and not remove it."""
    digest = hashlib.md5(_address(profile).encode("utf-16-le"), usedforsecurity=False).digest()
    # Its name has the bytes in hexadecimal without their leading zeros.
    name = "".join(f"{byte:x}" for byte in digest)
    for socket in Path("/tmp").glob(f"OSL_PIPE_*{name}"):  # noqa: S108 - the place is LibreOffice's choice
        socket.unlink(missing_ok=True)


def _address(profile: Path) -> str:
    return profile.absolute().as_uri()


def _write_settings(profile: Path) -> None:
    folder = profile / "user"
    folder.mkdir(parents=True)
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _HARDENED)
    (folder / "registrymodifications.xcu").write_text(_SETTINGS.format(items=items), encoding="utf-8")


def _failure(error: ffmpeg.FFmpegError) -> ActivityError:
    if error.code == "FFMPEG_TIMEOUT":
        return InvalidInput(
            f"LibreOffice did not make a PDF of the document within {OFFICE_SECONDS:g} s.",
            code="INPUT_TOO_COMPLEX",
        )
    code = "OFFICE_FAILED" if error.code == ffmpeg.FFmpegError.default_code else "PROCESS_KILLED"
    return ActivityError(f"LibreOffice failed: {error.tail}", code=code, retryable=error.retryable)
