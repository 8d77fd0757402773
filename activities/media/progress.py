"""What FFmpeg reports while it works (``-progress pipe:1``): blocks of ``key=value`` lines."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one FFmpeg run is.

    Attributes:
        done: Seconds of output written.
        percent: 0 to 100; 0 while the whole duration is unknown.
        speed: Seconds of media per second of work; None while unknown.
        fps: Frames encoded per second; None while unknown.
        eta: Seconds left; None while unknown.
    """

    done: float
    percent: float
    speed: float | None
    fps: float | None
    eta: float | None

    def of_run(self, number: int, runs: int, duration: float | None) -> Progress:
        """Return the progress of all runs, each over the whole, when this is that of one of them.

        Args:
            number: Which run this is, from 0.
            runs: How many there are.
            duration: Seconds that the whole has; None when unknown.

        Example:
            >>> Progress(done=2.5, percent=25.0, speed=2.0, fps=50.0, eta=3.75).of_run(0, 2, 10.0)
            Progress(done=1.25, percent=12.5, speed=2.0, fps=50.0, eta=8.8)
        """
        if runs == 1:
            return self
        share = (100 * number + self.percent) / runs
        left = None
        if self.eta is not None and self.speed:
            left = round(self.eta + (runs - number - 1) * (self.done / self.speed + self.eta), 1)
        done = round((duration or 0.0) * share / 100, 3)
        return replace(self, done=done, percent=round(share, 1), eta=left)


class ProgressParser:
    """Turns lines into :class:`Progress`, one per block.

    Args:
        duration: Seconds that the whole output will have; None when unknown.

    Example:
        >>> parser = ProgressParser(10.0)
        >>> for line in ("fps=50", "out_time_us=2500000", "speed=2x"):
        ...     assert parser.feed(line) is None
        >>> parser.feed("progress=continue")
        Progress(done=2.5, percent=25.0, speed=2.0, fps=50.0, eta=3.8)
    """

    def __init__(self, duration: float | None) -> None:
        self._duration = duration
        self._block: dict[str, str] = {}
        self._done = 0.0

    def feed(self, line: str) -> Progress | None:
        """Take one line; return the progress when it closes a block.

        ``N/A`` stands for values FFmpeg does not have yet, and early times may be negative: neither moves
        the progress.
        """
        key, separator, value = line.strip().partition("=")
        if not separator:
            return None
        if key != "progress":
            self._block[key] = value.strip()
            return None
        block, self._block = self._block, {}
        done = _number(block.get("out_time_us"))
        if done is not None:
            self._done = max(self._done, done / 1_000_000)
        return self._progress(_number(block.get("speed", "").removesuffix("x")), _number(block.get("fps")))

    def _progress(self, speed: float | None, fps: float | None) -> Progress:
        duration = self._duration
        if duration is None:
            return Progress(done=round(self._done, 3), percent=0.0, speed=speed, fps=fps, eta=None)
        done = min(self._done, duration)
        return Progress(
            done=round(done, 3),
            percent=round(100 * done / duration, 1) if duration > 0 else 0.0,
            speed=speed,
            fps=fps,
            eta=round((duration - done) / speed, 1) if speed else None,
        )


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
