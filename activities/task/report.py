"""Tells the client how far an output is, about once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from activities.media.progress import Progress
from cpe.activity import ActivityContext

REPORT_SECONDS = 1.0
"""Least time between two progress events of one output."""


class ProgressReport:
    """The progress of one output.

    Args:
        context: The task.
        output: The output's key.
        duration: Its seconds; None when unknown.
        part: Which part of the output is made; None for the whole.
        interval: Least seconds between two events.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        context: ActivityContext,
        output: str,
        duration: float | None,
        *,
        part: str | None = None,
        interval: float = REPORT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._output = output
        self._duration = duration
        self._part = {} if part is None else {"part": part}
        self._interval = interval
        self._clock = clock
        self._next = 0.0
        self._last: Progress | None = None

    def update(self, progress: Progress) -> None:
        """Report, unless the last report was less than a second ago; 100 is left to :meth:`finish`."""
        self._context.check()
        self._last = progress
        now = self._clock()
        if now < self._next or progress.percent >= 100:  # noqa: PLR2004 - percent
            return
        self._next = now + self._interval
        self._send(progress)

    def of_run(self, number: int, runs: int) -> Callable[[Progress], None]:
        """Return what takes the progress of one of several runs over the whole; the first is number 0."""
        return lambda progress: self.update(progress.of_run(number, runs, self._duration))

    def finish(self) -> None:
        """Report that the output is done: always the last report, always 100."""
        last = self._last
        done = self._duration if self._duration is not None else (last.done if last else 0.0)
        self._send(
            Progress(
                done=round(done, 3),
                percent=100.0,
                speed=last.speed if last else None,
                fps=last.fps if last else None,
                eta=0.0,
            )
        )

    def _send(self, progress: Progress) -> None:
        self._context.progress(
            {
                "output": self._output,
                **self._part,
                "duration": None if self._duration is None else round(self._duration, 3),
                "done": progress.done,
                "progress": progress.percent,
                "speed": progress.speed,
                "fps": progress.fps,
                "eta": progress.eta,
            }
        )


class LadderReport:
    """The progress of outputs that are made together; all of them have one event a second or so.

    Args:
        context: The task.
        outputs: The outputs' keys.
        duration: Seconds of the part that is made; None when unknown.
        part: Which part of them is made.
    """

    def __init__(
        self, context: ActivityContext, outputs: Sequence[str], duration: float | None, *, part: str
    ) -> None:
        interval = REPORT_SECONDS * len(outputs)
        self._reports = [
            ProgressReport(context, output, duration, part=part, interval=interval) for output in outputs
        ]

    def update(self, progress: Progress) -> None:
        """Report on each output, as :meth:`ProgressReport.update` does."""
        for report in self._reports:
            report.update(progress)

    def finish(self) -> None:
        """Report that the part is done in all outputs."""
        for report in self._reports:
            report.finish()
