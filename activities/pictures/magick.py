"""ImageMagick: where it is on this machine, and how it runs a job's own command.

Each run has a directory of its own, which has its policy and takes what it makes; of the rest of the task it
reads the input alone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from activities.pictures.magick_policy import MOST_DISK, policy
from activities.pictures.picture_work import MAX_PIXELS
from activities.sandbox import ffmpeg
from activities.sandbox.bounded import MEMORY
from activities.sandbox.limits import Limits
from activities.sandbox.quota import quota_exceeded
from cpe.activity import Cancellation
from cpe.errors import ActivityError, CpeError, InvalidInput

COMMAND_SECONDS = 300.0
"""Longest that one command may take."""

_ASK_SECONDS = 30.0

# Debian's own names first: what is called convert may be something else.
_NAMES = ("magick", "magick-im7.q16", "convert-im6.q16", "convert")
_VERSION = re.compile(r"Version: ImageMagick (\d+)\.(\d+)\.(\d+)", re.ASCII)

_LEAST = {6: (6, 9, 10), 7: (7, 0, 8)}
"""The oldest versions that keep to all rules of our policy."""

_TOO_LARGE = re.compile(r"exceeds ?limit|resources ?exhausted|memory ?allocation ?failed", re.IGNORECASE)
_NO_ROOM = re.compile(r"unable ?to ?(?:write|extend|create)|resources ?exhausted", re.IGNORECASE)
_TOO_LONG = re.compile(r"time ?limit ?exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Magick:
    """ImageMagick on this machine; `program` is ``magick`` of version 7 or ``convert`` of version 6."""

    program: Path
    version: tuple[int, ...]

    def run(
        self,
        arguments: Sequence[str],
        directory: Path,
        *,
        source: Path,
        cancellation: Cancellation,
        cores: int,
        room: int,
    ) -> None:
        """Run a command.

        Args:
            arguments: Its words behind the program, all of them harmless.
            directory: Where it runs, and the one place where it may write; its policy is put there.
            source: The one file that it may read elsewhere.
            cancellation: Stops it.
            cores: How many processors it may use.
            room: Bytes that the directory may hold.

        Raises:
            InvalidInput: It asks for more pixels (``OUTPUT_TOO_LARGE``) or more time (``INPUT_TOO_COMPLEX``)
                than is allowed.
            ActivityError: It failed (``IMAGEMAGICK_FAILED``), was killed (``PROCESS_KILLED``, retryable), or
                had too little room (``DISK_QUOTA``).
        """
        rules = policy(pixels=MAX_PIXELS, room=room, cores=cores, seconds=COMMAND_SECONDS)
        (directory / "policy.xml").write_text(rules, encoding="utf-8")
        here = str(directory.absolute())
        try:
            ffmpeg.run(
                self.program,
                arguments,
                directory=directory,
                cancellation=cancellation,
                time_limit=COMMAND_SECONDS,
                limits=Limits(memory=MEMORY, scratch=room, readable=(source.absolute(),)),
                environment={"MAGICK_CONFIGURE_PATH": here, "MAGICK_TEMPORARY_PATH": here, "HOME": here},
            )
        except ffmpeg.FFmpegError as error:
            raise _failure(error, room) from error


def find_magick(setting: str | None) -> Magick:
    """Find ImageMagick: by the setting, or on the PATH; what only has its name is passed over.

    Raises:
        ActivityError: There is none, ``IMAGEMAGICK_UNAVAILABLE``.
    """
    others = []
    for program in _candidates(setting):
        try:
            version = _version_of(program)
        except ActivityError:
            others.append(f"{program} is not ImageMagick")
            continue
        least = _LEAST.get(version[0], (7,))
        if version >= least:
            return Magick(program=program, version=version)
        others.append(f"{program} is older than {'.'.join(map(str, least))}")
    found = f" ({'; '.join(others)})" if others else ""
    raise ActivityError(
        f"This worker has no ImageMagick{found}, which runs commands for pictures. Install it so that "
        "magick or convert is on the PATH, or name it in the activity's setting 'imagemagick'; or use "
        "resize, thumbnail, crop, gravity and quality, which need none.",
        code="IMAGEMAGICK_UNAVAILABLE",
    )


def _candidates(setting: str | None) -> Iterator[Path]:
    """Every program of one of the names, in the order of the PATH for each name."""
    if setting:
        found = shutil.which(setting)
        if found:
            yield Path(found).absolute()
        return
    for name in _NAMES:
        for folder in dict.fromkeys(os.get_exec_path()):
            found = shutil.which(name, path=folder)
            if found:
                yield Path(found).absolute()


@cache
def _version_of(program: Path) -> tuple[int, ...]:
    """Ask a program for its version; what is no ImageMagick is asked again the next time."""
    told = ffmpeg.run(
        program,
        ("-version",),
        directory=Path("/"),
        cancellation=Cancellation(),
        time_limit=_ASK_SECONDS,
        limits=Limits(memory=MEMORY, writes=False),
    )
    match = _VERSION.match(told)
    if match is None:
        raise ActivityError(f"{program} is not ImageMagick.", code="IMAGEMAGICK_UNAVAILABLE")
    return tuple(int(number) for number in match.groups())


def _failure(error: ffmpeg.FFmpegError, room: int) -> ActivityError:
    if error.code == "FFMPEG_TIMEOUT" or _TOO_LONG.search(error.tail):
        return InvalidInput(
            f"The command did not end within {COMMAND_SECONDS:g} s. Ask for less work or a smaller picture.",
            code="INPUT_TOO_COMPLEX",
        )
    if room < MOST_DISK and _NO_ROOM.search(error.tail):
        return quota_exceeded(room)
    if _TOO_LARGE.search(error.tail) or error.code == "FFMPEG_OUT_OF_MEMORY":
        return InvalidInput(
            f"The command asks for a larger picture than is made, or for more of them: {error.tail}",
            code="OUTPUT_TOO_LARGE",
        )
    if error.retryable:
        return ActivityError(
            "ImageMagick was killed; the machine may be short of memory.",
            code="PROCESS_KILLED",
            retryable=True,
        )
    return ActivityError(f"ImageMagick failed: {error.tail}", code="IMAGEMAGICK_FAILED")


def missing_magick(setting: str | None) -> Iterator[CpeError]:
    """Tell that commands for pictures cannot be run here (``IMAGEMAGICK_UNAVAILABLE``)."""
    try:
        find_magick(setting)
    except ActivityError as error:
        yield error
