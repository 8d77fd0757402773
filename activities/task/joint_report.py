"""Tells the client how far videos are that are made by several runs side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from activities.media.progress import Progress
from activities.task.report import REPORT_SECONDS, ProgressReport
from cpe.activity import ActivityContext


class JointReport:
    """The progress of videos that are made together; all of them have one event a second or so.

    Args:
        context: The task.
        outputs: The videos' keys.
        duration: Seconds of the whole; None when unknown.
        runs: How many there are.
        each_whole: Whether each run goes over the whole, and not over a segment of it.
    """

    def __init__(
        self,
        context: ActivityContext,
        outputs: Sequence[str],
        duration: float | None,
        *,
        runs: int,
        each_whole: bool = False,
    ) -> None:
        interval = REPORT_SECONDS * len(outputs)
        self._reports = {
            output: ProgressReport(context, output, duration, interval=interval) for output in outputs
        }
        self._duration = duration
        self._times = runs if each_whole else 1
        self._runs: list[Progress | None] = [None] * runs
        self._lock = threading.Lock()

    def of(self, run: int) -> Callable[[Progress], None]:
        """Return what takes the progress of one run; it may be called from any thread."""

        def update(progress: Progress) -> None:
            with self._lock:
                self._runs[run] = progress
                together = self._together()
                for report in self._reports.values():
                    report.update(together)

        return update

    def finish(self, *, but: Collection[str] = ()) -> None:
        """Report that the videos are done, but for those with these keys."""
        for output, report in self._reports.items():
            if output not in but:
                report.finish()

    def _together(self) -> Progress:
        known = [run for run in self._runs if run is not None]
        # One that is done works no more.
        working = [run for run in known if run.percent < 100]  # noqa: PLR2004 - percent
        done = sum(run.done for run in known) / self._times
        speed = sum(run.speed or 0.0 for run in working) / self._times or None
        if self._duration is None:
            return Progress(done=round(done, 3), percent=0.0, speed=speed, fps=_sum(working), eta=None)
        left = max(self._duration - done, 0.0)
        return Progress(
            done=round(min(done, self._duration), 3),
            percent=round(100 * min(done / self._duration, 1.0), 1) if self._duration > 0 else 0.0,
            speed=None if speed is None else round(speed, 2),
            fps=_sum(working),
            eta=round(left / speed, 1) if speed else None,
        )


def _sum(runs: Sequence[Progress]) -> float | None:
    rates = [run.fps for run in runs if run.fps is not None]
    return round(sum(rates), 1) if rates else None
