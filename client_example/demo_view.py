"""What the demo shows: a bar per activity, and a table of what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from client_example.display import STATUS_STYLE, activity_words, phase_words
from cpe.client import ActivityState, ActivityStatus, JobState

_MIB = 1024 * 1024
_MINUTE = 60


class ActivityBars:
    """A progress bar per activity on a terminal; elsewhere a line when an activity enters a new phase.

    Use it as a context manager.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._phases: dict[str, ActivityStatus] = {}

    def __enter__(self) -> ActivityBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, job: JobState) -> None:
        """Bring the bars up to a state."""
        for activity in job.activities.values():
            if self._console.is_terminal:
                self._show_bar(activity)
            elif self._phases.get(activity.activity_id) is not activity.status:
                self._phases[activity.activity_id] = activity.status
                self._console.print(f"{activity.activity_id}: {phase_words(activity)}", markup=False)

    def _show_bar(self, activity: ActivityState) -> None:
        task = self._tasks.get(activity.activity_id)
        if task is None:
            task = self._progress.add_task(activity.activity_id, total=None, words="")
            self._tasks[activity.activity_id] = task
        # A bar without a total pulses: that is what an activity shows that tells no percentage.
        known = activity.progress is not None or activity.done
        words = Text(activity_words(activity), style=STATUS_STYLE.get(activity.status, ""))
        self._progress.update(
            task, total=100 if known else None, completed=activity.progress or 0, words=words.markup
        )
        if activity.done:
            self._progress.stop_task(task)


def outputs_table(outputs: Sequence[Mapping[str, Any]], files: Sequence[Path]) -> Table:
    """What was made: the files of a folder, and what the worker found out as it verified them."""
    table = Table(title=str(files[0].parent) if files else None)
    table.add_column("file", overflow="fold")
    table.add_column("size", justify="right")
    table.add_column("codec")
    table.add_column("resolution")
    table.add_column("duration", justify="right")
    for output, file in zip(outputs, files, strict=True):
        codecs = [str(codec) for codec in (output.get("codecs") or {}).values() if codec]
        table.add_row(
            Text(file.name),
            size_words(output["size"]),
            ", ".join(codecs) or "-",
            f"{output['width']}x{output['height']}" if output.get("width") else "-",
            duration_words(output.get("duration")),
        )
    return table


def size_words(size: int) -> str:
    """A size in bytes for people.

    Example:
        >>> size_words(1536)
        '1.5 KiB'
    """
    return f"{size / _MIB:.1f} MiB" if size >= _MIB else f"{size / 1024:.1f} KiB"


def duration_words(seconds: float | None) -> str:
    """A duration for people.

    Example:
        >>> duration_words(65.5)
        '1:05.50'
    """
    if not seconds:
        return "-"
    minutes, rest = divmod(seconds, _MINUTE)
    return f"{minutes:.0f}:{rest:05.2f}"
