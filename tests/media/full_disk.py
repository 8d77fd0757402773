"""Runs one job again and again on a disk that is too small for it, at ten sizes, and once on one that is not.

It makes a disk of its own, which nobody else sees: a mount namespace needs no privileges where Linux lets users
make namespaces. Prints a line of JSON for each run; exits with 77 where that is not allowed.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from activities.transcode_asset import TranscodeAsset
from cpe.errors import ActivityError
from cpe.testing import ActivityEnvironment
from tests.media.magicks import magick_of

POINTS = 10
KINDS = ("VIDEO", "IMAGE", *(("COMMAND",) if any(map(magick_of, (6, 7))) else ()))
"""What is made; commands for pictures where there is ImageMagick."""

NOT_ALLOWED = 77

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_REMOUNT = 32
_MIB = 1024 * 1024
_LARGE = 256 * _MIB
_LIBC = ctypes.CDLL(None)


def main(folder: Path, files: list[Path]) -> int:
    """Run the jobs with inputs from `files`, scratch directories and all in `folder`."""
    disk = folder / "disk"
    disk.mkdir()
    if not _enter() or _mount(disk, _LARGE, 0) != 0:
        return NOT_ALLOWED
    for kind in KINDS:
        with _peak(disk) as peak:
            _tell(kind, _LARGE, _run(kind, folder / f"{kind}-first", disk, files))
        for point in range(POINTS):
            size = peak[0] * (2 * point + 1) // (2 * POINTS + 1) // 4096 * 4096
            assert _mount(disk, max(size, 4096), _REMOUNT) == 0
            _tell(kind, size, _run(kind, folder / f"{kind}-{point}", disk, files))
        assert _mount(disk, _LARGE, _REMOUNT) == 0
        _tell(kind, _LARGE, _run(kind, folder / f"{kind}-last", disk, files))
    return 0


def _run(kind: str, folder: Path, disk: Path, files: list[Path]) -> dict[str, Any]:
    folder.mkdir()
    environment = ActivityEnvironment(folder, settings={"cores": 2, "custom_cmd": True})
    environment.scratch = disk / "task"
    for file in files:
        environment.storage.put("media-in", file.name, file)
    environment.storage.make_bucket("media-out")
    told: dict[str, Any] = {"code": None, "retryable": None, "said": ""}
    try:
        environment.run(TranscodeAsset(), _order(kind))
    except ActivityError as error:
        told = {"code": error.code, "retryable": error.retryable, "said": str(error)}
    published = environment.storage.keys("media-out")
    return {
        **told,
        "events": environment.event_types,
        "published": published,
        "left": [path.name for path in disk.iterdir()],
    }


def _order(kind: str) -> dict[str, Any]:
    video = {"type": "VIDEO", "bucket": "media-out", "preset": "320x240-generic", "video_bitrate": "1M"}
    mark = {"bucket": "media-in", "file": "mark.png"}
    thumb = {"type": "THUMB", "bucket": "media-out", "size": "160:90", "count": 10}
    outputs = {
        "VIDEO": [
            {**video, "file": "a.mp4", "watermark": mark},
            {**video, "file": "b.mkv"},
            {**thumb, "file": "t.png"},
            {**thumb, "file": "s.jpg", "sprite": {"columns": 2, "rows": 2}},
            {"type": "AUDIO", "bucket": "media-out", "file": "a.flac"},
        ],
        "IMAGE": [
            {"type": "IMAGE", "bucket": "media-out", "file": f"{n}.png", "resize": "900x"} for n in range(3)
        ],
        "COMMAND": [
            {
                "type": "IMAGE",
                "bucket": "media-out",
                "file": f"{n}.{extension}",
                "custom_cmd": "convert ${input_file} -resize 900x ${output_file}",
            }
            for n, extension in enumerate(("png", "tiff", "bmp", "jpg", "webp"))
        ],
    }[kind]
    name = "film.mp4" if kind == "VIDEO" else "picture.png"
    return {
        "input_asset": {"type": "VIDEO" if kind == "VIDEO" else "IMAGE", "bucket": "media-in", "file": name},
        "output_assets": outputs,
    }


def _tell(kind: str, size: int, told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"kind": kind, "size": size, **told}) + "\n")


def _enter() -> bool:
    """Go into namespaces of our own, as the same user."""
    user, group = os.getuid(), os.getgid()
    if _LIBC.unshare(_NEW_USER | _NEW_MOUNTS) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return False
    return True


def _mount(disk: Path, size: int, flags: int) -> int:
    path = os.fsencode(disk)
    return int(_LIBC.mount(b"tmpfs", path, b"tmpfs", ctypes.c_ulong(flags), f"size={size}".encode()))


@contextmanager
def _peak(disk: Path) -> Iterator[list[int]]:
    """Give the most bytes that the disk held during a block."""
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            space = os.statvfs(disk)
            peak[0] = max(peak[0], (space.f_blocks - space.f_bfree) * space.f_frsize)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
