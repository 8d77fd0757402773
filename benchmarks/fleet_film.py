"""A long film for :mod:`benchmarks.fleet`, and a storage that tells what goes through the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from activities.ffmpeg.tools import find_tools
from activities.sandbox import ffmpeg
from cpe.activity import Cancellation, UploadOptions
from cpe.testing import FolderStorage

SCENE = 20
"""Seconds after which the picture of a film comes again: as long as a segment of it."""

_RUN = ("-hide_banner", "-nostdin", "-y", "-loglevel", "error")
_PICTURE = f"testsrc2=size=1280x720:rate=25:duration={SCENE}"
_STEREO = "0.3*val(0)+0.3*sin(2*PI*t*(200+50*sin(t)))|0.25*val(0)*(0.2+abs(sin(3*t)))"
"""A tone that goes up and down in noise, and noise alone: a bare tone costs an encoder twice the time."""

_CODING = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-pix_fmt", "yuv420p")


def make_scene(scene: Path) -> None:
    """Write the picture that films repeat: 720p25 with some noise, 4 Mbit/s, no sound."""
    _ffmpeg(scene, "-f", "lavfi", "-i", _PICTURE, "-vf", "noise=alls=8:allf=t", *_CODING)


def make_film(film: Path, scene: Path, seconds: int) -> None:
    """Write a film of so many seconds, a multiple of :data:`SCENE`: the scene over and over, with a sound."""
    sound = f"anoisesrc=color=pink:sample_rate=48000:duration={seconds},aeval={_STEREO}:c=stereo"
    _ffmpeg(
        film,
        *("-stream_loop", str(seconds // SCENE - 1), "-i", str(scene), "-f", "lavfi", "-i", sound),
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-movflags", "+faststart"),
    )


def _ffmpeg(file: Path, *arguments: str) -> None:
    ffmpeg.run(
        find_tools(None, None).ffmpeg,
        (*_RUN, *arguments, "-f", "mp4", str(file)),
        directory=file.parent,
        cancellation=Cancellation(),
        time_limit=3600,
    )


@dataclass(slots=True)
class Traffic:
    """Bytes that went to and from a storage."""

    size: int = 0


class MeteredStorage(FolderStorage):
    """Folders as buckets, whose traffic is counted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._traffic = Traffic()

    @contextmanager
    def metered(self) -> Iterator[Traffic]:
        """Give the traffic of a block."""
        self._traffic = Traffic()
        yield self._traffic

    def read(self, bucket: str, key: str, *, start: int = 0, length: int) -> bytes:
        content = super().read(bucket, key, start=start, length=length)
        self._traffic.size += len(content)
        return content

    def download(self, bucket: str, key: str, path: Path) -> None:
        super().download(bucket, key, path)
        self._traffic.size += path.stat().st_size

    def upload(self, path: Path, bucket: str, key: str, options: UploadOptions) -> None:
        super().upload(path, bucket, key, options)
        self._traffic.size += path.stat().st_size
