"""Looks at a film that is to be split: its streams, and when its frames are shown.

The index of an MP4 or QuickTime file names all its frames. Of a large one in a bucket no more is fetched than
its index, its beginning and its end. Where that does not tell, and of other films, all of it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from activities.ffmpeg.workshop import Workshop
from activities.media.boxes import BoxError, boxes_of
from activities.media.job import AssetType, InputAsset
from activities.media.locations import Location
from activities.media.segments import Frames
from activities.sandbox.ffmpeg import FFmpegError
from activities.sandbox.quota import telling_a_full_disk
from activities.source.frames import read_frames
from activities.source.source import Source, check_whole, inspect
from activities.task.settings import MediaSettings
from activities.task.stopwatch import Stopwatch
from activities.transfer.fetch import fetch
from activities.transfer.glance import GLANCE_FROM, MAX_BOXES, MAX_INDEX, TAIL, glance
from cpe.activity import ActivityContext
from cpe.errors import InvalidInput

_IN_FRAGMENTS = b"mvex"
"""The box in an index that says that there is more to it elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmLook:
    """A look at one film.

    Attributes:
        context: The task.
        workshop: FFprobe, in the task's scratch directory.
        asset: The film.
        file: The file to write in that directory.
        settings: The activity's settings.
        stopwatch: Takes the times of fetching and probing.
    """

    context: ActivityContext
    workshop: Workshop
    asset: InputAsset
    file: str
    settings: MediaSettings
    stopwatch: Stopwatch

    def look(self, *, whole: bool) -> tuple[Source, Frames | None]:
        """Return the film, and its frames; None when some have no time.

        Args:
            whole: Whether all of the film has to be there, since more is taken out of it.

        Raises:
            ActivityError: It cannot be had, or is no use; see :func:`~activities.transfer.fetch.fetch`,
                :func:`~activities.source.source.inspect` and
                :func:`~activities.source.source.check_whole`.
        """
        size = 0 if whole else self._glance()
        if size:
            try:
                with self.stopwatch.measure("probe"):
                    return self._probe(glanced=size)
            except (InvalidInput, FFmpegError):
                self.context.log.info("glance.failed")
        with self.stopwatch.measure("fetch"):
            fetch(self.context, self.asset, self._path, self.settings)
        with self.stopwatch.measure("probe"):
            return self._probe()

    @property
    def _path(self) -> Path:
        return self.context.scratch / self.file

    def _glance(self) -> int:
        """Fetch the telling parts of a large film and return its size; 0 where all of it is needed."""
        place = self.asset.source
        if not isinstance(place, Location):
            return 0
        with self.stopwatch.measure("fetch"), telling_a_full_disk():
            size = self.context.storage.head(place.bucket, place.key).size
            if not GLANCE_FROM <= size <= self.settings.max_input_bytes:
                return 0
            fetched = glance(self.context, place, self._path, size)
        self.context.log.info("glance.fetched", size=size, fetched=fetched)
        return size if _names_all_frames(self._path) else 0

    def _probe(self, *, glanced: int = 0) -> tuple[Source, Frames | None]:
        """Look at the file; `glanced` is its size where only parts of it are there."""
        source = inspect(self.workshop, self.file, AssetType.VIDEO)
        check_whole(self.workshop, source, tail=TAIL / glanced if glanced else 1.0)
        return source, read_frames(self.workshop, source, indexed=bool(glanced))


def _names_all_frames(path: Path) -> bool:
    """Tell whether a file has an index that was fetched, and in which all its frames are."""
    try:
        with path.open("rb") as file:
            index = next((box for box in islice(boxes_of(file), MAX_BOXES) if box.type == "moov"), None)
            if index is None or index.size > MAX_INDEX:
                return False
            file.seek(index.start)
            return _IN_FRAGMENTS not in file.read(index.size)
    except BoxError:
        return False
