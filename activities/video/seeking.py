"""Makes pictures that lie far apart in a video, by seeking each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count

from activities.media.progress import Progress
from activities.media.segments import Frames
from activities.media.sought import at_once
from activities.media.thumb_command import Series, sheets_arguments, sought_arguments
from activities.sandbox.ffmpeg import FFmpegError
from activities.source.source import Source
from activities.task.making import Making


def seek_pictures(
    making: Making,
    source: Source,
    series: Sequence[Series],
    frames: Frames,
    numbers: Sequence[Sequence[int]],
    *,
    report: Callable[[Progress], None],
) -> bool:
    """Make the pictures of all series, in the files that one decoding would have written.

    False: one could not be made, for the film is damaged there or changes its size. Nothing is left then, and
    one decoding has to do what it can.

    Args:
        making: The task.
        source: Its input.
        series: What to make.
        frames: The source's frames.
        numbers: For each series the frames that its pictures show.
        report: Takes how far it is, after each run.

    Raises:
        ActivityError: The task shall stop, or may not use more of the machine.
    """
    most = at_once(source.video, making.machine.memory)
    total, done = sum(map(len, numbers)), 0
    seconds = source.info.video_duration or 0.0
    works: list[_Work] = []
    for one, found in zip(series, numbers, strict=True):
        work = _Work(making, source, one)
        works.append(work)
        for start in range(0, len(found), most):
            some = found[start : start + most]
            if not work.seek([_shortly_before(frames, number) for number in some]):
                for begun in works:
                    begun.discard()
                return False
            done += len(some)
            share = done / total
            report(
                Progress(
                    done=round(seconds * share, 3),
                    percent=round(100 * share, 1),
                    speed=None,
                    fps=None,
                    eta=None,
                )
            )
        work.finish()
    return True


class _Work:
    """The pictures of one series; those of a sprite are collected bare, and laid on sheets at the end."""

    def __init__(self, making: Making, source: Source, series: Series) -> None:
        self._workshop = making.workshop
        self._source = source
        self._series = series
        self._numbers = count(1)
        self._name = series.files.partition("%")[0]
        self._some, self._tiles = f"some-{self._name}", f"tiles-{self._name}"

    def seek(self, seeks: Sequence[Fraction]) -> bool:
        """Make the next pictures; False when one of them is missing."""
        numbers = [next(self._numbers) for _ in seeks]
        folder = self._workshop.directory
        try:
            self._run(
                sought_arguments(
                    self._series,
                    self._source.video,
                    seeks,
                    source=self._source.file,
                    first=numbers[0],
                    tiles=self._some,
                )
            )
        except FFmpegError as error:
            if error.code != FFmpegError.default_code:
                raise
            return False
        if self._series.output.sprite is None:
            return all((folder / (self._series.files % number)).is_file() for number in numbers)
        with (folder / self._tiles).open("ab") as whole, (folder / self._some).open("rb") as part:
            shutil.copyfileobj(part, whole)
            return whole.tell() == numbers[-1] * self._tile_size()

    def discard(self) -> None:
        """Remove all that was made."""
        for pattern in (f"{self._name}*", self._some, self._tiles):
            for file in self._workshop.directory.glob(pattern):
                file.unlink()

    def finish(self) -> None:
        sprite = self._series.output.sprite
        if sprite is not None:
            self._run(sheets_arguments(self._series, sprite, self._source.video, tiles=self._tiles))
            for name in (self._some, self._tiles):
                (self._workshop.directory / name).unlink()

    def _tile_size(self) -> int:
        """Bytes of a bare picture; where colours are stored at half the width, an odd one is rounded up."""
        width, height = self._series.output.size_for(self._source.video)
        if self._series.output.image.converted:
            return 3 * width * height
        return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)

    def _run(self, arguments: Sequence[str]) -> None:
        self._workshop.follow(arguments, lambda _: None)


def _shortly_before(frames: Frames, number: int) -> Fraction:
    return frames.before(number) if number else Fraction(0)
